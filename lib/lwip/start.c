/* SPDX-License-Identifier: MIT */
#include <ringlet/errno.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/port/random.h"
#include "lwip/tcpip.h"

static enum { STOPPED, STARTING, RUNNING, FAILED } state;
static struct wait_queue started = WAIT_QUEUE_INIT(started);

/* In lwIP's thread, when that runs. */
static void initialised(void *arg)
{
    semaphore_up(arg);
}

int net_start(void)
{
    struct semaphore up;

    if (state == STOPPED) {
        state = STARTING;
        semaphore_init(&up, 0);
        net_random_init();
        net_core_lock();
        tcpip_init(initialised, &up);
        net_core_unlock();
        semaphore_down(&up, DEADLINE_NEVER);
        state = manager_start() ? FAILED : RUNNING;
        wake_all(&started);
    }
    wait_event(&started, state != STARTING, DEADLINE_NEVER);
    return state == RUNNING ? 0 : -ENOMEM;
}
