/* SPDX-License-Identifier: MIT */
#include "thread_state.h"

pthread_t pthread_self(void)
{
    return (pthread_t)libc_self();
}

int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}
