/* SPDX-License-Identifier: MIT */
/* The memory that a PVH guest that is populated on demand returns when it starts. */
#include "fake_memory.h"

#include <kernel/balloon.h>

#define MIB_PAGES 256UL
#define SPARE     64 /* returned at boot for what the toolstack may have beside the guest's memory */

static void boot_of(size_t mib, size_t given_mib)
{
    xen_begin(0x100, mib * MIB_PAGES - 0x100, given_mib * MIB_PAGES + TOOLSTACK);
    boot_info.ram_regions = 2; /* with a hole, as a shared page makes one */
    boot_info.ram[0] = (struct mem_region){0x100 << PAGE_SHIFT, 0x1000 << PAGE_SHIFT};
    boot_info.ram[1] =
        (struct mem_region){0x1101 << PAGE_SHIFT, (mib << 20) - (0x1101 << PAGE_SHIFT)};
    boot_info.memory = mib << 20;
    boot_info.populated = UINTPTR_MAX;
    balloon_boot();
}

/* All that lies above boot_info.populated, and only that, is gone. */
static size_t gone_above(void)
{
    size_t edge = boot_info.populated >> PAGE_SHIFT, gone = 0;

    for (size_t i = 0; i < xen.count; i++) {
        bool hole = xen.first + i == 0x1100;

        assert_int_equal(xen.there[i], hole || xen.first + i < edge);
        gone += !xen.there[i];
    }
    return gone;
}

static void what_was_not_given_goes_back(void **state)
{
    (void)state;
    boot_of(256, 32);
    /* all that the map shows and Xen has not, and as much as the toolstack may have beside it */
    assert_int_equal(gone_above(), 224 * MIB_PAGES - TOOLSTACK + SPARE);
    assert_true(xen.superpages >= 111);
    assert_true(xen.calls < 10);
    assert_int_equal(boot_info.memory, 32 << 20);
    assert_int_equal(boot_info.ram_regions, 2);
    assert_string_equal(seam_console(), "");
}

static void one_large_page(void **state)
{
    (void)state;
    boot_of(256, 256);
    xen.have = 256 * MIB_PAGES - 512 + SPARE;
    balloon_boot();
    assert_int_equal(gone_above(), 512);
    assert_int_equal(xen.superpages, 1);
    assert_int_equal(xen.calls, 1);
}

static void across_a_hole(void **state)
{
    (void)state;
    boot_of(64, 8);
    assert_true(boot_info.populated < 0x1000 << PAGE_SHIFT);
    assert_int_equal(gone_above(), 56 * MIB_PAGES - TOOLSTACK + SPARE);
}

/* It has all it shows: nothing is to be done. */
static void a_guest_that_has_its_memory_keeps_it(void **state)
{
    (void)state;
    boot_of(256, 256);
    assert_int_equal(xen.calls, 0);
    assert_int_equal(boot_info.populated, UINTPTR_MAX);
    assert_int_equal(boot_info.memory, 256 << 20);
    xen.have = 256 * MIB_PAGES; /* not a page more than it shows */
    balloon_boot();
    assert_int_equal(xen.calls, 0);
    boot_info.memory += 1 << 20;
    boot_info.type = GUEST_PV;
    balloon_boot();
    assert_int_equal(xen.calls, 0);
}

static void a_xen_that_says_nothing(void **state)
{
    (void)state;
    boot_of(256, 256);
    boot_info.memory = 512 << 20;
    xen.none = true;
    balloon_boot();
    xen.none = false;
    xen.have = 0;
    balloon_boot();
    assert_int_equal(xen.calls, 0);
    assert_int_equal(boot_info.populated, UINTPTR_MAX);
}

static void single_pages_if_xen_takes_no_larger_ones(void **state)
{
    (void)state;
    boot_of(256, 256);
    xen.have = 32 * MIB_PAGES + TOOLSTACK;
    xen.no_superpages = true;
    balloon_boot();
    assert_true(gone_above() >= 224 * MIB_PAGES);
}

/* Pages that Xen does not take are not touched, either. */
static void a_page_that_xen_does_not_take(void **state)
{
    (void)state;
    boot_of(256, 256);
    xen.have = 32 * MIB_PAGES + TOOLSTACK;
    xen.no_superpages = true;
    xen.fail = ~0U; /* nor when it is asked again */
    balloon_boot();
    assert_true(boot_info.populated <= 32 << 20);
    assert_non_null(strstr(seam_console(), "Xen does not take back"));
}

/* The tables for memory that may come later would take all the memory that exists. */
static void growth_has_a_limit(void **state)
{
    size_t bytes = 0;

    (void)state;
    boot_of(1024, 16);
    for (unsigned i = 0; i < boot_info.ram_regions; i++)
        bytes += boot_info.ram[i].bytes;
    assert_int_equal(bytes, BALLOON_GROWTH * (16 * MIB_PAGES + TOOLSTACK) << PAGE_SHIFT);
    assert_true(gone_above() >= 1008 * MIB_PAGES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_not_given_goes_back),
        TEST(one_large_page),
        TEST(across_a_hole),
        TEST(a_guest_that_has_its_memory_keeps_it),
        TEST(a_xen_that_says_nothing),
        TEST(single_pages_if_xen_takes_no_larger_ones),
        TEST(a_page_that_xen_does_not_take),
        TEST(growth_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
