/* SPDX-License-Identifier: MIT */
/*
 * Time from the page that Xen shares with the guest: the system time at some value of the time
 * stamp counter, and the counter's frequency. Xen increments a version before and after each
 * change. Where Xen emulates the counter, reading it costs more than a thousand instructions; so a
 * PV guest, for which that is cheap, also has Xen record when it ran the vCPU last.
 */
#include <kernel/arch.h>

#include "boot.h"
#include "cpu.h"
#include "domain.h"

_Static_assert(sizeof(struct vcpu_time_info) == 32, "vcpu_time_info");
_Static_assert(offsetof(struct vcpu_time_info, tsc_timestamp) == 8, "vcpu_time_info");
_Static_assert(offsetof(struct vcpu_time_info, system_time) == 16, "vcpu_time_info");
_Static_assert(offsetof(struct vcpu_time_info, tsc_to_system_mul) == 24, "vcpu_time_info");
_Static_assert(offsetof(struct vcpu_time_info, tsc_shift) == 28, "vcpu_time_info");
_Static_assert(offsetof(struct vcpu_info, time) == 32 && sizeof(struct vcpu_info) == 64,
               "vcpu_info");
_Static_assert(offsetof(struct shared_info, wc_version) == 3072, "shared_info");
_Static_assert(offsetof(struct shared_info, wc_sec) == 3076, "shared_info");
_Static_assert(offsetof(struct shared_info, wc_nsec) == 3080, "shared_info");
_Static_assert(offsetof(struct shared_info, wc_sec_hi) == 3084, "shared_info");

_Static_assert(offsetof(struct vcpu_runstate_info, state_entry_time) == 8 &&
                   sizeof(struct vcpu_runstate_info) == 48,
               "vcpu_runstate_info");
_Static_assert(sizeof(struct vcpu_register_runstate_memory_area) == 8,
               "vcpu_register_runstate_memory_area");

const char *arch_clock_source(void)
{
    return "tsc";
}

/* Added to Xen's system time, which is another one on another host. Modulo 2^64. */
static uint64_t clock_offset, clock_last;

/* Xen writes it whenever it runs this vCPU. All zeroes where that was not asked for (PVH). */
static struct vcpu_runstate_info runstate __attribute__((aligned(64)));
static uint64_t run_before; /* its time at arch_clock_leave() */

/* (ticks << shift) * mul / 2^32, where a negative shift is one to the right */
static uint64_t ticks_to_ns(uint64_t ticks, uint32_t mul, int shift)
{
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (uint64_t)(((unsigned __int128)ticks * mul) >> 32);
}

/* Xen's system time, ns. */
static uint64_t system_time(void)
{
    const struct vcpu_time_info *time = &shared_info->vcpu_info[0].time;
    uint32_t version, mul;
    uint64_t stamp, base, tsc;
    int64_t passed;
    int shift;

    do {
        version = READ_ONCE(time->version);
        rmb();
        stamp = READ_ONCE(time->tsc_timestamp);
        base = READ_ONCE(time->system_time);
        mul = READ_ONCE(time->tsc_to_system_mul);
        shift = READ_ONCE(time->tsc_shift);
        tsc = rdtsc_ordered();
        rmb();
    } while ((version & 1) || READ_ONCE(time->version) != version);

    /* The stamp may be negative, from before the counter's zero. The difference is right modulo
     * 2^64. */
    passed = (int64_t)(tsc - stamp);
    return base + (passed > 0 ? ticks_to_ns((uint64_t)passed, mul, shift) : 0);
}

uint64_t arch_clock_now(void)
{
    uint64_t now = system_time() + clock_offset;

    /* Two calibrations may differ by some ns, and time must not go back. */
    if ((int64_t)(now - clock_last) > 0)
        clock_last = now;
    return clock_last;
}

void arch_clock_leave(void)
{
    run_before = READ_ONCE(runstate.state_entry_time);
}

uint64_t arch_clock_back(void)
{
    const uint64_t run = READ_ONCE(runstate.state_entry_time);

    if (run == run_before || (int64_t)(run + clock_offset - clock_last) < 0)
        return arch_clock_now();
    clock_last = run + clock_offset;
    return clock_last;
}

/* PV only: for PVH Xen would walk the guest's page tables at each switch. */
RINGLET_COLD void clock_init(void)
{
    struct vcpu_register_runstate_memory_area area = {.addr.v = &runstate};

    if (boot_info.type == GUEST_PV)
        hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &area);
}

RINGLET_COLD void clock_begin(void)
{
    const struct vcpu_time_info *time = &shared_info->vcpu_info[0].time;
    const uint64_t ticks = rdtsc_ordered() - entry_tsc;

    boot_info.started = arch_clock_now() - ticks_to_ns(ticks, READ_ONCE(time->tsc_to_system_mul),
                                                       READ_ONCE(time->tsc_shift));
}

RINGLET_COLD void clock_continue(void)
{
    clock_offset = clock_last - system_time();
    clock_init();
}

RINGLET_COLD uint64_t arch_poll_timeout(uint64_t deadline)
{
    uint64_t timeout = deadline - clock_offset;

    /* a deadline from before Xen's zero has passed */
    return (int64_t)timeout <= 0 ? 1 : timeout;
}

uint64_t arch_clock_wall(void)
{
    uint32_t version, sec, sec_hi, nsec;

    do {
        version = READ_ONCE(shared_info->wc_version);
        rmb();
        sec = READ_ONCE(shared_info->wc_sec);
        sec_hi = READ_ONCE(shared_info->wc_sec_hi);
        nsec = READ_ONCE(shared_info->wc_nsec);
        rmb();
    } while ((version & 1) || READ_ONCE(shared_info->wc_version) != version);
    return ((uint64_t)sec_hi << 32 | sec) * NSEC_PER_SEC + nsec + system_time();
}
