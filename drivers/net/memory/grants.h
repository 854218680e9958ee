/* SPDX-License-Identifier: MIT */
/*
 * The grants of a device for what it sends: pages of net_mem, and pages of its own for copies
 * (staging). They are for reading, are made at the first use of a page, and are kept until the
 * connection ends.
 */
#ifndef RINGLET_NET_GRANTS_H
#define RINGLET_NET_GRANTS_H

#include "arena.h"

struct netfront_dev;

#define GRANTS_CHUNK 512u

struct net_grants {
    struct list link; /* of all that there are */
    domid_t peer;
    grant_ref_t **chunk; /* of net_mem's pages by index; 0: not granted */
    unsigned chunks;
    struct arena staging; /* arena_page.ref */
};

/* pages: the most for copies. */
void net_grants_init(struct net_grants *g, unsigned pages);
/* The reference of a page of net_mem for the connected peer; 0: none can be had, then the data have
 * to be copied. */
grant_ref_t net_grants_get(struct netfront_dev *dev, const struct arena_page *p);
/* A block for a copy, in a page that is granted. NULL: none now. */
void *net_grants_stage(struct netfront_dev *dev, size_t bytes, struct arena_page **page);
/* The connection is over: ends all, or quarantines what the peer still maps. Nothing is in flight
 * any more. */
void net_grants_end(struct netfront_dev *dev);
/* A page of net_mem is not to be granted to any device any more: ends, or quarantines, the grants that there
 * are. */
void net_grants_forget(const struct arena_page *p);
/* The domain was resumed: nothing is granted any more. */
void net_grants_invalidate(struct netfront_dev *dev);
/* Frees it all, after net_grants_end, or when there was no connection. */
void net_grants_destroy(struct net_grants *g);

#endif
