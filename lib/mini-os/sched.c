/* SPDX-License-Identifier: MIT */
/* Threads: Mini-OS' structure of each thread of the kernel that asks for it, blocking and waking. */
#include "kernel.h"

#include <errno.h>
#include <mini-os/mm.h>
#include <mini-os/wait.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct minios_thread {
    struct thread thread;
    struct kernel_thread *kernel;
    struct kernel_wait_queue woken;
    void (*function)(void *data); /* of create_thread */
    void *data;
    struct minios_thread *next;
};

/* The program's first thread has one without an allocation. */
static struct minios_thread first;
static struct minios_thread *threads = &first;

struct thread *main_thread = &first.thread;
unsigned long minios_irqs_off;

static void init(struct minios_thread *t, struct kernel_thread *kernel)
{
    t->kernel = kernel;
    t->thread.flags = RUNNABLE_FLAG;
    t->thread.priv = t;
    wait_queue_init(&t->woken);
}

/* Before main(): the thread that runs constructors is the program's first. */
__attribute__((constructor(101))) static void init_first(void)
{
    first.thread.name = (char *)"main";
    init(&first, thread_current());
}

static struct minios_thread *new_thread(const char *name)
{
    struct minios_thread *t = calloc(1, sizeof(*t));

    if (t && !(t->thread.name = strdup(name))) {
        free(t);
        t = NULL;
    }
    return t;
}

/* A thread that another part of the program made. Its structure stays; a later thread at the same
 * place gets it, too. */
static struct minios_thread *adopt(struct kernel_thread *kernel)
{
    struct minios_thread *t = new_thread(thread_name(kernel));

    if (!t)
        panic("no memory for Mini-OS' structure of a thread");
    init(t, kernel);
    t->next = threads;
    threads = t;
    return t;
}

struct thread *get_current(void)
{
    struct kernel_thread *kernel = thread_current();

    for (struct minios_thread *t = threads; t; t = t->next)
        if (t->kernel == kernel)
            return &t->thread;
    return &adopt(kernel)->thread;
}

/* ---- begin and end ---- */

static void forget(void *arg)
{
    struct minios_thread *t = arg;

    for (struct minios_thread **at = &threads; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    free(t->thread.name);
    free(t);
}

/* Ends by a return, exit_thread() or pthread_exit(). */
static void *run(void *arg)
{
    struct minios_thread *t = arg;

    init(t, thread_current());
    t->next = threads;
    threads = t;
    pthread_cleanup_push(forget, t);
    t->function(t->data);
    pthread_cleanup_pop(1);
    return NULL;
}

/* A thread of the C library, so that it has its own errno. */
static int start(struct minios_thread *t)
{
    pthread_attr_t attr;
    pthread_t id;
    int ret = pthread_attr_init(&attr);

    if (ret)
        return ret;
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    ret = pthread_create(&id, &attr, run, t);
    pthread_attr_destroy(&attr);
    return ret;
}

struct thread *create_thread(char *name, void (*function)(void *), void *data)
{
    struct minios_thread *t = new_thread(name);

    if (!t)
        return NULL;
    t->function = function;
    t->data = data;
    if (start(t)) {
        free(t->thread.name);
        free(t);
        return NULL;
    }
    return &t->thread;
}

void exit_thread(void)
{
    pthread_exit(NULL);
}

/* ---- waiting ---- */

void block(struct thread *thread)
{
    clear_runnable(thread);
}

/* A thread that was made but has not run yet is woken by running. */
void wake(struct thread *thread)
{
    thread->wakeup_time = 0;
    if (is_runnable(thread))
        return;
    set_runnable(thread);
    wake_all(&thread->priv->woken);
}

static uint64_t kernel_deadline(s_time_t time)
{
    return time > 0 ? (uint64_t)time : DEADLINE_NEVER;
}

void schedule(void)
{
    struct thread *t = get_current();

    if (in_handler())
        panic("schedule() was called by a handler");
    if (is_runnable(t)) {
        thread_yield();
        return;
    }
    while (!is_runnable(t))
        if (wait_on(&t->priv->woken, kernel_deadline(t->wakeup_time)))
            wake(t);
}

void msleep(u32 millisecs)
{
    thread_sleep(millisecs * NSEC_PER_MSEC);
}

void minios_wait(struct wait_queue_head *head, s_time_t deadline)
{
    if (in_handler())
        panic("a handler waits for an event");
    wait_on(kernel_queue(head), kernel_deadline(deadline));
}

/* ---- wait queues ---- */

void init_waitqueue_head(struct wait_queue_head *head)
{
    head->first = NULL;
    wait_queue_init(kernel_queue(head));
}

void add_wait_queue(struct wait_queue_head *head, struct wait_queue *w)
{
    if (w->waiting)
        return;
    w->waiting = 1;
    w->next = head->first;
    head->first = w;
}

void remove_wait_queue(struct wait_queue_head *head, struct wait_queue *w)
{
    if (!w->waiting)
        return;
    w->waiting = 0;
    for (struct wait_queue **at = &head->first; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    /* it does not wait any more, even if nobody has woken it */
    wake(w->thread);
}

void wake_up(struct wait_queue_head *head)
{
    for (struct wait_queue *w = head->first; w; w = w->next)
        wake(w->thread);
    wake_all(kernel_queue(head));
}
