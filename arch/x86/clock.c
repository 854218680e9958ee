/* SPDX-License-Identifier: MIT */
/*
 * Time from the page that Xen shares with the guest: system time at some value of the time stamp
 * counter, and how fast that counts. Xen brackets each change with increments of a version.
 */
#include <ringlet/arch.h>

#include "cpu.h"

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

const char *arch_clock_source(void)
{
    return "tsc";
}

/* (ticks << shift) * mul / 2^32, where a negative shift is one to the right */
static uint64_t ticks_to_ns(uint64_t ticks, uint32_t mul, int shift)
{
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (uint64_t)(((unsigned __int128)ticks * mul) >> 32);
}

uint64_t arch_clock_now(void)
{
    static uint64_t last;
    const struct vcpu_time_info *time = &shared_info->vcpu_info[0].time;
    uint32_t version, mul;
    uint64_t stamp, base, tsc, now;
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

    /* The stamp may lie before the counter's zero, as a negative number: the difference wraps to
     * what it should be. Two calibrations may disagree by some ns; time must not go back for that.
     */
    passed = (int64_t)(tsc - stamp);
    now = base + (passed > 0 ? ticks_to_ns((uint64_t)passed, mul, shift) : 0);
    if (now > last)
        last = now;
    return last;
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
    return ((uint64_t)sec_hi << 32 | sec) * NSEC_PER_SEC + nsec + arch_clock_now();
}
