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

/* A number that the heap keeps for each page in use; 0 for pages that are not its. */
uint32_t page_tag(const void *va);
void page_set_tag(const void *va, uint32_t tag);

/* The heap's page with this tag was pinned for the first time, or unpinned for the last. */
void heap_page_pinned(uint32_t tag);
void heap_page_unpinned(uint32_t tag);

#endif
