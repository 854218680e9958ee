/* SPDX-License-Identifier: MIT */
/*
 * Booting as a PV guest: fills in boot_info from start_info. From low to high pseudo-physical
 * addresses the domain builder has placed: free pages, the image at 1 MiB, the list of the guest's
 * machine frames (p2m), start_info, the XenStore and console pages, page tables, and a boot stack.
 */
#include <ringlet/string.h>

#include "arch/x86/boot.h"
#include "arch/x86/domain.h"
#include "arch/x86/image.h"
#include "arch/x86/mmu.h"
#include "arch/x86/window.h"

_Static_assert(offsetof(struct start_info, nr_pages) == 32, "start_info");
_Static_assert(offsetof(struct start_info, shared_info) == 40, "start_info");
_Static_assert(offsetof(struct start_info, flags) == 48, "start_info");
_Static_assert(offsetof(struct start_info, store_mfn) == 56, "start_info");
_Static_assert(offsetof(struct start_info, store_evtchn) == 64, "start_info");
_Static_assert(offsetof(struct start_info, console.domU.mfn) == 72, "start_info");
_Static_assert(offsetof(struct start_info, console.domU.evtchn) == 80, "start_info");
_Static_assert(offsetof(struct start_info, pt_base) == 88, "start_info");
_Static_assert(offsetof(struct start_info, nr_pt_frames) == 96, "start_info");
_Static_assert(offsetof(struct start_info, mfn_list) == 104, "start_info");
_Static_assert(offsetof(struct start_info, cmd_line) == 128, "start_info");
_Static_assert(BOOT_CMDLINE_MAX >= MAX_GUEST_CMDLINE, "boot_info.cmdline");

struct start_info *pv_start_info;

/* All memory is free that the builder has put nothing into. The builder's boot stack, which is not used any
 * more, and a module that is not used are free, too. */
static void find_free_memory(const struct start_info *si)
{
    boot_ram_add(0, (uint64_t)pv_pages << PAGE_SHIFT);
    boot_ram_remove(0, PAGE_SIZE);
    boot_ram_remove((uintptr_t)_text, image_size());
    boot_ram_remove((uintptr_t)pv_p2m, pv_pages * sizeof(*pv_p2m));
    boot_ram_remove((uintptr_t)si, PAGE_SIZE);
    boot_ram_remove(si->pt_base, si->nr_pt_frames << PAGE_SHIFT);
    if (boot_info.console)
        boot_ram_remove((uintptr_t)boot_info.console, PAGE_SIZE);
    if (boot_info.xenstore)
        boot_ram_remove((uintptr_t)boot_info.xenstore, PAGE_SIZE);
    if (ringlet_boot_module_pv)
        ringlet_boot_module_pv(si, boot_ram_remove);
}

/* The toolstack cuts what does not fit, and does not say so. */
static void copy_cmdline(const char *text)
{
    size_t len = strnlen(text, MAX_GUEST_CMDLINE - 1);

    memcpy(boot_info.cmdline, text, len);
    boot_info.cmdline_cut = len == MAX_GUEST_CMDLINE - 1;
}

void pv_find_shared_pages(void)
{
    const struct start_info *si = pv_start_info;

    if (si->console.domU.mfn) {
        boot_info.console = pv_page_of(si->console.domU.mfn);
        boot_info.console_port = si->console.domU.evtchn;
    }
    if (si->store_mfn) {
        boot_info.xenstore = pv_page_of(si->store_mfn);
        boot_info.xenstore_port = si->store_evtchn;
    }
}

int pv_map_shared_info(void)
{
    int ret = mmu_map_page(window_shared_info(), pv_start_info->shared_info >> PAGE_SHIFT);

    if (!ret)
        shared_info = (void *)window_shared_info();
    return ret;
}

static void make_window(void)
{
    int ret;

    window_pages();
    ret = window_init(ROUND_UP(pv_pages << PAGE_SHIFT, SLOT_SIZE) + SLOT_SIZE);
    if (!ret)
        ret = pv_map_shared_info();
    if (ret)
        boot_fail("cannot map the shared page: %s", errno_name(ret));
}

void boot_pv(struct start_info *si)
{
    unsigned long there;
    int ret;

    boot_info.type = GUEST_PV;
    boot_info.populated = UINTPTR_MAX;
    pv_start_info = si;
    hypercall_init_pv();
    if (strncmp(si->magic, "xen-", 4))
        boot_fail("start_info has the wrong magic");
    pv_p2m = (xen_pfn_t *)si->mfn_list;
    pv_pages = MIN(si->nr_pages, MMU_ADDRESS_END >> PAGE_SHIFT);
    boot_info.memory = (uint64_t)si->nr_pages << PAGE_SHIFT;
    copy_cmdline((const char *)si->cmd_line);
    pv_find_shared_pages();

    ret = traps_init_pv();
    if (ret)
        boot_fail("trap table: %s", errno_name(ret));
    mmu_root = (uint64_t *)si->pt_base;
    mmu_nx = (cpuid_xen_pv(CPUID_FEATURES).edx & CPUID_NX) ? PTE_NX : 0;
    find_free_memory(si);
    ret = pv_mmu_init();
    if (ret)
        boot_fail("cannot map %lu MiB of memory: %s", boot_info.memory >> 20, errno_name(ret));
    there = pv_pages;
    pv_pages = pv_grow();
    make_window();
    if (pv_p2m_init())
        boot_fail("no memory for the list of machine frames");
    pv_p2m_publish();
    if (pv_pages > there) {
        boot_info.populated = there << PAGE_SHIFT;
        boot_ram_add(boot_info.populated, (uint64_t)(pv_pages - there) << PAGE_SHIFT);
    }
    boot_finish();
}
