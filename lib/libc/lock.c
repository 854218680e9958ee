/* SPDX-License-Identifier: MIT */
/*
 * newlib's locks: those of stdio, the environment, the time zone, directories and atexit(). All in
 * one object, as newlib has dummies of all of them in one.
 */
#include <errno.h>
#include <ringlet/heap.h>
#include <ringlet/thread.h>
#include <sys/lock.h>

struct __lock {
    struct mutex mutex;
    unsigned depth; /* a recursive lock: locked so often by its owner */
};

#define STATIC_LOCK(name) struct __lock name = {MUTEX_INIT(name.mutex), 0}

STATIC_LOCK(__lock___sinit_recursive_mutex);
STATIC_LOCK(__lock___sfp_recursive_mutex);
STATIC_LOCK(__lock___atexit_recursive_mutex);
STATIC_LOCK(__lock___at_quick_exit_mutex);
STATIC_LOCK(__lock___malloc_recursive_mutex);
STATIC_LOCK(__lock___env_recursive_mutex);
STATIC_LOCK(__lock___tz_mutex);
STATIC_LOCK(__lock___dd_hash_mutex);
STATIC_LOCK(__lock___arc4random_mutex);

/* A stream's lock; newlib does not expect that there may be none, and goes on without. */
void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = heap_alloc(sizeof(**lock), MEM_KERNEL); /* not the program's: stays at exit() */
    if (*lock) {
        mutex_init(&(*lock)->mutex);
        (*lock)->depth = 0;
    }
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    __retarget_lock_init(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
    heap_free(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    heap_free(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    if (lock)
        mutex_lock(&lock->mutex);
}

/* -EDEADLK of mutex_lock: the caller has it already. */
void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    if (lock) {
        mutex_lock(&lock->mutex);
        lock->depth++;
    }
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return !lock || mutex_trylock(&lock->mutex);
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    if (!lock)
        return 1;
    if (lock->mutex.owner != thread_current() && !mutex_trylock(&lock->mutex))
        return 0;
    lock->depth++;
    return 1;
}

void __retarget_lock_release(_LOCK_T lock)
{
    if (lock)
        mutex_unlock(&lock->mutex);
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    if (lock && --lock->depth == 0)
        mutex_unlock(&lock->mutex);
}
