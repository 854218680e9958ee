/* SPDX-License-Identifier: MIT */
/*
 * The scheduler and the wait queues. Ready threads run in the order in which they became ready;
 * between two threads pending events and due timers are handled.
 */
#include "thread_private.h"

#include <ringlet/panic.h>
#include <ringlet/printk.h>

struct thread *thread_running;
static struct thread *ended; /* freed after the next switch, as its stack is in use until then */
static struct list ready;    /* of struct wait_entry */
static const struct event_source *source;
static bool handling;
static bool looked; /* after a sleep: the clock was read, and one thread at most has run since */
static void *handler_stack; /* NULL: handlers run on the stack of the thread that runs */
static size_t handler_stack_size;

RINGLET_COLD void thread_set_handler_stack(void *stack, size_t size)
{
    handler_stack = stack;
    handler_stack_size = size;
}

RINGLET_COLD void schedule_reset(struct thread *first)
{
    list_init(&ready);
    timer_reset();
    thread_running = first;
    source = NULL;
    ended = NULL;
    handling = looked = false;
    handler_stack = NULL;
}

RINGLET_COLD void thread_set_event_source(const struct event_source *s)
{
    source = s;
}

/* Ends the wait of a thread: it leaves all queues that it waits on, and is ready. */
static void end_wait(struct thread *t, int result)
{
    t->result = result;
    t->waits_own = false;
    t->waiting = false;
    t->interruptible = false;
    for (; t->entry_count; t->entry_count--)
        list_del(&t->entries[t->entry_count - 1].link);
    list_del(&t->self.link);
    list_add_tail(&ready, &t->self.link);
}

RINGLET_COLD void schedule_timeout(struct timer *t)
{
    end_wait(container_of(t, struct thread, timer), -ETIMEDOUT);
}

/* After a switch: a thread that ended before it has left its stack by now. */
static void bury(void)
{
    struct thread *t = ended;

    ended = NULL;
    if (t && !t->joinable)
        thread_destroy(t);
}

static bool events_pending(void)
{
    return source && source->pending();
}

static void run_events(void)
{
    if (events_pending())
        source->dispatch();
}

static void timers_first(void *now)
{
    timer_run_due(*(const uint64_t *)now);
    run_events();
}

static void events_first(void *now)
{
    run_events();
    timer_run_due(*(const uint64_t *)now);
}

static void timers_only(void *now)
{
    timer_run_due(*(const uint64_t *)now);
}

static __attribute__((noinline)) void handle(void (*fn)(void *now), uint64_t now)
{
    handling = true;
    if (handler_stack)
        arch_call_on_stack(handler_stack, handler_stack_size, fn, &now);
    else
        fn(&now);
    handling = false;
}

/* Timers run first, so that a thread that waits beyond its deadline gets -ETIMEDOUT even when
 * events wake it in each pass. The clock is read once for all handlers, and not at all when there
 * is nothing to handle. */
static void run_handlers(void)
{
    if (handling || (timer_next() == UINT64_MAX && !events_pending()))
        return;
    handle(timers_first, clock_now());
}

/* No thread is ready and no event is pending. The clock is read after the sleep, not before it; but
 * timers that are known to be due run before the sleep and before the events that end it. */
static void run_overdue(void)
{
    if (handling || timer_next() > clock_recent())
        return;
    handle(timers_only, clock_recent());
}

/* No thread is ready: sleeps until an event or the next timer. Events are handled first here: a
 * thread for which both have come was woken in time. */
static void idle(void)
{
    if (!source && timer_next() == UINT64_MAX)
        panic("every thread waits and nothing can wake one");
    clock_leave();
    if (source)
        source->block(timer_next());
    handle(events_first, clock_back());
    looked = true;
}

/* Runs the next ready thread. The caller has put the current one on the list it belongs to. Between the first
 * two threads after a sleep timers are not looked at again: where Xen emulates the counter, that costs
 * more than what the first does before it wakes the second. */
