/* SPDX-License-Identifier: MIT */
/* Times of POSIX as nanoseconds, and back. */
#ifndef RINGLET_LIBC_TIMESPEC_H
#define RINGLET_LIBC_TIMESPEC_H

#include <ringlet/clock.h>

#include <stdbool.h>
#include <time.h>

static inline bool timespec_valid(const struct timespec *t)
{
    return t->tv_nsec >= 0 && t->tv_nsec < (long)NSEC_PER_SEC;
}

/* Of a valid time. What is too early is 0, and what is too late UINT64_MAX, which as a deadline is
 * DEADLINE_NEVER. */
static inline uint64_t timespec_ns(const struct timespec *t)
{
    uint64_t ns;

    if (t->tv_sec < 0)
        return 0;
    return __builtin_mul_overflow((uint64_t)t->tv_sec, NSEC_PER_SEC, &ns) ||
                   __builtin_add_overflow(ns, (uint64_t)t->tv_nsec, &ns)
               ? UINT64_MAX
               : ns;
}

static inline struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NSEC_PER_SEC),
                             .tv_nsec = (long)(ns % NSEC_PER_SEC)};
}

#endif
