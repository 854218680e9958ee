/* SPDX-License-Identifier: MIT */
/* Mutex and semaphore, handed over in the order of asking. */
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
    while (m->owner) {
        int ret = wait_on(&m->wq, DEADLINE_NEVER);

        if (ret)
            return ret;
    }
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
    m->owner = NULL;
    wake_one(&m->wq);
    return 0;
}

void semaphore_init(struct semaphore *s, unsigned count)
{
    s->count = count;
    wait_queue_init(&s->wq);
}

int semaphore_down(struct semaphore *s, uint64_t deadline)
{
    if (!wait_event(&s->wq, s->count > 0, deadline))
        return -ETIMEDOUT;
    s->count--;
    return 0;
}

void semaphore_up(struct semaphore *s)
{
    s->count++;
    wake_one(&s->wq);
}
