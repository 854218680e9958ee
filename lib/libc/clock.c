/* SPDX-License-Identifier: MIT */
/*
 * Clocks. The wall clock is Xen's, which its control domain sets; a guest cannot. The CPU time of the
 * process is the time for which its vCPU ran: Xen counts it, from the start of the domain. That of a
 * single thread is not counted.
 */
#include "timespec.h"

#include <ringlet/xen.h>

#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define TICKS_PER_SEC CLK_TCK

static int fail(int err)
{
    errno = err;
    return -1;
}

static bool cpu_time(uint64_t *ns)
{
    struct vcpu_runstate_info info;

    if (hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info))
        return false;
    *ns = info.time[RUNSTATE_running];
    return true;
}

static bool read_clock(clockid_t clock, uint64_t *ns)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *ns = clock_wall();
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *ns = clock_now();
        return true;
    case CLOCK_PROCESS_CPUTIME_ID:
        return cpu_time(ns);
    default:
        return false;
    }
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    uint64_t ns;

    if (!read_clock(clock, &ns))
        return fail(EINVAL);
    *out = timespec_of(ns);
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *out)
{
    uint64_t ns;

    if (!read_clock(clock, &ns))
        return fail(EINVAL);
    if (out)
        *out = timespec_of(1);
    return 0;
}

/* EPERM: as for a process that has no right to. */
int clock_settime(clockid_t clock, const struct timespec *time)
{
    if (clock != CLOCK_REALTIME || !timespec_valid(time))
        return fail(EINVAL);
    return fail(EPERM);
}

int clock_getcpuclockid(pid_t pid, clockid_t *clock)
{
    if (pid && pid != getpid())
        return ESRCH;
    *clock = CLOCK_PROCESS_CPUTIME_ID;
    return 0;
}

int timespec_get(struct timespec *out, int base)
{
    if (base != TIME_UTC)
        return 0;
    *out = timespec_of(clock_wall());
    return base;
}

/* The time zone is TZ's and not the kernel's. */
int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    const uint64_t ns = clock_wall();

    if (out)
        *out = (struct timeval){.tv_sec = (time_t)(ns / NSEC_PER_SEC),
                                .tv_usec = (suseconds_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC)};
    if (zone)
        *(struct timezone *)zone = (struct timezone){0};
    return 0;
}

int settimeofday(const struct timeval *time, const struct timezone *zone)
{
    (void)time;
    (void)zone;
    return fail(EPERM);
}

int stime(const time_t *t)
{
    (void)t;
    return fail(EPERM);
}

int adjtime(const struct timeval *delta, struct timeval *old)
{
    (void)delta;
    (void)old;
    return fail(EPERM);
}

time_t time(time_t *out)
{
    const time_t now = (time_t)(clock_wall() / NSEC_PER_SEC);

    if (out)
        *out = now;
    return now;
}

clock_t clock(void)
{
    uint64_t ns;

    return cpu_time(&ns) ? (clock_t)(ns / (NSEC_PER_SEC / CLOCKS_PER_SEC)) : (clock_t)-1;
}

/* All of the CPU time is the user's: there is no other side. */
clock_t times(struct tms *out)
{
    uint64_t ns;

    if (!cpu_time(&ns)) {
        errno = ENOSYS;
        return (clock_t)-1;
    }
    *out = (struct tms){.tms_utime = (clock_t)(ns / (NSEC_PER_SEC / TICKS_PER_SEC))};
    return (clock_t)(clock_now() / (NSEC_PER_SEC / TICKS_PER_SEC));
}
