/* SPDX-License-Identifier: MIT */
#include "wait.h"
#define LIBC_WATCHDOG_WEAK
#include "watchdog.h"

#include <errno.h>
#include <sched.h>

int sched_yield(void)
{
    libc_check();
    libc_watch();
    thread_yield();
    return 0;
}

int pthread_yield(void)
{
    return sched_yield();
}

/* Linux' ranges, which programs expect. */
int sched_get_priority_max(int policy)
{
    switch (policy) {
    case SCHED_OTHER:
        return 0;
    case SCHED_FIFO:
    case SCHED_RR:
        return 99;
    default:
        errno = EINVAL;
        return -1;
    }
}

int sched_get_priority_min(int policy)
{
    switch (policy) {
    case SCHED_OTHER:
        return 0;
    case SCHED_FIFO:
    case SCHED_RR:
        return 1;
    default:
        errno = EINVAL;
        return -1;
    }
}

int sched_getcpu(void)
{
    return 0;
}
