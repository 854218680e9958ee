/* SPDX-License-Identifier: MIT */
/* What newlib's <time.h> leaves out. */
#ifndef RINGLET_TIME_H
#define RINGLET_TIME_H

#include_next <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef CLOCK_MONOTONIC_RAW
#define CLOCK_MONOTONIC_RAW    ((clockid_t)5)
#define CLOCK_MONOTONIC_COARSE ((clockid_t)6)
#define CLOCK_BOOTTIME         ((clockid_t)7)
#endif
#ifndef CLOCK_REALTIME_COARSE
#define CLOCK_REALTIME_COARSE ((clockid_t)0)
#endif

/* ticks of times() in a second, as sysconf(_SC_CLK_TCK) */
#undef CLK_TCK
#define CLK_TCK 100

#define TIME_UTC 1
int timespec_get(struct timespec *out, int base);
time_t timegm(struct tm *tm);
time_t timelocal(struct tm *tm);
int stime(const time_t *t);
int clock_getcpuclockid(pid_t pid, clockid_t *clock);

/* XSI's names of newlib's variables */
extern long timezone __asm__("_timezone");
extern int daylight __asm__("_daylight");

#ifdef __cplusplus
}
#endif

#endif
