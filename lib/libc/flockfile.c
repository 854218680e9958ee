/* SPDX-License-Identifier: MIT */
/* The lock of a stream; newlib has macros for it. */
#include <stdio.h>
#include <sys/lock.h>
#undef flockfile
#undef funlockfile
#undef ftrylockfile

void flockfile(FILE *stream)
{
    __lock_acquire_recursive(stream->_lock);
}

void funlockfile(FILE *stream)
{
    __lock_release_recursive(stream->_lock);
}

int ftrylockfile(FILE *stream)
{
    return !__lock_try_acquire_recursive(stream->_lock);
}
