/* SPDX-License-Identifier: MIT */
/* The building blocks of the scenarios of network interfaces. */
#ifndef RINGLET_TESTS_NET_LIFE_H
#define RINGLET_TESTS_NET_LIFE_H

#include "net_workload.h"

#define NET_MEMORY (16u << 20)

void net_life_config(struct netfront_config *c);
/* w is initialised, with its configuration. */
int net_life_open(struct net_workload *w, struct netfront_dev **dev);

/* A backend without malice: all frames arrive, and the statistics are right. received: frames that
 * it sends to the guest. */
void net_life_honest(struct netback *b, struct net_workload *w, const struct net_options *o,
                     unsigned received);
/* The backend dies and comes back, several times; the interface stays. */
void net_life_restarts(struct netback *b, struct net_workload *w, const struct net_options *o,
                       const struct netfront_config *config);
/* Steps may fail; the life ends in bounded time in any case. */
void net_life_lossy(struct netback *b, struct net_workload *w, const struct net_options *o,
                    const struct netfront_config *config);

/* The same, and another interface is in use. */
void net_life_lossy_beside(struct netback *b, struct net_workload *w, const struct net_options *o,
                           const struct netfront_config *config);

/* Of the configuration only what is drawn, and the callbacks of the workload. */
void net_life_take_config(struct net_workload *w, const struct netfront_config *c);

#endif
