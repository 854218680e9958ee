/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_LIBC_PTHREAD_CREATE_H
#define RINGLET_LIBC_PTHREAD_CREATE_H

#include "thread_state.h"

/* The attributes of a thread that is made without any. */
#define PTHREAD_STACK_DEFAULT (64 * 1024)

/* pthread_create with the new thread's signal mask. Any context. 0, EAGAIN, EINVAL. */
int libc_thread_create(pthread_t *out, const pthread_attr_t *attr, void *(*start)(void *),
                       void *arg, sigset_t mask);

#endif
