/* SPDX-License-Identifier: MIT */
/*
 * The features of this Xen, as text and as JSON. Each hypercall of interest is made once in a way
 * that changes nothing. Only -ENOSYS counts as absent, since any other error comes from code that
 * exists.
 */
#include <ringlet/probe.h>

#include <kernel/arch.h>
#include <ringlet/format.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/json.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <xen/features.h>

#define TEXT_SIZE 3072
#define NOTHING   (~0UL) /* a sub-operation that no hypercall has */

_Static_assert(sizeof(struct xen_feature_info) == 8, "xen_feature_info ABI");
_Static_assert(sizeof(xen_capabilities_info_t) == 1024, "xen_capabilities_info ABI");
_Static_assert(sizeof(struct evtchn_status) == 24, "evtchn_status ABI");

static const char *const feature_names[32] = {
    [XENFEAT_writable_page_tables] = "writable_page_tables",
    [XENFEAT_writable_descriptor_tables] = "writable_descriptor_tables",
    [XENFEAT_auto_translated_physmap] = "auto_translated_physmap",
    [XENFEAT_supervisor_mode_kernel] = "supervisor_mode_kernel",
    [XENFEAT_pae_pgdir_above_4gb] = "pae_pgdir_above_4gb",
    [XENFEAT_mmu_pt_update_preserve_ad] = "mmu_pt_update_preserve_ad",
    [XENFEAT_highmem_assist] = "highmem_assist",
    [XENFEAT_gnttab_map_avail_bits] = "gnttab_map_avail_bits",
    [XENFEAT_hvm_callback_vector] = "hvm_callback_vector",
    [XENFEAT_hvm_safe_pvclock] = "hvm_safe_pvclock",
    [XENFEAT_hvm_pirqs] = "hvm_pirqs",
    [XENFEAT_dom0] = "dom0",
    /* by number, as headers of different age name different ones */
    [12] = "grant_map_identity",
    [13] = "memory_op_vnode_supported",
    [14] = "ARM_SMCCC_supported",
    [15] = "linux_rsdp_unrestricted",
    [16] = "not_direct_mapped",
    [17] = "direct_mapped",
};

static domid_t self = DOMID_SELF;
static struct evtchn_status port_zero = {.dom = DOMID_SELF};
static struct gnttab_query_size grant_size = {.dom = DOMID_SELF};
static struct xen_hvm_param store_page = {.domid = DOMID_SELF, .index = HVM_PARAM_STORE_PFN};
static uint32_t irq_zero[2];

#define PTR(object) ((unsigned long)&(object))

/* A count of 0, a query, a yield, or an operation that does not exist. */
static const struct {
    const char *name;
    unsigned nr;
    unsigned long a1, a2, a3, a4;
} calls[] = {
    {"memory_op", __HYPERVISOR_memory_op, XENMEM_current_reservation, PTR(self), 0, 0},
    {"xen_version", __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0},
    {"event_channel_op", __HYPERVISOR_event_channel_op, EVTCHNOP_status, PTR(port_zero), 0, 0},
    {"grant_table_op", __HYPERVISOR_grant_table_op, GNTTABOP_query_size, PTR(grant_size), 1, 0},
    {"sched_op", __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0},
    {"console_io", __HYPERVISOR_console_io, CONSOLEIO_write, 0, 0, 0},
    {"vcpu_op", __HYPERVISOR_vcpu_op, VCPUOP_is_up, 0, 0, 0},
    {"set_timer_op", __HYPERVISOR_set_timer_op, 0, 0, 0, 0},
    {"multicall", __HYPERVISOR_multicall, 0, 0, 0, 0},
    {"vm_assist", __HYPERVISOR_vm_assist, 0, NOTHING, 0, 0},
    {"physdev_op", __HYPERVISOR_physdev_op, 5 /* irq_status_query */, PTR(irq_zero), 0, 0},
    {"hvm_op", __HYPERVISOR_hvm_op, HVMOP_get_param, PTR(store_page), 0, 0},
    {"mmu_update", __HYPERVISOR_mmu_update, 0, 0, 0, DOMID_SELF},
    {"mmuext_op", __HYPERVISOR_mmuext_op, 0, 0, 0, DOMID_SELF},
    {"dm_op", 41, DOMID_SELF, 0, 0, 0},
    {"xenpmu_op", 40, NOTHING, 0, 0, 0},
    {"argo_op", 39, NOTHING, 0, 0, 0},
    {"xsm_op", __HYPERVISOR_xsm_op, 0, 0, 0, 0},
};

struct findings {
    char xen[40], capabilities[sizeof(xen_capabilities_info_t) + 1];
    uint32_t features;
    bool found[ARRAY_SIZE(calls)];
    struct gnttab_stats grants;
    char text[TEXT_SIZE];
};

