/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <ringlet/clock.h>
#include <ringlet/thread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "lib/fs/poll.h"
#include "posix.h"
#include "timespec.h"
#include "wait.h"

_Static_assert(POLLIN == POLL_IN && POLLPRI == POLL_PRI && POLLOUT == POLL_OUT &&
                   POLLERR == POLL_ERR && POLLHUP == POLL_HUP && POLLNVAL == POLL_NVAL &&
                   POLLRDHUP == POLL_RDHUP,
               "lib/fs has these numbers");

#define FEW 16 /* so many need no memory */

/* There are no priorities in normal data: POLLRDNORM is POLLIN, POLLWRNORM is POLLOUT. */
static unsigned to_events(short events)
{
    unsigned ret = (unsigned)events & (POLLIN | POLLPRI | POLLOUT | POLLRDHUP);

    ret |= events & POLLRDNORM ? POLLIN : 0;
    ret |= events & POLLWRNORM ? POLLOUT : 0;
    return ret;
}

static short from_events(unsigned ready, short asked)
{
    unsigned ret = ready & ((unsigned)asked | POLLERR | POLLHUP | POLLNVAL);

    ret |= ready & POLLIN ? (unsigned)asked & POLLRDNORM : 0;
    ret |= ready & POLLOUT ? (unsigned)asked & POLLWRNORM : 0;
    return (short)ret;
}

/* A signal's handler ends it also with SA_RESTART. */
static int poll_once(struct poll_entry *entries, unsigned n, uint64_t deadline)
{
    struct thread_state *self = thread_data();
    const bool before = self && self->never_restart;
    int ret;

    if (self)
        self->never_restart = true;
    ret = file_poll(entries, n, deadline);
    if (self)
        self->never_restart = before;
    /* a loop that only looks sees signals, too */
    return !ret && libc_run_handlers && libc_run_handlers() ? -EINTR : ret;
}

struct polled {
    struct poll_entry *entries, few[FEW];
    unsigned n;
};

static void release(void *arg)
{
    struct polled *polled = arg;

    for (unsigned i = 0; i < polled->n; i++)
        file_put(polled->entries[i].file);
    if (polled->entries != polled->few)
        free(polled->entries);
}

/* Not in a signal's action either: other files may get these descriptors meanwhile. */
static int poll_until(struct pollfd *fds, struct polled *polled, uint64_t deadline)
{
    struct poll_entry *entries = polled->entries;
    struct libc_hold hold = {NULL, release, polled};
    int ret;

    for (unsigned i = 0; i < polled->n; i++) {
        struct file *f = fds[i].fd < 0 ? NULL : fd_get(fds[i].fd);

        entries[i] = (struct poll_entry){
            .file = f, .nval = fds[i].fd >= 0 && !f, .events = to_events(fds[i].events)};
    }
    libc_hold(&hold);
    ret = poll_once(entries, polled->n, deadline);
    libc_hold_end(&hold);
    for (unsigned i = 0; i < polled->n; i++)
        fds[i].revents = ret < 0 ? 0 : from_events(entries[i].revents, fds[i].events);
    return ret;
}

int posix_poll(struct pollfd *fds, size_t n, uint64_t deadline)
{
    struct polled polled = {.entries = polled.few, .n = (unsigned)n};
    int ret;

    if (n > FD_MAX)
        return -EINVAL;
    if (n > FEW) {
        polled.entries = calloc(n, sizeof(*polled.entries));
        if (!polled.entries)
            return -ENOMEM;
    }
    ret = poll_until(fds, &polled, deadline);
    release(&polled);
    return ret;
}

int posix_deadline(const struct timespec *timeout, uint64_t *out)
{
    uint64_t ns;

    *out = DEADLINE_NEVER;
    if (!timeout)
        return 0;
    if (timeout->tv_sec < 0 || !timespec_valid(timeout))
        return -EINVAL;
    ns = timespec_ns(timeout);
    *out = ns ? clock_deadline(ns) : 0; /* 0: only looks */
    return 0;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    uint64_t deadline = DEADLINE_NEVER;

    posix_cancellation_point();
    if (timeout >= 0)
        deadline = timeout ? clock_deadline((uint64_t)timeout * 1000000) : 0;
    return (int)posix_result(posix_poll(fds, n, deadline));
}
