/* SPDX-License-Identifier: MIT */
/*
 * ppoll() and pselect(): while they wait another mask of blocked signals holds. Handlers run only in
 * waits, so nothing gets lost between setting the mask and waiting.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <time.h>

#include "posix.h"
#include "wait.h"

/* The caller's mask becomes *mask (NULL: stays); returns the one that it was. */
static sigset_t swap(struct thread_state *self, const sigset_t *mask)
{
    const sigset_t never = (sigset_t)1 << (SIGKILL - 1) | (sigset_t)1 << (SIGSTOP - 1);
    const sigset_t last = self->mask;

    if (mask)
        self->mask = *mask & ~never;
    return last;
}

/* The deadline of the timeout; then the mask holds, and *last is the one that it was. */
static int begin(const struct timespec *timeout, const sigset_t *mask, uint64_t *deadline,
                 sigset_t *last)
{
    struct thread_state *self = libc_self();
    int ret = self ? posix_deadline(timeout, deadline) : -ENOMEM;

    posix_cancellation_point();
    if (!ret)
        *last = swap(self, mask);
    return ret;
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    uint64_t deadline;
    sigset_t last;
    int ret = begin(timeout, mask, &deadline, &last);

    if (ret)
        return (int)posix_result(ret);
    ret = posix_poll(fds, n, deadline);
    swap(libc_self(), &last);
    return (int)posix_result(ret);
}

int pselect(int n, fd_set *in, fd_set *out, fd_set *other, const struct timespec *timeout,
            const sigset_t *mask)
{
    uint64_t deadline;
    sigset_t last;
    int ret = begin(timeout, mask, &deadline, &last);

    if (ret)
        return (int)posix_result(ret);
    ret = posix_select(n, in, out, other, deadline);
    swap(libc_self(), &last);
    return (int)posix_result(ret);
}
