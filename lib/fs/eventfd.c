/* SPDX-License-Identifier: MIT */
/* A counter as a file. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>

#include "lib/fs/iov.h"
#include "lib/fs/pipe.h"
#include "lib/fs/poll.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    uint64_t count;
    bool semaphore;
    struct wait_queue changed;
};

static int wait_for(struct eventfd *e, const struct file *f)
{
    struct wait_queue *queue = &e->changed;

    return f->flags & FILE_NONBLOCK ? -EAGAIN : file_wait(&queue, 1, DEADLINE_NEVER);
}

static int64_t eventfd_read(struct file *f, const struct file_iovec *iov, unsigned n,
                            int64_t *offset)
{
    struct eventfd *e = f->data;
    struct iov to = iov_begin(iov, n);
    uint64_t value;

    (void)offset;
    if (iov_total(iov, n) < sizeof(value))
        return -EINVAL;
    while (!e->count) {
        int ret = wait_for(e, f);

        if (ret)
            return ret;
    }
    value = e->semaphore ? 1 : e->count;
    e->count -= value;
    iov_put(&to, &value, sizeof(value));
    wake_all(&e->changed);
    return sizeof(value);
}

static int64_t eventfd_write(struct file *f, const struct file_iovec *iov, unsigned n,
                             int64_t *offset)
{
    struct eventfd *e = f->data;
    struct iov from = iov_begin(iov, n);
    uint64_t value;

    (void)offset;
    if (iov_total(iov, n) < sizeof(value))
        return -EINVAL;
    iov_get(&from, &value, sizeof(value));
    if (value > COUNT_MAX)
        return -EINVAL;
    while (value > COUNT_MAX - e->count) {
        int ret = wait_for(e, f);

        if (ret)
            return ret;
    }
    e->count += value;
    wake_all(&e->changed);
    return sizeof(value);
}

static int eventfd_stat(struct file *f, struct file_stat *out)
{
    out->ino = (uint64_t)(uintptr_t)f->data;
    out->mode = 0600; /* of no type, as Linux' */
    out->nlink = 1;
    out->blksize = 4096;
    return 0;
}

static unsigned eventfd_poll(struct file *f, unsigned events, struct poll_waits *waits)
{
    struct eventfd *e = f->data;

    poll_wait_on(waits, &e->changed);
    return events & ((e->count ? POLL_IN : 0) | (e->count < COUNT_MAX ? POLL_OUT : 0));
}

static int eventfd_release(struct file *f)
{
    heap_free(f->data);
    return 0;
}

static const struct file_ops eventfd_ops = {
    .read = eventfd_read,
    .write = eventfd_write,
    .stat = eventfd_stat,
    .poll = eventfd_poll,
    .release = eventfd_release,
};

int eventfd_create(uint64_t initial, bool semaphore, unsigned flags, struct file **out)
{
    struct eventfd *e = heap_zalloc(1, sizeof(*e), MEM_APP);

    if (!e)
        return -ENOMEM;
    e->count = MIN(initial, COUNT_MAX);
    e->semaphore = semaphore;
    wait_queue_init(&e->changed);
    *out = file_alloc(&eventfd_ops, FILE_RDWR | (flags & FILE_NONBLOCK), NULL, e);
    if (*out)
        return 0;
    heap_free(e);
    return -ENOMEM;
}
