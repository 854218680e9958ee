/* SPDX-License-Identifier: MIT */
/* Events of the backend (and netfront_poll, of ringlet/netfront.h). */
#ifndef RINGLET_NET_POLL_H
#define RINGLET_NET_POLL_H

#include <ringlet/event_channel.h>

/* arg: the queue. Handler context. */
bool net_poll_event(evtchn_port_t port, void *arg);

#endif
