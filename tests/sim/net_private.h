/* SPDX-License-Identifier: MIT */
/* Shared by the workload's files. */
#ifndef RINGLET_TESTS_NET_PRIVATE_H
#define RINGLET_TESTS_NET_PRIVATE_H

#include "net_workload.h"

/* Sends the next frame; false: there is no room, no network, or nothing to send. */
bool net_send_one(struct net_workload *w);
/* The receive callback. */
void net_receive(struct netfront_dev *dev, const struct netfront_rx *frame, void *arg);
/* Gives back up to max of the pages that are kept, in any order. */
void net_release_some(struct net_workload *w, unsigned max);

#endif