static void ask(struct findings *f)
{
    struct xen_feature_info features = {.submap_idx = 0};
    char extra[sizeof(xen_extraversion_t) + 1] = "";
    long version = hypercall_xen_version(XENVER_version, NULL);

    if (hypercall_xen_version(XENVER_extraversion, extra) < 0)
        extra[0] = '\0';
    if (version < 0)
        format(f->xen, sizeof(f->xen), "?");
    else
        format(f->xen, sizeof(f->xen), "%ld.%ld%s", version >> 16, version & 0xffff, extra);
    if (hypercall_xen_version(XENVER_capabilities, f->capabilities) < 0)
        f->capabilities[0] = '\0';
    for (size_t n = strlen(f->capabilities); n && f->capabilities[n - 1] == ' '; n--)
        f->capabilities[n - 1] = '\0';
    if (hypercall_xen_version(XENVER_get_features, &features) == 0)
        f->features = features.submap;
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        f->found[i] = hypercall(calls[i].nr, calls[i].a1, calls[i].a2, calls[i].a3, calls[i].a4,
                                0) != -ENOSYS;
    gnttab_get_stats(&f->grants);
}

static const char *feature_name(unsigned bit, char *buf, size_t size)
{
    if (feature_names[bit])
        return feature_names[bit];
    format(buf, size, "bit%u", bit);
    return buf;
}

/* Adds a name to a line of the table that began at column `indent`. */
static void add_name(unsigned *column, const char *name)
{
    unsigned len = (unsigned)strlen(name) + 1;

    if (*column + len > 98) {
        print_raw("\n%16s", "");
        *column = 16;
    }
    print_raw(" %s", name);
    *column += len;
}

static void print_hypercalls(const struct findings *f, const char *label, bool found)
{
    unsigned column = 16, names = 0;

    print_raw("  %-14s", label);
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        if (f->found[i] == found) {
            add_name(&column, calls[i].name);
            names++;
        }
    }
    print_raw("%s\n", names ? "" : " none");
}

static void print_table(const struct findings *f)
{
    unsigned column = 16;
    char buf[16];

    print_raw("Xen %s, %s guest, %s\n", f->xen, boot_info.type == GUEST_PV ? "PV" : "PVH",
              format_bytes(buf, sizeof(buf), boot_info.memory));
    print_raw("  %-14s %s\n", "capabilities", f->capabilities);
    print_raw("  %-14s", "features");
    for (unsigned bit = 0; bit < 32; bit++)
        if (f->features >> bit & 1)
            add_name(&column, feature_name(bit, buf, sizeof(buf)));
    print_raw("\n");
    print_hypercalls(f, "hypercalls", true);
    print_hypercalls(f, "not there", false);
    print_raw("  %-14s version 1, %u of %u frames\n", "grant table", f->grants.frames,
              f->grants.max_frames);
    print_raw("  %-14s 2-level, 4096 ports\n", "event channels");
    print_raw("  %-14s %s, hypercalls by %s\n", "clock", arch_clock_source(),
              arch_hypercall_method());
    print_raw("  %-14s 0x%08x compiled, 0x%08x the headers' newest\n", "interface",
              (unsigned)__XEN_INTERFACE_VERSION__, (unsigned)__XEN_LATEST_INTERFACE_VERSION__);
}

static void print_json(struct findings *f)
{
    struct json j;
    char buf[16];

    json_begin(&j, f->text, sizeof(f->text));
    json_str(&j, "type", "probe");
    json_str(&j, "guest", boot_info.type == GUEST_PV ? "pv" : "pvh");
    json_str(&j, "xen", f->xen);
    json_str(&j, "capabilities", f->capabilities);
    json_u64(&j, "memory", boot_info.memory);
    json_array(&j, "features");
    for (unsigned bit = 0; bit < 32; bit++)
        if (f->features >> bit & 1)
            json_str(&j, NULL, feature_name(bit, buf, sizeof(buf)));
    json_array_end(&j);
    json_object(&j, "hypercalls");
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        json_bool(&j, calls[i].name, f->found[i]);
    json_object_end(&j);
    json_u64(&j, "grant_version", 1);
    json_u64(&j, "grant_frames", f->grants.frames);
    json_u64(&j, "grant_max_frames", f->grants.max_frames);
    json_str(&j, "event_abi", "2-level");
    json_u64(&j, "event_ports", 4096);
    json_str(&j, "clock", arch_clock_source());
    json_str(&j, "hypercall_method", arch_hypercall_method());
    format(buf, sizeof(buf), "0x%08x", (unsigned)__XEN_INTERFACE_VERSION__);
    json_str(&j, "interface_compiled", buf);
    format(buf, sizeof(buf), "0x%08x", (unsigned)__XEN_LATEST_INTERFACE_VERSION__);
    json_str(&j, "interface_newest", buf);
    json_print_result(&j);
}

void probe_print(void)
{
    struct findings *f = heap_zalloc(1, sizeof(*f), MEM_KERNEL);

    if (!f) {
        pr_err("no memory to probe Xen\n");
        return;
    }
    ask(f);
    print_table(f);
    print_json(f);
    heap_free(f);
}
