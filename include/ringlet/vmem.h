/* SPDX-License-Identifier: MIT */
/*
 * Large memory at consecutive addresses, made of pages that lie anywhere: it can be had as long as
 * there are enough free pages, however scattered. An unmapped page follows each allocation. Block
 * I/O treats it as memory of page_alloc: what is not copied there is not copied here. Each page
 * takes a page table entry of its own, and making and freeing take time for each page (a PV guest:
 * hypercalls); for small memory, page_alloc and the heap are better. Thread context.
 */
#ifndef RINGLET_VMEM_H
#define RINGLET_VMEM_H

#include <ringlet/page.h>

/* At least that many bytes, not cleared, at a multiple of PAGE_SIZE; whole pages are given. NULL: no
 * memory, no address space, or 0 bytes. The caller owns it until vmem_free. */
void *vmem_alloc(size_t bytes, enum mem_class class);
/* Frees the result of vmem_alloc; NULL does nothing. Another address is reported on the console and
 * otherwise ignored. A page that is pinned is not reused before its last pin is removed. */
void vmem_free(void *memory);
/* The bytes that the result of vmem_alloc has, a multiple of PAGE_SIZE; 0: it is none. */
size_t vmem_size(const void *memory);

#endif
