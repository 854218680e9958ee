/* SPDX-License-Identifier: MIT */
/*
 * Page tables. Virtual = pseudo-physical for all memory of the guest; above it lies the window
 * (window.h). mmu.c is what both kinds of guest share; pv/mmu.c changes entries by asking Xen,
 * pvh/mmu.c writes them.
 */
#ifndef RINGLET_X86_MMU_H
#define RINGLET_X86_MMU_H

#include <kernel/arch.h>
#include <kernel/page.h>

#include "cpu.h"

#define SLOT_SIZE       (2UL << 20) /* what one level-1 table maps */
#define SLOT_PAGES      512
#define TABLE_SIZE      (1UL << 30) /* what one level-2 table maps */
#define MMU_ADDRESS_END (1UL << 39) /* what one level-3 table maps; no more memory is used */
/* The third of these tables is for memory of vmem_alloc. The window (window.h) may begin in the
 * second. */
#define MMU_VMEM_START (2 * MMU_ADDRESS_END)
#define MMU_VMEM_END   (3 * MMU_ADDRESS_END)

/* The level-4 table; set before anything else here. */
extern uint64_t *mmu_root;
/* PTE_NX if the processor has it, else 0. */
extern uint64_t mmu_nx;

/* The entry for va in a table of level 1..4. */
static inline uint64_t *mmu_slot(uint64_t *table, uintptr_t va, unsigned level)
{
    return &table[va >> (PAGE_SHIFT + 9 * (level - 1)) & (SLOT_PAGES - 1)];
}

/* The table that a present entry of level 2..4 points to. NULL: it is not in the guest's memory. */
uint64_t *mmu_table(uint64_t entry);
/*
 * The entry that maps va (level 1, or 2 with PTE_PSE), or the first on the way to it that is not
 * present. NULL beyond MMU_VMEM_END. Any context.
 */
uint64_t *mmu_find(uintptr_t va, unsigned *level);
/* Whether all of these bytes can be read without a fault. Any context. */
bool mmu_readable(uintptr_t va, size_t bytes);
/* From now on memory for tables comes from the page allocator. */
void mmu_boot_done(void);
bool mmu_is_boot_done(void);
/* The PTE_ bits, without a frame, that the page at va must have, by its place in the image. */
uint64_t mmu_flags(uintptr_t va);

/* Makes the page tables for an address range. 0, -ENOMEM, or Xen's error. */
int mmu_reserve(uintptr_t va, size_t bytes);
/* Maps one page read-write at an address for which there are tables (mmu_reserve). 0 or -errno. */
int mmu_map_page(uintptr_t va, xen_pfn_t frame);

/* ---- PV ---- */

/* The machine frame of a page that is not there. */
#define INVALID_P2M_ENTRY (~(xen_pfn_t)0)

extern xen_pfn_t *pv_p2m; /* machine frame by pseudo-physical frame */
extern unsigned long pv_pages;

/* The page that has this machine frame, or NULL. */
void *pv_page_of(xen_pfn_t mfn);
/* Maps all of the guest's memory. 0, -ENOMEM, or what Xen says. */
int pv_mmu_init(void);
int pv_mmu_reserve(uintptr_t va, size_t bytes);
int pv_set_page(uintptr_t va, uint64_t entry);

/* At boot: makes room in the list and in the page tables for what the guest may be given later. The
 * number of pages that there is room for, which pv_pages is from then on. */
unsigned long pv_grow(void);

/*
 * The tree through which the toolstack finds the list of machine frames of a domain that it saves
 * (arch_shared_info). Its entries are machine frames. pv_p2m_init allocates it: 0 or -ENOMEM.
 * pv_p2m_publish fills it in and writes its address to shared_info, also after each restore.
 */
int pv_p2m_init(void);
void pv_p2m_publish(void);

/* ---- PVH ---- */

extern uint64_t pvh_l4[], pvh_l3[], pvh_l2[];

/* Maps exactly the given memory (whole pages, no overlaps). 0 or -ENOMEM. */
int pvh_mmu_init(const struct mem_region *ram, unsigned count);
int pvh_mmu_reserve(uintptr_t va, size_t bytes);
int pvh_set_page(uintptr_t va, uint64_t entry);

#endif
