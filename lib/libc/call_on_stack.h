/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_LIBC_CALL_ON_STACK_H
#define RINGLET_LIBC_CALL_ON_STACK_H

#include <stddef.h>

/* Calls fn(arg) on the stack of `size` bytes at `stack` and comes back, unless fn does not return. */
void libc_call_on_stack(void (*fn)(void *arg), void *arg, void *stack, size_t size);

#endif
