/* SPDX-License-Identifier: MIT */
/* The list of free memory that boot_info.ram becomes: sorted, whole pages, no overlaps. */
#include "boot.h"
#include <kernel/page.h>

struct boot_info boot_info;

static struct mem_region *const ram = boot_info.ram;

static void delete_region(unsigned i)
{
    boot_info.ram_regions--;
    for (; i < boot_info.ram_regions; i++)
        ram[i] = ram[i + 1];
}

/* When the list is full the smallest region is dropped: the guest then has less memory, but none
 * that is not its own. */
static void insert_region(uint64_t start, uint64_t end)
{
    unsigned at;

    if (boot_info.ram_regions == BOOT_REGIONS_MAX) {
        unsigned smallest = 0;

        for (unsigned i = 1; i < BOOT_REGIONS_MAX; i++)
            if (ram[i].bytes < ram[smallest].bytes)
                smallest = i;
        if (ram[smallest].bytes >= end - start)
            return;
        delete_region(smallest);
    }
    for (at = boot_info.ram_regions++; at > 0 && ram[at - 1].start > start; at--)
        ram[at] = ram[at - 1];
    ram[at] = (struct mem_region){.start = start, .bytes = end - start};
}

void boot_ram_remove(uint64_t start, uint64_t bytes)
{
    uint64_t end;

    if (__builtin_add_overflow(start, bytes, &end) || end > UINT64_MAX - PAGE_SIZE)
        return;
    start = ROUND_DOWN(start, PAGE_SIZE);
    end = ROUND_UP(end, PAGE_SIZE);
    for (unsigned i = boot_info.ram_regions; i-- > 0;) {
        uint64_t from = ram[i].start, to = from + ram[i].bytes;

        if (to <= start || from >= end)
            continue;
        delete_region(i);
        if (end < to)
            insert_region(end, to);
        if (from < start)
            insert_region(from, start);
    }
}

void boot_ram_add(uint64_t start, uint64_t bytes)
{
    uint64_t end;

    if (__builtin_add_overflow(start, bytes, &end) || end > UINT64_MAX - PAGE_SIZE)
        return;
    start = ROUND_UP(start, PAGE_SIZE);
    end = ROUND_DOWN(end, PAGE_SIZE);
    if (start >= end)
        return;
    boot_ram_remove(start, end - start);
    for (unsigned i = boot_info.ram_regions; i-- > 0;) {
        uint64_t from = ram[i].start, to = from + ram[i].bytes;

        if (to != start && from != end)
            continue;
        start = MIN(start, from);
        end = MAX(end, to);
        delete_region(i);
    }
    insert_region(start, end);
}

void *boot_ram_take(unsigned pages, uint64_t limit)
{
    const uint64_t bytes = (uint64_t)pages << PAGE_SHIFT;

    for (unsigned i = 0; i < boot_info.ram_regions; i++) {
        uint64_t start = ram[i].start;

        if (ram[i].bytes < bytes)
            continue;
        if (start + bytes > limit)
            return NULL;
        ram[i].start += bytes;
        ram[i].bytes -= bytes;
        if (!ram[i].bytes)
            delete_region(i);
        return (void *)start;
    }
    return NULL;
}
