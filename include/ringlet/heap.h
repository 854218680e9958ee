/* SPDX-License-Identifier: MIT */
/*
 * The heap: blocks of any size, 16-byte aligned; blocks over 2048 bytes are whole pages,
 * page-aligned. A page never has blocks of two classes, and the heap's own data is never in the
 * same page as a block: a granted buffer shows its peer nothing else. Thread and handler context.
 * Sizes are bytes.
 */
#ifndef RINGLET_HEAP_H
#define RINGLET_HEAP_H

#include <ringlet/page.h>

/* A block or NULL; size 0 returns a block, too. heap_zalloc: n * size bytes of zeroes, NULL also
 * when that overflows. */
void *heap_alloc(size_t size, enum mem_class class);
void *heap_zalloc(size_t n, size_t size, enum mem_class class);

/* NULL does nothing. A pointer that is not a block in use (freed already, or from page_alloc or
 * elsewhere) is reported on the console and otherwise ignored. A block in a pinned page (page_pin)
 * is freed when the page is unpinned. */
void heap_free(void *block);

/* The usable size of a block, at least the requested size. */
size_t heap_size(const void *block);

/* A copy of text[0..len) with a NUL behind it. */
char *heap_strndup(const char *text, size_t len, enum mem_class class);

struct heap_stats {
    size_t in_use[MEM_CLASSES];     /* bytes, rounded up to the block's size */
    size_t high_water[MEM_CLASSES]; /* bytes */
    size_t blocks;
    size_t deferred; /* blocks that will be freed when their page is unpinned */
};

void heap_get_stats(struct heap_stats *out);

#endif
