/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls by Mini-OS' names. They return what Xen does; a negative result is -errno with newlib's
 * numbers, and so can be an errno at once.
 */
#ifndef MINI_OS_HYPERVISOR_H
#define MINI_OS_HYPERVISOR_H

#include <mini-os/traps.h>
#include <mini-os/types.h>

#include <xen/xen.h>

#include <xen/event_channel.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/sched.h>
#include <xen/version.h>

/* The kernel's. */
long minios_hypercall(unsigned nr, unsigned long a1, unsigned long a2, unsigned long a3,
                      unsigned long a4, unsigned long a5) __asm__("ringlet_hypercall");

#define MINIOS_CALL(nr, a1, a2, a3, a4, a5)                                             \
    ((int)minios_hypercall(__HYPERVISOR_##nr, (unsigned long)(a1), (unsigned long)(a2), \
                           (unsigned long)(a3), (unsigned long)(a4), (unsigned long)(a5)))

static inline int HYPERVISOR_event_channel_op(int cmd, void *op)
{
    return MINIOS_CALL(event_channel_op, cmd, op, 0, 0, 0);
}

static inline int HYPERVISOR_grant_table_op(unsigned cmd, void *op, unsigned count)
{
    return MINIOS_CALL(grant_table_op, cmd, op, count, 0, 0);
}

static inline int HYPERVISOR_memory_op(unsigned cmd, void *arg)
{
    return MINIOS_CALL(memory_op, cmd, arg, 0, 0, 0);
}

static inline int HYPERVISOR_sched_op(int cmd, unsigned long arg)
{
    return MINIOS_CALL(sched_op, cmd, arg, 0, 0, 0);
}

static inline int HYPERVISOR_console_io(int cmd, int count, const char *text)
{
    return MINIOS_CALL(console_io, cmd, count, text, 0, 0);
}

static inline int HYPERVISOR_xen_version(int cmd, void *arg)
{
    return MINIOS_CALL(xen_version, cmd, arg, 0, 0, 0);
}

static inline int HYPERVISOR_vcpu_op(int cmd, int vcpu, void *arg)
{
    return MINIOS_CALL(vcpu_op, cmd, vcpu, arg, 0, 0);
}

static inline int HYPERVISOR_hvm_op(unsigned long cmd, void *arg)
{
    return MINIOS_CALL(hvm_op, cmd, arg, 0, 0, 0);
}

static inline int HYPERVISOR_physdev_op(int cmd, void *arg)
{
    return MINIOS_CALL(physdev_op, cmd, arg, 0, 0, 0);
}

static inline int HYPERVISOR_sysctl(unsigned long op)
{
    return MINIOS_CALL(sysctl, op, 0, 0, 0, 0);
}

static inline int HYPERVISOR_domctl(unsigned long op)
{
    return MINIOS_CALL(domctl, op, 0, 0, 0, 0);
}

static inline int HYPERVISOR_xsm_op(void *op)
{
    return MINIOS_CALL(xsm_op, op, 0, 0, 0, 0);
}

/* calls: multicall_entry_t; makes them one after the other. Sets each one's result; 0. */
int HYPERVISOR_multicall(void *calls, int count);

static inline int HYPERVISOR_mmu_update(mmu_update_t *updates, int count, int *done, domid_t domid)
{
    return MINIOS_CALL(mmu_update, updates, count, done, domid, 0);
}

static inline int HYPERVISOR_yield(void)
{
    return HYPERVISOR_sched_op(SCHEDOP_yield, 0);
}

static inline int HYPERVISOR_shutdown(unsigned reason)
{
    struct sched_shutdown op = {.reason = reason};

    return HYPERVISOR_sched_op(SCHEDOP_shutdown, (unsigned long)&op);
}

/* timeout: a time of Xen's clock, ns; 0: none. */
int HYPERVISOR_poll(evtchn_port_t *ports, unsigned count, uint64_t timeout);

/* 0 or -errno. */
int hvm_get_parameter(int index, uint64_t *value);
int hvm_set_parameter(int index, uint64_t value);

/* A port that is not bound is ignored. An event that is pending when its port is unmasked is
 * handled. */
void mask_evtchn(uint32_t port);
void unmask_evtchn(uint32_t port);

#endif
