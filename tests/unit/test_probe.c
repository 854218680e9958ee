/* SPDX-License-Identifier: MIT */
/* The probe's hypercalls, and the table and the JSON line of their results. */
#include "host/seam.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/probe.h>
#include <ringlet/string.h>
#include <xen/features.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const char *extraversion, *capabilities;
static long version;
static uint32_t features;
static uint64_t absent; /* a bit for each hypercall number that Xen does not have */
static unsigned asked[64];
static unsigned long first[64][5]; /* the first call of each number; xen_version: the fifth */

static long xen_version(unsigned long what, char *text)
{
    switch (what) {
    case XENVER_version:
        return version;
    case XENVER_extraversion:
        memcpy(
            text, extraversion ? extraversion : "nonsense",
            MIN(strlen(extraversion ? extraversion : "nonsense") + 1, sizeof(xen_extraversion_t)));
        return extraversion ? 0 : -EPERM;
    case XENVER_capabilities:
        strcpy(text, capabilities ? capabilities : "nonsense");
        return capabilities ? 0 : -EPERM;
    case XENVER_get_features: {
        struct xen_feature_info *info = (void *)text;

        assert_int_equal(info->submap_idx, 0);
        info->submap = features;
        return version < 0 ? -EPERM : 0;
    }
    default:
        fail();
        return -ENOSYS;
    }
}

