/* SPDX-License-Identifier: MIT */
/*
 * The window: a range of addresses above the guest's memory for pages of Xen. The first page is
 * shared_info; behind it there is room for the grant table at its largest, so that its address does
 * not change when it grows. The page tables for these are made at boot. Behind them are addresses
 * for grants of other domains, and then such for their memory; tables for these are made when they are
 * first used.
 */
#include "window.h"

#include <kernel/grant_map.h>
#include <ringlet/foreign.h>
#include <ringlet/string.h>

#include "cpu.h"
#include "mmu.h"

/* Page tables for more than this (2 million grants) are not worth their memory. */
#define FRAMES_MAX     4096
#define FRAMES_DEFAULT 64 /* where GNTTABOP_query_size fails */

struct shared_info *shared_info;

static uintptr_t window;
static unsigned frames_max, frames_mapped;
static bool area_ready; /* there are page tables for it */

_Static_assert(sizeof(struct gnttab_setup_table) == 24, "gnttab_setup_table");
_Static_assert(sizeof(struct xen_add_to_physmap) == 24, "xen_add_to_physmap");

unsigned window_pages(void)
{
    struct gnttab_query_size query = {.dom = DOMID_SELF};

    frames_max = FRAMES_DEFAULT;
    if (hypercall_grant_table_op(GNTTABOP_query_size, &query, 1) == 0 && query.status == GNTST_okay)
        frames_max = MIN(query.max_nr_frames, FRAMES_MAX);
    return (unsigned)ROUND_UP(1 + frames_max, SLOT_PAGES) + GRANT_MAP_PAGES + FOREIGN_PAGES;
}

int window_init(uintptr_t base)
{
    size_t bytes = (1 + frames_max) * PAGE_SIZE;

    window = base;
    return mmu_reserve(base, bytes);
}

uintptr_t window_shared_info(void)
{
    return window;
}

static uintptr_t frame_address(unsigned frame)
{
    return window + (1 + (uintptr_t)frame) * PAGE_SIZE;
}

/* PV: Xen grows the table and says where it is. The list holds all frames, also old ones. */
static int map_frames_pv(unsigned nr)
{
    unsigned pages = (unsigned)DIV_ROUND_UP(nr * sizeof(xen_pfn_t), PAGE_SIZE);
    xen_pfn_t *list = page_alloc(pages, MEM_KERNEL);
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = nr};
    int ret;

    if (!list)
        return -ENOMEM;
    set_xen_guest_handle(setup.frame_list, list);
    ret = (int)hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    if (!ret && setup.status != GNTST_okay)
        ret = setup.status == GNTST_general_error ? -ENOSPC : -EIO;
    while (!ret && frames_mapped < nr) {
        ret = mmu_map_page(frame_address(frames_mapped), list[frames_mapped]);
        if (!ret)
            frames_mapped++;
    }
    page_free(list, pages);
    return ret;
}

/* PVH: Xen grows the table as its frames are put into our physical address space. */
static int map_frames_pvh(unsigned nr)
{
    while (frames_mapped < nr) {
        uintptr_t va = frame_address(frames_mapped);
        struct xen_add_to_physmap add = {
            .domid = DOMID_SELF,
            .space = XENMAPSPACE_grant_table,
            .idx = frames_mapped,
            .gpfn = va >> PAGE_SHIFT,
        };
        int ret = (int)hypercall_memory_op(XENMEM_add_to_physmap, &add);

        if (!ret)
            ret = mmu_map_page(va, add.gpfn);
        if (ret)
            return ret;
        frames_mapped++;
    }
    return 0;
}

unsigned window_grants(void)
{
    return frames_mapped;
}

void window_drop_grants(void)
{
    for (; frames_mapped; frames_mapped--)
        if (boot_info.type == GUEST_PV)
            pv_set_page(frame_address(frames_mapped - 1), 0);
}

int window_restore_grants(unsigned frames)
{
    void *table;

    return frames ? arch_map_grant_frames(frames, &table) : 0;
}

int arch_map_grant_frames(unsigned nr, void **table)
{
    int ret = 0;

    *table = (void *)frame_address(0);
    if (nr > frames_max)
        return -ENOSPC;
    if (nr > frames_mapped)
        ret = boot_info.type == GUEST_PV ? map_frames_pv(nr) : map_frames_pvh(nr);
    return ret;
}

static uintptr_t grant_area(void)
{
    return window + ROUND_UP((1 + frames_max) * PAGE_SIZE, SLOT_SIZE);
}

uintptr_t window_foreign(void)
{
    return grant_area() + GRANT_MAP_PAGES * PAGE_SIZE;
}

int arch_grant_area(void **area)
{
    uintptr_t base = grant_area();
    int ret = 0;

    if (!area_ready)
        ret = mmu_reserve(base, GRANT_MAP_PAGES * PAGE_SIZE);
    if (!ret)
        area_ready = true;
    *area = (void *)base;
    return ret;
}

/* PV: Xen changes the page table when it maps and unmaps a grant. */
void arch_grant_area_set(void *page, bool present, bool readonly)
{
    uintptr_t va = (uintptr_t)page;
    uint64_t flags = mmu_flags(va);

    if (boot_info.type == GUEST_PV)
        return;
    if (readonly)
        flags &= ~(uint64_t)PTE_RW;
    pvh_set_page(va, present ? va | flags : 0);
}
