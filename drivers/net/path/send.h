/* SPDX-License-Identifier: MIT */
/* Frames into the tx ring (netfront_send, netfront_flush, netfront_multicast). */
#ifndef RINGLET_NET_SEND_H
#define RINGLET_NET_SEND_H

struct netfront_dev;

/* A connection is there: the backend is told of the groups that are wanted. */
void net_send_groups(struct netfront_dev *dev);

#endif