static long xen(unsigned nr, const unsigned long *arg)
{
    assert_in_range(nr, 0, 63);
    if (++asked[nr] == (nr == __HYPERVISOR_xen_version ? 5 : 1))
        memcpy(first[nr], arg, sizeof(first[nr]));
    else if (nr == __HYPERVISOR_xen_version)
        return xen_version(arg[0], (char *)arg[1]);
    return absent >> nr & 1 ? -ENOSYS : -EPERM; /* the callee that refuses exists */
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    assert_int_equal(evtchn_init(), 0);
    assert_int_equal(gnttab_init(), 0);
    version = 4 << 16 | 17;
    extraversion = ".3";
    capabilities = "xen-3.0-x86_64 hvm-3.0-x86_64  ";
    features = 1u << XENFEAT_writable_page_tables | 1u << 3 | 1u << 31;
    absent = 0;
    memset(asked, 0, sizeof(asked));
    memset(first, 0, sizeof(first));
    seam_hypercall = xen;
    boot_info.memory = 64 << 20;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

/* The console shows `text`, followed by the rows that all tables share and by a RESULT line. */
static void expect_table(const char *text)
{
    char all[3000];

    seam_console_clear();
    probe_print();
    snprintf(all, sizeof(all),
             "%s"
             "  grant table    version 1, 1 of 32 frames\n"
             "  event channels 2-level, 4096 ports\n"
             "  clock          fake, hypercalls by call\n"
             "  interface      0x%08x compiled, 0x%08x the headers' newest\n"
             "RESULT {\"type\":\"probe\",",
             text, (unsigned)__XEN_INTERFACE_VERSION__, (unsigned)__XEN_LATEST_INTERFACE_VERSION__);
    assert_memory_equal(seam_console(), all, strlen(all));
}

#define ALL_THERE                                                                                 \
    "  hypercalls     memory_op xen_version event_channel_op grant_table_op sched_op console_io " \
    "vcpu_op\n"                                                                                   \
    "                 set_timer_op multicall vm_assist physdev_op hvm_op mmu_update mmuext_op "   \
    "dm_op\n"                                                                                     \
    "                 xenpmu_op argo_op xsm_op\n"                                                 \
    "  not there      none\n"

static void table_and_line_say_what_was_found(void **state)
{
    char line[3000];

    (void)state;
    expect_table("Xen 4.17.3, PVH guest, 64 MiB\n"
                 "  capabilities   xen-3.0-x86_64 hvm-3.0-x86_64\n"
                 "  features       writable_page_tables supervisor_mode_kernel bit31\n" ALL_THERE);
    snprintf(line, sizeof(line),
             "RESULT {\"type\":\"probe\",\"guest\":\"pvh\",\"xen\":\"4.17.3\","
             "\"capabilities\":\"xen-3.0-x86_64 hvm-3.0-x86_64\",\"memory\":67108864,"
             "\"features\":[\"writable_page_tables\",\"supervisor_mode_kernel\",\"bit31\"],"
             "\"hypercalls\":{\"memory_op\":true,\"xen_version\":true,\"event_channel_op\":true,"
             "\"grant_table_op\":true,\"sched_op\":true,\"console_io\":true,\"vcpu_op\":true,"
             "\"set_timer_op\":true,\"multicall\":true,\"vm_assist\":true,\"physdev_op\":true,"
             "\"hvm_op\":true,\"mmu_update\":true,\"mmuext_op\":true,\"dm_op\":true,"
             "\"xenpmu_op\":true,\"argo_op\":true,\"xsm_op\":true},"
             "\"grant_version\":1,\"grant_frames\":1,\"grant_max_frames\":32,"
             "\"event_abi\":\"2-level\",\"event_ports\":4096,\"clock\":\"fake\","
             "\"hypercall_method\":\"call\",\"interface_compiled\":\"0x%08x\","
             "\"interface_newest\":\"0x%08x\"}\n",
             (unsigned)__XEN_INTERFACE_VERSION__, (unsigned)__XEN_LATEST_INTERFACE_VERSION__);
    assert_string_equal(strstr(seam_console(), "RESULT"), line);
}

static void long_lists_are_broken_into_lines(void **state)
{
    (void)state;
    features = ~0u;
    absent = ~(1ull << __HYPERVISOR_xen_version);
    boot_info.type = GUEST_PV;
    capabilities = "";
    expect_table(
        "Xen 4.17.3, PV guest, 64 MiB\n"
        "  capabilities   \n"
        "  features       writable_page_tables writable_descriptor_tables auto_translated_physmap\n"
        "                 supervisor_mode_kernel pae_pgdir_above_4gb mmu_pt_update_preserve_ad\n"
        "                 highmem_assist gnttab_map_avail_bits hvm_callback_vector "
        "hvm_safe_pvclock\n"
        "                 hvm_pirqs dom0 grant_map_identity memory_op_vnode_supported "
        "ARM_SMCCC_supported\n"
        "                 linux_rsdp_unrestricted not_direct_mapped direct_mapped bit18 bit19 "
        "bit20 "
        "bit21\n"
        "                 bit22 bit23 bit24 bit25 bit26 bit27 bit28 bit29 bit30 bit31\n"
        "  hypercalls     xen_version\n"
        "  not there      memory_op event_channel_op grant_table_op sched_op console_io vcpu_op\n"
        "                 set_timer_op multicall vm_assist physdev_op hvm_op mmu_update mmuext_op "
        "dm_op\n"
        "                 xenpmu_op argo_op xsm_op\n");
    assert_non_null(strstr(seam_console(), "\"guest\":\"pv\""));
    assert_non_null(strstr(seam_console(), "\"xen_version\":true,\"event_channel_op\":false,"));
    assert_non_null(strstr(seam_console(), "\"bit30\",\"bit31\"]"));
}

/* A feature that Xen refuses to report is not reported as present. */
/* A name goes to the next line when it does not fit in 98 columns, and not before. */
static void lines_are_as_full_as_possible(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        const char *line;

        random = random * 1664525 + 1013904223;
        features = random | random >> 16;
        seam_console_clear();
        probe_print();
        line = strstr(seam_console(), "  features ");
        assert_non_null(line);
        for (;;) {
            const char *end = strchr(line, '\n'), *next = end + 1;

            assert_true(end - line <= 98);
            if (strncmp(next, "                 ", 17))
                break;
            assert_true((size_t)(end - line) + 1 + strcspn(next + 17, " \n") > 98);
            line = next;
        }
    }
}

