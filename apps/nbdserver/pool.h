/* SPDX-License-Identifier: MIT */
/*
 * The buffers of a disk, shared by its connections so that none of them can starve the others: each
 * connection that there may be has POOL_RESERVE of them for itself, whatever the others do, and may take up
 * to POOL_SHARE_MAX. A client that does not read its replies thus stops only itself.
 */
#ifndef NBDSERVER_POOL_H
#define NBDSERVER_POOL_H

#include <ringlet/list.h>

#define POOL_BUFFER    16384u /* bytes */
#define POOL_COUNT     180u /* of a disk: with its zeroes as much as backends keep mapped for a queue */
#define POOL_SEATS     12u /* connections, with POOL_COUNT buffers */
#define POOL_RESERVE   9u
#define POOL_SHARE_MAX 80u /* what Linux asks for at once: 1.25 MiB */

struct piece;

struct pool {
    struct list free; /* of struct piece */
    unsigned count, available;
    unsigned reserved;   /* those of `available` that only certain connections may take */
    unsigned seats;      /* connections that may still join */
    struct list waiting; /* shares of connections that wait for a buffer, the longest first */
};

/* A connection's part. */
struct pool_share {
    struct pool *pool; /* NULL: none */
    unsigned held;
    unsigned wants;   /* buffers that it waits for */
    struct list link; /* in pool->waiting, or empty */
};

/* Makes the buffers: `count` of POOL_BUFFER bytes each, beginning at `data`, which stays the
 * caller's. 0 or -ENOMEM: there is none. */
int pool_init(struct pool *p, uint8_t *data, unsigned count);
/* All buffers are in the pool. */
void pool_destroy(struct pool *p);
/* Nobody holds a buffer. */
bool pool_is_whole(const struct pool *p);

/* False: there are not enough buffers for another connection, as `seats` says. */
bool pool_join(struct pool *p, struct pool_share *s);
/* It holds nothing. */
void pool_leave(struct pool_share *s);

/* Whether it can take n buffers now, at most POOL_RESERVE. */
bool pool_has(const struct pool_share *s, unsigned n);
/* The same; if not, it waits for them, until it gets them or leaves: see pool_next(). */
bool pool_wants(struct pool_share *s, unsigned n);
/* NULL: none now; then the share waits for one. */
struct piece *pool_take(struct pool_share *s);
void pool_give(struct pool_share *s, struct piece *p);
/* The share that waits and can have what it waits for, which waits no longer; NULL: none. */
struct pool_share *pool_next(struct pool *p);

#endif
