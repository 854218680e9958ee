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

#include "drivers/block/memory/segment.h"

/* No memory of the caller's may be shown. */
extern const struct direct_memory split_bounce_all;

struct split_result {
    unsigned segments;
    size_t bytes;   /* the caller's bytes they carry */
    unsigned fresh; /* segments without a persistent grant */
    bool bounced;   /* one of them is a bounce segment */
};

/*
 * Fills seg[] with at most max segments for the bytes of disk range [offset, offset + bytes), in
 * order; at is not moved. What is not in memory bounces. sector_size: a power of two, 512..4096.
 * bytes and max > 0. Covers at least one byte.
 */
struct split_result split_segments(const struct cursor *at, uint64_t offset, size_t bytes,
                                   unsigned sector_size, const struct direct_memory *memory,
                                   struct segment *seg, unsigned max);

/*
 * What a write may do next: the number of bytes from offset on that are whole sectors, or, with
 * *merge, the bytes within one sector that is written in part only. bytes > 0.
 */
size_t split_write(uint64_t offset, size_t bytes, unsigned sector_size, bool *merge);

#endif
