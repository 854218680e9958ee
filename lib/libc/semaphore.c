/* SPDX-License-Identifier: MIT */
/* Semaphores; a post hands over to the thread that has waited longest. */
#include <semaphore.h>

#include "wait.h"

#include <errno.h>

static int fail(int err)
{
    errno = err;
    return -1;
}

int sem_init(sem_t *sem, int shared, unsigned value)
{
    (void)shared;
    if (value > SEM_VALUE_MAX)
        return fail(EINVAL);
    *sem = (sem_t){.__value = value};
    return 0;
}

int sem_destroy(sem_t *sem)
{
    return libc_has_waiters(&sem->__waiters) ? fail(EBUSY) : 0;
}

static int wait_for(sem_t *sem, clockid_t clock, const struct timespec *time)
{
    while (!sem->__value) {
        int ret = time ? libc_wait_until(&sem->__waiters, clock, time, WAIT_CANCEL)
                       : libc_wait_on(&sem->__waiters, DEADLINE_NEVER, WAIT_CANCEL);

        if (ret == 0)
            return 0; /* handed over */
        if (ret == -ECANCELED)
            libc_cancel();
        if (ret != -EAGAIN)
            return fail(-ret);
    }
    sem->__value--;
    return 0;
}

int sem_wait(sem_t *sem)
{
    libc_cancellation_point();
    return wait_for(sem, 0, NULL);
}

int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict deadline)
{
    uint64_t unused;

    libc_cancellation_point();
    if (!sem->__value && libc_deadline(clock, deadline, &unused))
        return fail(EINVAL);
    return wait_for(sem, clock, deadline);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict deadline)
{
    return sem_clockwait(sem, CLOCK_REALTIME, deadline);
}

int sem_trywait(sem_t *sem)
{
    if (!sem->__value)
        return fail(EAGAIN);
    sem->__value--;
    return 0;
}

int sem_post(sem_t *sem)
{
    if (libc_wake_one(&sem->__waiters))
        return 0;
    if (sem->__value == SEM_VALUE_MAX)
        return fail(EOVERFLOW);
    sem->__value++;
    return 0;
}

int sem_getvalue(sem_t *restrict sem, int *restrict value)
{
    *value = (int)sem->__value;
    return 0;
}
