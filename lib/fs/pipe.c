/* SPDX-License-Identifier: MIT */
/* Pipes: a ring of PIPE_SIZE bytes between two files. */
#include "lib/fs/pipe.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>

#include "lib/fs/iov.h"
#include "lib/fs/poll.h"

#define PIPE_PAGES (PIPE_SIZE / PAGE_SIZE)

struct pipe {
    char *buf;
    uint32_t in, out; /* bytes put in and taken out so far */
    bool reader, writer;
    struct wait_queue readable, writable;
};

static uint32_t used(const struct pipe *p)
{
    return p->in - p->out;
}

static uint32_t space(const struct pipe *p)
{
    return PIPE_SIZE - used(p);
}

static bool is_reader(const struct file *f)
{
    return (f->flags & FILE_ACCMODE) == FILE_RDONLY;
}

/* The contiguous bytes of the ring at a count of bytes. */
static char *at(const struct pipe *p, uint32_t count, uint32_t max, uint32_t *len)
{
    uint32_t offset = count % PIPE_SIZE;

    *len = MIN(max, PIPE_SIZE - offset);
    return p->buf + offset;
}

static int wait_for(struct wait_queue *queue, const struct file *f)
{
    if (f->flags & FILE_NONBLOCK)
        return -EAGAIN;
    return file_wait(&queue, 1, DEADLINE_NEVER);
}

static int64_t pipe_read(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset)
{
    struct pipe *p = f->data;
    struct iov to = iov_begin(iov, n);
    uint32_t len, total, left;

    (void)offset;
    while (!used(p)) {
        int ret;

        if (!p->writer)
            return 0;
        ret = wait_for(&p->readable, f);
        if (ret)
            return ret;
    }
    left = total = (uint32_t)MIN(iov_total(iov, n), (size_t)used(p));
    for (; left; left -= len) {
        const char *from = at(p, p->out, left, &len);

        iov_put(&to, from, len);
        p->out += len;
    }
    wake_all(&p->writable);
    return total;
}

static int64_t pipe_write(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset)
{
    struct pipe *p = f->data;
    struct iov from = iov_begin(iov, n);
    size_t total = iov_total(iov, n), left = total;
    uint32_t whole = total <= PIPE_ATOMIC ? (uint32_t)total : 1; /* room to go on with */
    int ret = 0;

    (void)offset;
    while (left && ret == 0) {
        uint32_t len;

        if (!p->reader) {
            ret = -EPIPE;
        } else if (space(p) < whole) {
            ret = wait_for(&p->writable, f);
        } else {
            char *to = at(p, p->in, (uint32_t)MIN(left, (size_t)space(p)), &len);

            iov_get(&from, to, len);
            p->in += len;
            left -= len;
            whole = 1;
            wake_all(&p->readable);
        }
    }
    return left < total ? (int64_t)(total - left) : ret;
}

static int pipe_ioctl(struct file *f, unsigned long request, void *arg)
{
    struct pipe *p = f->data;

    if (request != FILE_IOCTL_AVAILABLE)
        return -ENOTTY;
    *(int *)arg = (int)used(p);
    return 0;
}

static int pipe_stat(struct file *f, struct file_stat *out)
{
    out->ino = (uint64_t)(uintptr_t)f->data;
    out->mode = MODE_FIFO | 0600;
    out->nlink = 1;
    out->blksize = PIPE_ATOMIC;
    return 0;
}

static unsigned pipe_poll(struct file *f, unsigned events, struct poll_waits *waits)
{
    struct pipe *p = f->data;

    if (is_reader(f)) {
        poll_wait_on(waits, &p->readable);
        return (events & (used(p) ? POLL_IN : 0)) | (p->writer ? 0 : POLL_HUP);
    }
    poll_wait_on(waits, &p->writable);
    return (events & (space(p) >= PIPE_ATOMIC ? POLL_OUT : 0)) | (p->reader ? 0 : POLL_ERR);
}

static void pipe_free(struct pipe *p)
{
    page_free(p->buf, PIPE_PAGES);
    heap_free(p);
}

static int pipe_release(struct file *f)
{
    struct pipe *p = f->data;

    if (is_reader(f))
        p->reader = false;
    else
        p->writer = false;
    wake_all(&p->readable);
    wake_all(&p->writable);
    if (!p->reader && !p->writer)
        pipe_free(p);
    return 0;
}

static const struct file_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .ioctl = pipe_ioctl,
    .stat = pipe_stat,
    .poll = pipe_poll,
    .release = pipe_release,
};

int pipe_create(struct file *ends[2], unsigned flags)
{
    struct pipe *p = heap_zalloc(1, sizeof(*p), MEM_APP);

    if (!p)
        return -ENOMEM;
    p->buf = page_alloc(PIPE_PAGES, MEM_APP);
    wait_queue_init(&p->readable);
    wait_queue_init(&p->writable);
    p->reader = p->writer = true;
    flags &= FILE_NONBLOCK;
    ends[0] = p->buf ? file_alloc(&pipe_ops, flags | FILE_RDONLY, NULL, p) : NULL;
    ends[1] = ends[0] ? file_alloc(&pipe_ops, flags | FILE_WRONLY, NULL, p) : NULL;
    if (ends[1])
        return 0;
    p->writer = false;
    if (ends[0])
        file_put(ends[0]); /* which frees the pipe */
    else
        pipe_free(p);
    return -ENOMEM;
}
