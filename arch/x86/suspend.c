/* SPDX-License-Identifier: MIT */
/*
 * The one hypercall that stops the domain, what must be out of Xen's sight before it, and what the
 * other domain that it may return in has to be told. Between its return and the mapping of the
 * shared page there is no clock, no event and no console.
 */
#include <ringlet/arch.h>
#include <ringlet/shutdown.h>

#include "boot.h"
#include "mmu.h"

_Static_assert(SHUTDOWN_suspend == 2, "Xen's number");

/*
 * PV. The third argument is the machine frame of start_info, by which the toolstack finds what it
 * has to write anew. It expects pseudo-physical frames where the domain builder has put machine
 * frames, and nobody else's frame in any page table.
 */
static int suspend_pv(struct sched_shutdown *op)
{
    struct start_info *si = pv_start_info;
    unsigned grants = window_grants();
    long ret;

    if (boot_info.xenstore)
        si->store_mfn = (uintptr_t)boot_info.xenstore >> PAGE_SHIFT;
    if (boot_info.console)
        si->console.domU.mfn = (uintptr_t)boot_info.console >> PAGE_SHIFT;
    window_drop_grants();
    pv_set_page(window_shared_info(), 0);

    ret =
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (unsigned long)op, arch_frame(si), 0, 0);
    if (ret) {
        if (boot_info.xenstore)
            si->store_mfn = arch_frame(boot_info.xenstore);
        if (boot_info.console)
            si->console.domU.mfn = arch_frame(boot_info.console);
    }
    if (pv_map_shared_info() || (ret && window_restore_grants(grants)))
        boot_fail("cannot map Xen's pages again after a suspend");
    if (!ret) {
        pv_find_shared_pages();
        pv_p2m_publish();
    }
    return (int)ret;
}

/* A toolstack that lets the domain go on says so in the hypercall's result only if the guest has a
 * way of being interrupted. It has none here: this names one for as long as it takes, and as
 * interrupts are off nothing comes of it. */
static void set_callback(bool on)
{
    struct xen_hvm_param callback = {
        .domid = DOMID_SELF,
        .index = HVM_PARAM_CALLBACK_IRQ,
        .value = on ? (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | 0xff : 0,
    };

    hypercall_hvm_op(HVMOP_set_param, &callback);
}

static int suspend_pvh(struct sched_shutdown *op)
{
    long ret;

    set_callback(true);
    ret = hypercall_sched_op(SCHEDOP_shutdown, op);
    if (ret == 0) {
        window_drop_grants();
        if (pvh_map_shared_info())
            boot_fail("cannot map the shared page after a suspend");
        pvh_find_shared_pages();
    }
    set_callback(false);
    return (int)ret;
}

int arch_suspend(void)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_suspend};
    int ret;

    arch_clock_now(); /* from where it goes on */
    ret = boot_info.type == GUEST_PV ? suspend_pv(&op) : suspend_pvh(&op);
    /* As at boot: events are looked for, never delivered. */
    WRITE_ONCE(shared_info->vcpu_info[0].evtchn_upcall_mask, 1);
    clock_continue();
    return ret;
}
