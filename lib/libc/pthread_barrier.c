/* SPDX-License-Identifier: MIT */
/*
 * Barriers. A thread that was interrupted by a signal's handler looks at the barrier once more when
 * it goes on; so a barrier that is destroyed waits until all have left.
 */
#include "wait.h"

#include <errno.h>

int pthread_barrier_init(pthread_barrier_t *restrict b, const pthread_barrierattr_t *restrict attr,
                         unsigned count)
{
    (void)attr;
    if (!count)
        return EINVAL;
    *b = (pthread_barrier_t){.__needed = count};
    return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
    if (b->__arrived)
        return EBUSY;
    while (b->__leaving)
        wait_on(libc_queue(&b->__leaving_waiters), DEADLINE_NEVER);
    return 0;
}

static void leave(pthread_barrier_t *b)
{
    if (--b->__leaving == 0)
        libc_wake_all(&b->__leaving_waiters);
}

static void open_barrier(pthread_barrier_t *b)
{
    b->__leaving += b->__needed - 1;
    b->__arrived = 0;
    b->__round++;
    libc_wake_all(&b->__waiters);
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
    const unsigned round = b->__round;

    if (++b->__arrived == b->__needed) {
        open_barrier(b);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    while (b->__round == round)
        libc_wait_on(&b->__waiters, DEADLINE_NEVER, WAIT_RESUME);
    leave(b);
    return 0;
}

int pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
    *attr = (pthread_barrierattr_t){0};
    return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *restrict attr, int *restrict shared)
{
    *shared = attr->__shared;
    return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    attr->__shared = (unsigned char)shared;
    return 0;
}
