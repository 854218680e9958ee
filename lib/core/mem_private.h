/* SPDX-License-Identifier: MIT */
/* The interface between the page allocator and the heap. */
#ifndef RINGLET_MEM_PRIVATE_H
#define RINGLET_MEM_PRIVATE_H

#include <kernel/heap.h>
#include <kernel/page.h>

/* Counts an allocation. True when mem_fail_nth makes this one fail. */
bool mem_should_fail(void);

/* Called by page_init: no block is in use. */
void heap_reset(void);

/* Pages that the heap keeps though no block in them is in use: page_get_stats() counts them as free. */
size_t heap_empty_pages(void);
/* Frees them, for want of others. False: there were none. */
bool heap_give_back(void);
/* One of them is in use: for the high-water mark. */
void page_used_more(void);

/* page_alloc without counting. */
void *page_take(unsigned count, enum mem_class class);
/* The number of pages and the class of the block that begins at p; 0 when none begins there. */
unsigned page_block_count(const void *p, enum mem_class *class);
/* Number of pages that the allocator may ever allocate, including those that are away. */
size_t page_total(void);

/*
 * A tag that the heap sets for the first page of each of its blocks of pages. It is 0 for pages
 * outside the heap, and the heap resets it to 0 before it frees the pages: otherwise page_free
 * refuses them.
 */
uint32_t page_tag(const void *va);
void page_set_tag(const void *va, uint32_t tag);

/* Tells the heap that its page with this tag got its first pin, or lost its last one. */
void heap_page_pinned(uint32_t tag);
void heap_page_unpinned(uint32_t tag);

/* Tell a test program's AddressSanitizer which memory is in use, so that it reports accesses to
 * freed memory and beyond a block. In a kernel these do nothing. */
#if defined(__SANITIZE_ADDRESS__)
#define MEM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEM_ASAN 1
#endif
#endif

#ifdef MEM_ASAN
#include <sanitizer/asan_interface.h>

/* The sanitizer's shadow takes an eighth of the marked memory: of a very long run of pages only
 * the beginning is marked. */
#define MEM_POISON_MAX (64UL << 20)

static inline void mem_poison(const void *p, size_t bytes)
{
    __asan_poison_memory_region(p, MIN(bytes, MEM_POISON_MAX));
}

static inline void mem_unpoison(const void *p, size_t bytes)
{
    const char *page = p;

    if (bytes < MEM_POISON_MAX) {
        __asan_unpoison_memory_region(p, bytes);
        return;
    }
    for (; bytes; bytes -= PAGE_SIZE, page += PAGE_SIZE)
        if (__asan_address_is_poisoned(page + PAGE_SIZE - 1))
            __asan_unpoison_memory_region(page, PAGE_SIZE);
}
#else
static inline void mem_poison(const void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
}

static inline void mem_unpoison(const void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
}
#endif

#endif
