/* SPDX-License-Identifier: MIT */
/* Time in ns since the boot of the host. It stands still while the domain is suspended. */
#ifndef MINI_OS_TIME_H
#define MINI_OS_TIME_H

#include <mini-os/types.h>

#include <sys/time.h>

typedef s64 s_time_t;

#define NOW()           ((s_time_t)monotonic_clock())
#define SECONDS(s)      (((s_time_t)(s)) * 1000000000L)
#define TENTHS(ts)      (((s_time_t)(ts)) * 100000000L)
#define HUNDREDTHS(hs)  (((s_time_t)(hs)) * 10000000L)
#define MILLISECS(ms)   (((s_time_t)(ms)) * 1000000L)
#define MICROSECS(us)   (((s_time_t)(us)) * 1000L)
#define Time_Max        ((s_time_t)0x7fffffffffffffffLL)
#define FOREVER         Time_Max
#define NSEC_TO_USEC(t) ((t) / 1000L)
#define NSEC_TO_MSEC(t) ((t) / 1000000L)
#define NSEC_TO_SEC(t)  ((t) / 1000000000L)

u64 monotonic_clock(void) __asm__("ringlet_clock_now");

#endif
