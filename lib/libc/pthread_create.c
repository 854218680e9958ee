/* SPDX-License-Identifier: MIT */
#include "pthread_create.h"

#include "call_on_stack.h"
#include "watchdog.h"

#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>

#include <errno.h>
#include <reent.h>
#include <stdlib.h>

/* What a thread that runs on the program's own stack needs besides: for its first and last steps. */
#define OWN_STACK_SIZE 4096

struct new_thread {
    struct thread_state state;
    struct _reent reent;
};

static void run(void *arg)
{
    struct thread_state *self = arg;

    pthread_exit(self->start(self->arg));
}

static void first_step(void *arg)
{
    struct thread_state *self = arg;

    libc_watchdog();
    if (self->stack)
        libc_call_on_stack(run, self, self->stack, self->stack_size);
    else
        run(self);
}

static void take_attributes(struct thread_state *state, const pthread_attr_t *attr)
{
    const struct thread_state *creator = thread_data();

    state->stack_size = attr->__stack_size ? attr->__stack_size : PTHREAD_STACK_DEFAULT;
    state->guard_size = attr->__guard_size;
    state->stack = attr->__stack;
    state->detached = attr->__detached;
    state->inherit = attr->__inherit;
    state->scope = attr->__scope;
    if (attr->__inherit == PTHREAD_EXPLICIT_SCHED) {
        state->policy = attr->__policy;
        state->param = attr->__param;
    } else if (creator) {
        state->policy = creator->policy;
        state->param = creator->param;
    }
}

int libc_thread_create(pthread_t *out, const pthread_attr_t *attr, void *(*start)(void *),
                       void *arg, sigset_t mask)
{
    static const pthread_attr_t defaults = {.__guard_size = PAGE_SIZE};
    static unsigned number;
    struct new_thread *t = heap_zalloc(1, sizeof(*t), MEM_APP);
    struct thread_state *state;
    char name[16];

    if (!t)
        return EAGAIN;
    _REENT_INIT_PTR_ZEROED(&t->reent);
    state = &t->state;
    state->reent = &t->reent;
    state->start = start;
    state->arg = arg;
    state->mask = mask;
    take_attributes(state, attr ? attr : &defaults);
    format(name, sizeof(name), "thread-%u", ++number);
    if (thread_create(&state->thread, name, first_step, state,
                      state->stack ? OWN_STACK_SIZE : state->stack_size)) {
        heap_free(t);
        return EAGAIN;
    }
    thread_set_data(state->thread, state);
    libc_thread_init(state);
    if (out)
        *out = (pthread_t)state;
    return 0;
}

int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr,
                   void *(*start)(void *), void *restrict arg)
{
    struct thread_state *self = libc_self();

    return libc_thread_create(thread, attr, start, arg, self ? self->mask : 0);
}
