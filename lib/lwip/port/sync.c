/* SPDX-License-Identifier: MIT */
/* lwIP's semaphores, mutexes and threads (lwip/sys.h). Threads end never. */
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/thread.h>

#include "lib/lwip/port/prepare.h"
#include "lib/lwip/port/timeout.h"
#include "lwip/sys.h"

struct net_sem {
    struct semaphore sem;
};

struct net_mutex {
    struct mutex mutex;
};

err_t sys_sem_new(sys_sem_t *sem, u8_t count)
{
    *sem = heap_alloc(sizeof(**sem), MEM_KERNEL);
    if (!*sem)
        return ERR_MEM;
    semaphore_init(&(*sem)->sem, count);
    return ERR_OK;
}

/* lwIP frees one only when nobody waits for it. */
void sys_sem_free(sys_sem_t *sem)
{
    heap_free(*sem);
    *sem = NULL;
}

void sys_sem_signal(sys_sem_t *sem)
{
    semaphore_up(&(*sem)->sem);
}

u32_t sys_arch_sem_wait(sys_sem_t *sem, u32_t timeout)
{
    const uint64_t begin = clock_recent();

    if (semaphore_down(&(*sem)->sem, timeout_deadline(timeout)))
        return SYS_ARCH_TIMEOUT;
    return timeout_elapsed(begin);
}

err_t sys_mutex_new(sys_mutex_t *mutex)
{
    *mutex = net_prepared_mutex();
    if (*mutex)
        return ERR_OK;
    *mutex = heap_alloc(sizeof(**mutex), MEM_KERNEL);
    if (!*mutex)
        return ERR_MEM;
    mutex_init(&(*mutex)->mutex);
    return ERR_OK;
}

void sys_mutex_free(sys_mutex_t *mutex)
{
    heap_free(*mutex);
    *mutex = NULL;
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
    mutex_lock(&(*mutex)->mutex);
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
    mutex_unlock(&(*mutex)->mutex);
}

/* There are no priorities. NULL without memory. */
sys_thread_t sys_thread_new(const char *name, lwip_thread_fn fn, void *arg, int stack, int priority)
{
    struct thread *t = net_prepared_thread(fn, arg);

    (void)priority;
    if (t)
        return t;
    return thread_create(&t, name, fn, arg, (size_t)stack) ? NULL : t;
}

u32_t sys_now(void)
{
    return (u32_t)(clock_now() / NSEC_PER_MSEC);
}

u32_t sys_jiffies(void)
{
    return sys_now();
}

void sys_init(void)
{
}
