/* SPDX-License-Identifier: MIT */
/* What of POSIX there is; newlib leaves these to its targets. Values as IEEE Std 1003.1-2008 has
 * them for <unistd.h>. */
#ifndef RINGLET_SYS_FEATURES_H
#define RINGLET_SYS_FEATURES_H

#include_next <sys/features.h>

#define _POSIX_ASYNCHRONOUS_IO          200809L
#define _POSIX_BARRIERS                 200809L
#define _POSIX_CLOCK_SELECTION          200809L
#define _POSIX_CPUTIME                  200809L
#define _POSIX_FSYNC                    200809L
#define _POSIX_MONOTONIC_CLOCK          200809L
#define _POSIX_NO_TRUNC                 1
#define _POSIX_READER_WRITER_LOCKS      200809L
#define _POSIX_REALTIME_SIGNALS         200809L
#define _POSIX_REGEXP                   1
#define _POSIX_SEMAPHORES               200809L
#define _POSIX_SPIN_LOCKS               200809L
#define _POSIX_SYNCHRONIZED_IO          200809L
#define _POSIX_THREAD_ATTR_STACKADDR    200809L
#define _POSIX_THREAD_ATTR_STACKSIZE    200809L
#define _POSIX_THREAD_SAFE_FUNCTIONS    200809L
#define _POSIX_THREADS                  200809L
#define _POSIX_TIMEOUTS                 200809L
#define _POSIX_TIMERS                   200809L
#define _POSIX_VDISABLE                 '\0'
#define _UNIX98_THREAD_MUTEX_ATTRIBUTES 1

#endif
