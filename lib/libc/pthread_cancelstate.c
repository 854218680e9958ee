/* SPDX-License-Identifier: MIT */
/* In an object of its own: newlib's stdio calls it, in programs without threads, too. */
#include "thread_state.h"

#include <errno.h>

int pthread_setcancelstate(int state, int *old)
{
    struct thread_state *self = thread_data();

    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
        return EINVAL;
    if (old)
        *old = self && self->cancel_disabled ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    if (self)
        self->cancel_disabled = state == PTHREAD_CANCEL_DISABLE;
    return 0;
}
