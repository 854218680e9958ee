/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: a buddy system over the guest's free memory. Virtual = pseudo-physical, so a
 * page's address says where it is. Thread and event handler context alike (nothing here blocks).
 */
#ifndef RINGLET_PAGE_H
#define RINGLET_PAGE_H

#include <ringlet/compiler.h>

/* Who a page or a heap block belongs to, for the accounting. */
enum mem_class {
    MEM_KERNEL,   /* what fits nowhere else */
    MEM_THREAD,   /* stacks and thread structures */
    MEM_XENSTORE, /* messages, values, watches */
    MEM_GRANT,    /* grant table bookkeeping */
    MEM_BLOCK,    /* rings, shadow entries, gref arrays, bounce pages */
    MEM_APP,      /* the guest's own */
    MEM_HEAP,     /* pages that carry heap blocks (the blocks are counted by their own class) */
    MEM_CLASSES
};

extern const char *const mem_class_name[MEM_CLASSES];

#define PAGE_MAX_ORDER 20 /* largest block: 2^20 pages = 4 GiB */

struct mem_region {
    uintptr_t start; /* bytes; rounded inwards to pages */
    size_t bytes;
};

/*
 * Gives the allocator its memory; once, before anything else here. The bookkeeping (six bytes for
 * each page from the lowest to the highest, holes included) is taken from one of the regions; page
 * 0 is left out. 0, -EINVAL (regions overlap or wrap around), -ENOMEM (less than 64 pages in all,
 * or no region that the bookkeeping fits in).
 */
int page_init(const struct mem_region *regions, unsigned count);

/*
 * count contiguous pages, not zeroed, or NULL. The caller owns them until page_free. NULL too for
 * count 0 or beyond PAGE_MAX_ORDER. A count that is no power of two wastes nothing.
 */
void *page_alloc(unsigned count, enum mem_class class);
void *page_alloc_zeroed(unsigned count, enum mem_class class);

/* Gives back what page_alloc(count) gave; NULL does nothing. A pointer that the allocator did not
 * hand out (a heap block is one), another count, or a double free is reported on the console and
 * otherwise ignored. */
void page_free(void *pages, unsigned count);

/*
 * A pinned page may be freed by its owner but is not handed out again before the last pin is gone:
 * this is how memory that a peer still maps is quarantined (XSA-396). va: any address in the page.
 * page_pin: 0; -EINVAL when the allocator does not manage that page (static memory, a boot stack);
 * -EOVERFLOW at 255 pins.
 */
int page_pin(const void *va);
void page_unpin(const void *va);
bool page_is_pinned(const void *va);

struct page_stats {
    size_t total; /* pages managed, bookkeeping included */
    size_t free;
    size_t quarantined; /* freed by their owner but still pinned */
    size_t pinned;      /* pinned and still owned */
    size_t in_use[MEM_CLASSES];
    size_t high_water; /* most pages ever in use at once */
};

void page_get_stats(struct page_stats *out);

#endif
