/* SPDX-License-Identifier: MIT */
/* The pages behind memory of vmem_alloc, for code that shares pages with a peer. */
#ifndef RINGLET_KERNEL_VMEM_H
#define RINGLET_KERNEL_VMEM_H

#include <kernel/arch.h>
#include <ringlet/vmem.h>

/* The addresses that vmem_alloc gives; none before its first call. vmem.c's. */
struct vmem_range {
    uintptr_t start;
    size_t bytes;
};

extern struct vmem_range vmem_range;

static inline bool vmem_has(const void *va)
{
    return (uintptr_t)va - vmem_range.start < vmem_range.bytes;
}

/*
 * The page at va by the address that the page allocator knows it by: that is what grants, pins and
 * frames are asked for. NULL: va is an address of vmem_alloc's at which there is no memory.
 */
static inline void *vmem_page(const void *va)
{
    return vmem_has(va) ? arch_vmem_page(va) : (void *)ROUND_DOWN((uintptr_t)va, PAGE_SIZE);
}

#endif
