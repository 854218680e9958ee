/* SPDX-License-Identifier: MIT */
/* The memory map of a guest that boots: arch/x86/boot_memory.c and memmap.c, on the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The host's seam has one of its own. */
#define boot_info boot_info_under_test

#include <host/seam.h>
#include <string.h>

#include "arch/x86/boot_memory.c"
#include "arch/x86/pvh/memmap.c"

#define MIB (1UL << 20)

static struct e820_entry answer[ENTRIES_MAX];
static unsigned answers;
static long answer_error;

static long memory_map(unsigned nr, const unsigned long *arg)
{
    struct xen_memory_map *request = (struct xen_memory_map *)arg[1];

    if (nr != __HYPERVISOR_memory_op || arg[0] != XENMEM_memory_map)
        return SEAM_DEFAULT;
    assert_true(request->nr_entries >= answers);
    memcpy(request->buffer.p, answer, sizeof(answer));
    request->nr_entries = answers;
    return answer_error;
}

static int setup(void **state)
{
    (void)state;
    memset(&boot_info, 0, sizeof(boot_info));
    entries = answers = 0;
    answer_error = 0;
    seam_hypercall = memory_map;
    return 0;
}

static void expect(unsigned i, uint64_t start, uint64_t bytes)
{
    assert_true(i < boot_info.ram_regions);
    assert_int_equal(boot_info.ram[i].start, start);
    assert_int_equal(boot_info.ram[i].bytes, bytes);
}

static void test_add_sorts_merges_and_rounds(void **state)
{
    (void)state;
    boot_ram_add(0x9000, 0x2000);
    boot_ram_add(0x1001, 0x2fff); /* inwards: 0x2000..0x4000 */
    boot_ram_add(0x5000, 0x1000);
    boot_ram_add(0x7800, 0x900); /* no whole page */
    assert_int_equal(boot_info.ram_regions, 3);
    expect(0, 0x2000, 0x2000);
    expect(1, 0x5000, 0x1000);
    expect(2, 0x9000, 0x2000);
    boot_ram_add(0x4000, 0x1000); /* closes a gap */
    boot_ram_add(0x8000, 0x2000); /* overlaps */
    assert_int_equal(boot_info.ram_regions, 2);
    expect(0, 0x2000, 0x4000);
    expect(1, 0x8000, 0x3000);
    boot_ram_add(UINT64_MAX - 0x1000, 0x3000); /* wraps */
    assert_int_equal(boot_info.ram_regions, 2);
}

static void test_remove_cuts_and_splits(void **state)
{
    (void)state;
    boot_ram_add(0, 0x10000);
    boot_ram_remove(0, 0x1000);
    boot_ram_remove(0x4fff, 2); /* outwards: two pages */
    boot_ram_remove(0xf000, 0x5000);
    boot_ram_remove(0x20000, 0x1000);
    assert_int_equal(boot_info.ram_regions, 2);
    expect(0, 0x1000, 0x3000);
    expect(1, 0x6000, 0x9000);
    boot_ram_remove(0x2000, 0x8000); /* the end of one, the start of the other */
    expect(0, 0x1000, 0x1000);
    expect(1, 0xa000, 0x5000);
    boot_ram_remove(0, 0x100000);
    assert_int_equal(boot_info.ram_regions, 0);
}

static void test_too_many_regions_lose_the_smallest(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BOOT_REGIONS_MAX; i++)
        boot_ram_add(i * 0x10000, i == 5 ? 0x1000 : 0x3000);
    boot_ram_add(0x200000, 0x2000);
    assert_int_equal(boot_info.ram_regions, BOOT_REGIONS_MAX);
    expect(BOOT_REGIONS_MAX - 1, 0x200000, 0x2000);
    for (unsigned i = 0; i < BOOT_REGIONS_MAX; i++)
        assert_true(boot_info.ram[i].bytes > 0x1000);
    boot_ram_add(0x300000, 0x1000); /* itself the smallest */
    assert_int_equal(boot_info.ram_regions, BOOT_REGIONS_MAX);
    expect(BOOT_REGIONS_MAX - 1, 0x200000, 0x2000);
}

static void test_take_gives_the_lowest_page_below_the_limit(void **state)
{
    (void)state;
    assert_null(boot_ram_take(1, UINT64_MAX));
    boot_ram_add(0x3000, 0x2000);
    boot_ram_add(0x9000, 0x1000);
    assert_null(boot_ram_take(1, 0));
    assert_null(boot_ram_take(1, 0x3fff));
    assert_ptr_equal(boot_ram_take(1, 0x4000), (void *)0x3000);
    assert_ptr_equal(boot_ram_take(1, UINT64_MAX), (void *)0x4000);
    assert_int_equal(boot_info.ram_regions, 1);
    assert_ptr_equal(boot_ram_take(1, UINT64_MAX), (void *)0x9000);
    assert_null(boot_ram_take(1, UINT64_MAX));
}

