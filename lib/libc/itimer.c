/* SPDX-License-Identifier: MIT */
/* The process' one timer of alarm() and setitimer(ITIMER_REAL). */
#include "signal_private.h"

#include <ringlet/clock.h>

#include <errno.h>
#include <sys/time.h>
#include <unistd.h>

static void expired(struct timer *t);

static struct timer timer = {.link = LIST_INIT(timer.link), .fn = expired};
static uint64_t interval; /* ns */

static void expired(struct timer *t)
{
    const uint64_t now = clock_recent();

    if (interval) {
        const uint64_t missed = now > t->deadline ? (now - t->deadline) / interval : 0;

        timer_start(t, t->deadline + (missed + 1) * interval);
    }
    signal_send(NULL, SIGALRM, NULL);
}

static uint64_t left(void)
{
    const uint64_t now = clock_now();

    return !timer.armed ? 0 : timer.deadline > now ? timer.deadline - now : 1;
}

static void set(uint64_t first, uint64_t next)
{
    interval = next;
    timer_stop(&timer);
    if (first)
        timer_start(&timer, clock_deadline(first));
}

static struct timeval timeval_of(uint64_t ns)
{
    const uint64_t us = DIV_ROUND_UP(ns, NSEC_PER_USEC);

    return (struct timeval){.tv_sec = (time_t)(us / 1000000),
                            .tv_usec = (suseconds_t)(us % 1000000)};
}

/* false: not a time */
static bool ns_of(const struct timeval *tv, uint64_t *ns)
{
    if (tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= 1000000)
        return false;
    *ns = MIN((uint64_t)tv->tv_sec, UINT32_MAX) * NSEC_PER_SEC +
          (uint64_t)tv->tv_usec * NSEC_PER_USEC;
    return true;
}

int getitimer(int which, struct itimerval *out)
{
    if (which != ITIMER_REAL) {
        errno = EINVAL;
        return -1;
    }
    *out = (struct itimerval){.it_interval = timeval_of(interval), .it_value = timeval_of(left())};
    return 0;
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    uint64_t first, next;

    if (which != ITIMER_REAL || !ns_of(&value->it_value, &first) ||
        !ns_of(&value->it_interval, &next)) {
        errno = EINVAL;
        return -1;
    }
    if (old)
        getitimer(which, old);
    set(first, next);
    return 0;
}

unsigned alarm(unsigned seconds)
{
    const uint64_t before = left();

    set(seconds * NSEC_PER_SEC, 0);
    return (unsigned)DIV_ROUND_UP(before, NSEC_PER_SEC);
}

useconds_t ualarm(useconds_t first, useconds_t next)
{
    const uint64_t before = left();

    set(first * NSEC_PER_USEC, next * NSEC_PER_USEC);
    return (useconds_t)DIV_ROUND_UP(before, NSEC_PER_USEC);
}
