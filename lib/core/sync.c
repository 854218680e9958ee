/* SPDX-License-Identifier: MIT */
/*
 * Mutex and semaphore. Releasing one hands it to the thread that has waited longest, before that
 * thread runs. No other thread can take it in between, so a thread that locks in a loop does not
 * starve the others.
 */
#include <ringlet/errno.h>
#include <ringlet/thread.h>

void mutex_init(struct mutex *m)
{
    m->owner = NULL;
    wait_queue_init(&m->wq);
}

int mutex_lock(struct mutex *m)
{
    if (m->owner == thread_current())
        return -EDEADLK;
    if (m->owner)
        return wait_on(&m->wq, DEADLINE_NEVER);
    m->owner = thread_current();
    return 0;
}

int mutex_lock_own(struct mutex *m)
{
    if (m->owner == thread_current())
        return -EDEADLK;
    if (m->owner)
        return wait_on_own(&m->wq);
    m->owner = thread_current();
    return 0;
}

bool mutex_trylock(struct mutex *m)
{
    if (m->owner)
        return false;
    m->owner = thread_current();
    return true;
}

int mutex_unlock(struct mutex *m)
{
    if (m->owner != thread_current())
        return -EPERM;
    m->owner = wake_one(&m->wq);
    return 0;
}

void semaphore_init(struct semaphore *s, unsigned count)
{
    s->count = count;
    wait_queue_init(&s->wq);
}

int semaphore_down(struct semaphore *s, uint64_t deadline)
{
    if (s->count == 0) {
        int ret = wait_on(&s->wq, deadline);

        /* Woken: it was handed over. Timed out: it may have been released since. */
        if (ret != -ETIMEDOUT || s->count == 0)
            return ret;
    }
    s->count--;
    return 0;
}

void semaphore_up(struct semaphore *s)
{
    if (!wake_one(&s->wq))
        s->count++;
}
