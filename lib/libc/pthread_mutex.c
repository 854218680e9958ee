/* SPDX-License-Identifier: MIT */
/*
 * Mutexes. An unlock hands the mutex to the thread that has waited longest, before that runs; no
 * other can take it in between.
 */
#include "pthread_mutex.h"

#include "thread_end.h"

#include <errno.h>

enum { CONSISTENT, OWNER_DIED, NOT_RECOVERABLE }; /* __state */

/* ---- robust mutexes: those that a thread has locked are in a list ---- */

static int take_robust(pthread_mutex_t *m)
{
    struct thread_state *self = libc_self();

    if (self) {
        m->__next_robust = self->robust;
        self->robust = m;
    }
    return m->__state == OWNER_DIED ? EOWNERDEAD : 0;
}

static void drop_robust(const pthread_mutex_t *m)
{
    struct thread_state *self = thread_data();

    if (!self)
        return;
    for (pthread_mutex_t **pos = &self->robust; *pos; pos = &(*pos)->__next_robust)
        if (*pos == m) {
            *pos = m->__next_robust;
            return;
        }
}

static void hand_over(pthread_mutex_t *m)
{
    m->__owner = libc_wake_one(&m->__waiters);
    m->__count = m->__owner != NULL;
}

void libc_abandon_mutexes(struct thread_state *self)
{
    while (self->robust) {
        pthread_mutex_t *m = self->robust;

        self->robust = m->__next_robust;
        m->__state = OWNER_DIED;
        hand_over(m);
    }
}

/* A mutex that nobody made consistent: all who wait are told. */
static void give_up(pthread_mutex_t *m)
{
    m->__state = NOT_RECOVERABLE;
    m->__owner = NULL;
    libc_wake_all(&m->__waiters);
}

/* ---- locking ---- */

static int relock(pthread_mutex_t *m)
{
    if (m->__type == PTHREAD_MUTEX_ERRORCHECK)
        return EDEADLK;
    if (m->__count == ~0u)
        return EAGAIN;
    m->__count++;
    return 0;
}

/* After the lock: what is different for a robust one. */
static inline int taken(pthread_mutex_t *m)
{
    return m->__robust ? take_robust(m) : 0;
}

static int lock_slowly(pthread_mutex_t *m, clockid_t clock, const struct timespec *time)
{
    struct thread *const self = thread_current();
    uint64_t deadline;

    if (m->__state == NOT_RECOVERABLE)
        return ENOTRECOVERABLE;
    if (m->__owner == self && m->__type != PTHREAD_MUTEX_NORMAL)
        return relock(m);
    if (m->__owner && time && libc_deadline(clock, time, &deadline))
        return EINVAL;
    while (m->__owner) {
        int ret = time ? libc_wait_until(&m->__waiters, clock, time, WAIT_RESUME)
                       : libc_wait_on(&m->__waiters, DEADLINE_NEVER, WAIT_RESUME);

        if (m->__state == NOT_RECOVERABLE)
            return ENOTRECOVERABLE;
        if (ret == 0)
            return taken(m); /* handed over */
        if (ret == -ETIMEDOUT)
            return ETIMEDOUT;
    }
    m->__owner = self;
    m->__count = 1;
    return taken(m);
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
    if (m->__owner || m->__robust)
        return lock_slowly(m, 0, NULL);
    m->__owner = thread_current();
    m->__count = 1;
    return 0;
}

int pthread_mutex_clocklock(pthread_mutex_t *restrict m, clockid_t clock,
                            const struct timespec *restrict deadline)
{
    return lock_slowly(m, clock, deadline);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict deadline)
{
    return lock_slowly(m, CLOCK_REALTIME, deadline);
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
    if (m->__state == NOT_RECOVERABLE)
        return ENOTRECOVERABLE;
    if (m->__owner == thread_current() && m->__type == PTHREAD_MUTEX_RECURSIVE)
        return relock(m);
    if (m->__owner)
        return EBUSY;
    m->__owner = thread_current();
    m->__count = 1;
    return taken(m);
}

static void unlock(pthread_mutex_t *m)
{
    if (m->__robust) {
        drop_robust(m);
        if (m->__state == OWNER_DIED) {
            give_up(m);
            return;
        }
    }
    hand_over(m);
}

/* Also of a normal mutex only the owner's unlock has an effect: POSIX leaves others undefined. */
int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (m->__owner != thread_current())
        return EPERM;
    if (--m->__count == 0)
        unlock(m);
    return 0;
}

int pthread_mutex_consistent(pthread_mutex_t *m)
{
    if (!m->__robust || m->__state != OWNER_DIED || m->__owner != thread_current())
        return EINVAL;
    m->__state = CONSISTENT;
    return 0;
}

/* ---- for condition variables ---- */

unsigned libc_mutex_release(pthread_mutex_t *m)
{
    const unsigned count = m->__count;

    unlock(m);
    return count;
}

int libc_mutex_reacquire(pthread_mutex_t *m, unsigned count)
{
    int ret = pthread_mutex_lock(m);

    if (ret != ENOTRECOVERABLE)
        m->__count = count;
    return ret;
}

/* ---- the rest ---- */

int pthread_mutex_init(pthread_mutex_t *restrict m, const pthread_mutexattr_t *restrict attr)
{
    *m = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    if (attr) {
        m->__type = attr->__type;
        m->__robust = attr->__robust;
    }
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
    return m->__owner || libc_has_waiters(&m->__waiters) ? EBUSY : 0;
}

/* No mutex has a priority ceiling: pthread_mutexattr_setprotocol. */
int pthread_mutex_getprioceiling(const pthread_mutex_t *restrict m, int *restrict ceiling)
{
    (void)m;
    (void)ceiling;
    return EINVAL;
}

int pthread_mutex_setprioceiling(pthread_mutex_t *restrict m, int ceiling, int *restrict old)
{
    (void)m;
    (void)ceiling;
    (void)old;
    return EINVAL;
}
