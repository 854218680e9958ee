/* SPDX-License-Identifier: MIT */
/* What the page allocator and the heap tell each other. */
#ifndef RINGLET_MEM_PRIVATE_H
#define RINGLET_MEM_PRIVATE_H

#include <ringlet/page.h>

/* Counts an allocation; true when mem_fail_nth wants this one to fail. */
bool mem_should_fail(void);

/* page_init calls this: nothing is in use. */
void heap_reset(void);

/* page_alloc without counting. */
void *page_take(unsigned count, enum mem_class class);
/* Pages of the block that begins at p, 0 when none does; its class. */
unsigned page_block_count(const void *p, enum mem_class *class);
/* Pages managed. */
size_t page_total(void);

/*
 * A number that the heap keeps for the first page of each of its blocks of pages; 0 for what is not
 * the heap's, and again before the heap frees the pages: page_free refuses them otherwise.
 */
uint32_t page_tag(const void *va);
void page_set_tag(const void *va, uint32_t tag);

/* The heap's page with this tag was pinned for the first time, or unpinned for the last. */
void heap_page_pinned(uint32_t tag);
void heap_page_unpinned(uint32_t tag);

/* A test program's AddressSanitizer hears which memory is in use, so that it sees accesses to what
 * was freed or lies beyond a block; in a kernel these are nothing. */
#if defined(__SANITIZE_ADDRESS__)
#define MEM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEM_ASAN 1
#endif
#endif

#ifdef MEM_ASAN
#include <sanitizer/asan_interface.h>

/* Its shadow takes an eighth of what is marked: of a huge run of pages only the beginning is. */
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
