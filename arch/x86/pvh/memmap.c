/* SPDX-License-Identifier: MIT */
/* Reads the memory map of a PVH guest. */
#include "memmap.h"

#include <xen/arch-x86/hvm/start_info.h>

#include "arch/x86/boot.h"
#include "arch/x86/mmu.h"

#define ENTRIES_MAX 64
/* The builder's special pages and the APIC are above this address, whether listed or not. */
#define SPECIAL_START 0xfc000000ULL

/* Xen's own list has the format of the BIOS call E820. */
struct e820_entry {
    uint64_t addr, size;
    uint32_t type;
} __attribute__((packed));

_Static_assert(sizeof(struct e820_entry) == 20, "E820");
_Static_assert(sizeof(struct hvm_memmap_table_entry) == 24, "hvm_memmap_table_entry");
_Static_assert(offsetof(struct hvm_memmap_table_entry, type) == 16, "hvm_memmap_table_entry");
_Static_assert(offsetof(struct hvm_start_info, memmap_paddr) == 40, "hvm_start_info");
_Static_assert(offsetof(struct hvm_start_info, memmap_entries) == 48, "hvm_start_info");

static struct e820_entry map[ENTRIES_MAX];
static unsigned entries;

static bool read_start_info(const struct hvm_start_info *si)
{
    const struct hvm_memmap_table_entry *from;

    if (si->version < 1 || !si->memmap_entries || !si->memmap_paddr ||
        si->memmap_paddr >= PVH_BOOT_MAPPED - ENTRIES_MAX * sizeof(*from))
        return false;
    from = (const struct hvm_memmap_table_entry *)si->memmap_paddr;
    for (; entries < ENTRIES_MAX && entries < si->memmap_entries; entries++)
        map[entries] =
            (struct e820_entry){from[entries].addr, from[entries].size, from[entries].type};
    return true;
}

static int read_hypercall(void)
{
    struct xen_memory_map request = {.nr_entries = ENTRIES_MAX};
    int ret;

    set_xen_guest_handle(request.buffer, map);
    ret = (int)hypercall_memory_op(XENMEM_memory_map, &request);
    if (!ret)
        entries = MIN(request.nr_entries, ENTRIES_MAX);
    return ret;
}

int memmap_read(const struct hvm_start_info *si)
{
    if (!read_start_info(si)) {
        int ret = read_hypercall();

        if (ret)
            return ret;
    }
    for (unsigned i = 0; i < entries; i++) {
        if (map[i].type != XEN_HVM_MEMMAP_TYPE_RAM || map[i].addr >= MMU_ADDRESS_END)
            continue;
        boot_ram_add(map[i].addr, MIN(map[i].size, MMU_ADDRESS_END - map[i].addr));
    }
    return boot_info.ram_regions ? 0 : -ENOMEM;
}

/* Whether nothing is listed between start and end. */
static bool is_gap(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < entries; i++)
        if (map[i].addr >= start ? map[i].size && map[i].addr < end
                                 : map[i].size > start - map[i].addr) /* the sum may wrap */
            return false;
    return true;
}

/*
 * Below 4 GiB, where it takes fewer page tables, both the guest's and Xen's; above only when the
 * guest has so much memory that there is no room below.
 */
uintptr_t memmap_gap(size_t bytes)
{
    uint64_t low = 0, high = PVH_BOOT_MAPPED;

    for (unsigned i = 0; i < boot_info.ram_regions; i++) {
        uint64_t end = boot_info.ram[i].start + boot_info.ram[i].bytes;

        if (end <= SPECIAL_START)
            low = MAX(low, end);
    }
    low = ROUND_UP(low, SLOT_SIZE) + SLOT_SIZE;
    if (low + bytes <= SPECIAL_START && is_gap(low, low + bytes))
        return low;
    for (unsigned i = 0; i < entries; i++)
        if (map[i].addr < MMU_ADDRESS_END)
            high = MAX(high, map[i].addr + MIN(map[i].size, MMU_ADDRESS_END - map[i].addr));
    return ROUND_UP(high, SLOT_SIZE) + SLOT_SIZE;
}
