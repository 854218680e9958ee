/* SPDX-License-Identifier: MIT */
/* What the C library knows of a thread: the thread's data (thread_data) points to it. */
#ifndef RINGLET_LIBC_THREAD_STATE_H
#define RINGLET_LIBC_THREAD_STATE_H

#include <ringlet/thread.h>

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/reent.h>

struct thread_state {
    struct _reent *reent;  /* errno, the states of strtok(), rand() ... */
    struct thread *thread; /* the kernel's; not valid once `ended` */
    struct list link;      /* in libc_threads */

    /* its end */
    void *(*start)(void *);
    void *arg, *result;
    struct wait_queue joiners;
    bool main, detached, joined, ended;
    bool adopted; /* not made by pthread_create */

    /* cancellation */
    bool cancel_disabled, cancel_asynchronous;
    bool cancel_requested;
    bool exiting; /* neither cancelled nor interrupted by handlers any more */
    struct __pthread_cleanup *cleanup;

    /* signals */
    sigset_t mask;         /* blocked */
    sigset_t pending;      /* sent to this thread */
    sigset_t waiting_for;  /* in sigwait */
    bool never_restart;    /* waits end with -EINTR whatever SA_RESTART says */
    stack_t handler_stack; /* sigaltstack; ss_flags SS_DISABLE or 0 */

    struct libc_hold *holds; /* of calls that wait, the innermost first */

    void **values; /* of PTHREAD_KEYS_MAX keys, or NULL */
    pthread_mutex_t *robust;

    /* attributes, kept to be given back */
    void *stack; /* the program's own, or NULL */
    size_t stack_size, guard_size;
    struct sched_param param;
    unsigned char policy, inherit, scope;
};

/*
 * What a call must give back when it ends. A handler that runs while it waits may leave it by
 * siglongjmp(), or end the thread: then `release` is called instead, by that thread; it may wait.
 */
struct libc_hold {
    struct libc_hold *before;
    void (*release)(void *arg);
    void *arg;
};

static inline void libc_hold(struct libc_hold *hold)
{
    struct thread_state *self = thread_data();

    hold->before = NULL;
    if (!self)
        return;
    hold->before = self->holds;
    self->holds = hold;
}

/* The last of the thread that has not ended; the caller gives back what it holds. */
static inline void libc_hold_end(struct libc_hold *hold)
{
    struct thread_state *self = thread_data();

    if (self)
        self->holds = hold->before;
}

/* Releases the holds of calls that a jump to a place with this stack pointer leaves; 0: of all. */
void libc_release(struct thread_state *self, uintptr_t stack_pointer);

/* The first thread's; its reent is _global_impure_ptr. */
extern struct thread_state libc_main_thread;
/* All threads that have a state and have not ended. */
extern struct list libc_threads;

/*
 * The caller's state. A thread that the kernel's thread_create() has made gets one here, until it
 * ends. NULL: there is no memory for it.
 */
struct thread_state *libc_self(void);
/* The state behind a pthread_t, or NULL for one that is not, or no more, a thread. One that has ended
 * and was not joined is found. */
struct thread_state *libc_thread(pthread_t id);
/* What a thread does last, after its cleanup handlers: calls destructors, passes on robust mutexes,
 * drops signals that are pending for it. By the thread itself; it may wait. */
void libc_thread_clean(struct thread_state *self);
/* Puts a state into the list and initialises what is not zero. */
void libc_thread_init(struct thread_state *state);

#endif
