/* SPDX-License-Identifier: MIT */
/* The states of threads. */
#include "thread_state.h"

#include "thread_end.h"

#include <ringlet/heap.h>

#include <reent.h>

struct list libc_threads = LIST_INIT(libc_threads);

struct thread_state libc_main_thread = {.main = true,
                                        .link = LIST_INIT(libc_main_thread.link),
                                        .joiners = WAIT_QUEUE_INIT(libc_main_thread.joiners),
                                        .handler_stack = {.ss_flags = SS_DISABLE}};

void libc_thread_init(struct thread_state *state)
{
    wait_queue_init(&state->joiners);
    state->handler_stack.ss_flags = SS_DISABLE;
    list_add_tail(&libc_threads, &state->link);
}

static bool on_handler_stack(const struct thread_state *self, uintptr_t at)
{
    const stack_t *stack = &self->handler_stack;

    return !(stack->ss_flags & SS_DISABLE) && at - (uintptr_t)stack->ss_sp < stack->ss_size;
}

/* They lie on the stack, or on that of the handlers, which are called from the former. */
void libc_release(struct thread_state *self, uintptr_t stack_pointer)
{
    const bool to_handler = on_handler_stack(self, stack_pointer);
    struct libc_hold *hold;

    while ((hold = self->holds) != NULL) {
        const bool of_handler = on_handler_stack(self, (uintptr_t)hold);

        if (stack_pointer &&
            (of_handler == to_handler ? (uintptr_t)hold >= stack_pointer : to_handler))
            return;
        self->holds = hold->before;
        hold->release(hold->arg);
    }
}

void libc_thread_clean(struct thread_state *self)
{
    self->exiting = true;
    libc_release(self, 0);
    if (libc_run_destructors)
        libc_run_destructors(self);
    if (libc_abandon_mutexes)
        libc_abandon_mutexes(self);
    if (libc_drop_signals)
        libc_drop_signals(self);
    heap_free(self->values);
    self->values = NULL;
}

/* Of a thread that the kernel's function made; pthread_exit() does it for others. */
static void end_adopted(void *data)
{
    struct thread_state *state = data;

    if (!state->adopted)
        return;
    libc_thread_clean(state);
    thread_set_data(state->thread, NULL);
    list_del(&state->link);
    heap_free(state);
}

/* errno is the one of all threads that have no state: as before the adoption. */
static struct thread_state *adopt(void)
{
    struct thread_state *state = heap_zalloc(1, sizeof(*state), MEM_APP);

    if (!state)
        return NULL;
    state->reent = _global_impure_ptr;
    state->thread = thread_current();
    state->adopted = state->detached = true;
    libc_thread_init(state);
    thread_set_data(state->thread, state);
    thread_on_end(end_adopted);
    return state;
}

struct thread_state *libc_self(void)
{
    struct thread_state *state = thread_data();

    return state ? state : adopt();
}

struct thread_state *libc_thread(pthread_t id)
{
    list_for_each (pos, &libc_threads) {
        struct thread_state *state = list_entry(pos, struct thread_state, link);

        if ((pthread_t)state == id)
            return state;
    }
    return NULL;
}
