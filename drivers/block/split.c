/* SPDX-License-Identifier: MIT */
/* Cuts a byte range into segments (split.h). Sector sizes are powers of two, so no division.
 */
#include "split.h"

#include "wire.h"

#include <ringlet/string.h>

const struct split_memory split_bounce_all;

/* Skips used-up and empty vectors; there must be bytes left. The length of the run at the cursor.
 */
static size_t run_length(struct split_cursor *at)
{
    while (at->offset == at->iov->len) {
        at->iov++;
        at->offset = 0;
    }
    return at->iov->len - at->offset;
}

static uint8_t *run_start(const struct split_cursor *at)
{
    return (uint8_t *)at->iov->base + at->offset;
}

void split_advance(struct split_cursor *at, size_t bytes)
{
    while (bytes) {
        size_t n = MIN(run_length(at), bytes);

        at->offset += n;
        bytes -= n;
    }
}

void split_copy_out(struct split_cursor *at, const void *data, size_t bytes)
{
    const uint8_t *from = data;

    while (bytes) {
        size_t n = MIN(run_length(at), bytes);

        memcpy(run_start(at), from, n);
        at->offset += n;
        from += n;
        bytes -= n;
    }
}

void split_copy_in(struct split_cursor *at, void *data, size_t bytes)
{
    uint8_t *to = data;

    while (bytes) {
        size_t n = MIN(run_length(at), bytes);

        memcpy(to, run_start(at), n);
        at->offset += n;
        to += n;
        bytes -= n;
    }
}

/*
 * Bytes at the cursor that can be shown as they are, at a sector's beginning; 0 = none. *ref: the
 * reference that their page has, or 0.
 */
static size_t direct_length(struct split_cursor *at, size_t bytes, unsigned sector_size,
                            const struct split_memory *memory, grant_ref_t *ref)
{
    size_t run = MIN(run_length(at), bytes);
    uintptr_t start = (uintptr_t)run_start(at);

    *ref = 0;
    if (start & ((1u << WIRE_SECTOR_SHIFT) - 1))
        return 0;
    if (memory->registered)
        *ref = registry_ref(memory->registered, run_start(at) - (start & PAGE_MASK));
    if (!*ref && !memory->plain)
        return 0;
    return ROUND_DOWN(MIN(run, PAGE_SIZE - (start & PAGE_MASK)), sector_size);
}

/*
 * Bytes for a bounce page whose first byte is `head` bytes into a sector: up to the page's end, but
 * not past a sector's end from which the memory can be shown as it is again.
 */
static size_t bounce_length(struct split_cursor at, size_t head, size_t bytes, unsigned sector_size,
                            const struct split_memory *memory)
{
    size_t room = MIN(bytes, PAGE_SIZE - head);
    size_t len = 0;
    grant_ref_t ref;

    if (!memory->plain &&
        (!memory->registered ||
         (run_length(&at) >= room && registry_gap(memory->registered, run_start(&at), room))))
        return room;
    do {
        size_t step = MIN(sector_size - ((head + len) & (sector_size - 1)), room - len);

        split_advance(&at, step);
        len += step;
    } while (len < room && !direct_length(&at, bytes - len, sector_size, memory, &ref));
    return len;
}

/*
 * Segments for whole pages at the cursor, at a sector's beginning: what large requests consist of.
 * As many as are alike, all with a reference or none: so what they are is found out once. Adds them
 * to r; the number of bytes, by which at moves.
 */
static size_t whole_pages(struct split_cursor *at, size_t bytes, const struct split_memory *memory,
                          struct split_segment *seg, unsigned max, struct split_result *r)
{
    uint8_t *page = run_start(at);
    size_t n, pages = MIN(at->iov->len - at->offset, bytes) >> PAGE_SHIFT;
    const grant_ref_t *ref = NULL;
    struct split_segment alike = {.last = WIRE_SECTORS_PER_PAGE - 1, .bytes = PAGE_SIZE};

    if (!pages || ((uintptr_t)page & PAGE_MASK))
        return 0;
    pages = MIN(pages, (size_t)(max - r->segments));
    if (memory->registered)
        ref = registry_refs(memory->registered, page, &pages);
    if (ref && !*ref) {
        n = 1;
        while (n < pages && !ref[n])
            n++;
        ref = NULL;
        pages = n;
    }
    alike.kept = ref != NULL;
    alike.bounce = !ref && !memory->plain;
    seg += r->segments;
    for (n = 0; n < pages && (!ref || ref[n]); n++) {
        seg[n] = alike;
        if (!alike.bounce)
            seg[n].page = page + (n << PAGE_SHIFT);
        if (ref)
            seg[n].gref = ref[n];
    }
    r->segments += (unsigned)n;
    r->fresh += ref ? 0 : (unsigned)n;
    r->bounced |= alike.bounce;
    at->offset += n << PAGE_SHIFT;
    return n << PAGE_SHIFT;
}

/* One segment, of what is less than a whole page or lies across two; else as whole_pages. */
static size_t one_segment(struct split_cursor *at, uint64_t offset, size_t bytes,
                          unsigned sector_size, const struct split_memory *memory,
                          struct split_segment *s, struct split_result *r)
{
    size_t head = offset & (sector_size - 1);
    grant_ref_t ref = 0;
    size_t len = head ? 0 : direct_length(at, bytes, sector_size, memory, &ref);
    size_t end;

    s->bounce = !len;
    if (len) {
        uintptr_t start = (uintptr_t)run_start(at);

        s->page = run_start(at) - (start & PAGE_MASK);
        s->skip = (uint16_t)(start & PAGE_MASK);
        s->first = (uint8_t)(s->skip >> WIRE_SECTOR_SHIFT);
        end = s->skip + len;
        at->offset += len;
    } else {
        ref = 0;
        len = bounce_length(*at, head, bytes, sector_size, memory);
        s->page = NULL;
        s->skip = (uint16_t)head;
        s->first = 0;
        end = ROUND_UP(head + len, (size_t)sector_size);
        r->bounced = true;
        split_advance(at, len);
    }
    s->gref = ref;
    s->kept = ref != 0;
    s->last = (uint8_t)((end >> WIRE_SECTOR_SHIFT) - 1);
    s->bytes = (uint16_t)len;
    r->fresh += !ref;
    r->segments++;
    return len;
}

struct split_result split_segments(const struct split_cursor *from, uint64_t offset, size_t bytes,
                                   unsigned sector_size, const struct split_memory *memory,
                                   struct split_segment *seg, unsigned max)
{
    struct split_cursor at = *from;
    struct split_result r = {0};

    while (bytes && r.segments < max) {
        size_t head = offset & (sector_size - 1);
        size_t len = head ? 0 : whole_pages(&at, bytes, memory, seg, max, &r);

        if (!len)
            len = one_segment(&at, offset, bytes, sector_size, memory, &seg[r.segments], &r);
        r.bytes += len;
        offset += len;
        bytes -= len;
    }
    return r;
}

size_t split_write(uint64_t offset, size_t bytes, unsigned sector_size, bool *merge)
{
    size_t head = offset & (sector_size - 1);

    *merge = head || bytes < sector_size;
    return *merge ? MIN(bytes, sector_size - head) : ROUND_DOWN(bytes, (size_t)sector_size);
}
