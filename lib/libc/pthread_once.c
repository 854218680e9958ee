/* SPDX-License-Identifier: MIT */
/* A routine that is cancelled has not run: the next thread runs it again. */
#include "wait.h"

enum { NOT_RUN = PTHREAD_ONCE_INIT, RUNS, HAS_RUN };

static struct __wait_queue waiters; /* for any routine: programs rarely wait here */

static void end(pthread_once_t *once, int state)
{
    *once = state;
    libc_wake_all(&waiters);
}

static void cancelled(void *once)
{
    end(once, NOT_RUN);
}

int pthread_once(pthread_once_t *once, void (*routine)(void))
{
    while (*once == RUNS)
        libc_wait_on(&waiters, DEADLINE_NEVER, WAIT_RESUME);
    if (*once == HAS_RUN)
        return 0;
    *once = RUNS;
    pthread_cleanup_push(cancelled, once);
    routine();
    pthread_cleanup_pop(0);
    end(once, HAS_RUN);
    return 0;
}
