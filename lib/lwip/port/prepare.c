/* SPDX-License-Identifier: MIT */
#include "lib/lwip/port/prepare.h"

#include <ringlet/errno.h>
#include <ringlet/thread.h>

#include "lwip/memp.h"
#include "lwip/opt.h"

static sys_mbox_t mbox;
static sys_mutex_t mutex;

static struct {
    struct thread *thread; /* NULL: none, or it was taken */
    struct semaphore begin;
    lwip_thread_fn fn;
    void *arg;
} tcpip;

static void run(void *arg)
{
    (void)arg;
    semaphore_down(&tcpip.begin, DEADLINE_NEVER);
    tcpip.fn(tcpip.arg);
}

static int prepare_thread(void)
{
    semaphore_init(&tcpip.begin, 0);
    return thread_create(&tcpip.thread, TCPIP_THREAD_NAME, run, NULL, TCPIP_THREAD_STACKSIZE);
}

/* A pool keeps what it has, and takes more than lwIP's own timers at once. */
static int prepare_timers(void)
{
    void *timer = memp_malloc(MEMP_SYS_TIMEOUT);

    memp_free(MEMP_SYS_TIMEOUT, timer);
    return timer ? 0 : -ENOMEM;
}

int net_prepare(void)
{
    if (!mbox && sys_mbox_new(&mbox, TCPIP_MBOX_SIZE) != ERR_OK)
        return -ENOMEM;
    if (!mutex && sys_mutex_new(&mutex) != ERR_OK)
        return -ENOMEM;
    return prepare_timers() ?: tcpip.thread ? 0 : prepare_thread();
}

sys_mbox_t net_prepared_mbox(void)
{
    sys_mbox_t taken = mbox;

    mbox = NULL;
    return taken;
}

sys_mutex_t net_prepared_mutex(void)
{
    sys_mutex_t taken = mutex;

    mutex = NULL;
    return taken;
}

sys_thread_t net_prepared_thread(lwip_thread_fn fn, void *arg)
{
    struct thread *taken = tcpip.thread;

    if (!taken)
        return NULL;
    tcpip.thread = NULL;
    tcpip.fn = fn;
    tcpip.arg = arg;
    semaphore_up(&tcpip.begin);
    return taken;
}
