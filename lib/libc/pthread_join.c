/* SPDX-License-Identifier: MIT */
#include "thread_end.h"
#include "wait.h"

#include <errno.h>

/* How long to wait: for ever (time NULL), or not at all, or until a time. */
struct limit {
    clockid_t clock;
    const struct timespec *time;
    bool none;
};

static int wait_for_end(struct thread_state *t, const struct limit *limit)
{
    struct __wait_queue *queue = (struct __wait_queue *)(void *)&t->joiners;
    int ret = 0;

    while (!t->ended && ret != -ETIMEDOUT) {
        ret = limit->time
                  ? libc_wait_until(queue, limit->clock, limit->time, WAIT_CANCEL | WAIT_RESUME)
                  : libc_wait_on(queue, DEADLINE_NEVER, WAIT_CANCEL | WAIT_RESUME);
        if (ret == -ECANCELED) {
            t->joined = false;
            libc_cancel();
        }
    }
    return t->ended ? 0 : ETIMEDOUT;
}

static int join(pthread_t id, void **result, const struct limit *limit)
{
    struct thread_state *t = libc_thread(id);
    int ret;

    if (!t)
        return ESRCH;
    if (t == thread_data())
        return EDEADLK;
    if (t->detached || t->joined)
        return EINVAL;
    libc_cancellation_point();
    if (limit->none && !t->ended)
        return EBUSY;
    t->joined = true;
    ret = wait_for_end(t, limit);
    if (ret) {
        t->joined = false;
        return ret;
    }
    if (result)
        *result = t->result;
    libc_thread_free(t);
    return 0;
}

int pthread_join(pthread_t thread, void **result)
{
    return join(thread, result, &(struct limit){0});
}

int pthread_tryjoin_np(pthread_t thread, void **result)
{
    return join(thread, result, &(struct limit){.none = true});
}

int pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
                         const struct timespec *deadline)
{
    uint64_t unused;

    if (deadline && libc_deadline(clock, deadline, &unused))
        return EINVAL;
    return join(thread, result, &(struct limit){.clock = clock, .time = deadline});
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *deadline)
{
    return pthread_clockjoin_np(thread, result, CLOCK_REALTIME, deadline);
}

int pthread_detach(pthread_t thread)
{
    struct thread_state *t = libc_thread(thread);

    if (!t)
        return ESRCH;
    if (t->detached || t->joined)
        return EINVAL;
    t->detached = true;
    if (t->ended)
        libc_thread_free(t);
    return 0;
}