/* A list of pages that must be consecutive does not fail at a gap that is not free. */
static void test_take_finds_a_run_above_a_gap(void **state)
{
    (void)state;
    boot_ram_add(0x3000, 0x1000);
    boot_ram_add(0x9000, 0x3000);
    assert_null(boot_ram_take(4, UINT64_MAX));
    assert_null(boot_ram_take(2, 0xafff));
    assert_ptr_equal(boot_ram_take(2, 0xb000), (void *)0x9000);
    assert_ptr_equal(boot_ram_take(1, UINT64_MAX), (void *)0x3000);
    assert_ptr_equal(boot_ram_take(1, UINT64_MAX), (void *)0xb000);
    assert_int_equal(boot_info.ram_regions, 0);
}

static int read_map(void)
{
    const struct hvm_start_info si = {.version = 0};

    return memmap_read(&si);
}

static void list(uint64_t addr, uint64_t size, uint32_t type)
{
    answer[answers++] = (struct e820_entry){addr, size, type};
}

static void test_memmap_takes_memory_only(void **state)
{
    (void)state;
    list(0xfc000000, 0x4000000, XEN_HVM_MEMMAP_TYPE_RESERVED);
    list(4096 * MIB, 64 * MIB, XEN_HVM_MEMMAP_TYPE_RAM);
    list(0, 64 * MIB, XEN_HVM_MEMMAP_TYPE_RAM);
    list(64 * MIB, MIB, XEN_HVM_MEMMAP_TYPE_ACPI);
    list(MMU_ADDRESS_END, MIB, XEN_HVM_MEMMAP_TYPE_RAM); /* out of reach */
    assert_int_equal(read_map(), 0);
    assert_int_equal(boot_info.ram_regions, 2);
    expect(0, 0, 64 * MIB);
    expect(1, 4096 * MIB, 64 * MIB);
}

static void test_memmap_errors(void **state)
{
    (void)state;
    assert_int_equal(read_map(), -ENOMEM);
    answer_error = -EPERM;
    assert_int_equal(read_map(), -EPERM);
}

static void test_gap_follows_low_memory(void **state)
{
    (void)state;
    list(0, 65 * MIB, XEN_HVM_MEMMAP_TYPE_RAM);
    list(0xfc000000, 0x4000000, XEN_HVM_MEMMAP_TYPE_RESERVED);
    assert_int_equal(read_map(), 0);
    assert_int_equal(memmap_gap(65 * PAGE_SIZE), 68 * MIB);
}

static void test_gap_avoids_what_is_listed(void **state)
{
    (void)state;
    list(0, 64 * MIB, XEN_HVM_MEMMAP_TYPE_RAM);
    list(66 * MIB, PAGE_SIZE, XEN_HVM_MEMMAP_TYPE_RESERVED);
    assert_int_equal(read_map(), 0);
    assert_int_equal(memmap_gap(65 * PAGE_SIZE), 4098 * MIB);
}

static void test_gap_avoids_an_entry_that_wraps_around(void **state)
{
    (void)state;
    list(0, 64 * MIB, XEN_HVM_MEMMAP_TYPE_RAM);
    list(65 * MIB, UINT64_MAX, XEN_HVM_MEMMAP_TYPE_RESERVED);
    assert_int_equal(read_map(), 0);
    assert_int_equal(memmap_gap(65 * PAGE_SIZE), MMU_ADDRESS_END + 2 * MIB);
}

/* The builder's special pages need not be listed. */
static void test_gap_stays_below_the_special_pages(void **state)
{
    (void)state;
    list(0, 0xfbf00000, XEN_HVM_MEMMAP_TYPE_RAM);
    assert_int_equal(read_map(), 0);
    assert_int_equal(memmap_gap(65 * PAGE_SIZE), 4098 * MIB);
}

static void test_gap_above_a_full_low_memory(void **state)
{
    (void)state;
    list(0, 0xfc000000, XEN_HVM_MEMMAP_TYPE_RAM);
    list(0xfc000000, 0x4000000, XEN_HVM_MEMMAP_TYPE_RESERVED);
    list(4096 * MIB, 63 * MIB, XEN_HVM_MEMMAP_TYPE_RAM);
    assert_int_equal(read_map(), 0);
    assert_int_equal(memmap_gap(65 * PAGE_SIZE), (4096 + 64 + 2) * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_add_sorts_merges_and_rounds, setup),
        cmocka_unit_test_setup(test_remove_cuts_and_splits, setup),
        cmocka_unit_test_setup(test_too_many_regions_lose_the_smallest, setup),
        cmocka_unit_test_setup(test_take_gives_the_lowest_page_below_the_limit, setup),
        cmocka_unit_test_setup(test_take_finds_a_run_above_a_gap, setup),
        cmocka_unit_test_setup(test_memmap_takes_memory_only, setup),
        cmocka_unit_test_setup(test_memmap_errors, setup),
        cmocka_unit_test_setup(test_gap_follows_low_memory, setup),
        cmocka_unit_test_setup(test_gap_avoids_what_is_listed, setup),
        cmocka_unit_test_setup(test_gap_avoids_an_entry_that_wraps_around, setup),
        cmocka_unit_test_setup(test_gap_stays_below_the_special_pages, setup),
        cmocka_unit_test_setup(test_gap_above_a_full_low_memory, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
