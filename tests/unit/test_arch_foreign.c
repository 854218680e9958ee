/* SPDX-License-Identifier: MIT */
/* Mapping other domains' memory, arch/x86/foreign.c on the host: all or nothing, on a Xen that fails midway. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The host's seam has these, too. */
#define boot_info             boot_info_under_test
#define hypercall             hypercall_under_test
#define arch_frame            arch_frame_under_test
#define arch_foreign_area     arch_foreign_area_under_test
#define arch_foreign_map      arch_foreign_map_under_test
#define arch_foreign_resource arch_foreign_resource_under_test
#define arch_foreign_unmap    arch_foreign_unmap_under_test

#include <host/seam.h>
#include <string.h>

#include "arch/x86/foreign.c"

#define GUEST 7
#define PAGES 80
#define BASE  0x40000000ul

struct boot_info boot_info;

static uint64_t entry[PAGES]; /* of the page tables; 0: not present */
static bool physmap[PAGES];   /* PVH: Xen has put a page there */
static unsigned good;         /* pages that Xen maps, or adds, before it fails */
static unsigned tables;       /* pages that have page tables */

static unsigned page_of(uintptr_t va)
{
    assert_true(va >= BASE && va < BASE + PAGES * PAGE_SIZE && !(va & PAGE_MASK));
    return (unsigned)((va - BASE) >> PAGE_SHIFT);
}

/* ---- what foreign.c is on ---- */

uintptr_t window_foreign(void)
{
    return BASE;
}

int mmu_reserve(uintptr_t va, size_t bytes)
{
    (void)va;
    (void)bytes;
    return 0;
}

uint64_t mmu_flags(uintptr_t va)
{
    (void)va;
    return PTE_PRESENT | PTE_RW;
}

uint64_t *mmu_find(uintptr_t va, unsigned *level)
{
    *level = 1;
    return &entry[page_of(va)];
}

xen_pfn_t arch_frame(const void *va)
{
    return (uintptr_t)va >> PAGE_SHIFT;
}

static int set(uintptr_t va, uint64_t value)
{
    if (page_of(va) >= tables)
        return -ENOMEM;
    entry[page_of(va)] = value;
    return 0;
}

int pv_set_page(uintptr_t va, uint64_t value)
{
    return set(va, value);
}

int pvh_set_page(uintptr_t va, uint64_t value)
{
    return set(va, value);
}

/* ---- Xen ---- */

static bool fails(void)
{
    return !good || !good--;
}

static long update_entries(const struct mmu_update *u, unsigned count, unsigned *done)
{
    for (*done = 0; *done < count; ++*done, u++) {
        if (fails())
            return -EINVAL;
        *(uint64_t *)(u->ptr & ~3ul) = u->val;
    }
    return 0;
}

static long add_batch(struct xen_add_to_physmap_batch *add)
{
    for (unsigned i = 0; i < add->size; i++)
        if (fails())
            add->errs.p[i] = -EINVAL;
        else
            physmap[page_of(add->gpfns.p[i] << PAGE_SHIFT)] = true;
    return 0;
}

static long acquire(struct xen_mem_acquire_resource *get)
{
    for (unsigned i = 0; i < get->nr_frames; i++)
        if (fails())
            return -EINVAL;
        else if (boot_info.type == GUEST_PV)
            get->frame_list.p[i] = 100 + i;
        else
            physmap[page_of(get->frame_list.p[i] << PAGE_SHIFT)] = true;
    return 0;
}

long hypercall(unsigned nr, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4,
               unsigned long a5)
{
    (void)a5;
    if (nr == __HYPERVISOR_mmu_update) {
        assert_int_equal(a4, GUEST);
        return update_entries((void *)a1, (unsigned)a2, (unsigned *)a3);
    }
    assert_int_equal(nr, __HYPERVISOR_memory_op);
    switch (a1) {
    case XENMEM_add_to_physmap_batch:
        return add_batch((void *)a2);
    case XENMEM_acquire_resource:
        return acquire((void *)a2);
    case XENMEM_remove_from_physmap:
        physmap[page_of(((struct xen_remove_from_physmap *)a2)->gpfn << PAGE_SHIFT)] = false;
        return 0;
    default:
        fail_msg("memory_op %lu", a1);
        return -ENOSYS;
    }
}

/* ---- */

static const enum guest_type types[] = {GUEST_PV, GUEST_PVH};

static void begin(enum guest_type type)
{
    memset(entry, 0, sizeof(entry));
    memset(physmap, 0, sizeof(physmap));
    boot_info.type = type;
    good = UINT32_MAX;
    tables = PAGES;
}

static unsigned mapped(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < PAGES; i++)
        n += entry[i] || physmap[i];
    return n;
}

static void pages_are_mapped_and_unmapped(void **state)
{
    (void)state;
    for (unsigned t = 0; t < ARRAY_SIZE(types); t++) {
        begin(types[t]);
        assert_int_equal(arch_foreign_map((void *)BASE, GUEST, 5, 70), 0);
        assert_int_equal(arch_foreign_resource((void *)(BASE + 70 * PAGE_SIZE), GUEST, 0, 1, 1, 3),
                         0);
        for (unsigned i = 0; i < PAGES; i++) {
            assert_int_equal(entry[i] != 0, i < 73);
            assert_int_equal(physmap[i], i < 73 && types[t] == GUEST_PVH);
        }
        for (unsigned i = 0; i < 73; i++)
            assert_int_equal(arch_foreign_unmap((void *)(BASE + i * PAGE_SIZE)), 0);
        assert_int_equal(mapped(), 0);
    }
}

static void what_xen_refuses_midway_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned t = 0; t < ARRAY_SIZE(types); t++)
        for (unsigned n = 0; n < 8; n++) {
            begin(types[t]);
            good = n * 10;
            if (n < 7)
                assert_true(arch_foreign_map((void *)BASE, GUEST, 5, 70) < 0);
            assert_int_equal(mapped(), 0);
            good = n;
            if (n < 4)
                assert_true(arch_foreign_resource((void *)BASE, GUEST, 0, 1, 1, 4) < 0);
            assert_int_equal(mapped(), 0);
        }
}

/* The pages are in the physical address space by then. */
static void page_tables_that_are_missing_leave_nothing(void **state)
{
    (void)state;
    for (tables = 0; tables < 4; tables++) {
        const unsigned n = tables;

        begin(GUEST_PVH);
        tables = n;
        assert_int_equal(arch_foreign_map((void *)BASE, GUEST, 5, 4), -ENOMEM);
        assert_int_equal(mapped(), 0);
        assert_int_equal(arch_foreign_resource((void *)BASE, GUEST, 0, 1, 1, 4), -ENOMEM);
        assert_int_equal(mapped(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_mapped_and_unmapped),
        cmocka_unit_test(what_xen_refuses_midway_leaves_nothing),
        cmocka_unit_test(page_tables_that_are_missing_leave_nothing),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
