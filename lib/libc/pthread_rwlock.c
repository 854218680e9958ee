/* SPDX-License-Identifier: MIT */
/*
 * Read-write locks. New readers wait while a writer has the lock or waits for it, so that writers do
 * not starve; and after a writer the readers that wait get the lock before the next writer, so that
 * they do not starve either. Who waits is handed the lock before it runs.
 *
 * A thread that has the lock for reading may have it again (POSIX: it may have many), and waits for
 * ever if a writer waits in between. As glibc does, PTHREAD_RWLOCK_PREFER_READER_NP, set by
 * pthread_rwlockattr_setkind_np, permits that, and lets writers starve.
 */
#include "wait.h"

#include <errno.h>

struct wait_for {
    clockid_t clock;
    const struct timespec *time; /* NULL: for ever */
};

static bool reader_must_wait(const pthread_rwlock_t *l)
{
    return l->__writer || (l->__waiting_writers && !l->__prefer_readers);
}

static bool writer_must_wait(const pthread_rwlock_t *l)
{
    return l->__writer || l->__reading;
}

static int wait_in(struct __wait_queue *queue, const struct wait_for *limit)
{
    return limit->time ? libc_wait_until(queue, limit->clock, limit->time, WAIT_RESUME)
                       : libc_wait_on(queue, DEADLINE_NEVER, WAIT_RESUME);
}

static void admit_readers(pthread_rwlock_t *l)
{
    while (libc_wake_one(&l->__readers))
        l->__reading++;
}

static bool admit_writer(pthread_rwlock_t *l)
{
    l->__writer = libc_wake_one(&l->__writers);
    return l->__writer;
}

/* Who waits for a lock that nobody may be kept out of any more, as a writer has given up. */
static void after_writer_left(pthread_rwlock_t *l)
{
    if (!reader_must_wait(l))
        admit_readers(l);
}

static int check_time(const struct wait_for *limit)
{
    uint64_t unused;

    return limit->time ? libc_deadline(limit->clock, limit->time, &unused) : 0;
}

static int lock_for_reading(pthread_rwlock_t *l, const struct wait_for *limit)
{
    int ret;

    if (l->__writer == thread_current())
        return EDEADLK;
    if (reader_must_wait(l) && check_time(limit))
        return EINVAL;
    while (reader_must_wait(l)) {
        ret = wait_in(&l->__readers, limit);
        if (ret == 0)
            return 0; /* admitted */
        if (ret == -ETIMEDOUT)
            return ETIMEDOUT;
    }
    if (l->__reading == ~0u)
        return EAGAIN;
    l->__reading++;
    return 0;
}

static int wait_for_writing(pthread_rwlock_t *l, const struct wait_for *limit)
{
    int ret = -EAGAIN;

    while (ret == -EAGAIN && writer_must_wait(l))
        ret = wait_in(&l->__writers, limit);
    if (ret == -EAGAIN) { /* after a handler it was free */
        l->__writer = thread_current();
        ret = 0;
    }
    return -ret;
}

static int lock_for_writing(pthread_rwlock_t *l, const struct wait_for *limit)
{
    int ret;

    if (l->__writer == thread_current())
        return EDEADLK;
    if (!writer_must_wait(l)) {
        l->__writer = thread_current();
        return 0;
    }
    if (check_time(limit))
        return EINVAL;
    l->__waiting_writers++;
    ret = wait_for_writing(l, limit);
    l->__waiting_writers--;
    if (ret)
        after_writer_left(l);
    return ret;
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    if (l->__writer) {
        if (l->__writer != thread_current())
            return EPERM;
        l->__writer = NULL;
        if (libc_has_waiters(&l->__readers))
            admit_readers(l);
        else
            admit_writer(l);
        return 0;
    }
    if (!l->__reading)
        return EPERM;
    if (--l->__reading == 0 && !admit_writer(l))
        admit_readers(l);
    return 0;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    return lock_for_reading(l, &(struct wait_for){0});
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
    if (reader_must_wait(l))
        return EBUSY;
    l->__reading++;
    return 0;
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict l, clockid_t clock,
                               const struct timespec *restrict deadline)
{
    return lock_for_reading(l, &(struct wait_for){clock, deadline});
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l,
                               const struct timespec *restrict deadline)
{
    return pthread_rwlock_clockrdlock(l, CLOCK_REALTIME, deadline);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    return lock_for_writing(l, &(struct wait_for){0});
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
    if (writer_must_wait(l))
        return EBUSY;
    l->__writer = thread_current();
    return 0;
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict l, clockid_t clock,
                               const struct timespec *restrict deadline)
{
    return lock_for_writing(l, &(struct wait_for){clock, deadline});
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l,
                               const struct timespec *restrict deadline)
{
    return pthread_rwlock_clockwrlock(l, CLOCK_REALTIME, deadline);
}

int pthread_rwlock_init(pthread_rwlock_t *restrict l, const pthread_rwlockattr_t *restrict attr)
{
    *l = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    if (attr)
        l->__prefer_readers = attr->__prefer_readers;
    return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
    return l->__writer || l->__reading || l->__waiting_writers ? EBUSY : 0;
}

/* ---- attributes ---- */

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
    *attr = (pthread_rwlockattr_t){0};
    return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *restrict attr, int *restrict shared)
{
    *shared = attr->__shared;
    return 0;
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    attr->__shared = (unsigned char)shared;
    return 0;
}

int pthread_rwlockattr_getkind_np(const pthread_rwlockattr_t *attr, int *kind)
{
    *kind = attr->__prefer_readers ? PTHREAD_RWLOCK_PREFER_READER_NP
                                   : PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
    return 0;
}

int pthread_rwlockattr_setkind_np(pthread_rwlockattr_t *attr, int kind)
{
    if (kind < PTHREAD_RWLOCK_PREFER_READER_NP ||
        kind > PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)
        return EINVAL;
    attr->__prefer_readers = kind == PTHREAD_RWLOCK_PREFER_READER_NP;
    return 0;
}
