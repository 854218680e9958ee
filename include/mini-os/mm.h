/* SPDX-License-Identifier: MIT */
/* Pages and frames. Virtual = pseudo-physical. */
#ifndef MINI_OS_MM_H
#define MINI_OS_MM_H

#include <mini-os/types.h>

#include <xen/xen.h>

#include <mini-os/arch_mm.h>

#define STACK_SIZE_PAGE_ORDER 4
#define STACK_SIZE            (PAGE_SIZE << STACK_SIZE_PAGE_ORDER)

#define round_pgdown(p) ((p)&PAGE_MASK)
#define round_pgup(p)   (((p) + (PAGE_SIZE - 1)) & PAGE_MASK)

/* 2^order pages, not zeroed, aligned to their size; 0: no memory. */
unsigned long alloc_pages(int order);
void free_pages(void *pages, int order);
#define alloc_page() alloc_pages(0)
#define free_page(p) free_pages((p), 0)

/* The order of as many pages as hold that many bytes. */
static inline int get_order(unsigned long size)
{
    int order = 0;

    for (size = (size - 1) >> PAGE_SHIFT; size; size >>= 1)
        order++;
    return order;
}

#define to_phys(va)      ((unsigned long)(va))
#define to_virt(pa)      ((void *)(unsigned long)(pa))
#define virt_to_pfn(va)  ((unsigned long)(va) >> PAGE_SHIFT)
#define pfn_to_virt(pfn) ((void *)((unsigned long)(pfn) << PAGE_SHIFT))
/* The frame by which Xen and other domains know the page, which is in this domain's memory. */
unsigned long virt_to_mfn(const void *va);
#define virt_to_mfn(va) (virt_to_mfn((const void *)(unsigned long)(va)))
#define pfn_to_mfn(pfn) virt_to_mfn(pfn_to_virt(pfn))

/*
 * Maps frames of another domain, f[i * stride] + i * increment for i in 0..n-1, at consecutive pages.
 * Not implemented: NULL with errno ENOSYS, and each err[i] is -ENOSYS (err may be NULL). Map grants
 * (gntmap.h) instead.
 */
void *map_frames_ex(const unsigned long *f, unsigned long n, unsigned long stride,
                    unsigned long increment, unsigned long alignment, domid_t domid, int *err,
                    unsigned long prot);

#endif
