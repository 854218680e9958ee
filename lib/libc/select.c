/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <ringlet/thread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "posix.h"

/* As many bytes of a set as n descriptors take; the program's fd_set may be smaller than ours. */
static size_t set_bytes(int n)
{
    return ((size_t)n + NFDBITS - 1) / NFDBITS * sizeof(fd_mask);
}

/* What has happened when poll() says `revents`: as select() names it. */
#define READABLE (POLLIN | POLLHUP | POLLERR)
#define WRITABLE (POLLOUT | POLLERR)
#define UNUSUAL  POLLPRI

static bool asked(int fd, const fd_set *set)
{
    return set && FD_ISSET(fd, set);
}

/* The number of entries of fds; -EBADF is poll's affair. */
static size_t collect(int n, const fd_set *in, const fd_set *out, const fd_set *other,
                      struct pollfd *fds)
{
    size_t count = 0;

    for (int fd = 0; fd < n; fd++) {
        unsigned events = 0;

        events |= asked(fd, in) ? POLLIN : 0;
        events |= asked(fd, out) ? POLLOUT : 0;
        events |= asked(fd, other) ? POLLPRI : 0;
        if (events)
            fds[count++] = (struct pollfd){.fd = fd, .events = (short)events};
    }
    return count;
}

static int mark(const struct pollfd *p, short asked_events, short ready, fd_set *set)
{
    if (!(p->events & asked_events) || !(p->revents & ready))
        return 0;
    FD_SET(p->fd, set);
    return 1;
}

static void clear(fd_set *set, int n)
{
    if (set)
        memset(set, 0, set_bytes(n));
}

int posix_select(int n, fd_set *in, fd_set *out, fd_set *other, uint64_t deadline)
{
    struct pollfd *fds;
    size_t count;
    int ret, ready = 0;

    if (n < 0 || n > FD_MAX)
        return -EINVAL;
    fds = calloc((size_t)n + 1, sizeof(*fds));
    if (!fds)
        return -ENOMEM;
    count = collect(n, in, out, other, fds);
    ret = posix_poll(fds, count, deadline);
    for (size_t i = 0; ret > 0 && i < count; i++)
        if (fds[i].revents & POLLNVAL)
            ret = -EBADF;
    if (ret >= 0) {
        clear(in, n);
        clear(out, n);
        clear(other, n);
        for (size_t i = 0; i < count; i++) {
            ready += mark(&fds[i], POLLIN, READABLE, in);
            ready += mark(&fds[i], POLLOUT, WRITABLE, out);
            ready += mark(&fds[i], POLLPRI, UNUSUAL, other);
        }
        ret = ready;
    }
    free(fds);
    return ret;
}

int select(int n, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout)
{
    struct timespec ts;
    uint64_t deadline;
    int ret;

    posix_cancellation_point();
    if (timeout)
        ts = (struct timespec){timeout->tv_sec + timeout->tv_usec / 1000000,
                               timeout->tv_usec % 1000000 * 1000};
    ret = posix_deadline(timeout ? &ts : NULL, &deadline);
    return (int)posix_result(ret ? ret : posix_select(n, in, out, other, deadline));
}
