/* SPDX-License-Identifier: MIT */
/* Sleep of each kind: a handler ends it, whatever SA_RESTART says. */
#include "timespec.h"
#include "wait.h"

#include <errno.h>
#include <unistd.h>

/* 0, EINTR, or it ends the thread. */
static int sleep_until(uint64_t deadline)
{
    int ret;

    do
        ret = libc_wait(NULL, 0, deadline, WAIT_CANCEL | WAIT_EINTR);
    while (ret == -EAGAIN);
    if (ret == -ECANCELED)
        libc_cancel();
    return ret == -ETIMEDOUT ? 0 : -ret;
}

static struct timespec left_until(uint64_t deadline)
{
    const uint64_t now = clock_now();

    return timespec_of(deadline > now ? deadline - now : 0);
}

static int sleep_absolute(clockid_t clock, const struct timespec *time)
{
    struct __wait_queue nobody = {0};
    int ret;

    do
        ret = libc_wait_until(&nobody, clock, time, WAIT_CANCEL | WAIT_EINTR);
    while (ret == -EAGAIN);
    if (ret == -ECANCELED)
        libc_cancel();
    return ret == -ETIMEDOUT ? 0 : -ret;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
    uint64_t deadline;
    int ret;

    if (time->tv_sec < 0)
        return EINVAL;
    ret = libc_deadline(clock, time, &deadline);
    if (ret)
        return ret;
    if (flags & TIMER_ABSTIME)
        return sleep_absolute(clock, time);
    /* a duration, on whichever clock */
    libc_deadline(CLOCK_MONOTONIC, time, &deadline);
    deadline = clock_deadline(deadline);
    ret = sleep_until(deadline);
    if (ret == EINTR && left)
        *left = left_until(deadline);
    return ret;
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    int ret = clock_nanosleep(CLOCK_MONOTONIC, 0, time, left);

    if (!ret)
        return 0;
    errno = ret;
    return -1;
}

/* Seconds that are left, rounded up, when a handler ends it. */
unsigned sleep(unsigned seconds)
{
    struct timespec t = {.tv_sec = seconds};

    if (nanosleep(&t, &t) == 0)
        return 0;
    return (unsigned)t.tv_sec + (t.tv_nsec > 0);
}

int usleep(useconds_t us)
{
    const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};

    return nanosleep(&t, NULL);
}
