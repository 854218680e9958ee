/* SPDX-License-Identifier: MIT */
#include "wait.h"
#include "timespec.h"

#define LIBC_WATCHDOG_WEAK
#include "watchdog.h"

#include <errno.h>

#include "lib/fs/file.h"

/* lib/fs is there only where a program uses files. */
extern __typeof__(file_wait_hook) file_wait_hook __attribute__((weak));

/* What has come for the thread: 0 nothing, or the result of the wait. */
static int look(unsigned how)
{
    struct thread_state *self = thread_data();
    int ret = 0;

    if ((how & WAIT_CANCEL) && libc_cancelled(self))
        return -ECANCELED;
    if (libc_run_handlers)
        ret = libc_run_handlers();
    if (!ret)
        return 0;
    if (how & WAIT_RESUME)
        return -EAGAIN;
    return ret == -EINTR || (how & WAIT_EINTR) ? -EINTR : -EAGAIN;
}

int libc_wait(struct wait_queue *const *queues, unsigned n, uint64_t deadline, unsigned how)
{
    int ret = look(how);

    if (ret)
        return ret;
    libc_watch();
    ret = file_wait_any(queues, n, deadline);
    if (ret == -EINTR) {
        ret = look(how);
        return ret ? ret : -EAGAIN;
    }
    if (!(how & WAIT_RESUME))
        libc_check();
    return ret;
}

int libc_wait_on(struct __wait_queue *queue, uint64_t deadline, unsigned how)
{
    struct wait_queue *const wq = libc_queue(queue);

    return libc_wait(&wq, 1, deadline, how);
}

static int file_wait_here(struct wait_queue *const *queues, unsigned n, uint64_t deadline)
{
    struct thread_state *self = thread_data();
    int ret;

    ret = libc_wait(queues, n, deadline,
                    WAIT_CANCEL | (self && self->never_restart ? WAIT_EINTR : 0));
    if (ret == -ECANCELED)
        return -EINTR;
    return ret == -EAGAIN ? 0 : ret;
}

void libc_hook_files(void)
{
    if (&file_wait_hook)
        file_wait_hook = file_wait_here;
}

/* ---- times ---- */

static bool is_wall(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

/* The wall clock's time as one of clock_now(). */
static uint64_t from_wall(uint64_t ns)
{
    const uint64_t wall = clock_wall();

    return ns == DEADLINE_NEVER ? ns : ns > wall ? clock_deadline(ns - wall) : 0;
}

int libc_deadline(clockid_t clock, const struct timespec *time, uint64_t *deadline)
{
    if (!timespec_valid(time))
        return EINVAL;
    if (is_wall(clock))
        *deadline = from_wall(timespec_ns(time));
    else if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
             clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME)
        *deadline = timespec_ns(time);
    else
        return EINVAL;
    return 0;
}

int libc_wait_until(struct __wait_queue *queue, clockid_t clock, const struct timespec *time,
                    unsigned how)
{
    struct wait_queue *const wq = libc_queue(queue);
    uint64_t deadline;
    int ret;

    if (libc_deadline(clock, time, &deadline))
        return -EINVAL;
    if (!is_wall(clock))
        return libc_wait(&wq, 1, deadline, how);
    ret = libc_wait(&wq, 1, MIN(deadline, clock_deadline(WALL_CLOCK_LOOK)), how);
    if (ret != -ETIMEDOUT)
        return ret;
    return from_wall(timespec_ns(time)) > clock_now() ? -EAGAIN : -ETIMEDOUT;
}
