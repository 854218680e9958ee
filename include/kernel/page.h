/* SPDX-License-Identifier: MIT */
/* The page allocator, for the code that sets it up and for the code that must know its pages. */
#ifndef RINGLET_KERNEL_PAGE_H
#define RINGLET_KERNEL_PAGE_H

#include <ringlet/page.h>

struct mem_region {
    uintptr_t start; /* bytes; rounded inwards to pages */
    size_t bytes;
};

/*
 * Gives the allocator its memory; once, before any other call. Pages at or above the address
 * `populated` are away: Xen holds them, and they are not allocated before page_return. The
 * allocator's tables (six bytes for each page from the lowest to the highest, holes included) are
 * taken from populated memory; page 0 is left out. 0; -EINVAL: regions overlap or wrap around;
 * -ENOMEM: less than 64 pages are populated, or no region has room for the tables.
 */
int page_init_partly(const struct mem_region *regions, unsigned count, uintptr_t populated);

/* page_init_partly() for memory that is all populated. */
static inline int page_init(const struct mem_region *regions, unsigned count)
{
    return page_init_partly(regions, count, UINTPTR_MAX);
}

/* ---- ballooning (balloon.h); thread context, no call waits ---- */

/* Takes up to max free pages out of the allocator and stores their addresses in pages[]: they
 * are now away. The smallest free blocks go first, to preserve large ones. Returns the number of
 * pages. */
unsigned page_withdraw(void **pages, unsigned max);

/* Stores the addresses of up to max pages that are away, lowest first, and changes nothing.
 * Returns the number. */
unsigned page_away(void **pages, unsigned max);

/* Makes a page that was away free again. A page that is not away is ignored. */
void page_return(void *page);

/* Tells which pages belong to the allocator, so that page_pin() can work on them. Valid after
 * page_init; maintained by page.c. */
struct page_map {
    const uint8_t *state; /* 0: not the allocator's */
    size_t base, count;   /* page frame numbers that state[] covers */
};

extern struct page_map page_map;

static inline bool page_map_has(const struct page_map *map, const void *va)
{
    const size_t i = ((uintptr_t)va >> PAGE_SHIFT) - map->base;

    return i < map->count && map->state[i];
}

#endif
