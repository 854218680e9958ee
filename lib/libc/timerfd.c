/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <time.h>
#include <unistd.h>

/* lib/fs has a function of that name, too: the library's has another one in this file. */
#define timerfd_create posix_timerfd_create
#include <sys/timerfd.h>
#undef timerfd_create
int posix_timerfd_create(clockid_t clock, int flags) __asm__("timerfd_create");

#include "lib/fs/pipe.h"
#include "posix.h"
#include "timespec.h"

static bool usable(const struct timespec *t)
{
    return t->tv_sec >= 0 && timespec_valid(t);
}

int posix_timerfd_create(clockid_t clock, int flags)
{
    struct file *f;
    int ret;

    if ((clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) ||
        flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
        return (int)posix_result(-EINVAL);
    ret = timerfd_create(clock == CLOCK_REALTIME, (unsigned)flags & FILE_NONBLOCK, &f);
    if (ret)
        return (int)posix_result(ret);
    return (int)posix_result(posix_install(f, flags & TFD_CLOEXEC));
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    uint64_t first, interval, old_first, old_interval;
    int64_t ret;

    if (flags & ~TFD_TIMER_ABSTIME)
        return (int)posix_result(-EINVAL);
    if (!usable(&value->it_value) || !usable(&value->it_interval))
        return (int)posix_result(-EINVAL);
    first = timespec_ns(&value->it_value);
    interval = timespec_ns(&value->it_interval);
    ret = WITH_FILE(
        f, fd,
        timerfd_set(f, flags & TFD_TIMER_ABSTIME, first, interval, &old_first, &old_interval));
    if (!ret && old)
        *old = (struct itimerspec){.it_value = timespec_of(old_first),
                                   .it_interval = timespec_of(old_interval)};
    return (int)posix_result(ret);
}

int timerfd_gettime(int fd, struct itimerspec *out)
{
    uint64_t first, interval;
    int64_t ret = WITH_FILE(f, fd, timerfd_get(f, &first, &interval));

    if (!ret)
        *out = (struct itimerspec){.it_value = timespec_of(first),
                                   .it_interval = timespec_of(interval)};
    return (int)posix_result(ret);
}
