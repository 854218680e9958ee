/* SPDX-License-Identifier: MIT */
#include "lib/lwip/port/core_lock.h"

#include <ringlet/panic.h>
#include <ringlet/thread.h>

#include "lwip/sys.h"

static struct mutex lock = MUTEX_INIT(lock);
static unsigned depth;

void (*net_core_flush)(void);
void (*net_core_wake)(void);
bool (*net_core_refers)(const void *data, size_t len);

bool net_core_held(void)
{
    return depth && lock.owner == thread_current();
}

void net_core_lock(void)
{
    if (!net_core_held())
        mutex_lock(&lock);
    depth++;
}

void net_core_unlock(void)
{
    if (depth == 1 && net_core_flush)
        net_core_flush();
    if (!--depth)
        mutex_unlock(&lock);
}

void net_core_check(void)
{
    if (!net_core_held())
        panic("lwIP was called without its lock");
}
