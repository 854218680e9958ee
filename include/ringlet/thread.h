/* SPDX-License-Identifier: MIT */
/*
 * Cooperative threads on one vCPU, wait queues, mutex and semaphore.
 *
 * There are two contexts. A *thread* runs until it waits, sleeps, yields or ends. A *handler*
 * (event channel handler, timer callback) is called by the scheduler at those points, on a stack of
 * its own; it does bounded work and must not wait. A callback that a driver makes within a call of
 * a thread, such as one for a request that is refused at once, runs on that thread's stack. As
 * nothing preempts a thread, a condition that was just checked still holds when wait_on() is
 * entered: no wake-up can be lost.
 *
 * Event delivery into the middle of a thread (the upcall) is never enabled. The scheduler checks
 * for pending events whenever a thread gives up the CPU, and an idle guest blocks in SCHEDOP_poll.
 * An event storm therefore costs a bounded amount of work between two threads and cannot starve
 * them.
 */
#ifndef RINGLET_THREAD_H
#define RINGLET_THREAD_H

#include <ringlet/list.h>

struct thread;

#define THREAD_STACK_DEFAULT (16 * 1024)
#define DEADLINE_NEVER       UINT64_MAX

/* ---- creation and end ---- */

/*
 * Makes a new ready thread that runs fn(arg) and ends when fn returns. name is copied (31
 * characters at most). stack_size is in bytes, rounded up to pages; 0 means THREAD_STACK_DEFAULT.
 * An unmapped guard page lies below the stack. out may be NULL: then the thread cannot be joined,
 * and it is freed when it ends. 0 or -ENOMEM. Thread and handler context.
 */
int thread_create(struct thread **out, const char *name, void (*fn)(void *arg), void *arg,
                  size_t stack_size);

/* Waits for the end of a thread that was created with out, and frees it. 0; -EDEADLK, with a
 * message, when called from a handler or by t itself; -EINVAL: t is detached, or another thread
 * waits for its end already. t is not freed then. Thread context. */
int thread_join(struct thread *t);
/*
 * A thread that was created with out will not be joined: it is freed when it ends, or at once if it
 * has ended. 0; -EINVAL: it is detached already, or a thread waits for its end. Any context.
 */
int thread_detach(struct thread *t);
/* Ends the caller. Not for main(), whose end is the guest's: that returns, or calls domain_exit. */
void thread_exit(void) RINGLET_NORETURN;

struct thread *thread_current(void);
const char *thread_name(const struct thread *t); /* "?" for NULL */
/* Gives it another name, for reports: name is copied (31 characters at most). Any context. */
void thread_set_name(struct thread *t, const char *name);

/*
 * The stack of a thread: its lowest usable address and its bytes. NULL and 0 for the first thread
 * before main() is called.
 */
void thread_stack(const struct thread *t, void **base, size_t *size);

/*
 * A pointer for each thread, NULL at first, which the scheduler does not use: a C library keeps a
 * thread's state there. A handler sees that of the thread that it interrupted.
 */
void thread_set_data(struct thread *t, void *data);
/*
 * From now on fn(data) is called by each thread that ends, if its pointer is not NULL: by the thread
 * itself, which is still the current one and may wait. NULL: nobody. One function for all: a C
 * library's.
 */
void thread_on_end(void (*fn)(void *data));

/* The thread that runs. For thread_data(), which must cost little; nobody else uses or writes it. */
extern struct thread *thread_running;

static inline void *thread_data(void)
{
    return *(void **)thread_running;
}

/* Lets pending events be handled and other ready threads run. Thread context. */
void thread_yield(void);
/*
 * For a thread that polls: lets other ready threads run or, when there is none, yields the vCPU to
 * Xen. Pending events and due timers are handled. Afterwards clock_recent() is as recent as after a
 * wait. Thread context.
 */
void thread_relax(void);
/* Handles pending events and due timers without letting other threads run. Thread context. */
void thread_poll_events(void);
void thread_sleep(uint64_t ns);
bool in_handler(void);

/* ---- wait queues ---- */

struct wait_queue {
    struct list waiters; /* of struct wait_entry */
};

/* A thread in a wait queue. Memory for wait_on_any; its content is the scheduler's. */
struct wait_entry {
    struct list link;
    struct thread *thread;
};

