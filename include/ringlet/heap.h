/* SPDX-License-Identifier: MIT */
/*
 * The heap: blocks of any size, 16-byte aligned; blocks over 2048 bytes are whole pages,
 * page-aligned. A page never holds blocks of two classes, and the heap's own data is never in the
 * same page as a block: a granted buffer shows its peer nothing else. Thread and handler context.
 * Sizes are bytes.
 */
#ifndef RINGLET_HEAP_H
#define RINGLET_HEAP_H

#include <ringlet/page.h>

/* A block or NULL; size 0 gives a block too. heap_zalloc: n * size bytes of zeroes, NULL also when
 * that overflows. */
void *heap_alloc(size_t size, enum mem_class class);
void *heap_zalloc(size_t n, size_t size, enum mem_class class);

/* NULL does nothing. What is no block in use (freed twice, foreign, page_alloc's) is reported on
 * the console and left alone. A block in a pinned page (page_pin) is kept back until the page is
 * unpinned. */
void heap_free(void *block);

/* The usable size of a block, at least what was asked for. */
size_t heap_size(const void *block);

/* A copy of text[0..len) with a NUL behind it. */
char *heap_strndup(const char *text, size_t len, enum mem_class class);

struct heap_stats {
    size_t in_use[MEM_CLASSES];     /* bytes, as asked for rounded up to the block's size */
    size_t high_water[MEM_CLASSES]; /* bytes */
    size_t blocks;
    size_t deferred; /* blocks freed but kept back because their page is pinned */
};

void heap_get_stats(struct heap_stats *out);

/*
 * The n-th allocation from now (1 = the next), of heap or pages, fails; 0 switches this off.
 * For tests of error paths: the allocators themselves count, nothing else behaves differently.
 */
void mem_fail_nth(uint64_t n);
/* Allocations attempted since boot, heap and pages. */
uint64_t mem_allocations(void);

#endif