static void schedule(void)
{
    struct thread *from = thread_running;

    if (events_pending() || (!list_empty(&ready) && !looked))
        run_handlers();
    else if (list_empty(&ready))
        run_overdue();
    looked = false;
    while (list_empty(&ready))
        idle();
    thread_running = list_entry(ready.next, struct wait_entry, link)->thread;
    list_del(&thread_running->self.link);
    if (thread_running == from)
        return;
    arch_context_switch(&from->ctx, &thread_running->ctx);
    bury();
}

void schedule_entered(void)
{
    bury();
}

RINGLET_COLD void schedule_ready(struct thread *t)
{
    list_add_tail(&ready, &t->self.link);
}

RINGLET_COLD void schedule_end(void)
{
    ended = thread_running;
    schedule();
    panic("an ended thread was run");
}

bool schedule_on_stack(const struct thread *t)
{
    return t == ended;
}

void thread_yield(void)
{
    if (handling)
        return;
    list_add_tail(&ready, &thread_running->self.link);
    schedule();
}

void thread_relax(void)
{
    if (handling)
        return;
    if (list_empty(&ready)) {
        clock_leave();
        if (source)
            source->yield();
        handle(timers_first, clock_back());
    }
    if (!list_empty(&ready))
        thread_yield();
}

void thread_poll_events(void)
{
    run_handlers();
}

RINGLET_COLD void thread_sleep(uint64_t ns)
{
    struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);

    wait_on(&nobody, clock_deadline(ns));
}

bool in_handler(void)
{
    return handling;
}

/* ---- wait queues ---- */

void wait_queue_init(struct wait_queue *wq)
{
    list_init(&wq->waiters);
}

/* Waits in the queues that the caller has put the thread into. */
static int wait_until(uint64_t deadline)
{
    thread_running->waiting = true;
    if (deadline != DEADLINE_NEVER)
        timer_start(&thread_running->timer, deadline);
    schedule();
    return thread_running->result;
}

int wait_on(struct wait_queue *wq, uint64_t deadline)
{
    if (handling) {
        pr_err("a handler tried to wait\n");
        return -EDEADLK;
    }
    list_add_tail(&wq->waiters, &thread_running->self.link);
    return wait_until(deadline);
}

int wait_on_any(struct wait_queue *const *queues, struct wait_entry *entries, unsigned n,
                uint64_t deadline)
{
    if (handling) {
        pr_err("a handler tried to wait\n");
        return -EDEADLK;
    }
    for (unsigned i = 0; i < n; i++) {
        entries[i].thread = thread_running;
        list_add_tail(&queues[i]->waiters, &entries[i].link);
    }
    thread_running->entries = entries;
    thread_running->entry_count = n;
    thread_running->interruptible = true;
    return wait_until(deadline);
}

bool thread_interrupt(struct thread *t)
{
    if (!t->interruptible)
        return false;
    timer_stop(&t->timer);
    end_wait(t, -EINTR);
    return true;
}

RINGLET_COLD int wait_on_own(struct wait_queue *wq)
{
    thread_running->waits_own = !handling;
    return wait_on(wq, thread_running->deadline);
}

uint64_t thread_deadline(void)
{
    return thread_running->deadline;
}

RINGLET_COLD uint64_t thread_set_deadline(struct thread *t, uint64_t deadline)
{
    uint64_t before = t->deadline;

    t->deadline = deadline;
    if (t->waits_own) {
        timer_stop(&t->timer);
        if (deadline != DEADLINE_NEVER)
            timer_start(&t->timer, deadline);
    }
    return before;
}

struct thread *wake_one(struct wait_queue *wq)
{
    struct thread *t;

    if (list_empty(&wq->waiters))
        return NULL;
    t = list_entry(wq->waiters.next, struct wait_entry, link)->thread;
    timer_stop(&t->timer); /* it was woken, so it does not time out */
    end_wait(t, 0);
    return t;
}

void wake_all(struct wait_queue *wq)
{
    while (wake_one(wq))
        ;
}
