/* SPDX-License-Identifier: MIT */
/* The blocks whose content is unknown (unknown.h). */
#include "unknown.h"
#include "pattern.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>

static uint64_t block_of(const struct slice *slice, uint64_t offset)
{
    return offset / PATTERN_BLOCK - slice->offset / PATTERN_BLOCK;
}

static uint64_t nr_blocks(const struct slice *slice)
{
    return block_of(slice, slice->offset + slice->bytes - 1) + 1;
}

static bool is_set(const struct slice *slice, uint64_t block)
{
    return slice->unknown && slice->unknown[block / 8] >> block % 8 & 1;
}

int unknown_set(struct slice *slice, uint64_t offset, size_t len)
{
    uint64_t last = block_of(slice, offset + len - 1);

    if (!slice->unknown)
        slice->unknown = heap_zalloc(DIV_ROUND_UP(nr_blocks(slice), 8), 1, MEM_APP);
    if (!slice->unknown)
        return -ENOMEM;
    for (uint64_t b = block_of(slice, offset); b <= last; b++)
        slice->unknown[b / 8] |= (uint8_t)(1 << b % 8);
    return 0;
}

void unknown_clear(struct slice *slice, uint64_t offset, size_t len)
{
    uint64_t from = DIV_ROUND_UP(offset, PATTERN_BLOCK), to = (offset + len) / PATTERN_BLOCK;
    uint64_t base = slice->offset / PATTERN_BLOCK;

    /* the slice's own ends are as whole as they get */
    if (offset == slice->offset)
        from = base;
    if (offset + len == slice->offset + slice->bytes)
        to = base + nr_blocks(slice);
    for (uint64_t b = from; slice->unknown && b < to; b++)
        slice->unknown[(b - base) / 8] &= (uint8_t) ~(1 << (b - base) % 8);
}

size_t unknown_run(const struct slice *slice, uint64_t offset, size_t len, bool *known)
{
    uint64_t end = offset + len, at = offset;

    *known = !is_set(slice, block_of(slice, offset));
    if (!slice->unknown)
        return len;
    do
        at = (at / PATTERN_BLOCK + 1) * PATTERN_BLOCK;
    while (at < end && !is_set(slice, block_of(slice, at)) == *known);
    return (size_t)(MIN(at, end) - offset);
}

bool unknown_any(const struct slice *slice)
{
    for (uint64_t b = 0; slice->unknown && b < nr_blocks(slice); b++)
        if (is_set(slice, b))
            return true;
    return false;
}
