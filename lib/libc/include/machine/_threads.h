/* SPDX-License-Identifier: MIT */
/* The types of C11's <threads.h>: those of POSIX' threads. */
#ifndef RINGLET_MACHINE_THREADS_H
#define RINGLET_MACHINE_THREADS_H

#include <pthread.h>

typedef pthread_cond_t cnd_t;
typedef pthread_mutex_t mtx_t;
typedef pthread_once_t once_flag;
typedef pthread_t thrd_t;
typedef pthread_key_t tss_t;

#define ONCE_FLAG_INIT      PTHREAD_ONCE_INIT
#define TSS_DTOR_ITERATIONS 4 /* PTHREAD_DESTRUCTOR_ITERATIONS */

#endif
