/* SPDX-License-Identifier: MIT */
/*
 * The heap of programs that were linked with --check-heap: malloc.c is compiled a second time with
 * this header in front, and so on these functions instead of the kernel's heap. Around a block are
 * red zones; a freed one is filled, and kept for a while. A write outside of a block, a second free,
 * or a pointer that is no block ends the program with a report: at the free of that block, when one
 * that was kept goes, or at exit. At exit, blocks that were not freed are listed.
 */
#ifndef RINGLET_CHECK_HEAP_H
#define RINGLET_CHECK_HEAP_H

#include <ringlet/heap.h>

/* A block of exactly size bytes at a multiple of alignment (a power of two), filled with 0xcd; NULL:
 * no memory. */
void *check_alloc(size_t size, size_t alignment);
/* n * size bytes of zeroes; NULL also when that overflows. */
void *check_zalloc(size_t n, size_t size);
/* NULL does nothing. */
void check_free(void *block);
size_t check_size(const void *block);

#ifndef CHECK_HEAP_ITSELF
#define RINGLET_CHECK_HEAP
#define heap_alloc(size, class)     check_alloc(size, 16)
#define heap_zalloc(n, size, class) check_zalloc(n, size)
#define heap_free                   check_free
#define heap_size                   check_size
#endif

#endif
