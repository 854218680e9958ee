/* SPDX-License-Identifier: MIT */
/*
 * The registered buffers of a device, and from a page to its grant. The lookup is on the way of
 * each request: the range of addresses that answered last, be it a buffer or the gap between two,
 * is asked first, then the buffer that answered for such a page before, and only then all of them.
 */
#ifndef RINGLET_BLOCK_REGISTERED_H
#define RINGLET_BLOCK_REGISTERED_H

#include "drivers/block/wire.h"

#include <ringlet/blkfront.h>
#include <ringlet/grant_table.h>
#include <ringlet/page.h>

struct blkfront_dev;
struct region; /* a registered buffer */

/* Regions that are found again without a search, each by the low bits of a page's number: so many
 * buffers of one page, used in turn, have a place each. */
#define REGISTERED_RECENT 64

struct registered {
    uintptr_t low, high;    /* [low, high) is a buffer or a gap, and ... */
    const grant_ref_t *ref; /* ... its pages' references; NULL: a gap */
    unsigned queue;         /* ... whose it is, if there is one for each buffer */
    struct region *recent[REGISTERED_RECENT];
    struct region **region; /* in the order of addresses */
    unsigned count, room;
    unsigned pages, budget; /* taken, and allowed */
    /* With persistent grants: pages that are granted, and of these those of buffers that have this
     * queue. affine: they are more than a backend keeps for a ring, so each keeps to its queue. */
    unsigned granted, queue_granted[QUEUES_MAX];
    bool affine;
    unsigned dying; /* buffers that were freed while requests used them */
    bool reported;  /* that there is no more */
};

/* Finds the range that page is in. */
void registered_look(struct registered *g, uintptr_t page);

/* The reference that a page is granted by for reading and writing; 0: none. page-aligned. */
static inline grant_ref_t registered_ref(struct registered *g, const void *page)
{
    uintptr_t at = (uintptr_t)page;

    if (at < g->low || at >= g->high)
        registered_look(g, at);
    return g->ref ? g->ref[(at - g->low) >> PAGE_SHIFT] : 0;
}

/* As registered_ref, for the first of *pages pages in a row: their references, one of which may be
 * 0, or NULL; *pages becomes how many of them lie in the same buffer or gap. */
static inline const grant_ref_t *registered_refs(struct registered *g, const void *page,
                                                 size_t *pages)
{
    uintptr_t at = (uintptr_t)page;

    if (at < g->low || at >= g->high)
        registered_look(g, at);
    *pages = MIN(*pages, (g->high - at) >> PAGE_SHIFT);
    return g->ref ? &g->ref[(at - g->low) >> PAGE_SHIFT] : NULL;
}

/* The queue that I/O on this memory should take while `affine`; for other memory, otherwise. */
static inline unsigned registered_queue(struct registered *g, const void *base, unsigned otherwise)
{
    uintptr_t at = (uintptr_t)base & ~(uintptr_t)PAGE_MASK;

    if (at < g->low || at >= g->high)
        registered_look(g, at);
    return g->ref ? g->queue : otherwise;
}

/* Is none of these bytes in a registered buffer? */
static inline bool registered_gap(struct registered *g, const void *base, size_t bytes)
{
    uintptr_t at = (uintptr_t)base & ~(uintptr_t)PAGE_MASK;

    registered_ref(g, (const void *)at);
    return !g->ref && (uintptr_t)base + bytes <= g->high;
}

/* Grants to dev->peer what is not granted, as far as that can be: the rest counts as plain memory.
 */
void registered_grant(struct blkfront_dev *dev);
/* Ends the grants that can be ended. final: the others are quarantined, and none is left. */
void registered_end(struct blkfront_dev *dev, bool final);
/* All references are invalid already, and there is nothing to be ended. */
void registered_invalidate(struct blkfront_dev *dev);
/* Does a request that is not completed use some of these pages? */
typedef bool registered_uses(const struct blkfront_dev *dev, const void *base, size_t pages);
/* blkfront_buf_free: frees the buffer, or, while requests use it, marks it as freed. */
void registered_free(struct blkfront_dev *dev, void *buf, registered_uses *in_use);
/* Frees buffers that were marked so, and that no request uses any more. in_use may be NULL when
 * nothing is in flight. */
void registered_reap(struct blkfront_dev *dev, registered_uses *in_use);
/* The device goes, with no grant left; buffers stay until they are freed. */
void registered_detach(struct blkfront_dev *dev);

#endif
