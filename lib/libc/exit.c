/* SPDX-License-Identifier: MIT */
/*
 * exit(). Streams are flushed and not closed: other threads may use them, or wait for one. newlib's
 * would close all, and so wait for ever for a stream from which another thread reads.
 */
#include "thread_state.h"

#include <ringlet/clock.h>

#include <reent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/lock.h>
#include <unistd.h>

/* For another thread that writes to a stream. Afterwards what the stream keeps is lost. */
#define PATIENCE (2 * NSEC_PER_SEC)

void __call_exitprocs(int status, void *library);
/* newlib's; there only where a program uses stdio */
int _fwalk_reent(struct _reent *r, int (*fn)(struct _reent *, FILE *)) __attribute__((weak));
int __sflush_r(struct _reent *r, FILE *stream) __attribute__((weak));

static bool lock(FILE *stream)
{
    const uint64_t deadline = clock_deadline(PATIENCE);

    while (!__lock_try_acquire_recursive(stream->_lock)) {
        if (clock_now() >= deadline)
            return false;
        thread_sleep(NSEC_PER_MSEC);
    }
    return true;
}

static int flush(struct _reent *r, FILE *stream)
{
    if (!(stream->_flags & __SWR) || !lock(stream))
        return 0;
    __sflush_r(r, stream);
    __lock_release_recursive(stream->_lock);
    return 0;
}

void exit(int status)
{
    struct thread_state *self = thread_data();

    if (self)
        self->cancel_disabled = true; /* writing is a cancellation point */
    __call_exitprocs(status, NULL);
    if (_fwalk_reent && __sflush_r)
        _fwalk_reent(_GLOBAL_REENT, flush);
    _exit(status);
}
