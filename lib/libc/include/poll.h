/* SPDX-License-Identifier: MIT */
/* Waiting for several descriptors. */
#ifndef RINGLET_POLL_H
#define RINGLET_POLL_H

#include <sys/cdefs.h>
#include <sys/types.h>

#define POLLIN     0x001
#define POLLPRI    0x002
#define POLLOUT    0x004
#define POLLERR    0x008
#define POLLHUP    0x010
#define POLLNVAL   0x020
#define POLLRDNORM 0x040
#define POLLRDBAND 0x080
#define POLLWRNORM 0x100
#define POLLWRBAND 0x200
#if __GNU_VISIBLE
#define POLLRDHUP 0x2000
#endif

struct pollfd {
    int fd;
    short events, revents;
};
typedef unsigned long nfds_t;

int poll(struct pollfd *fds, nfds_t count, int timeout);
#if __GNU_VISIBLE
#include <signal.h>
#include <time.h>
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);
#endif

#endif
