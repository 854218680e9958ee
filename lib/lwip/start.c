/* SPDX-License-Identifier: MIT */
#include <ringlet/errno.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/port/prepare.h"
#include "lib/lwip/port/random.h"
#include "lwip/tcpip.h"

static enum { STOPPED, STARTING, RUNNING } state;
static struct wait_queue started = WAIT_QUEUE_INIT(started);

/* In lwIP's thread, when that runs. */
static void initialised(void *arg)
{
    semaphore_up(arg);
}

static int start_lwip(void)
{
    static bool runs;
    struct semaphore up;
    int ret = runs ? 0 : net_prepare();

    if (runs || ret)
        return ret;
    semaphore_init(&up, 0);
    net_random_init();
    net_core_lock();
    tcpip_init(initialised, &up);
    net_core_unlock();
    semaphore_down(&up, DEADLINE_NEVER);
    runs = true;
    return 0;
}

int net_start(void)
{
    if (state == STOPPED) {
        state = STARTING;
        state = start_lwip() || manager_start() ? STOPPED : RUNNING;
        wake_all(&started);
    }
    wait_event(&started, state != STARTING, DEADLINE_NEVER);
    return state == RUNNING ? 0 : -ENOMEM;
}
