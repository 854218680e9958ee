/* SPDX-License-Identifier: MIT */
/*
 * Cooperative threads on one vCPU, wait queues, mutex and semaphore.
 *
 * Two contexts exist. A *thread* runs until it waits, sleeps, yields or ends. A *handler* (event
 * channel handler, timer callback) is called by the scheduler at those points, on the stack of
 * whichever thread got there; it does bounded work and must not wait. As nothing preempts a thread,
 * a condition that was just checked still holds when wait_on() is entered: no wake-up can be lost.
 *
 * Event delivery into the middle of a thread (the upcall) is never switched on. Pending events are
 * looked for whenever a thread gives up the CPU, and an idle guest blocks in SCHEDOP_poll.
 * An event storm therefore costs a bounded amount of work between two threads and cannot starve
 * them.
 */
#ifndef RINGLET_THREAD_H
#define RINGLET_THREAD_H

#include <ringlet/list.h>

struct thread;

#define THREAD_STACK_DEFAULT (16 * 1024)
#define DEADLINE_NEVER       UINT64_MAX

/* ---- life ---- */

/* Makes the caller the first thread ("main"); once, after page_init. */
int thread_init(void);

/*
 * A new ready thread that runs fn(arg) and ends when fn returns. name is copied (31 characters at
 * most). stack_size in bytes, 0 = THREAD_STACK_DEFAULT, rounded up to pages; below the stack
 * lies an unmapped guard page. out may be NULL: then nobody may join and it cleans up after itself.
 * 0 or -ENOMEM. Thread and handler context.
 */
int thread_create(struct thread **out, const char *name, void (*fn)(void *arg), void *arg,
                  size_t stack_size);

/* Waits for the end of a thread that was created with out, and frees it: 0. -EDEADLK, reported, and
 * the thread goes on: called from a handler, or by t itself. Thread context. */
int thread_join(struct thread *t);
void thread_exit(void) RINGLET_NORETURN;

struct thread *thread_current(void);
const char *thread_name(const struct thread *t); /* also for NULL: "?" */

/* Lets pending events be handled and other ready threads run. Thread context. */
void thread_yield(void);
/*
 * For who looks again and again for what another thread or another domain may bring: lets other
 * ready threads run or, when there is none, gives the CPU to Xen for whoever wants it. Pending
 * events and due timers are handled. clock_recent() is what it would be after a wait. Thread
 * context.
 */
void thread_relax(void);
/* Handles pending events and due timers without letting other threads run. Thread context. */
void thread_poll_events(void);
void thread_sleep(uint64_t ns);
bool in_handler(void);

/* ---- wait queues ---- */

struct wait_queue {
    struct list waiters;
};

#define WAIT_QUEUE_INIT(name)     \
    {                             \
        LIST_INIT((name).waiters) \
    }

void wait_queue_init(struct wait_queue *wq);

/*
 * Waits to be woken. deadline is in clock_now() time, DEADLINE_NEVER for none.
 * 0 woken (check the condition again), -ETIMEDOUT (check it too: it may have come true since),
 * -EDEADLK (called from a handler: a bug, reported).
 */
int wait_on(struct wait_queue *wq, uint64_t deadline);
/* Any context. Woken threads run in the order in which they began to wait. wake_one: the thread
 * that was woken, or NULL when none waits. */
struct thread *wake_one(struct wait_queue *wq);
void wake_all(struct wait_queue *wq);

/* Waits until cond is true or the deadline passes; is cond's last value. The deadline holds however
 * often the queue is woken. */
#define wait_event(wq, cond, deadline)                                     \
    ({                                                                     \
        const uint64_t wait_deadline_ = (deadline);                        \
        bool wait_ok_;                                                     \
        while (!(wait_ok_ = (cond)) && wait_on((wq), wait_deadline_) == 0) \
            ;                                                              \
        wait_ok_ || (cond);                                                \
    })

/* ---- mutex and counting semaphore; thread context, FIFO: handed to who has waited longest ---- */

struct mutex {
    struct thread *owner;
    struct wait_queue wq;
};

#define MUTEX_INIT(name)                 \
    {                                    \
        NULL, WAIT_QUEUE_INIT((name).wq) \
    }

void mutex_init(struct mutex *m);
/* Not recursive: locking twice is -EDEADLK, unlocking another's is -EPERM; else 0. */
int mutex_lock(struct mutex *m);
int mutex_unlock(struct mutex *m);
bool mutex_trylock(struct mutex *m);

struct semaphore {
    unsigned count;
    struct wait_queue wq;
};

void semaphore_init(struct semaphore *s, unsigned count);
int semaphore_down(struct semaphore *s, uint64_t deadline); /* 0 or -ETIMEDOUT */
void semaphore_up(struct semaphore *s);                     /* any context */

/* ---- where events come from: the event channel driver registers this once ---- */

struct event_source {
    bool (*pending)(void);  /* cheap: is there anything to dispatch? */
    void (*dispatch)(void); /* call the handlers of what is pending: one bounded pass */
    void (*block)(uint64_t deadline_ns); /* until an event is pending or the deadline passes */
};

void thread_set_event_source(const struct event_source *source);

#endif
