/* SPDX-License-Identifier: MIT */
/*
 * Requests and ring requests in free lists, last in first out; freed when the device closes. A
 * request is a caller's; a ring request is as much of it as one ring entry carries.
 */
#ifndef RINGLET_BLOCK_POOL_H
#define RINGLET_BLOCK_POOL_H

#include "drivers/block/wire.h"
#include "segment.h"

#include <ringlet/list.h>

struct queue;

enum request_state {
    REQUEST_PREPARED, /* accepted, not submitted */
    REQUEST_WAITING,  /* in its queue's `waiting`: not all of it is in ring requests */
    REQUEST_SENT,     /* all of it is in ring requests, or it failed: completes with the last one */
    REQUEST_DONE      /* delivered, or in `done` until it can be */
};

struct blkfront_request {
    struct list link;    /* prepared, waiting or done; else empty */
    struct list barrier; /* in the device's `barriers`; else empty */
    struct blkfront_request *next_free;
    struct queue *queue;
    uint64_t number;    /* in the order of submission */
    uint64_t submitted; /* clock_now() */
    uint64_t lost_at;   /* with losses > 0: when it first lost its connection */
    uint64_t covers;    /* a flush or barrier: writes that had completed when it was sent */
    struct blkfront_aiocb *aiocb;
    struct cursor at;           /* the caller's memory that is not in a ring request yet ... */
    struct blkfront_iovec flat; /* aio_buf as a vector of one */
    uint64_t offset;            /* ... its place on the disk ... */
    size_t left;                /* ... and how much it is */
    unsigned outstanding;       /* ring requests that are not finished yet */
    uint8_t op;     /* BLKIF_OP_READ, _WRITE, _WRITE_BARRIER, _FLUSH_DISKCACHE, _DISCARD */
    uint8_t epoch;  /* see blkfront_dev */
    uint8_t losses; /* connections that it has lost, up to 255 */
    uint8_t state;  /* enum request_state */
    bool secure;    /* a discard that leaves nothing to recover */
    bool fua;       /* a write that is stable before it completes: then it becomes a flush */
    bool group;     /* it stands for several (merge.c), and is no caller's */
    bool alone;     /* not to be merged with others */
    bool again;     /* a large ring request of it failed: to be sent once more, in small ones ... */
    bool small;     /* ... as it is now (smaller.c) */
    bool rmw_counted, waited_slot, waited_grant; /* counted already */
    int result;                                  /* 0 or the first error */
};

enum rmw_phase { RMW_NONE, RMW_READ, RMW_WRITE };

struct ring_request {
    struct ring_request *next_free;
    struct blkfront_request *request;
    struct queue *queue; /* the request's */
    struct list rmw;     /* in the path's `rmw_active`; else empty */
    struct list ready;   /* in `rmw_ready` between reading and writing; else empty */
    struct cursor at;
    uint64_t sector; /* of 512 bytes, as all on the wire */
    uint64_t sent;   /* clock_now() when it went on the ring, or a little before */
    size_t bytes;    /* the caller's */
    unsigned sectors;
    unsigned segments, capacity;
    unsigned fresh; /* grants that are made for it and end with it */
    uint8_t op;     /* what is on the ring, an indirect one's inner operation */
    uint8_t phase;
    bool bounced; /* some segment has a bounce page */
    unsigned indirect_pages;
    struct wire_segment *indirect; /* granted read-only for as long as the ring request exists */
    grant_ref_t indirect_ref[WIRE_INDIRECT_PAGES];
    struct segment seg[];
};

struct pool {
    struct blkfront_request *requests;
    struct ring_request *small, *large; /* for what a ring entry holds, and for max_segments */
    /* of large ones that are made */
    unsigned max_segments;
    domid_t peer;
    bool indirect_readonly; /* their indirect pages are granted so */
};

/* Resets all members but queue, number, aiocb, op and epoch, which the caller sets. */
static inline void pool_init_request(struct blkfront_request *r)
{
    list_init(&r->link);
    list_init(&r->barrier);
    r->covers = 0;
    r->offset = 0;
    r->left = 0;
    r->outstanding = 0;
    r->losses = 0;
    r->result = 0;
    r->state = REQUEST_PREPARED;
    r->secure = false;
    r->fua = false;
    r->group = false;
    r->alone = false;
    r->again = false;
    r->small = false;
    r->rmw_counted = false;
    r->waited_slot = false;
    r->waited_grant = false;
}
/* A request that pool_init_request has reset. NULL: no memory. */
struct blkfront_request *pool_get_request(struct pool *pool);
static inline void pool_put_request(struct pool *pool, struct blkfront_request *r)
{
    r->next_free = pool->requests;
    pool->requests = r;
}
/* A ring request for at least one segment, with indirect pages when want is more than a ring entry
 * holds and memory and grants allow. NULL: no memory. (pool_find_ring_request: when no small one is
 * at hand that does.) */
struct ring_request *pool_find_ring_request(struct pool *pool, unsigned want);
static inline struct ring_request *pool_get_ring_request(struct pool *pool, unsigned want)
{
    struct ring_request *p = pool->small;

    if (!p || want > WIRE_SEGMENTS)
        return pool_find_ring_request(pool, want);
    pool->small = p->next_free;
    return p;
}
static inline void pool_put_ring_request(struct pool *pool, struct ring_request *p)
{
    struct ring_request **list = p->indirect_pages ? &pool->large : &pool->small;

    p->next_free = *list;
    *list = p;
}
/* The device is connected: what ring requests are made for from now on. None is left of an earlier
 * connection. */
void pool_setup(struct pool *pool, domid_t peer, unsigned max_segments, bool indirect_readonly);
/* The peer is gone and took the grants of free ring requests' indirect pages with it. */
void pool_invalidate(struct pool *pool);
/* Ends the grants of indirect pages and frees it all. */
void pool_destroy(struct pool *pool);

#endif
