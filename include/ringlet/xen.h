/* SPDX-License-Identifier: MIT */
/* Xen's public headers as Ringlet uses them, and typed wrappers for the hypercalls. */
#ifndef RINGLET_XEN_H
#define RINGLET_XEN_H

#include <ringlet/barrier.h>
#include <ringlet/compiler.h>
#include <ringlet/errno.h>

#include <xen/xen.h>

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#ifndef DOMID_SELF
#error "xen/xen.h was not included"
#endif

long hypercall(unsigned nr, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4,
               unsigned long a5);

static inline long hypercall_event_channel_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, (unsigned long)cmd, (unsigned long)arg, 0, 0,
                     0);
}

static inline long hypercall_grant_table_op(unsigned cmd, void *arg, unsigned count)
{
    return hypercall(__HYPERVISOR_grant_table_op, cmd, (unsigned long)arg, count, 0, 0);
}

static inline long hypercall_memory_op(unsigned cmd, void *arg)
{
    return hypercall(__HYPERVISOR_memory_op, cmd, (unsigned long)arg, 0, 0, 0);
}

static inline long hypercall_sched_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_sched_op, (unsigned long)cmd, (unsigned long)arg, 0, 0, 0);
}

static inline long hypercall_console_io(int cmd, int count, const void *text)
{
    return hypercall(__HYPERVISOR_console_io, (unsigned long)cmd, (unsigned long)count,
                     (unsigned long)text, 0, 0);
}

static inline long hypercall_xen_version(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_xen_version, (unsigned long)cmd, (unsigned long)arg, 0, 0, 0);
}

static inline long hypercall_vcpu_op(int cmd, unsigned vcpu, void *arg)
{
    return hypercall(__HYPERVISOR_vcpu_op, (unsigned long)cmd, vcpu, (unsigned long)arg, 0, 0);
}

static inline long hypercall_hvm_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_hvm_op, (unsigned long)cmd, (unsigned long)arg, 0, 0, 0);
}

#endif
