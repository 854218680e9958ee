/* SPDX-License-Identifier: MIT */
/* The parts of a thread's end, there only where a program uses them. */
#ifndef RINGLET_LIBC_THREAD_END_H
#define RINGLET_LIBC_THREAD_END_H

#include "thread_state.h"

/* Calls the destructors of thread-specific data. */
void libc_run_destructors(struct thread_state *self) __attribute__((weak));
/* Robust mutexes that the thread has locked pass to the threads that wait. */
void libc_abandon_mutexes(struct thread_state *self) __attribute__((weak));
/* Drops what is pending for the thread, which ends. */
void libc_drop_signals(struct thread_state *self) __attribute__((weak));
/* Frees the state of a thread that has ended and will not be joined. */
void libc_thread_free(struct thread_state *state);

#endif