static void unanswered_questions(void **state)
{
    (void)state;
    extraversion = capabilities = NULL;
    expect_table("Xen 4.17, PVH guest, 64 MiB\n"
                 "  capabilities   \n"
                 "  features       writable_page_tables supervisor_mode_kernel bit31\n" ALL_THERE);
    memset(asked, 0, sizeof(asked));
    version = -EPERM;
    expect_table("Xen ?, PVH guest, 64 MiB\n"
                 "  capabilities   \n"
                 "  features      \n" ALL_THERE);
    memset(asked, 0, sizeof(asked));
    version = 0;
    extraversion = ".23456789abcdef!"; /* as long as it can be */
    expect_table("Xen 0.0.23456789abcdef!, PVH guest, 64 MiB\n"
                 "  capabilities   \n"
                 "  features       writable_page_tables supervisor_mode_kernel bit31\n" ALL_THERE);
    memset(asked, 0, sizeof(asked));
    extraversion = NULL;
    capabilities = "    ";
    version = 5 << 16;
    features = 0;
    expect_table("Xen 5.0, PVH guest, 64 MiB\n"
                 "  capabilities   \n"
                 "  features      \n" ALL_THERE);
}

/* Each hypercall is made once, in the way that is known to change nothing. */
static void probing_changes_nothing(void **state)
{
    const unsigned long self = DOMID_SELF, nothing = ~0ul, pointer = 1;
    static const unsigned counted[] = {__HYPERVISOR_mmu_update, __HYPERVISOR_mmuext_op,
                                       __HYPERVISOR_memory_op,  __HYPERVISOR_sched_op,
                                       __HYPERVISOR_hvm_op,     __HYPERVISOR_physdev_op};
    const struct {
        unsigned nr;
        unsigned long arg[4];
    } expected[] = {
        {__HYPERVISOR_memory_op, {XENMEM_current_reservation, pointer}},
        {__HYPERVISOR_xen_version, {XENVER_version}},
        {__HYPERVISOR_event_channel_op, {EVTCHNOP_status, pointer}},
        {__HYPERVISOR_grant_table_op, {GNTTABOP_query_size, pointer, 1}},
        {__HYPERVISOR_sched_op, {SCHEDOP_yield}},
        {__HYPERVISOR_console_io, {CONSOLEIO_write}},
        {__HYPERVISOR_vcpu_op, {VCPUOP_is_up}},
        {__HYPERVISOR_set_timer_op, {0}},
        {__HYPERVISOR_multicall, {0}},
        {__HYPERVISOR_vm_assist, {0, nothing}},
        {__HYPERVISOR_physdev_op, {5, pointer}},
        {__HYPERVISOR_hvm_op, {HVMOP_get_param, pointer}},
        {__HYPERVISOR_mmu_update, {0, 0, 0, self}},
        {__HYPERVISOR_mmuext_op, {0, 0, 0, self}},
        {41, {self}},
        {40, {nothing}},
        {39, {nothing}},
        {__HYPERVISOR_xsm_op, {0}},
    };

    (void)state;
    probe_print();
    for (unsigned i = 0; i < ARRAY_SIZE(expected); i++) {
        const unsigned long *got = first[expected[i].nr];

        for (unsigned k = 0; k < 4; k++) {
            if (k == 1 && expected[i].arg[k] == pointer)
                assert_true(got[k] != 0 && got[k] != nothing);
            else
                assert_int_equal(got[k], expected[i].arg[k]);
        }
        assert_int_equal(got[4], 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(counted); i++)
        assert_int_equal(asked[counted[i]], 1);
    assert_int_equal(asked[__HYPERVISOR_xen_version], 5);
}

static void no_memory_is_said(void **state)
{
    struct heap_stats before, after;

    (void)state;
    heap_get_stats(&before);
    probe_print();
    heap_get_stats(&after);
    assert_int_equal(before.in_use[MEM_KERNEL], after.in_use[MEM_KERNEL]);
    mem_fail_nth(1);
    seam_console_clear();
    probe_print();
    mem_fail_nth(0);
    assert_non_null(strstr(seam_console(), "no memory to probe Xen"));
    assert_null(strstr(seam_console(), "RESULT"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(table_and_line_say_what_was_found, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lists_are_broken_into_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_are_as_full_as_possible, setup, teardown),
        cmocka_unit_test_setup_teardown(unanswered_questions, setup, teardown),
        cmocka_unit_test_setup_teardown(probing_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_is_said, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
