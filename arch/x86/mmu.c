/* SPDX-License-Identifier: MIT */
/* Looking up page table entries, and the rights of each page: the same for PV and PVH. */
#include "mmu.h"
#include "image.h"

uint64_t *mmu_root;
uint64_t mmu_nx;
static bool boot_done;

void mmu_boot_done(void)
{
    boot_done = true;
}

bool mmu_is_boot_done(void)
{
    return boot_done;
}

uint64_t *mmu_table(uint64_t entry)
{
    if (boot_info.type == GUEST_PV)
        return pv_page_of((entry & PTE_FRAME) >> PAGE_SHIFT);
    return (uint64_t *)(entry & PTE_FRAME);
}

uint64_t *mmu_find(uintptr_t va, unsigned *level)
{
    uint64_t *table = mmu_root;

    if (va >= MMU_VMEM_END)
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
        return 0; /* NULL, and small offsets from it */
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

int mmu_reserve(uintptr_t va, size_t bytes)
{
    return boot_info.type == GUEST_PV ? pv_mmu_reserve(va, bytes) : pvh_mmu_reserve(va, bytes);
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

/* PVH: nothing maps memory but Xen's own tables, where it goes and comes. */
xen_pfn_t arch_page_unmap(void *page)
{
    xen_pfn_t frame = arch_frame(page);

    if (boot_info.type == GUEST_PV) {
        pv_set_page((uintptr_t)page, 0);
        pv_p2m[(uintptr_t)page >> PAGE_SHIFT] = INVALID_P2M_ENTRY;
    }
    return frame;
}

int arch_page_remap(void *page, xen_pfn_t frame)
{
    if (boot_info.type != GUEST_PV)
        return 0;
    pv_p2m[(uintptr_t)page >> PAGE_SHIFT] = frame;
    return mmu_map_page((uintptr_t)page, frame);
}

int arch_guard_page(void *page, bool guard)
{
    uintptr_t va = (uintptr_t)page;

    if (va & PAGE_MASK)
        return -EINVAL;
    return guard ? set_page(va, PTE_GUARD) : mmu_map_page(va, arch_frame(page));
}

void arch_vmem_range(uintptr_t *start, size_t *bytes)
{
    *start = MMU_VMEM_START;
    *bytes = MMU_VMEM_END - MMU_VMEM_START;
}

int arch_vmem_map(void *va, void *page)
{
    int ret = mmu_reserve((uintptr_t)va, PAGE_SIZE);

    return ret ? ret : mmu_map_page((uintptr_t)va, arch_frame(page));
}

int arch_vmem_unmap(void *va)
{
    return set_page((uintptr_t)va, 0);
}

void *arch_vmem_page(const void *va)
{
    unsigned level;
    const uint64_t *entry = mmu_find((uintptr_t)va, &level);

    return entry && level == 1 && (*entry & PTE_PRESENT) ? mmu_table(*entry) : NULL;
}
