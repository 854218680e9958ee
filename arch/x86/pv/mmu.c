/* SPDX-License-Identifier: MIT */
/*
 * A PV guest's page tables. They hold machine frames, and Xen allows no writable mapping of a page
 * that is a table: entries are changed by asking Xen (mmu_update), a new table is filled, made
 * read-only and only then hooked in. The domain builder's own tables map the first few MiB; they
 * are kept and extended to all of the memory, in order of address, so that the pages for further
 * tables are always mapped already.
 */
#include <ringlet/string.h>

#include "arch/x86/boot.h"
#include "arch/x86/mmu.h"

#define QUEUE_MAX 128

xen_pfn_t *pv_p2m;
unsigned long pv_pages;

_Static_assert(sizeof(struct mmu_update) == 16, "mmu_update");

/* Updates not yet made; one hypercall makes them all. */
static struct mmu_update queue[QUEUE_MAX];
static unsigned queued;
static int queue_error; /* the first */
/* Memory below this is mapped; below the other it will be once the queue is flushed. */
static uintptr_t mapped_end, hooked_end;

void *pv_page_of(xen_pfn_t mfn)
{
    unsigned long pfn;

    if (mfn >= MACH2PHYS_NR_ENTRIES)
        return NULL;
    /* Xen's table of pseudo-physical frames by machine frame is readable by every PV guest; ours
     * says whether the frame is ours. */
    pfn = READ_ONCE(machine_to_phys_mapping[mfn]);
    if (pfn >= pv_pages || pv_p2m[pfn] != mfn)
        return NULL;
    return (void *)(pfn << PAGE_SHIFT);
}

static void queue_flush(void)
{
    if (queued) {
        unsigned done;
        long ret = hypercall(__HYPERVISOR_mmu_update, (unsigned long)queue, queued,
                             (unsigned long)&done, DOMID_SELF, 0);

        if (ret && !queue_error)
            queue_error = (int)ret;
        queued = 0;
    }
    mapped_end = hooked_end;
}

static void queue_update(const uint64_t *entry, uint64_t value)
{
    if (queued == QUEUE_MAX)
        queue_flush();
    queue[queued].ptr = (uint64_t)arch_frame(entry) << PAGE_SHIFT | ((uintptr_t)entry & PAGE_MASK) |
                        MMU_NORMAL_PT_UPDATE;
    queue[queued++].val = value;
}

static uint64_t page_entry(uintptr_t va)
{
    uint64_t flags = mmu_flags(va);

    if (!(flags & PTE_PRESENT))
        return flags;
    return (uint64_t)pv_p2m[va >> PAGE_SHIFT] << PAGE_SHIFT | flags | PTE_USER;
}

/* Its value now: Xen changes entries in hypercalls, which the compiler does not see. */
static uint64_t entry_read(const uint64_t *entry)
{
    return *(const volatile uint64_t *)entry;
}

/* Memory for a table, not cleared. While booting it must be mapped already. */
static uint64_t *table_alloc(void)
{
    uint64_t *table;

    if (mmu_is_boot_done())
        return page_alloc(1, MEM_KERNEL);
    table = boot_ram_take(1, mapped_end);
    if (!table) {
        queue_flush();
        table = boot_ram_take(1, mapped_end);
    }
    return table;
}

static void table_hook(const uint64_t *entry, const uint64_t *table)
{
    unsigned level;
    const uint64_t *own = mmu_find((uintptr_t)table, &level);

    queue_update(own, *own & ~(uint64_t)PTE_RW);
    queue_update(entry, (uint64_t)arch_frame(table) << PAGE_SHIFT | PTE_PRESENT | PTE_RW |
                            PTE_USER | PTE_ACCESSED | PTE_DIRTY);
}

/* The level-2 entry for va. Missing tables above it are made. NULL: no memory. */
static uint64_t *level2_entry(uintptr_t va)
{
    uint64_t *table = mmu_root;

    for (unsigned level = 4; level > 2; level--) {
        const uint64_t *entry = mmu_slot(table, va, level);

        if (!(entry_read(entry) & PTE_PRESENT)) {
            uint64_t *page = table_alloc();

            if (!page)
                return NULL;
            memset(page, 0, PAGE_SIZE);
            table_hook(entry, page);
            queue_flush();
        }
        table = queue_error ? NULL : mmu_table(entry_read(entry));
        if (!table)
            return NULL;
    }
    return mmu_slot(table, va, 2);
}

/* The builder has mapped everything read-write and executable, except for the page tables, which it
 * has mapped read-only: these stay so. */
static void slot_protect(const uint64_t *l1, uintptr_t start, uintptr_t end)
{
    for (uintptr_t va = start; va < end; va += PAGE_SIZE) {
        uint64_t old = l1[(va - start) >> PAGE_SHIFT], new = page_entry(va);

        if ((old & PTE_PRESENT) && !(old & PTE_RW))
            new &= ~(uint64_t)PTE_RW;
        if (new != old)
            queue_update(&l1[(va - start) >> PAGE_SHIFT], new);
    }
    hooked_end = end;
    queue_flush();
}

static int slot_map(const uint64_t *l2_entry, uintptr_t start, uintptr_t end)
{
    uint64_t *l1 = table_alloc();

    if (!l1)
        return -ENOMEM;
    for (unsigned i = 0; i < SLOT_PAGES; i++) {
        uintptr_t va = start + i * PAGE_SIZE;

        l1[i] = va < end ? page_entry(va) : 0;
    }
    table_hook(l2_entry, l1);
    hooked_end = end;
    return 0;
}

int pv_mmu_init(void)
{
    uintptr_t end = pv_pages << PAGE_SHIFT;
    struct mmuext_op flush = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

    for (uintptr_t va = 0; va < end && !queue_error; va += SLOT_SIZE) {
        uintptr_t slot_end = MIN(va + SLOT_SIZE, end);
        const uint64_t *entry = level2_entry(va);

        if (!entry)
            return queue_error ? queue_error : -ENOMEM;
        if (entry_read(entry) & PTE_PRESENT) {
            const uint64_t *l1 = mmu_table(entry_read(entry));

            if (!l1)
                return -EINVAL;
            slot_protect(l1, va, slot_end);
        } else if (slot_map(entry, va, slot_end)) {
            return -ENOMEM;
        }
    }
    queue_flush();
    if (queue_error)
        return queue_error;
    return (int)hypercall(__HYPERVISOR_mmuext_op, (unsigned long)&flush, 1, 0, DOMID_SELF, 0);
}

int pv_mmu_reserve(uintptr_t va, size_t bytes)
{
    uintptr_t end = va + bytes;
    int ret;

    for (va = ROUND_DOWN(va, SLOT_SIZE); va < end; va += SLOT_SIZE) {
        const uint64_t *entry = level2_entry(va);
        uint64_t *l1;

        if (!entry)
            return queue_error ? queue_error : -ENOMEM;
        if (entry_read(entry) & PTE_PRESENT)
            continue;
        l1 = table_alloc();
        if (!l1)
            return -ENOMEM;
        memset(l1, 0, PAGE_SIZE);
        table_hook(entry, l1);
    }
    queue_flush();
    ret = queue_error;
    if (mmu_is_boot_done())
        queue_error = 0; /* a later call may do better */
    return ret;
}

int pv_set_page(uintptr_t va, uint64_t entry)
{
    if (entry & PTE_PRESENT)
        entry |= PTE_USER;
    return (int)hypercall(__HYPERVISOR_update_va_mapping, va, entry, UVMF_INVLPG | UVMF_LOCAL, 0,
                          0);
}
