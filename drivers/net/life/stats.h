/* SPDX-License-Identifier: MIT */
/* A device's statistics, also in XenStore for who asks for them. */
#ifndef RINGLET_NET_STATS_H
#define RINGLET_NET_STATS_H

#include <ringlet/netfront.h>

/* The device is connected: requests for statistics are served. Harmless to repeat. */
void net_stats_start(struct netfront_dev *dev);
/* Nobody is served any more. Thread context; waits. */
void net_stats_stop(struct netfront_dev *dev);

#endif
