/* SPDX-License-Identifier: MIT */
/*
 * newlib's state of a thread. The first thread, and threads that the C library does not know, have
 * the state in which exit() looks for what it has to flush.
 */
#include "thread_state.h"

#include <reent.h>

struct _reent *__getreent(void)
{
    struct thread_state *state = thread_data();

    return state ? state->reent : _global_impure_ptr;
}
