/* SPDX-License-Identifier: MIT */
/*
 * The hypercall that stops the domain, what must be unmapped before it, and what must be set up
 * again when it returns in another domain. Between its return and the mapping of the shared page
 * there is no clock, no event and no console.
 */
#include <kernel/arch.h>

#include "domain.h"
#include "early_console.h"
#include "mmu.h"
#include "tls.h"
#include "window.h"

_Static_assert(SHUTDOWN_suspend == 2, "Xen's number");

/*
 * PV. The third argument is the machine frame of start_info, which the toolstack writes anew. It
 * expects pseudo-physical frames in the fields where the domain builder has put machine frames, and
 * no frame of another domain in any page table.
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
        early_fail("Ringlet cannot go on: cannot map Xen's pages again after a suspend");
    if (!ret) {
        pv_find_shared_pages();
        pv_p2m_publish();
    }
    return (int)ret;
}

/* When the suspend is cancelled, the toolstack sets the hypercall's result only for a guest with a
 * callback for events. This one has none, so one is set during the hypercall. Interrupts are off:
 * it is never called. */
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
            early_fail("Ringlet cannot go on: cannot map the shared page after a suspend");
        pvh_find_shared_pages();
    }
    set_callback(false);
    return (int)ret;
}

int arch_suspend(void)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_suspend};
    int ret;

    arch_clock_now(); /* the clock continues from this value */
    ret = boot_info.type == GUEST_PV ? suspend_pv(&op) : suspend_pvh(&op);
    /* As at boot: events are polled for, never delivered. */
    WRITE_ONCE(shared_info->vcpu_info[0].evtchn_upcall_mask, 1);
    clock_continue();
    tls_resume();
    return ret;
}
