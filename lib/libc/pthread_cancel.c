/* SPDX-License-Identifier: MIT */
/* Cancellation. The asynchronous type is accepted; it acts at the points of the deferred one, as
 * nothing interrupts a thread elsewhere. */
#include "wait.h"

#include <errno.h>

static void __attribute__((constructor)) hook(void)
{
    libc_hook_files();
}

void libc_cancel(void)
{
    pthread_exit(PTHREAD_CANCELED);
}

int pthread_cancel(pthread_t thread)
{
    struct thread_state *t = libc_thread(thread);

    if (!t)
        return ESRCH;
    if (t->ended || t->exiting)
        return 0;
    t->cancel_requested = true;
    if (t->cancel_disabled)
        return 0;
    if (t != thread_data())
        thread_interrupt(t->thread);
    else if (t->cancel_asynchronous)
        libc_cancellation_point();
    return 0;
}

void pthread_testcancel(void)
{
    libc_cancellation_point();
}

int pthread_setcanceltype(int type, int *old)
{
    struct thread_state *self = libc_self();

    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    if (!self)
        return ENOMEM;
    if (old)
        *old = self->cancel_asynchronous ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
    self->cancel_asynchronous = type == PTHREAD_CANCEL_ASYNCHRONOUS;
    if (self->cancel_asynchronous)
        libc_cancellation_point();
    return 0;
}
