/* SPDX-License-Identifier: MIT */
/* The end by abort(): a handler of SIGABRT runs before, and cannot prevent it unless it jumps away. */
#include "signal_private.h"

#include <stdlib.h>

void abort(void)
{
    struct thread_state *self = thread_data();

    if (self)
        self->mask &= ~SIGNAL_BIT(SIGABRT);
    if (signal_actions[SIGABRT].sa_handler != SIG_DFL &&
        signal_actions[SIGABRT].sa_handler != SIG_IGN)
        raise(SIGABRT);
    signal_actions[SIGABRT].sa_handler = SIG_DFL;
    for (;;)
        signal_terminate(SIGABRT);
}