#define WAIT_QUEUE_INIT(name)     \
    {                             \
        LIST_INIT((name).waiters) \
    }

/* Each queue is initialised, by this or by WAIT_QUEUE_INIT, before another function gets it. */
void wait_queue_init(struct wait_queue *wq);

/*
 * Waits until the queue is woken or the deadline (clock_now() time, DEADLINE_NEVER for none)
 * passes. 0: woken, -ETIMEDOUT: not woken; check the condition in both cases. -EDEADLK, with a
 * message: called from a handler, which is a bug of the caller.
 */
int wait_on(struct wait_queue *wq, uint64_t deadline);
/*
 * Waits until one of n queues is woken, the deadline passes, or thread_interrupt() is called for
 * the thread. The thread leaves all queues before it runs again, so that a wake_one() of another of
 * them wakes another thread. entries: memory for n entries, not used after the return. n may be 0,
 * with NULL for both: to wait for the deadline or an interrupt. A queue may be given more than
 * once. 0: woken; check all conditions. -ETIMEDOUT; -EINTR; -EDEADLK, with a message: called from a
 * handler. Thread context.
 */
int wait_on_any(struct wait_queue *const *queues, struct wait_entry *entries, unsigned n,
                uint64_t deadline);
/*
 * If t waits in wait_on_any(), ends that wait with -EINTR. Returns whether it did: not when t runs,
 * is ready, was woken already or waits elsewhere. No wait but that one can be interrupted. Any
 * context.
 */
bool thread_interrupt(struct thread *t);
/* Any context. Woken threads run in the order in which they began to wait. wake_one returns the
 * thread that it woke, or NULL when none waits. */
struct thread *wake_one(struct wait_queue *wq);
void wake_all(struct wait_queue *wq);

/*
 * Each thread has a deadline of its own, DEADLINE_NEVER at first, at which wait_on_own() gives up.
 * With it an operation that has a timeout bounds every wait in the functions that it calls; all
 * waits of the XenStore client are of this kind. It may be set for another thread, which may be
 * waiting, or have ended without being joined. Returns the previous deadline, for the caller to
 * restore. Any context.
 */
uint64_t thread_set_deadline(struct thread *t, uint64_t deadline);
uint64_t thread_deadline(void);
/* wait_on() until the thread's own deadline, also if that changes meanwhile. */
int wait_on_own(struct wait_queue *wq);

/* Waits until cond is true or the thread's own deadline passes; returns cond's last value. */
#define wait_event_own(wq, cond)                         \
    ({                                                   \
        bool wait_ok_;                                   \
        while (!(wait_ok_ = (cond)) && !wait_on_own(wq)) \
            ;                                            \
        wait_ok_ || (cond);                              \
    })

/* Waits until cond is true or the deadline passes, and returns cond's last value. The deadline
 * holds however often the queue is woken. */
#define wait_event(wq, cond, deadline)                                     \
    ({                                                                     \
        const uint64_t wait_deadline_ = (deadline);                        \
        bool wait_ok_;                                                     \
        while (!(wait_ok_ = (cond)) && wait_on((wq), wait_deadline_) == 0) \
            ;                                                              \
        wait_ok_ || (cond);                                                \
    })

/* ---- mutex and counting semaphore: thread context; the thread that has waited longest gets it ---- */

struct mutex {
    struct thread *owner;
    struct wait_queue wq;
};

#define MUTEX_INIT(name)                 \
    {                                    \
        NULL, WAIT_QUEUE_INIT((name).wq) \
    }

void mutex_init(struct mutex *m);
/* 0; -EDEADLK: the caller has locked it already (it is not recursive); -EPERM: another thread has
 * locked it. */
int mutex_lock(struct mutex *m);
int mutex_unlock(struct mutex *m);
/* Locks as mutex_lock; -ETIMEDOUT: the thread's own deadline (thread_set_deadline) has passed. */
int mutex_lock_own(struct mutex *m);
bool mutex_trylock(struct mutex *m);

struct semaphore {
    unsigned count;
    struct wait_queue wq;
};

void semaphore_init(struct semaphore *s, unsigned count);
int semaphore_down(struct semaphore *s, uint64_t deadline); /* 0 or -ETIMEDOUT */
void semaphore_up(struct semaphore *s);                     /* any context */

#endif
