/* SPDX-License-Identifier: MIT */
/* Waiting for several files. */
#include "lib/fs/poll.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#define QUEUES_ON_STACK 16 /* memory is only needed for more */

void poll_wait_on(struct poll_waits *waits, struct wait_queue *queue)
{
    struct wait_queue **more;
    unsigned room;

    if (!waits || waits->full)
        return;
    if (waits->count == waits->room) {
        room = waits->room * 2;
        more = heap_alloc(room * sizeof(struct wait_queue *), MEM_APP);
        if (!more) {
            waits->full = true;
            return;
        }
        memcpy(more, waits->queues, waits->count * sizeof(struct wait_queue *));
        if (waits->on_heap)
            heap_free(waits->queues);
        waits->on_heap = true;
        waits->queues = more;
        waits->room = room;
    }
    waits->queues[waits->count++] = queue;
}

/* What is ready. Adds the files' queues to waits, if not NULL. */
static unsigned look(struct poll_entry *e, struct poll_waits *waits)
{
    unsigned events = e->events | POLL_ERR | POLL_HUP;

    if (!e->file)
        return e->nval ? POLL_NVAL : 0;
    if (!e->file->ops->poll)
        return e->events & (POLL_IN | POLL_OUT);
    return e->file->ops->poll(e->file, e->events, waits) & events;
}

/* The number of entries with events. Once there is one, nobody is going to wait: no further queues
 * are added. */
static unsigned look_at_all(struct poll_entry *entries, unsigned n, struct poll_waits *waits)
{
    unsigned ready = 0;

    for (unsigned i = 0; i < n; i++) {
        entries[i].revents = look(&entries[i], ready ? NULL : waits);
        ready += entries[i].revents != 0;
    }
    return ready;
}

static int wait_until_ready(struct poll_entry *entries, unsigned n, uint64_t deadline,
                            struct poll_waits *waits)
{
    for (;;) {
        unsigned ready;
        int ret;

        waits->count = 0;
        ready = look_at_all(entries, n, waits);
        if (ready) {
            thread_yield(); /* a loop that is told "ready" again and again must let others run */
            return (int)ready;
        }
        if (waits->full)
            return -ENOMEM;
        ret = file_wait(waits->queues, waits->count, deadline);
        if (ret == -ETIMEDOUT)
            return (int)look_at_all(entries, n, NULL);
        if (ret)
            return ret;
    }
}

int file_poll(struct poll_entry *entries, unsigned n, uint64_t deadline)
{
    struct wait_queue *first[QUEUES_ON_STACK];
    struct poll_waits waits = {.queues = first, .room = QUEUES_ON_STACK};
    int ret;

    if (deadline != DEADLINE_NEVER && deadline <= clock_now()) {
        thread_poll_events(); /* a loop that only looks must see what arrives */
        return (int)look_at_all(entries, n, NULL);
    }
    ret = wait_until_ready(entries, n, deadline, &waits);
    if (waits.on_heap)
        heap_free(waits.queues);
    return ret;
}
