/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: a buddy system over the guest's free memory. Virtual = pseudo-physical, so a
 * page's address is its place in memory. Thread and handler context (nothing here blocks).
 */
#ifndef RINGLET_PAGE_H
#define RINGLET_PAGE_H

#include <ringlet/compiler.h>

/* The owner of a page or a heap block, for the accounting. */
enum mem_class {
    MEM_KERNEL,   /* everything else */
    MEM_THREAD,   /* stacks and thread structures */
    MEM_XENSTORE, /* messages, values, watches */
    MEM_GRANT,    /* grant table bookkeeping */
    MEM_BLOCK,    /* rings, shadow entries, gref arrays, bounce pages */
    MEM_NET,      /* the same of network devices, and the memory that they send from */
    MEM_APP,      /* the guest's own */
    MEM_HEAP,     /* pages that carry heap blocks (the blocks are counted by their own class) */
    MEM_CLASSES
};

extern const char *const mem_class_name[MEM_CLASSES];

#define PAGE_MAX_ORDER 20 /* largest block: 2^20 pages = 4 GiB */

/*
 * count contiguous pages, not zeroed, or NULL. The caller owns them until page_free. NULL too for
 * count 0 or beyond PAGE_MAX_ORDER. A count that is no power of two wastes nothing.
 */
void *page_alloc(unsigned count, enum mem_class class);
void *page_alloc_zeroed(unsigned count, enum mem_class class);

/* Frees the result of page_alloc(count); NULL does nothing. A pointer that is not from
 * page_alloc (a heap block, for example), another count, or a second free is reported on the
 * console and otherwise ignored. */
void page_free(void *pages, unsigned count);

/*
 * The owner of a pinned page may free it, but it is not reused before the last pin is removed. So
 * memory that a peer still maps is quarantined (XSA-396). va: any address in the page. page_pin
 * returns 0, or -EINVAL when the allocator does not manage that page (static memory, the boot
 * stack). A page that has had 255 pins at once stays pinned forever.
 */
int page_pin(const void *va);
void page_unpin(const void *va);
bool page_is_pinned(const void *va);

/*
 * A guarded page is a page of the caller on which each access faults, until it is unguarded; it
 * must not be freed meanwhile. Its content is preserved. page: page-aligned, from page_alloc. 0;
 * -EINVAL: the allocator does not manage that page; -ENOMEM: no page for the page table; on error
 * nothing has changed. Thread context.
 */
int page_guard(void *page, bool guard);

/* The frame number by which Xen and other domains know the page at va: a machine frame in a PV
 * guest. va: in the guest's memory or its image. Any context. */
uint64_t page_frame(const void *va);

struct page_stats {
    size_t total; /* populated pages, including the allocator's tables */
    size_t away;  /* pages that are not populated: Xen holds them (memory/target) */
    size_t free;  /* including those that the heap keeps, and gives when there are no others */
    size_t quarantined; /* freed by their owner but still pinned */
    size_t pinned;      /* pinned and still owned */
    size_t in_use[MEM_CLASSES];
    size_t high_water; /* most pages ever in use at once */
};

void page_get_stats(struct page_stats *out);

#endif
