/* SPDX-License-Identifier: MIT */
/*
 * A PVH guest's page tables. entry.S has mapped the first 4 GiB; this refines its tables while they
 * are in use: memory is mapped in 2 MiB pages, which are split where single pages have other rights
 * (the image, page 0, guard pages, shared pages), and nothing is mapped where there is no memory.
 */
#include <kernel/page.h>
#include <ringlet/barrier.h>
#include <ringlet/string.h>

#include "arch/x86/boot.h"
#include "arch/x86/image.h"
#include "arch/x86/mmu.h"

/* Entries above level 1 restrict nothing. */
#define TABLE_FLAGS (PTE_PRESENT | PTE_RW | PTE_ACCESSED)

/* The table is complete before the entry leads to it: this code may run from the mapping that the
 * table replaces, and an NMI's report looks entries up. */
static void hook(uint64_t *entry, const uint64_t *table)
{
    wmb();
    WRITE_ONCE(*entry, (uintptr_t)table | TABLE_FLAGS);
}

static uint64_t *table_alloc(void)
{
    return mmu_is_boot_done() ? page_alloc(1, MEM_KERNEL) : boot_ram_take(1, PVH_BOOT_MAPPED);
}

/* The table below an entry of level 4 or 3, made if missing. NULL: no memory. */
static uint64_t *next_table(uint64_t *entry)
{
    if (!(*entry & PTE_PRESENT)) {
        uint64_t *table = table_alloc();

        if (!table)
            return NULL;
        memset(table, 0, PAGE_SIZE);
        hook(entry, table);
    }
    return mmu_table(*entry);
}

static uint64_t *level3_entry(uintptr_t va)
{
    uint64_t *table = next_table(mmu_slot(mmu_root, va, 4));

    return table ? mmu_slot(table, va, 3) : NULL;
}

static uint64_t *level2_entry(uintptr_t va)
{
    uint64_t *entry = level3_entry(va), *table = entry ? next_table(entry) : NULL;

    return table ? mmu_slot(table, va, 2) : NULL;
}

/* The level-1 entry for va. Tables are made, a 2 MiB page is split, as needed. NULL: no memory. */
static uint64_t *level1_entry(uintptr_t va)
{
    uint64_t *l2_entry = level2_entry(va);

    if (!l2_entry)
        return NULL;
    if (!(*l2_entry & PTE_PRESENT) || (*l2_entry & PTE_PSE)) {
        uint64_t old = *l2_entry, page = old & PTE_PRESENT ? old & ~(uint64_t)PTE_PSE : 0;
        uint64_t *l1 = table_alloc();

        if (!l1)
            return NULL;
        for (unsigned i = 0; i < SLOT_PAGES; i++)
            l1[i] = page ? page + i * PAGE_SIZE : 0;
        hook(l2_entry, l1);
        tlb_flush_page(ROUND_DOWN(va, SLOT_SIZE));
    }
    return mmu_slot(mmu_table(*l2_entry), va, 1);
}

/* How many bytes of [start, start + size) are memory. */
static size_t memory_within(uintptr_t start, size_t size, const struct mem_region *ram,
                            unsigned count)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < count; i++) {
        uintptr_t from = MAX(start, ram[i].start);
        uintptr_t to = MIN(start + size, ram[i].start + ram[i].bytes);

        if (from < to)
            bytes += to - from;
    }
    return bytes;
}

static bool is_memory(uintptr_t va, const struct mem_region *ram, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (va - ram[i].start < ram[i].bytes)
            return true;
    return false;
}

/* Page 0 and the image have pages with different rights. */
static bool slot_is_uniform(uintptr_t start)
{
    return start >= (uintptr_t)_end;
}

static int slot_map(uintptr_t start, const struct mem_region *ram, unsigned count)
{
    size_t bytes = memory_within(start, SLOT_SIZE, ram, count);
    uint64_t *l2_entry, *l1;

    if (!bytes && start >= PVH_BOOT_MAPPED)
        return 0; /* nothing is mapped, make no tables for that */
    l2_entry = level2_entry(start);
    if (!l2_entry)
        return -ENOMEM;
    if (!bytes) {
        *l2_entry = 0;
        return 0;
    }
    if (bytes == SLOT_SIZE && slot_is_uniform(start)) {
        *l2_entry = start | mmu_flags(start) | PTE_PSE;
        return 0;
    }
    l1 = table_alloc();
    if (!l1)
        return -ENOMEM;
    for (unsigned i = 0; i < SLOT_PAGES; i++) {
        uintptr_t va = start + i * PAGE_SIZE;
        uint64_t flags = is_memory(va, ram, count) ? mmu_flags(va) : 0;

        l1[i] = flags & PTE_PRESENT ? va | flags : flags;
    }
    hook(l2_entry, l1);
    return 0;
}

/* Unmaps a range of 1 GiB at once if it has no memory, as in a small guest most of what entry.S has
 * mapped. The table is made again should something be mapped there. */
static bool unmap_table(uintptr_t start, const struct mem_region *ram, unsigned count)
{
    uint64_t *entry;

    if (start % TABLE_SIZE || memory_within(start, TABLE_SIZE, ram, count))
        return false;
    if (start < PVH_BOOT_MAPPED) {
        entry = level3_entry(start);
        if (!entry)
            return false;
        *entry = 0;
    }
    return true;
}

int pvh_mmu_init(const struct mem_region *ram, unsigned count)
{
    uintptr_t end = PVH_BOOT_MAPPED;

    for (unsigned i = 0; i < count; i++)
        end = MAX(end, ram[i].start + ram[i].bytes);
    for (uintptr_t va = 0; va < end; va += SLOT_SIZE) {
        int ret;

        if (unmap_table(va, ram, count)) {
            va += TABLE_SIZE - SLOT_SIZE;
            continue;
        }
        ret = slot_map(va, ram, count);
        if (ret)
            return ret;
    }
    tlb_flush();
    return 0;
}

int pvh_mmu_reserve(uintptr_t va, size_t bytes)
{
    uintptr_t end = va + bytes;

    for (va = ROUND_DOWN(va, SLOT_SIZE); va < end; va += SLOT_SIZE)
        if (!level1_entry(va))
            return -ENOMEM;
    return 0;
}

int pvh_set_page(uintptr_t va, uint64_t entry)
{
    uint64_t *l1_entry = level1_entry(va);

    if (!l1_entry)
        return -ENOMEM;
    *l1_entry = entry;
    tlb_flush_page(va);
    return 0;
}
