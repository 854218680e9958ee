/* SPDX-License-Identifier: MIT */
/* Threads and the scheduler: first ready, first run; between two threads events and timers get
 * their turn. */
#include <ringlet/arch.h>
#include <ringlet/clock.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#define STACK_MAX ((PAGE_SIZE << PAGE_MAX_ORDER) - PAGE_SIZE) /* with the guard page one block */

struct thread {
    struct list link; /* in ready, or in the wait queue it waits on */
    struct arch_context ctx;
    char name[32];
    void (*fn)(void *arg);
    void *arg;
    void *stack; /* the guard page is its first page; NULL for the first thread */
    unsigned stack_pages;
    bool joinable, ended, timed_out;
    struct timer timer;
    struct wait_queue joiners;
};

static struct thread main_thread;
static struct thread *current;
static struct thread *ended; /* on whose stack we may still have been when it ended */
static struct list ready;
static const struct event_source *source;
static bool handling;

static void wait_timeout(struct timer *t)
{
    struct thread *thread = container_of(t, struct thread, timer);

    thread->timed_out = true;
    list_del(&thread->link);
    list_add_tail(&ready, &thread->link);
}

static void setup(struct thread *t, const char *name)
{
    list_init(&t->link);
    format(t->name, sizeof(t->name), "%s", name);
    timer_init(&t->timer, wait_timeout);
    wait_queue_init(&t->joiners);
}

int thread_init(void)
{
    memset(&main_thread, 0, sizeof(main_thread));
    setup(&main_thread, "main");
    list_init(&ready);
    timer_reset();
    current = &main_thread;
    source = NULL;
    ended = NULL;
    handling = false;
    return 0;
}

void thread_set_event_source(const struct event_source *s)
{
    source = s;
}

static void destroy(struct thread *t)
{
    arch_context_destroy(&t->ctx);
    if (arch_guard_page(t->stack, false) == 0)
        page_free(t->stack, t->stack_pages);
    heap_free(t);
}

/* After a switch: whoever ended before it has left its stack by now. */
static void bury(void)
{
    struct thread *t = ended;

    ended = NULL;
    if (t && !t->joinable)
        destroy(t);
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

/* Timers first: a thread that waits beyond its deadline is to get its -ETIMEDOUT even when events
 * wake it in each pass. One look at the clock for all that is called, and none for nothing. */
static void run_handlers(void)
{
    if (handling || (timer_next() == UINT64_MAX && !events_pending()))
        return;
    handling = true;
    timer_run_due(clock_now());
    run_events();
    handling = false;
}

/* Nobody is ready, no event is pending: the clock is looked at after the sleep, not before it. But
 * what is known to be due comes before the sleep and what ends that. */
static void run_overdue(void)
{
    if (handling || timer_next() > clock_recent())
        return;
    handling = true;
    timer_run_due(clock_recent());
    handling = false;
}

/* Nobody is ready: waits for events, or the next timer. One that both have come for was woken in
 * time. */
static void idle(void)
{
    uint64_t now;

    if (!source && timer_next() == UINT64_MAX)
        panic("every thread waits and nothing can wake one");
    clock_leave();
    if (source)
        source->block(timer_next());
    now = clock_back();
    handling = true;
    run_events();
    timer_run_due(now);
    handling = false;
}

/* Runs the next ready thread; the caller has put the current one where it belongs. */
static void schedule(void)
{
    struct thread *from = current;

    if (!list_empty(&ready) || events_pending())
        run_handlers();
    else
        run_overdue();
    while (list_empty(&ready))
        idle();
    current = list_first(&ready, struct thread, link);
    list_del(&current->link);
    if (current == from)
        return;
    arch_context_switch(&from->ctx, &current->ctx);
    bury();
}

static void thread_start(void)
{
    bury();
    current->fn(current->arg);
    thread_exit();
}

int thread_create(struct thread **out, const char *name, void (*fn)(void *arg), void *arg,
                  size_t stack_size)
{
    struct thread *t;

    if (stack_size > STACK_MAX)
        return -ENOMEM;
    t = heap_zalloc(1, sizeof(*t), MEM_THREAD);
    if (!t)
        return -ENOMEM;
    setup(t, name);
    t->fn = fn;
    t->arg = arg;
    t->joinable = out != NULL;
    if (!stack_size)
        stack_size = THREAD_STACK_DEFAULT;
    t->stack_pages = (unsigned)DIV_ROUND_UP(stack_size, PAGE_SIZE) + 1;
    t->stack = page_alloc(t->stack_pages, MEM_THREAD);
    if (!t->stack)
        goto no_stack;
    if (arch_guard_page(t->stack, true))
        goto no_guard;
    if (arch_context_init(&t->ctx, (char *)t->stack + PAGE_SIZE, (t->stack_pages - 1) * PAGE_SIZE,
                          thread_start))
        goto no_context;
    list_add_tail(&ready, &t->link);
    if (out)
        *out = t;
    return 0;

no_context:
    arch_guard_page(t->stack, false);
no_guard:
    page_free(t->stack, t->stack_pages);
no_stack:
    heap_free(t);
    return -ENOMEM;
}

void thread_exit(void)
{
    if (handling || current == &main_thread)
        panic("a handler or the first thread must not end");
    current->ended = true;
    wake_all(&current->joiners);
    ended = current;
    schedule();
    panic("an ended thread was run");
}

int thread_join(struct thread *t)
{
    if (handling || t == current) {
        pr_err("%s tried to wait for the end of thread %s\n", handling ? "a handler" : "it",
               t->name);
        return -EDEADLK;
    }
    wait_event(&t->joiners, t->ended, DEADLINE_NEVER);
    destroy(t);
    return 0;
}

struct thread *thread_current(void)
{
    return current;
}

const char *thread_name(const struct thread *t)
{
    return t ? t->name : "?";
}

void thread_yield(void)
{
    if (handling)
        return;
    list_add_tail(&ready, &current->link);
    schedule();
}

void thread_relax(void)
{
    if (handling)
        return;
    if (list_empty(&ready)) {
        uint64_t now;

        clock_leave();
        hypercall_sched_op(SCHEDOP_yield, NULL);
        now = clock_back();
        handling = true;
        timer_run_due(now);
        run_events();
        handling = false;
    }
    if (!list_empty(&ready))
        thread_yield();
}

void thread_poll_events(void)
{
    run_handlers();
}

void thread_sleep(uint64_t ns)
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

int wait_on(struct wait_queue *wq, uint64_t deadline)
{
    if (handling) {
        pr_err("a handler tried to wait\n");
        return -EDEADLK;
    }
    current->timed_out = false;
    list_add_tail(&wq->waiters, &current->link);
    if (deadline != DEADLINE_NEVER)
        timer_start(&current->timer, deadline);
    schedule();
    return current->timed_out ? -ETIMEDOUT : 0;
}

struct thread *wake_one(struct wait_queue *wq)
{
    struct thread *t = list_first(&wq->waiters, struct thread, link);

    if (!t)
        return NULL;
    timer_stop(&t->timer); /* it was woken: no deadline any more */
    list_del(&t->link);
    list_add_tail(&ready, &t->link);
    return t;
}

void wake_all(struct wait_queue *wq)
{
    while (wake_one(wq))
        ;
}
