/* SPDX-License-Identifier: MIT */
/*
 * Names the thread that did not give up the CPU. In a program with threads Xen's timer of the vCPU
 * ticks while threads give up the CPU. Its event is seen when the next one does so: late by as long
 * as a thread has kept the CPU. So a switch of threads costs nothing more, not even a look at the
 * clock. What Xen did not run the guest for does not count. In an idle program the timer stops.
 */
#include "watchdog.h"

#include <ringlet/clock.h>
#include <ringlet/event_channel.h>
#include <ringlet/printk.h>
#include <ringlet/suspend.h>
#include <ringlet/thread.h>

#define PERIOD NSEC_PER_SEC
#define LIMIT  (1500 * NSEC_PER_MSEC) /* between two ticks that are seen: so long is too long */
#define QUIET  (10 * NSEC_PER_SEC)    /* between two messages */

static evtchn_port_t port; /* 0: none */
static bool ticks, failed, active;
static uint64_t last_cpu, quiet_until;

/* ns for which the vCPU ran; false: Xen does not say */
static bool cpu_time(uint64_t *ns)
{
    struct vcpu_runstate_info info;

    if (hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info))
        return false;
    *ns = info.time[RUNSTATE_running];
    return true;
}

static void report(uint64_t ran)
{
    if (clock_now() < quiet_until)
        return;
    quiet_until = clock_deadline(QUIET);
    pr_warn("thread %s ran %llu.%llu s without giving up the CPU\n", thread_name(thread_current()),
            (unsigned long long)(ran / NSEC_PER_SEC),
            (unsigned long long)(ran % NSEC_PER_SEC / (100 * NSEC_PER_MSEC)));
}

/* The thread is the one that has just given up the CPU. A tick comes each second, so that the vCPU
 * ran for longer since the last one only if this one was seen late. */
static bool tick(evtchn_port_t p, void *arg)
{
    const uint64_t before = last_cpu;

    (void)p;
    (void)arg;
    if (cpu_time(&last_cpu) && ticks && last_cpu - before > LIMIT)
        report(last_cpu - before);
    if (!active) {
        hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
        ticks = false;
    }
    active = false;
    return true;
}

static void restart(void)
{
    port = 0;
    ticks = false;
}

static bool begin(void)
{
    static struct suspend_hook hook = {.link = LIST_INIT(hook.link), .restart = restart};

    if (!cpu_time(&last_cpu) || evtchn_bind_virq(VIRQ_TIMER, tick, NULL, &port))
        return false;
    suspend_register(&hook);
    return true;
}

void libc_watchdog(void)
{
    struct vcpu_set_periodic_timer period = {.period_ns = PERIOD};

    active = true;
    if (ticks || failed)
        return;
    if ((!port && !begin()) || !cpu_time(&last_cpu) ||
        hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &period)) {
        failed = true; /* then nobody is watched */
        return;
    }
    ticks = true;
    evtchn_unmask(port);
}
