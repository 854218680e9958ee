/* SPDX-License-Identifier: MIT */
/* Where the toolstack's module is, and that its memory is not free: arch/x86/boot_module.c, on the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The host's seam has these, too. */
#define boot_info           boot_info_under_test
#define ringlet_boot_module boot_module_under_test

#include <host/seam.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/x86/boot_memory.c"
#include "arch/x86/boot_module.c"

#define MIB (1UL << 20)

static struct hvm_modlist_entry *list; /* below 4 GiB, as a builder has it */

static int setup(void **state)
{
    (void)state;
    memset(&boot_info, 0, sizeof(boot_info));
    memset(&module, 0, sizeof(module));
    boot_ram_add(0, 64 * MIB);
    list = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    return list == MAP_FAILED;
}

static int teardown(void **state)
{
    (void)state;
    return munmap(list, 4096);
}

/* It is found, and its pages are no free memory. */
static void expect_kept(uintptr_t start, size_t bytes)
{
    size_t found = 1;

    assert_ptr_equal(boot_module_under_test(&found), (void *)start);
    assert_int_equal(found, bytes);
    assert_int_equal(boot_info.ram_regions, 2);
    assert_int_equal(boot_info.ram[0].bytes, ROUND_DOWN(start, PAGE_SIZE));
    assert_int_equal(boot_info.ram[1].start, ROUND_UP(start + bytes, PAGE_SIZE));
}

static void expect_none(void)
{
    size_t found = 1;

    assert_null(boot_module_under_test(&found));
    assert_int_equal(found, 0);
    assert_int_equal(boot_info.ram_regions, 1);
    assert_int_equal(boot_info.ram[0].bytes, 64 * MIB);
}

static void pv(void **state)
{
    struct start_info si = {.mod_start = 2 * MIB + 16, .mod_len = 5000};

    (void)state;
    ringlet_boot_module_pv(&si, boot_ram_remove);
    expect_kept(2 * MIB + 16, 5000);
}

static void pv_by_frame(void **state)
{
    struct start_info si = {.mod_start = 0x300, .mod_len = 5000, .flags = SIF_MOD_START_PFN};

    (void)state;
    ringlet_boot_module_pv(&si, boot_ram_remove);
    expect_kept(3 * MIB, 5000);
}

static void pv_without(void **state)
{
    struct start_info si = {.mod_start = 0};

    (void)state;
    ringlet_boot_module_pv(&si, boot_ram_remove);
    expect_none();
    si = (struct start_info){.mod_start = 2 * MIB, .mod_len = 0};
    ringlet_boot_module_pv(&si, boot_ram_remove);
    expect_none();
    si = (struct start_info){.mod_start = 2 * MIB, .mod_len = UINT64_MAX - MIB};
    ringlet_boot_module_pv(&si, boot_ram_remove);
    expect_none();
}

static void pvh(void **state)
{
    struct hvm_start_info si = {.nr_modules = 2, .modlist_paddr = (uintptr_t)list};

    (void)state;
    list[0] = (struct hvm_modlist_entry){.paddr = 5 * MIB, .size = 4096};
    list[1] = (struct hvm_modlist_entry){.paddr = 9 * MIB, .size = 4096};
    ringlet_boot_module_pvh(&si, boot_ram_remove);
    expect_kept(5 * MIB, 4096);
}

static void pvh_without(void **state)
{
    struct hvm_start_info si = {.nr_modules = 0, .modlist_paddr = (uintptr_t)list};

    (void)state;
    list[0] = (struct hvm_modlist_entry){.paddr = 5 * MIB, .size = 4096};
    ringlet_boot_module_pvh(&si, boot_ram_remove);
    expect_none();
    si.nr_modules = 1;
    si.modlist_paddr = 0;
    ringlet_boot_module_pvh(&si, boot_ram_remove);
    expect_none();
    si.modlist_paddr = PVH_BOOT_MAPPED - sizeof(*list); /* its end is where nothing is mapped */
    ringlet_boot_module_pvh(&si, boot_ram_remove);
    expect_none();
    si.modlist_paddr = (uintptr_t)list;
    list[0].paddr = MMU_ADDRESS_END;
    ringlet_boot_module_pvh(&si, boot_ram_remove);
    expect_none();
    list[0] = (struct hvm_modlist_entry){.paddr = MMU_ADDRESS_END - 4096, .size = 4097};
    ringlet_boot_module_pvh(&si, boot_ram_remove);
    expect_none();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pv), TEST(pv_by_frame), TEST(pv_without), TEST(pvh), TEST(pvh_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
