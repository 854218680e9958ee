/* SPDX-License-Identifier: MIT */
/* The end of a thread. */
#include "thread_end.h"

#include "wait.h"

#include <ringlet/heap.h>

#include <stdlib.h>

static void run_cleanup(struct thread_state *self)
{
    while (self->cleanup) {
        struct __pthread_cleanup *handler = self->cleanup;

        self->cleanup = handler->__next;
        handler->__fn(handler->__arg);
    }
}

/* The process ends with its last thread; the threads of the kernel do not count. */
static bool others_run(const struct thread_state *self)
{
    list_for_each (pos, &libc_threads) {
        const struct thread_state *t = list_entry(pos, struct thread_state, link);

        if (t != self && !t->ended && !t->adopted)
            return true;
    }
    return false;
}

void libc_thread_free(struct thread_state *state)
{
    list_del(&state->link);
    if (!state->main)
        heap_free(state);
}

static void free_reent(struct thread_state *self)
{
    if (self->main)
        return;
    _reclaim_reent(self->reent);
    self->reent = _global_impure_ptr;
}

void pthread_exit(void *result)
{
    struct thread_state *self = thread_data();

    if (!self)
        thread_exit();
    self->exiting = true;
    self->result = result;
    run_cleanup(self);
    if (self->adopted)
        thread_exit(); /* which ends the state, too */
    libc_thread_clean(self);
    if (!others_run(self))
        exit(0);
    free_reent(self);
    self->ended = true;
    wake_all(&self->joiners);
    /* The kernel's first thread does not end; it is not needed any more, nor is its stack free. */
    while (self->main)
        thread_sleep(DEADLINE_NEVER);
    thread_set_data(self->thread, NULL);
    thread_detach(self->thread);
    if (self->detached)
        libc_thread_free(self);
    thread_exit();
}
