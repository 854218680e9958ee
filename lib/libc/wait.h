/* SPDX-License-Identifier: MIT */
/*
 * Waiting. Everything in the C library that waits does so here, as does lib/fs (file.h). Handlers of
 * signals run here and where libc_check() is called, and nowhere else. Cancellation is noticed here and
 * at the beginning of functions that are cancellation points.
 */
#ifndef RINGLET_LIBC_WAIT_H
#define RINGLET_LIBC_WAIT_H

#include "thread_state.h"

#include <ringlet/clock.h>

#include <time.h>

/* How a wait ends apart from a wake-up and the deadline. */
#define WAIT_CANCEL \
    1u /* -ECANCELED if the thread is cancelled: the caller then calls libc_cancel() */
#define WAIT_EINTR  2u /* -EINTR after any handler has run, also one with SA_RESTART */
#define WAIT_RESUME 4u /* -EAGAIN, never -EINTR, after any handler */

/*
 * Waits until one of n queues is woken, the deadline passes (clock_now() time, DEADLINE_NEVER), or
 * something comes for the thread that `how` does not rule out:
 * 0            woken: a wake-up was consumed, whatever else has come meanwhile
 * -ETIMEDOUT
 * -EINTR       a handler without SA_RESTART has run
 * -EAGAIN      handlers with SA_RESTART have run, or the thread was asked to look whether there is
 *              something for it: it looks at its condition and, where need be, waits again
 * -ECANCELED
 * -ENOMEM      for more than 8 queues
 * All queues are initialised (libc_queue). While a handler runs the thread is in none of them.
 */
int libc_wait(struct wait_queue *const *queues, unsigned n, uint64_t deadline, unsigned how);

/* For one queue of an object that may be all zero. */
int libc_wait_on(struct __wait_queue *queue, uint64_t deadline, unsigned how);

/* The kernel's queue in an object, initialised. */
static inline struct wait_queue *libc_queue(struct __wait_queue *queue)
{
    struct wait_queue *wq = (struct wait_queue *)(void *)queue;

    if (!wq->waiters.next)
        wait_queue_init(wq);
    return wq;
}

/* Wakes the first thread and returns it; NULL: nobody waits. */
static inline struct thread *libc_wake_one(struct __wait_queue *queue)
{
    struct wait_queue *wq = (struct wait_queue *)(void *)queue;

    return wq->waiters.next && !list_empty(&wq->waiters) ? wake_one(wq) : NULL;
}

static inline bool libc_has_waiters(const struct __wait_queue *queue)
{
    const struct wait_queue *wq = (const struct wait_queue *)(const void *)queue;

    return wq->waiters.next && !list_empty(&wq->waiters);
}

static inline void libc_wake_all(struct __wait_queue *queue)
{
    while (libc_wake_one(queue))
        ;
}

/*
 * Lets lib/fs wait by libc_wait, too (file_wait_hook): for programs in which signals or cancellation
 * may end a wait. Both end it with -EINTR; it goes on after handlers with SA_RESTART, unless the
 * thread's never_restart is set (poll, select). A cancelled thread is not ended there, so that lib/fs
 * lets go of its files: posix_result() does it.
 */
void libc_hook_files(void);

/* ---- for functions that are cancellation points ---- */

static inline bool libc_cancelled(const struct thread_state *self)
{
    return self && self->cancel_requested && !self->cancel_disabled && !self->exiting;
}

/* Ends the thread as cancelled. */
void libc_cancel(void) __attribute__((noreturn, weak));

/* At the beginning of a cancellation point: the thread ends if it was cancelled. */
static inline void libc_cancellation_point(void)
{
    if (libc_cancelled(thread_data()) && libc_cancel)
        libc_cancel();
}

/* ---- signals: hooks, there only where a program uses them ---- */

/*
 * Runs the handlers of signals that are pending for the caller and not blocked, and default actions.
 * 0: there was none; 1: all that ran had SA_RESTART; -EINTR: one had not.
 */
int libc_run_handlers(void) __attribute__((weak));

/* Runs handlers that are due: in functions that do not wait, so that a loop of them sees signals. */
static inline void libc_check(void)
{
    if (libc_run_handlers)
        libc_run_handlers();
}

/* ---- time ---- */

/* Who waits for a time of the wall clock looks so often whether that was set. */
#define WALL_CLOCK_LOOK (10 * NSEC_PER_SEC)

/*
 * The deadline of an absolute time on a clock. For CLOCK_REALTIME it holds as long as nobody sets
 * the wall clock: libc_wait_until() follows that. 0, or EINVAL: nanoseconds out of range, or a clock
 * that cannot be waited on.
 */
int libc_deadline(clockid_t clock, const struct timespec *time, uint64_t *deadline);
/* As libc_wait_on, with the time on a clock; *time was checked by libc_deadline. */
int libc_wait_until(struct __wait_queue *queue, clockid_t clock, const struct timespec *time,
                    unsigned how);

#endif
