/* SPDX-License-Identifier: MIT */
/* Mutexes, for condition variables. */
#ifndef RINGLET_LIBC_PTHREAD_MUTEX_H
#define RINGLET_LIBC_PTHREAD_MUTEX_H

#include "wait.h"

/* Unlocks a mutex of the caller however often it has locked it; returns how often that was. */
unsigned libc_mutex_release(pthread_mutex_t *m);
/* Locks it so often. 0, or EOWNERDEAD, ENOTRECOVERABLE. Not a cancellation point. */
int libc_mutex_reacquire(pthread_mutex_t *m, unsigned count);

#endif
