/* SPDX-License-Identifier: MIT */
/* What a ring request's data are: a place in the caller's memory, and the segments that show it to
 * the backend. */
#ifndef RINGLET_BLOCK_SEGMENT_H
#define RINGLET_BLOCK_SEGMENT_H

#include "registered.h"

#include <ringlet/blkfront.h>

/* Which memory of the caller's may be shown to the backend as it is. */
struct direct_memory {
    bool plain;                   /* with a grant for the time of the request: any of these pages */
    const struct page_map *pages; /* NULL: all */
    struct registered *registered; /* what is granted already; NULL: nothing is */
};

/* Where in the caller's memory: the next byte is iov->base[offset], or follows in iov[1]... */
struct cursor {
    const struct blkfront_iovec *iov;
    size_t offset;
};

/* Skips used-up and empty vectors; there must be bytes left. The length of the run at the cursor.
 */
static inline size_t cursor_length(struct cursor *at)
{
    while (at->offset == at->iov->len) {
        at->iov++;
        at->offset = 0;
    }
    return at->iov->len - at->offset;
}

static inline uint8_t *cursor_start(const struct cursor *at)
{
    return (uint8_t *)at->iov->base + at->offset;
}

static inline void cursor_advance(struct cursor *at, size_t bytes)
{
    while (bytes) {
        size_t n = MIN(cursor_length(at), bytes);

        at->offset += n;
        bytes -= n;
    }
}

/* Copies between the caller's memory and data, and advances. */
void cursor_copy_out(struct cursor *at, const void *data, size_t bytes);
void cursor_copy_in(struct cursor *at, void *data, size_t bytes);

struct segment {
    uint8_t *page;       /* page-aligned; of a bounce segment: NULL until it has a page */
    uint32_t gref;       /* 0: not granted */
    uint8_t first, last; /* 512-byte sectors in the page, inclusive */
    bool bounce;
    bool persistent; /* the grant was there before the request, and stays */
    uint16_t skip, bytes;
};

#endif
