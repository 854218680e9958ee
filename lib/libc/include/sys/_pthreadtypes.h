/* SPDX-License-Identifier: MIT */
/*
 * The types of <pthread.h>, which <sys/types.h> gives. Objects are structures, so that static
 * initialisers need no memory and a lock needs no table. Their members are the C library's own.
 */
#ifndef _SYS__PTHREADTYPES_H_
#define _SYS__PTHREADTYPES_H_

#include <sys/sched.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A queue of waiting threads; all zero is an empty one. The kernel's struct wait_queue. */
struct __wait_queue {
    void *__next, *__prev;
};

typedef unsigned long pthread_t;
typedef unsigned int pthread_key_t;
typedef int pthread_spinlock_t;

typedef struct {
    unsigned char __detached, __inherit, __policy, __scope;
    struct sched_param __param;
    __SIZE_TYPE__ __stack_size, __guard_size;
    void *__stack; /* the lowest address, or NULL */
} pthread_attr_t;

typedef struct {
    unsigned char __type, __robust, __shared, __protocol;
} pthread_mutexattr_t;

typedef struct __pthread_mutex {
    void *__owner; /* the kernel's thread */
    struct __wait_queue __waiters;
    unsigned __count; /* a recursive one: locked so often */
    unsigned char __type, __robust, __state, __reserved;
    struct __pthread_mutex *__next_robust; /* of those that the owner has locked */
} pthread_mutex_t;

typedef struct {
    unsigned char __clock, __shared;
} pthread_condattr_t;

typedef struct {
    struct __wait_queue __waiters;
    unsigned char __clock, __reserved[7];
} pthread_cond_t;

typedef struct {
    unsigned char __shared, __prefer_readers;
} pthread_rwlockattr_t;

typedef struct {
    void *__writer; /* the kernel's thread */
    struct __wait_queue __readers, __writers;
    unsigned __reading;         /* threads that have it for reading */
    unsigned __waiting_writers; /* new readers wait behind them */
    unsigned char __prefer_readers, __reserved[7];
} pthread_rwlock_t;

typedef struct {
    unsigned char __shared;
} pthread_barrierattr_t;

typedef struct {
    struct __wait_queue __waiters, __leaving_waiters;
    unsigned __needed, __arrived, __leaving;
    unsigned __round;
} pthread_barrier_t;

typedef int pthread_once_t;

#ifdef __cplusplus
}
#endif

#endif
