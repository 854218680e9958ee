/* SPDX-License-Identifier: MIT */
/* Looking things up in the page tables, and what is mapped how: the same for PV and PVH. */
#include "mmu.h"
#include "boot.h"

uint64_t *mmu_root;
uint64_t mmu_nx;

uint64_t *mmu_table(uint64_t entry)
{
    if (boot_info.type == GUEST_PV)
        return pv_page_of((entry & PTE_FRAME) >> PAGE_SHIFT);
    return (uint64_t *)(entry & PTE_FRAME);
}

uint64_t *mmu_find(uintptr_t va, unsigned *level)
{
    uint64_t *table = mmu_root;

    if (va >= MMU_ADDRESS_END)
        return NULL;
    for (*level = 4; table; --*level) {
        uint64_t *entry = mmu_slot(table, va, *level);

        if (*level == 1 || !(*entry & PTE_PRESENT) || (*level == 2 && (*entry & PTE_PSE)))
            return entry;
        table = mmu_table(*entry);
    }
    return NULL;
}

bool mmu_readable(uintptr_t va, size_t bytes)
{
    uintptr_t end;

    if (__builtin_add_overflow(va, bytes, &end))
        return false;
    for (va = ROUND_DOWN(va, PAGE_SIZE); va < end; va += PAGE_SIZE) {
        unsigned level;
        const uint64_t *entry = mmu_find(va, &level);

        if (!entry || !(*entry & PTE_PRESENT))
            return false;
    }
    return true;
}

uint64_t mmu_flags(uintptr_t va)
{
    const uint64_t page = PTE_PRESENT | PTE_ACCESSED;

    if (va < PAGE_SIZE)
        return 0; /* NULL and what is near it */
    if (va == (uintptr_t)boot_stack_guard)
        return PTE_GUARD;
    if (va >= (uintptr_t)_text && va < (uintptr_t)_etext)
        return page;
    if (va >= (uintptr_t)_rodata && va < (uintptr_t)_erodata)
        return page | mmu_nx;
    return page | PTE_RW | PTE_DIRTY | mmu_nx;
}

static int set_page(uintptr_t va, uint64_t entry)
{
    return boot_info.type == GUEST_PV ? pv_set_page(va, entry) : pvh_set_page(va, entry);
}

int mmu_map_page(uintptr_t va, xen_pfn_t frame)
{
    return set_page(va, (uint64_t)frame << PAGE_SHIFT | mmu_flags(va));
}

xen_pfn_t arch_frame(const void *va)
{
    uintptr_t pfn = (uintptr_t)va >> PAGE_SHIFT;

    if (boot_info.type == GUEST_PV && pfn < pv_pages)
        return pv_p2m[pfn];
    return pfn;
}

int arch_guard_page(void *page, bool guard)
{
    uintptr_t va = (uintptr_t)page;

    if (va & PAGE_MASK)
        return -EINVAL;
    return guard ? set_page(va, PTE_GUARD) : mmu_map_page(va, arch_frame(page));
}
