/* SPDX-License-Identifier: MIT */
/*
 * Condition variables. Nothing runs between the unlock of the mutex and the wait, so no signal is
 * lost. A woken thread does not look at the condition variable again: it may be destroyed then.
 */
#include "pthread_mutex.h"

#include <errno.h>

static int wait_and_lock(pthread_cond_t *cond, pthread_mutex_t *m, clockid_t clock,
                         const struct timespec *time)
{
    unsigned count;
    int ret, locked;

    if (m->__owner != thread_current())
        return EPERM;
    libc_cancellation_point();
    count = libc_mutex_release(m);
    ret = time ? libc_wait_until(&cond->__waiters, clock, time, WAIT_CANCEL | WAIT_RESUME)
               : libc_wait_on(&cond->__waiters, DEADLINE_NEVER, WAIT_CANCEL | WAIT_RESUME);
    locked = libc_mutex_reacquire(m, count);
    if (ret == -ECANCELED)
        libc_cancel();
    if (locked)
        return locked;
    return ret == -ETIMEDOUT ? ETIMEDOUT : 0; /* also when a handler ran: a spurious wake-up */
}

int pthread_cond_wait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict m)
{
    return wait_and_lock(cond, m, 0, NULL);
}

int pthread_cond_clockwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict m,
                           clockid_t clock, const struct timespec *restrict deadline)
{
    uint64_t unused;

    if (libc_deadline(clock, deadline, &unused))
        return EINVAL;
    return wait_and_lock(cond, m, clock, deadline);
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict m,
                           const struct timespec *restrict deadline)
{
    return pthread_cond_clockwait(cond, m, cond->__clock, deadline);
}

int pthread_cond_signal(pthread_cond_t *cond)
{
    libc_wake_one(&cond->__waiters);
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
    libc_wake_all(&cond->__waiters);
    return 0;
}

int pthread_cond_init(pthread_cond_t *restrict cond, const pthread_condattr_t *restrict attr)
{
    *cond = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    if (attr)
        cond->__clock = attr->__clock;
    return 0;
}

int pthread_cond_destroy(pthread_cond_t *cond)
{
    return libc_has_waiters(&cond->__waiters) ? EBUSY : 0;
}

/* ---- attributes ---- */

int pthread_condattr_init(pthread_condattr_t *attr)
{
    *attr = (pthread_condattr_t){.__clock = CLOCK_REALTIME};
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attr, clockid_t *restrict clock)
{
    *clock = attr->__clock;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    attr->__clock = (unsigned char)clock;
    return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *restrict attr, int *restrict shared)
{
    *shared = attr->__shared;
    return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    attr->__shared = (unsigned char)shared;
    return 0;
}
