/* SPDX-License-Identifier: MIT */
/* Waiting for signals. */
#include "signal_private.h"

#include "wait.h"

#include <errno.h>
#include <unistd.h>

static int fail(int err)
{
    errno = err;
    return -1;
}

int sigpending(sigset_t *set)
{
    struct thread_state *self = libc_self();

    if (!self)
        return fail(ENOMEM);
    *set = signal_pending_for(self) & self->mask;
    return 0;
}

/* Until a handler has run. */
static int wait_for_handler(void)
{
    int ret;

    do
        ret = libc_wait(NULL, 0, DEADLINE_NEVER, WAIT_CANCEL | WAIT_EINTR);
    while (ret == -EAGAIN);
    return ret;
}

int pause(void)
{
    if (wait_for_handler() == -ECANCELED)
        libc_cancel();
    return fail(EINTR);
}

int sigsuspend(const sigset_t *mask)
{
    struct thread_state *self = libc_self();
    sigset_t before;
    int ret;

    if (!self)
        return fail(ENOMEM);
    before = self->mask;
    self->mask = *mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    ret = wait_for_handler();
    self->mask = before;
    if (ret == -ECANCELED)
        libc_cancel();
    libc_check();
    return fail(EINTR);
}

/* newlib's header would name it so for System V's, which takes a signal. */
int sigpause(int sig)
{
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return sigdelset(&mask, sig) ? -1 : sigsuspend(&mask);
}

/* The signal, or -errno. */
static int wait_for_one(sigset_t set, siginfo_t *info, uint64_t deadline)
{
    struct thread_state *self = libc_self();
    int sig, ret;

    if (!self)
        return -ENOMEM;
    libc_cancellation_point();
    while (!(sig = signal_take(self, set, info))) {
        self->waiting_for = set;
        ret = libc_wait(NULL, 0, deadline, WAIT_CANCEL | WAIT_EINTR);
        self->waiting_for = 0;
        if (ret == -ECANCELED)
            libc_cancel();
        if (ret == -EINTR)
            return ret;
        if (ret == -ETIMEDOUT) {
            sig = signal_take(self, set, info);
            return sig ? sig : -EAGAIN;
        }
    }
    return sig;
}

int sigwait(const sigset_t *restrict set, int *restrict sig)
{
    siginfo_t info;
    int ret;

    do
        ret = wait_for_one(*set, &info, DEADLINE_NEVER);
    while (ret == -EINTR);
    if (ret < 0)
        return -ret;
    *sig = ret;
    return 0;
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
                 const struct timespec *restrict timeout)
{
    uint64_t deadline = DEADLINE_NEVER;
    siginfo_t ignored;
    int ret;

    if (timeout) {
        if (libc_deadline(CLOCK_MONOTONIC, timeout, &deadline) || timeout->tv_sec < 0)
            return fail(EINVAL);
        deadline = clock_deadline(deadline);
    }
    ret = wait_for_one(*set, info ? info : &ignored, deadline);
    return ret < 0 ? fail(-ret) : ret;
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
    return sigtimedwait(set, info, NULL);
}
