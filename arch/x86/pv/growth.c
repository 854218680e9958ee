/* SPDX-License-Identifier: MIT */
/*
 * Room for memory that a PV guest does not have yet. The domain builder makes the list of machine
 * frames and the page tables for what the guest is started with. Its memory map, a single region,
 * is what it may have (maxmem): the list is replaced by a longer one, in which what is not there is
 * INVALID_P2M_ENTRY, and empty page tables are made. Both together are 0.4 % of what may come.
 */
#include <kernel/balloon.h>
#include <ringlet/string.h>

#include "arch/x86/boot.h"
#include "arch/x86/mmu.h"

#define MEMORY_MAP_RAM 1 /* as the BIOS call E820 has it */

/* Pages that the guest may have one day; 0 if Xen does not say. */
static unsigned long pages_at_most(void)
{
    struct {
        uint64_t start, bytes;
        uint32_t type;
    } __attribute__((packed)) entry;
    struct xen_memory_map map = {.nr_entries = 1};

    set_xen_guest_handle(map.buffer, &entry);
    if (hypercall_memory_op(XENMEM_memory_map, &map) || map.nr_entries != 1 || entry.start ||
        entry.type != MEMORY_MAP_RAM)
        return 0;
    return MIN(MIN(entry.bytes, MMU_ADDRESS_END) >> PAGE_SHIFT, BALLOON_GROWTH * pv_pages);
}

unsigned long pv_grow(void)
{
    unsigned long most = pages_at_most(), bytes = most * sizeof(*pv_p2m), now = pv_pages;
    xen_pfn_t *list, *old = pv_p2m;

    if (most <= now)
        return now;
    if (pv_mmu_reserve(now << PAGE_SHIFT, (most - now) << PAGE_SHIFT))
        return now;
    list = boot_ram_take((unsigned)DIV_ROUND_UP(bytes, PAGE_SIZE), UINT64_MAX);
    if (!list)
        return now;
    memset(list, 0xff, ROUND_UP(bytes, PAGE_SIZE));
    memcpy(list, old, now * sizeof(*list));
    pv_p2m = list;
    boot_ram_add((uintptr_t)old, ROUND_UP(now * sizeof(*old), PAGE_SIZE));
    return most;
}
