/* SPDX-License-Identifier: MIT */
/* A timer as a file. */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>

#include "lib/fs/iov.h"
#include "lib/fs/pipe.h"
#include "lib/fs/poll.h"

struct timerfd {
    struct timer timer;
    uint64_t interval;
    uint64_t expired; /* since the last read */
    bool wall;
    struct wait_queue queue;
};

static const struct file_ops timerfd_ops;

/* Counts the expirations up to now and starts the timer for the next one. Handler context. */
static void expire(struct timer *timer)
{
    struct timerfd *t = container_of(timer, struct timerfd, timer);
    uint64_t now = clock_now(), missed;

    t->expired++;
    if (t->interval) {
        missed = now > timer->deadline ? (now - timer->deadline) / t->interval : 0;
        t->expired += missed;
        if (timer->deadline <= UINT64_MAX - (missed + 1) * t->interval)
            timer_start(timer, timer->deadline + (missed + 1) * t->interval);
    }
    wake_all(&t->queue);
}

static int64_t timerfd_read(struct file *f, const struct file_iovec *iov, unsigned n,
                            int64_t *offset)
{
    struct timerfd *t = f->data;
    struct wait_queue *queue = &t->queue;
    struct iov to = iov_begin(iov, n);

    (void)offset;
    if (iov_total(iov, n) < sizeof(t->expired))
        return -EINVAL;
    if (!t->expired)
        thread_poll_events(); /* it may be due, and nobody has looked */
    while (!t->expired) {
        int ret = f->flags & FILE_NONBLOCK ? -EAGAIN : file_wait(&queue, 1, DEADLINE_NEVER);

        if (ret)
            return ret;
    }
    iov_put(&to, &t->expired, sizeof(t->expired));
    t->expired = 0;
    return sizeof(t->expired);
}

static int timerfd_stat(struct file *f, struct file_stat *out)
{
    out->ino = (uint64_t)(uintptr_t)f->data;
    out->mode = 0600; /* of no type, as Linux' */
    out->nlink = 1;
    out->blksize = 4096;
    return 0;
}

static unsigned timerfd_poll(struct file *f, unsigned events, struct poll_waits *waits)
{
    struct timerfd *t = f->data;

    poll_wait_on(waits, &t->queue);
    return events & (t->expired ? POLL_IN : 0);
}

static int timerfd_release(struct file *f)
{
    struct timerfd *t = f->data;

    timer_stop(&t->timer);
    heap_free(t);
    return 0;
}

static const struct file_ops timerfd_ops = {
    .read = timerfd_read,
    .stat = timerfd_stat,
    .poll = timerfd_poll,
    .release = timerfd_release,
};

int timerfd_create(bool wall, unsigned flags, struct file **out)
{
    struct timerfd *t = heap_zalloc(1, sizeof(*t), MEM_APP);

    if (!t)
        return -ENOMEM;
    t->wall = wall;
    timer_init(&t->timer, expire);
    wait_queue_init(&t->queue);
    *out = file_alloc(&timerfd_ops, FILE_RDONLY | (flags & FILE_NONBLOCK), NULL, t);
    if (*out)
        return 0;
    heap_free(t);
    return -ENOMEM;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

int timerfd_get(struct file *f, uint64_t *first, uint64_t *interval)
{
    const struct timerfd *t = f->data;
    uint64_t now = clock_now();

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    *interval = t->interval;
    *first = !t->timer.armed ? 0 : t->timer.deadline > now ? t->timer.deadline - now : 1;
    return 0;
}

int timerfd_set(struct file *f, bool absolute, uint64_t first, uint64_t interval,
                uint64_t *old_first, uint64_t *old_interval)
{
    struct timerfd *t = f->data;
    uint64_t now = clock_now(), was_first, was_interval;
    int ret = timerfd_get(f, &was_first, &was_interval);

    if (ret)
        return ret;
    if (old_first)
        *old_first = was_first;
    if (old_interval)
        *old_interval = was_interval;
    timer_stop(&t->timer);
    t->expired = 0;
    t->interval = first ? interval : 0;
    if (!first)
        return 0;
    if (absolute && t->wall) {
        uint64_t wall = clock_wall();

        first = first > wall ? add(now, first - wall) : now;
    } else if (!absolute) {
        first = add(now, first);
    }
    timer_start(&t->timer, first);
    return 0;
}
