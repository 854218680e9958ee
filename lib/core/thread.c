/* SPDX-License-Identifier: MIT */
/* Threads: their creation and end, and what is to be known about them. */
#include "thread_private.h"

#include <kernel/arch.h>
#include <kernel/nmi.h>
#include <kernel/thread.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/panic.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define STACK_MAX ((PAGE_SIZE << PAGE_MAX_ORDER) - PAGE_SIZE) /* with the guard page one block */

#define PRINTED_MAX 32

static struct thread main_thread;
static void (*on_end)(void *data);
static struct arch_context boot; /* where the first thread was before it got its stack */
/* All that have a context; changed between nmi_hold and nmi_release. */
static struct list all = LIST_INIT(all);

static void setup(struct thread *t, const char *name)
{
    list_init(&t->self.link);
    t->self.thread = t;
    t->deadline = DEADLINE_NEVER;
    format(t->name, sizeof(t->name), "%s", name);
    timer_init(&t->timer, schedule_timeout);
    wait_queue_init(&t->joiners);
}

static void remember(struct thread *t)
{
    nmi_hold();
    list_add_tail(&all, &t->all_link);
    nmi_release();
}

int thread_init(void)
{
    memset(&main_thread, 0, sizeof(main_thread));
    list_init(&all);
    on_end = NULL;
    setup(&main_thread, "main");
    schedule_reset(&main_thread);
    remember(&main_thread);
    return 0;
}

static void forget(struct thread *t)
{
    nmi_hold();
    list_del(&t->all_link);
    nmi_release();
}

void thread_destroy(struct thread *t)
{
    forget(t);
    arch_context_destroy(&t->ctx);
    if (arch_guard_page(t->stack, false) == 0)
        page_free(t->stack, t->stack_pages);
    heap_free(t);
}

/* Gives t a stack of at least that many bytes, on which entry() is to run. 0 or -ENOMEM. */
static int make_stack(struct thread *t, size_t size, void (*entry)(void))
{
    unsigned pages = (unsigned)DIV_ROUND_UP(size, PAGE_SIZE);
    void *stack;

    if (size > STACK_MAX)
        return -ENOMEM;
    stack = page_alloc(pages + 1, MEM_THREAD);
    if (!stack)
        return -ENOMEM;
    if (arch_guard_page(stack, true))
        goto no_guard;
    if (arch_context_init(&t->ctx, (char *)stack + PAGE_SIZE, pages * PAGE_SIZE, entry))
        goto no_context;
    t->stack = stack;
    t->stack_pages = pages + 1;
    return 0;

no_context:
    arch_guard_page(stack, false);
no_guard:
    page_free(stack, pages + 1);
    return -ENOMEM;
}

int thread_move_first(size_t stack_size, void (*entry)(void))
{
    int ret = make_stack(&main_thread, stack_size, entry);

    memset(&boot, 0, sizeof(boot));
    if (!ret)
        arch_context_switch(&boot, &main_thread.ctx);
    return ret;
}

static void thread_start(void)
{
    schedule_entered();
    thread_running->fn(thread_running->arg);
    thread_exit();
}

int thread_create(struct thread **out, const char *name, void (*fn)(void *arg), void *arg,
                  size_t stack_size)
{
    struct thread *t = heap_zalloc(1, sizeof(*t), MEM_THREAD);

    if (!t)
        return -ENOMEM;
    setup(t, name);
    t->fn = fn;
    t->arg = arg;
    t->joinable = out != NULL;
    if (make_stack(t, stack_size ? stack_size : THREAD_STACK_DEFAULT, thread_start)) {
        heap_free(t);
        return -ENOMEM;
    }
    remember(t);
    schedule_ready(t);
    if (out)
        *out = t;
    return 0;
}

void thread_exit(void)
{
    if (in_handler() || thread_running == &main_thread)
        panic("a handler or the first thread must not end");
    if (on_end && thread_running->data)
        on_end(thread_running->data);
    thread_running->ended = true;
    wake_all(&thread_running->joiners);
    schedule_end();
}

static bool joinable(const struct thread *t)
{
    return t->joinable && !t->joined;
}

int thread_join(struct thread *t)
{
    if (in_handler() || t == thread_running) {
        pr_err("%s tried to wait for the end of thread %s\n", in_handler() ? "a handler" : "it",
               t->name);
        return -EDEADLK;
    }
    if (!joinable(t))
        return -EINVAL;
    t->joined = true;
    wait_event(&t->joiners, t->ended, DEADLINE_NEVER);
    thread_destroy(t);
    return 0;
}

int thread_detach(struct thread *t)
{
    if (!joinable(t))
        return -EINVAL;
    t->joinable = false;
    if (t->ended && !schedule_on_stack(t)) /* else the next switch frees it */
        thread_destroy(t);
    return 0;
}

struct thread *thread_current(void)
{
    return thread_running;
}

void thread_set_data(struct thread *t, void *data)
{
    t->data = data;
}

void thread_on_end(void (*fn)(void *data))
{
    on_end = fn;
}

void thread_stack(const struct thread *t, void **base, size_t *size)
{
    *base = t->stack ? (char *)t->stack + PAGE_SIZE : NULL;
    *size = t->stack ? (t->stack_pages - 1) * PAGE_SIZE : 0;
}

void thread_set_name(struct thread *t, const char *name)
{
    format(t->name, sizeof(t->name), "%s", name);
}

const char *thread_name(const struct thread *t)
{
    return t ? t->name : "?";
}

/* An idle vCPU stays on the stack of the thread that waited last: that thread is thread_running and
 * waits. */
static const char *state_name(const struct thread *t)
{
    return t->ended ? "ended" : t->waiting ? "waits" : t == thread_running ? "runs" : "ready";
}

void thread_print_all(uintptr_t ip, uintptr_t fp)
{
    unsigned printed = 0, more = 0;

    list_for_each (l, &all) {
        const struct thread *t = list_entry(l, struct thread, all_link);

        if (printed++ >= PRINTED_MAX) {
            more++;
            continue;
        }
        print_raw("thread %s %s%s\n", t->name, state_name(t),
                  t == thread_running && in_handler() ? ", a handler runs" : "");
        if (t->ended)
            continue;
        if (t != thread_running)
            arch_print_context(&t->ctx);
        else if (fp)
            arch_print_frames(ip, fp);
        else
            arch_print_backtrace();
    }
    if (more)
        print_raw("and %u more threads\n", more);
}
