/* SPDX-License-Identifier: MIT */
/*
 * Booting as a PVH guest: fills in boot_info from hvm_start_info and Xen's HVM parameters. All that
 * the builder has left in memory is read before the first page of free memory is used.
 */
#include <kernel/arch.h>
#include <kernel/page.h>
#include <ringlet/string.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "arch/x86/boot.h"
#include "arch/x86/domain.h"
#include "arch/x86/image.h"
#include "arch/x86/mmu.h"
#include "arch/x86/window.h"
#include "memmap.h"

_Static_assert(offsetof(struct hvm_start_info, magic) == 0, "hvm_start_info");
_Static_assert(offsetof(struct hvm_start_info, version) == 4, "hvm_start_info");
_Static_assert(offsetof(struct hvm_start_info, cmdline_paddr) == 24, "hvm_start_info");

_Static_assert(EVTCHNOP_send == 4 && HVMOP_get_param == 1 && SCHEDOP_yield == 0 &&
                   SCHEDOP_shutdown == 2 && SHUTDOWN_crash == 3 && HVM_PARAM_CONSOLE_PFN == 17 &&
                   HVM_PARAM_CONSOLE_EVTCHN == 18,
               "check_cpu.S");
_Static_assert(sizeof(struct xen_hvm_param) == 16 && offsetof(struct xen_hvm_param, index) == 4 &&
                   offsetof(struct xen_hvm_param, value) == 8,
               "check_cpu.S");

/* Xen's cpuid leaves begin higher when it also has those of another hypervisor. */
static bool running_on_xen(void)
{
    for (uint32_t leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
        struct cpuid r = cpuid(leaf);

        /* "XenVMMXenVMM" */
        if (r.ebx == 0x566e6558 && r.ecx == 0x65584d4d && r.edx == 0x4d4d566e)
            return true;
    }
    return false;
}

/* Without Xen there is no hypercall for it: with no interrupt table the next trap is a triple
 * fault, which resets the machine. */
static void RINGLET_NORETURN reset_machine(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none;

    __asm__ __volatile__("lidt %0; int3" ::"m"(none));
    __builtin_unreachable();
}

static void copy_cmdline(uint64_t address)
{
    const char *text = (const char *)address;
    size_t len;

    if (!address || address >= PVH_BOOT_MAPPED - BOOT_CMDLINE_MAX - 1)
        return;
    len = strnlen(text, BOOT_CMDLINE_MAX);
    memcpy(boot_info.cmdline, text, len);
    boot_info.cmdline_cut = text[len] != '\0';
}

static uint64_t hvm_param(uint32_t index)
{
    struct xen_hvm_param param = {.domid = DOMID_SELF, .index = index};

    return hypercall_hvm_op(HVMOP_get_param, &param) ? 0 : param.value;
}

/* A page that is shared with dom0; NULL if there is none. */
static void *special_page(uint32_t index)
{
    uint64_t pfn = hvm_param(index);

    return pfn < PVH_BOOT_MAPPED >> PAGE_SHIFT ? (void *)(pfn << PAGE_SHIFT) : NULL;
}

void pvh_find_shared_pages(void)
{
    boot_info.console = special_page(HVM_PARAM_CONSOLE_PFN);
    boot_info.console_port = (evtchn_port_t)hvm_param(HVM_PARAM_CONSOLE_EVTCHN);
    boot_info.xenstore = special_page(HVM_PARAM_STORE_PFN);
    boot_info.xenstore_port = (evtchn_port_t)hvm_param(HVM_PARAM_STORE_EVTCHN);
}

/* Maps all memory and the special pages, and leaves in boot_info.ram what is free. */
static void map_memory(const struct hvm_start_info *si)
{
    struct mem_region map[BOOT_REGIONS_MAX + 2];
    void *const special[] = {boot_info.console, boot_info.xenstore};
    unsigned count;

    for (unsigned i = 0; i < boot_info.ram_regions; i++)
        boot_info.memory += boot_info.ram[i].bytes;
    for (unsigned i = 0; i < ARRAY_SIZE(special); i++)
        boot_ram_remove((uintptr_t)special[i], PAGE_SIZE); /* NULL: page 0, which goes anyway */
    count = boot_info.ram_regions;
    memcpy(map, boot_info.ram, sizeof(boot_info.ram));
    for (unsigned i = 0; i < ARRAY_SIZE(special); i++)
        if (special[i])
            map[count++] = (struct mem_region){(uintptr_t)special[i], PAGE_SIZE};
    boot_ram_remove(0, PAGE_SIZE);
    boot_ram_remove((uintptr_t)_text, image_size());
    if (ringlet_boot_module_pvh)
        ringlet_boot_module_pvh(si, boot_ram_remove);

    mmu_root = pvh_l4;
    mmu_nx = (cpuid(CPUID_FEATURES).edx & CPUID_NX) ? PTE_NX : 0;
    if (pvh_mmu_init(map, count))
        boot_fail("no memory for page tables");
}

/*
 * The shared page goes to an address where there is no memory. (To put it over a page of memory
 * would lose that page; Xen frees what it replaces.)
 */
int pvh_map_shared_info(void)
{
    uintptr_t va = window_shared_info();
    struct xen_add_to_physmap add = {
        .domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = va >> PAGE_SHIFT};
    struct xen_hvm_param callback = {.domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ};
    int ret = (int)hypercall_memory_op(XENMEM_add_to_physmap, &add);

    if (!ret)
        ret = mmu_map_page(va, add.gpfn);
    if (ret)
        return ret;
    shared_info = (void *)va;
    /* No upcall is wanted. Saying so makes Xen look at the mode we are in: from here on the shared
     * page surely has its 64-bit layout. */
    hypercall_hvm_op(HVMOP_set_param, &callback);
    return 0;
}

void boot_pvh(const struct hvm_start_info *si)
{
    uintptr_t window;
    int ret;

    boot_info.type = GUEST_PVH;
    boot_info.populated = UINTPTR_MAX;
    hypercall_init_pvh();
    traps_init_pvh();
    if (!running_on_xen())
        reset_machine();
    pvh_find_shared_pages();
    if (si->magic != XEN_HVM_START_MAGIC_VALUE)
        boot_fail("hvm_start_info has the wrong magic");
    copy_cmdline(si->cmdline_paddr);
    ret = memmap_read(si);
    if (ret)
        boot_fail("no memory map: %s", errno_name(ret));
    window = memmap_gap(window_pages() * PAGE_SIZE);
    map_memory(si);
    if (window_init(window))
        boot_fail("no memory for page tables");
    ret = pvh_map_shared_info();
    if (ret)
        boot_fail("cannot map the shared page: %s", errno_name(ret));
    boot_finish();
}
