/* SPDX-License-Identifier: MIT */
/*
 * From a byte range of a disk and the caller's memory to segments: the whole of the arithmetic,
 * with no state and no side effect.
 *
 * A segment lies in one page and covers whole sectors of the disk (of "sector-size" bytes: backends
 * refuse less). It is either the caller's page in place, when the memory is 512-aligned and carries
 * whole sectors, or it stands for a bounce page. The caller's bytes in it are [skip, skip + bytes).
 */
#ifndef RINGLET_BLOCK_SPLIT_H
#define RINGLET_BLOCK_SPLIT_H

#include "registry.h"

#include <ringlet/blkfront.h>

/* Which memory of the caller's may be shown to the backend as it is. */
struct split_memory {
    bool plain;                  /* any, with a grant for the time of the request */
    struct registry *registered; /* what is granted already; NULL: nothing is */
};

extern const struct split_memory split_bounce_all; /* nothing may */

/* Where in the caller's memory: the next byte is iov->base[offset], or follows in iov[1]... */
struct split_cursor {
    const struct blkfront_iovec *iov;
    size_t offset;
};

void split_advance(struct split_cursor *at, size_t bytes);
/* Copies between the caller's memory and data, and advances. */
void split_copy_out(struct split_cursor *at, const void *data, size_t bytes);
void split_copy_in(struct split_cursor *at, void *data, size_t bytes);

struct split_segment {
    uint8_t *page;       /* page-aligned; of a bounce segment: NULL until it has a page */
    uint32_t gref;       /* 0: not granted */
    uint8_t first, last; /* 512-byte sectors in the page, inclusive */
    bool bounce;
    bool kept; /* the grant was there before the request, and stays */
    uint16_t skip, bytes;
};

struct split_result {
    unsigned segments;
    size_t bytes;   /* the caller's bytes they carry */
    unsigned fresh; /* segments without a grant that is kept */
    bool bounced;   /* one of them is a bounce segment */
};

/*
 * Fills seg[] with at most max segments for the bytes of disk range [offset, offset + bytes), in
 * order; at is not moved. What is not in memory bounces. sector_size: a power of two, 512..4096.
 * bytes and max > 0. Covers at least one byte.
 */
struct split_result split_segments(const struct split_cursor *at, uint64_t offset, size_t bytes,
                                   unsigned sector_size, const struct split_memory *memory,
                                   struct split_segment *seg, unsigned max);

/*
 * What a write may do next: the number of bytes from offset on that are whole sectors, or, with
 * *merge, the bytes within one sector that is written in part only. bytes > 0.
 */
size_t split_write(uint64_t offset, size_t bytes, unsigned sector_size, bool *merge);

#endif
