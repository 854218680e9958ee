/* SPDX-License-Identifier: MIT */
/* Cuts a byte range into segments (split.h). Sector sizes are powers of two, so no division.
 */
#include "split.h"

#include <kernel/page.h>
#include <kernel/vmem.h>
#include <ringlet/string.h>

const struct direct_memory split_bounce_all;

/*
 * May the page at va be granted as it is? What a backend keeps mapped when it goes can be pinned
 * only in memory that is the page allocator's; static memory of the image is not. So that bounces.
 * The answer holds for all of a run: one piece of memory is either of one kind or of the other.
 */
static bool may_grant(const struct direct_memory *memory, const void *va)
{
    return memory->plain &&
           (!memory->pages || page_map_has(memory->pages, va) || (vmem_has(va) && vmem_page(va)));
}

/*
 * Bytes at the cursor that can be shown as they are, at a sector's beginning; 0 = none. *ref: the
 * reference that their page has, or 0.
 */
static size_t direct_length(struct cursor *at, size_t bytes, unsigned sector_size,
                            const struct direct_memory *memory, grant_ref_t *ref)
{
    size_t run = MIN(cursor_length(at), bytes);
    uintptr_t start = (uintptr_t)cursor_start(at);

    *ref = 0;
    if (start & ((1u << WIRE_SECTOR_SHIFT) - 1))
        return 0;
    if (memory->registered)
        *ref = registered_ref(memory->registered, cursor_start(at) - (start & PAGE_MASK));
    if (!*ref && !may_grant(memory, cursor_start(at)))
        return 0;
    return ROUND_DOWN(MIN(run, PAGE_SIZE - (start & PAGE_MASK)), sector_size);
}

/*
 * Bytes for a bounce page whose first byte is `head` bytes into a sector: up to the page's end, but
 * not past a sector's end from which the memory can be shown as it is again.
 */
static size_t bounce_length(struct cursor at, size_t head, size_t bytes, unsigned sector_size,
                            const struct direct_memory *memory)
{
    size_t room = MIN(bytes, PAGE_SIZE - head);
    size_t len = 0;
    grant_ref_t ref;

    if (!memory->plain &&
        (!memory->registered || (cursor_length(&at) >= room &&
                                 registered_gap(memory->registered, cursor_start(&at), room))))
        return room;
    do {
        size_t step = MIN(sector_size - ((head + len) & (sector_size - 1)), room - len);

        cursor_advance(&at, step);
        len += step;
    } while (len < room && !direct_length(&at, bytes - len, sector_size, memory, &ref));
    return len;
}

/*
 * Segments for whole pages at the cursor, at a sector's beginning: what large requests consist of.
 * As many as are alike, all with a reference or none: so what they are is found out once. Adds them
 * to r; the number of bytes, by which at moves.
 */
static size_t whole_pages(struct cursor *at, size_t bytes, const struct direct_memory *memory,
                          struct segment *seg, unsigned max, struct split_result *r)
{
    uint8_t *page = cursor_start(at);
    size_t n, pages = MIN(at->iov->len - at->offset, bytes) >> PAGE_SHIFT;
    const grant_ref_t *ref = NULL;
    struct segment alike = {.last = WIRE_SECTORS_PER_PAGE - 1, .bytes = PAGE_SIZE};

    if (!pages || ((uintptr_t)page & PAGE_MASK))
        return 0;
    pages = MIN(pages, (size_t)(max - r->segments));
    if (memory->registered)
        ref = registered_refs(memory->registered, page, &pages);
    if (ref && !*ref) {
        n = 1;
        while (n < pages && !ref[n])
            n++;
        ref = NULL;
        pages = n;
    }
    alike.persistent = ref != NULL;
    alike.bounce = !ref && !may_grant(memory, page);
    if (!alike.bounce && vmem_has(page)) { /* the next page lies elsewhere */
        page = vmem_page(page);
        pages = 1;
    }
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
static size_t one_segment(struct cursor *at, uint64_t offset, size_t bytes, unsigned sector_size,
                          const struct direct_memory *memory, struct segment *s,
                          struct split_result *r)
{
    size_t head = offset & (sector_size - 1);
    grant_ref_t ref = 0;
    size_t len = head ? 0 : direct_length(at, bytes, sector_size, memory, &ref);
    size_t end;

    s->bounce = !len;
    if (len) {
        uintptr_t start = (uintptr_t)cursor_start(at);

        s->page = vmem_page((void *)start);
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
        cursor_advance(at, len);
    }
    s->gref = ref;
    s->persistent = ref != 0;
    s->last = (uint8_t)((end >> WIRE_SECTOR_SHIFT) - 1);
    s->bytes = (uint16_t)len;
    r->fresh += !ref;
    r->segments++;
    return len;
}

struct split_result split_segments(const struct cursor *from, uint64_t offset, size_t bytes,
                                   unsigned sector_size, const struct direct_memory *memory,
                                   struct segment *seg, unsigned max)
{
    struct cursor at = *from;
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
