/* SPDX-License-Identifier: MIT */
/* struct sigevent: how timers and asynchronous input and output tell a program of something. */
#include "pthread_create.h"
#include "signal_private.h"

#include <ringlet/heap.h>

#include <errno.h>

struct notice {
    void (*fn)(union sigval);
    union sigval value;
};

static void *call(void *arg)
{
    struct notice notice = *(struct notice *)arg;

    heap_free(arg);
    notice.fn(notice.value);
    return NULL;
}

/* The thread blocks all signals, and is detached whatever the attributes say. */
static int in_thread(const struct sigevent *event)
{
    pthread_attr_t attr = {.__guard_size = PAGE_SIZE};
    struct notice *notice = heap_alloc(sizeof(*notice), MEM_APP);

    if (!notice)
        return EAGAIN;
    if (event->sigev_notify_attributes)
        attr = *event->sigev_notify_attributes;
    attr.__detached = 1;
    *notice = (struct notice){event->sigev_notify_function, event->sigev_value};
    if (libc_thread_create(NULL, &attr, call, notice, ~0UL) == 0)
        return 0;
    heap_free(notice);
    return EAGAIN;
}

int signal_check_event(const struct sigevent *event)
{
    switch (event->sigev_notify) {
    case SIGEV_NONE:
        return 0;
    case SIGEV_SIGNAL:
        return signal_valid(event->sigev_signo) ? 0 : EINVAL;
    case SIGEV_THREAD:
        return event->sigev_notify_function ? 0 : EINVAL;
    default:
        return EINVAL;
    }
}

int signal_notify(const struct sigevent *event, struct signal_entry *entry)
{
    int ret = signal_check_event(event);

    if (ret || event->sigev_notify == SIGEV_NONE)
        return ret;
    if (event->sigev_notify == SIGEV_THREAD)
        return in_thread(event);
    signal_send(NULL, event->sigev_signo, entry);
    return 0;
}
