/* SPDX-License-Identifier: MIT */
/* Counting semaphores, and locks of readers and writers. up() also in handlers. */
#ifndef MINI_OS_SEMAPHORE_H
#define MINI_OS_SEMAPHORE_H

#include <mini-os/spinlock.h>
#include <mini-os/wait.h>

struct semaphore {
    int count;
    struct wait_queue_head wait;
};

#define __SEMAPHORE_INITIALIZER(name, n)                \
    {                                                   \
        (n), __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) \
    }
#define __MUTEX_INITIALIZER(name) __SEMAPHORE_INITIALIZER(name, 1)
#define __DECLARE_SEMAPHORE_GENERIC(name, count) \
    struct semaphore name = __SEMAPHORE_INITIALIZER(name, count)
#define DECLARE_MUTEX(name)        __DECLARE_SEMAPHORE_GENERIC(name, 1)
#define DECLARE_MUTEX_LOCKED(name) __DECLARE_SEMAPHORE_GENERIC(name, 0)

static inline void init_SEMAPHORE(struct semaphore *sem, int count)
{
    sem->count = count;
    init_waitqueue_head(&sem->wait);
}

#define init_MUTEX(sem)        init_SEMAPHORE(sem, 1)
#define init_MUTEX_LOCKED(sem) init_SEMAPHORE(sem, 0)

/* 1: taken; 0: not. Never waits. */
static inline int trydown(struct semaphore *sem)
{
    if (sem->count <= 0)
        return 0;
    sem->count--;
    return 1;
}

static inline void down(struct semaphore *sem)
{
    wait_event(sem->wait, trydown(sem));
}

static inline void up(struct semaphore *sem)
{
    sem->count++;
    wake_up(&sem->wait);
}

/* Any number of readers, or one writer. A writer that waits does not keep readers out. */
struct rw_semaphore {
    long count; /* readers; -1: a writer */
    struct wait_queue_head wait;
};

#define __RWSEM_INITIALIZER(name)                     \
    {                                                 \
        0, __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) \
    }
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)

static inline void init_rwsem(struct rw_semaphore *sem)
{
    sem->count = 0;
    init_waitqueue_head(&sem->wait);
}

static inline void down_read(struct rw_semaphore *sem)
{
    wait_event(sem->wait, sem->count >= 0);
    sem->count++;
}

static inline void up_read(struct rw_semaphore *sem)
{
    if (--sem->count == 0)
        wake_up(&sem->wait);
}

static inline void down_write(struct rw_semaphore *sem)
{
    wait_event(sem->wait, sem->count == 0);
    sem->count = -1;
}

static inline void up_write(struct rw_semaphore *sem)
{
    sem->count = 0;
    wake_up(&sem->wait);
}

#endif
