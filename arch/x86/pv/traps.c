/* SPDX-License-Identifier: MIT */
/*
 * A PV guest's exceptions: Xen is told the address of each handler, and pushes a frame on the stack
 * that is in use. When that stack has overflowed into its guard page Xen cannot do so: it ends the
 * domain as crashed, with a message on Xen's own console. The guest cannot report this error.
 */
#include <kernel/arch.h>
#include <ringlet/panic.h>
#include <ringlet/printk.h>

#include <xen/callback.h>

#include "arch/x86/boot.h"
#include "arch/x86/trap.h"

_Static_assert(sizeof(struct trap_info) == 16, "trap_info");

#define TRAP_MASKS_EVENTS 4 /* trap_info.flags */

void pv_event_callback(void);
void pv_failsafe_callback(void);
void pv_unexpected_event(void);
void pv_failsafe(void);

void pv_unexpected_event(void)
{
    static bool reported;

    WRITE_ONCE(shared_info->vcpu_info[0].evtchn_upcall_mask, 1);
    if (!reported)
        pr_warn("Xen delivered an event while delivery was off\n");
    reported = true;
}

void pv_failsafe(void)
{
    panic("Xen could not return to the guest (failsafe callback)");
}

static int register_callback(uint16_t type, void (*fn)(void))
{
    struct callback_register arg = {
        .type = type, .flags = CALLBACKF_mask_events, .address = (uintptr_t)fn};

    return (int)hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, (unsigned long)&arg, 0, 0,
                          0);
}

int traps_init_pv(void)
{
    struct trap_info table[TRAPS + 1] = {0};
    int ret;

    for (unsigned i = 0; i < TRAPS; i++) {
        table[i].vector = (uint8_t)i;
        /* int3 and into are allowed to the kernel, which runs in ring 3 but counts as 1 */
        table[i].flags = TRAP_MASKS_EVENTS | (i == TRAP_BP || i == TRAP_OF ? 1 : 0);
        table[i].cs = FLAT_KERNEL_CS;
        table[i].address = (uintptr_t)trap_stubs + i * TRAP_STUB_SIZE;
    }
    ret = (int)hypercall(__HYPERVISOR_set_trap_table, (unsigned long)table, 0, 0, 0, 0);
    if (!ret)
        ret = register_callback(CALLBACKTYPE_event, pv_event_callback);
    if (!ret)
        ret = register_callback(CALLBACKTYPE_failsafe, pv_failsafe_callback);
    return ret;
}
