/* SPDX-License-Identifier: MIT */
/*
 * Mapping the memory of other domains (foreign.h). A PV guest has Xen write the page table entry, with
 * the other domain's frame number in it, which Xen translates if that domain is not PV; the frames of a
 * resource are machine frames, and must not be translated. A PVH guest puts the frame into its own
 * physical address space first.
 */
#include <kernel/arch.h>
#include <ringlet/foreign.h>

#include "cpu.h"
#include "mmu.h"
#include "window.h"

#define BATCH 32

_Static_assert(sizeof(struct xen_mem_acquire_resource) == 32, "xen_mem_acquire_resource");
_Static_assert(sizeof(struct xen_add_to_physmap_batch) == 32, "xen_add_to_physmap_batch");

int arch_foreign_area(void **area)
{
    static bool ready; /* there are page tables for it */
    const uintptr_t base = window_foreign();
    int ret = ready ? 0 : mmu_reserve(base, FOREIGN_PAGES * PAGE_SIZE);

    ready = !ret;
    *area = (void *)base;
    return ret;
}

static void unmap(uintptr_t va, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        arch_foreign_unmap((void *)(va + i * PAGE_SIZE));
}

/* ---- PV ---- */

/* kind: MMU_NORMAL_PT_UPDATE or MMU_PT_UPDATE_NO_TRANSLATE. The entries were not present, which no
 * processor remembers: nothing is flushed. */
static int map_pv(uintptr_t va, domid_t domid, const xen_pfn_t *frames, unsigned count,
                  unsigned kind)
{
    struct mmu_update update[BATCH];
    unsigned done = 0;
    long ret;

    for (unsigned i = 0; i < count; i++) {
        const uintptr_t at = va + i * PAGE_SIZE;
        unsigned level;
        const uint64_t *entry = mmu_find(at, &level);

        if (!entry || level != 1)
            return -EINVAL;
        update[i].ptr =
            (uint64_t)arch_frame(entry) << PAGE_SHIFT | ((uintptr_t)entry & PAGE_MASK) | kind;
        update[i].val = (uint64_t)frames[i] << PAGE_SHIFT | mmu_flags(at) | PTE_USER;
    }
    ret = hypercall(__HYPERVISOR_mmu_update, (unsigned long)update, count, (unsigned long)&done,
                    domid, 0);
    if (ret)
        unmap(va, MIN(done, count));
    return (int)ret;
}

/* ---- PVH ---- */

static int map_own(uintptr_t va, unsigned count)
{
    int ret = 0;

    for (unsigned i = 0; i < count && !ret; i++)
        ret = pvh_set_page(va + i * PAGE_SIZE, (va + i * PAGE_SIZE) | mmu_flags(va));
    return ret;
}

static int map_pvh(uintptr_t va, domid_t domid, xen_pfn_t *frames, unsigned count)
{
    xen_ulong_t from[BATCH];
    int errors[BATCH], ret;
    struct xen_add_to_physmap_batch add = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_gmfn_foreign,
        .size = (uint16_t)count,
    };

    for (unsigned i = 0; i < count; i++) {
        from[i] = frames[i];
        frames[i] = (va >> PAGE_SHIFT) + i;
        errors[i] = 0;
    }
#if __XEN_INTERFACE_VERSION__ < 0x00040700
    add.foreign_domid = domid;
#else
    add.u.foreign_domid = domid;
#endif
    set_xen_guest_handle(add.idxs, from);
    set_xen_guest_handle(add.gpfns, frames);
    set_xen_guest_handle(add.errs, errors);
    ret = (int)hypercall_memory_op(XENMEM_add_to_physmap_batch, &add);
    for (unsigned i = 0; i < count && !ret; i++)
        ret = errors[i] < 0 ? -EIO : 0;
    if (!ret)
        ret = map_own(va, count);
    if (ret)
        unmap(va, count);
    return ret;
}

static int unmap_pvh(uintptr_t va)
{
    struct xen_remove_from_physmap remove = {.domid = DOMID_SELF, .gpfn = va >> PAGE_SHIFT};

    pvh_set_page(va, 0);
    return (int)hypercall_memory_op(XENMEM_remove_from_physmap, &remove);
}

/* ---- both ---- */

int arch_foreign_map(void *page, domid_t domid, uint64_t gfn, unsigned count)
{
    xen_pfn_t frames[BATCH];
    int ret = 0;

    for (unsigned done = 0; done < count && !ret; done += BATCH) {
        const unsigned n = MIN(count - done, BATCH);
        const uintptr_t va = (uintptr_t)page + done * PAGE_SIZE;

        for (unsigned i = 0; i < n; i++)
            frames[i] = gfn + done + i;
        ret = boot_info.type == GUEST_PV ? map_pv(va, domid, frames, n, MMU_NORMAL_PT_UPDATE)
                                         : map_pvh(va, domid, frames, n);
        if (ret)
            unmap((uintptr_t)page, done);
    }
    return ret;
}

int arch_foreign_resource(void *page, domid_t domid, unsigned type, unsigned id, unsigned frame,
                          unsigned count)
{
    xen_pfn_t frames[BATCH];
    const uintptr_t va = (uintptr_t)page;
    struct xen_mem_acquire_resource get = {
        .domid = domid,
        .type = (uint16_t)type,
        .id = id,
        .nr_frames = count,
        .frame = frame,
    };
    int ret;

    if (count > BATCH)
        return -EINVAL;
    /* PV: Xen fills in machine frames. PVH: they are where it shall put the pages. */
    for (unsigned i = 0; i < count; i++)
        frames[i] = boot_info.type == GUEST_PV ? 0 : (va >> PAGE_SHIFT) + i;
    set_xen_guest_handle(get.frame_list, frames);
    ret = (int)hypercall_memory_op(XENMEM_acquire_resource, &get);
    if (boot_info.type == GUEST_PV)
        return ret ? ret : map_pv(va, domid, frames, count, MMU_PT_UPDATE_NO_TRANSLATE);
    if (!ret)
        ret = map_own(va, count);
    if (ret)
        unmap(va, count); /* also where Xen failed: some may be there */
    return ret;
}

int arch_foreign_unmap(void *page)
{
    const uintptr_t va = (uintptr_t)page;

    return boot_info.type == GUEST_PV ? pv_set_page(va, 0) : unmap_pvh(va);
}
