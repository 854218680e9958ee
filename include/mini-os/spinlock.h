/* SPDX-License-Identifier: MIT */
/*
 * Locks for short sections. One vCPU and cooperative threads: one that finds a lock taken yields
 * until it is free. A handler must not take one that a thread may hold.
 */
#ifndef MINI_OS_SPINLOCK_H
#define MINI_OS_SPINLOCK_H

#include <mini-os/os.h>
#include <mini-os/sched.h>

typedef struct {
    volatile unsigned int locked;
} spinlock_t;

#define SPIN_LOCK_UNLOCKED \
    (spinlock_t)           \
    {                      \
        0                  \
    }
#define ARCH_SPIN_LOCK_UNLOCKED SPIN_LOCK_UNLOCKED
#define DEFINE_SPINLOCK(name)   spinlock_t name = {0}
#define spin_lock_init(lock)    ((void)((lock)->locked = 0))
#define spin_is_locked(lock)    ((lock)->locked != 0)
#define spin_unlock_wait(lock)       \
    do {                             \
        while (spin_is_locked(lock)) \
            schedule();              \
    } while (0)

static inline int spin_trylock(spinlock_t *lock)
{
    return lock->locked ? 0 : (int)(lock->locked = 1);
}

static inline void spin_lock(spinlock_t *lock)
{
    while (!spin_trylock(lock))
        schedule();
}

static inline void spin_unlock(spinlock_t *lock)
{
    lock->locked = 0;
}

#define spin_lock_irqsave(lock, flags) \
    do {                               \
        local_irq_save(flags);         \
        spin_lock(lock);               \
    } while (0)
#define spin_unlock_irqrestore(lock, flags) \
    do {                                    \
        spin_unlock(lock);                  \
        local_irq_restore(flags);           \
    } while (0)
#define spin_lock_irq(lock)   spin_lock(lock)
#define spin_unlock_irq(lock) spin_unlock(lock)

#endif
