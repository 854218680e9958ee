/* SPDX-License-Identifier: MIT */
#include "thread_state.h"

#include <ringlet/panic.h>

void __pthread_cleanup_push(struct __pthread_cleanup *handler)
{
    struct thread_state *self = libc_self();

    if (!self)
        panic("no memory for the state of thread %s", thread_name(thread_current()));
    handler->__next = self->cleanup;
    self->cleanup = handler;
}

void __pthread_cleanup_pop(struct __pthread_cleanup *handler, int execute)
{
    libc_self()->cleanup = handler->__next;
    if (execute)
        handler->__fn(handler->__arg);
}
