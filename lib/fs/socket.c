/* SPDX-License-Identifier: MIT */
/* Sockets as files: what is common to all families. */
#include "lib/fs/socket.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>

#include "lib/fs/iov.h"
#include "lib/fs/pipe.h"
#include "lib/fs/poll.h"

static const struct file_ops socket_file_ops;

void socket_init(struct socket *s, const struct socket_ops *ops, unsigned family, unsigned type,
                 unsigned protocol)
{
    s->ops = ops;
    s->family = (uint8_t)family;
    s->type = (uint8_t)type;
    s->protocol = (uint8_t)protocol;
    wait_queue_init(&s->readable);
    wait_queue_init(&s->writable);
}

int socket_take_error(struct socket *s)
{
    int error = s->error;

    s->error = 0;
    return error;
}

uint64_t socket_deadline(uint64_t timeout)
{
    return timeout ? clock_deadline(timeout) : DEADLINE_NEVER;
}

int socket_wait(struct wait_queue *queue, bool wait, uint64_t deadline)
{
    int ret;

    if (!wait)
        return -EAGAIN;
    ret = file_wait(&queue, 1, deadline);
    return ret == -ETIMEDOUT ? -EAGAIN : ret;
}

struct socket *socket_of(const struct file *f)
{
    return f->ops == &socket_file_ops ? f->data : NULL;
}

static bool may_wait(const struct file *f, unsigned flags)
{
    return !(f->flags & FILE_NONBLOCK) && !(flags & SOCKET_DONTWAIT);
}

int socket_accept(struct file *f, struct socket *s, struct file **out, struct socket_address *peer)
{
    const uint64_t deadline = socket_deadline(s->receive_timeout);
    int ret;

    if (!s->ops->accept)
        return -EOPNOTSUPP;
    for (;;) {
        ret = s->ops->accept(s, out, peer);
        if (ret != -EAGAIN)
            return ret;
        ret = socket_wait(&s->readable, may_wait(f, 0), deadline);
        if (ret)
            return ret;
    }
}

int64_t socket_send(struct file *f, struct socket *s, const struct socket_message *m)
{
    return s->ops->send ? s->ops->send(s, m, may_wait(f, m->flags)) : -EOPNOTSUPP;
}

int64_t socket_receive(struct file *f, struct socket *s, struct socket_message *m)
{
    m->address.family = m->local.family = SOCKET_FAMILY_NONE;
    m->out_flags = 0;
    return s->ops->receive ? s->ops->receive(s, m, may_wait(f, m->flags)) : -EOPNOTSUPP;
}

/* ---- the file's operations ---- */

static int64_t socket_read(struct file *f, const struct file_iovec *iov, unsigned n,
                           int64_t *offset)
{
    struct socket_message m = {.iov = iov, .count = n};
    const int64_t ret = socket_receive(f, f->data, &m);

    (void)offset;
    return ret == -EPIPE ? -ECONNRESET : ret; /* a reader gets no SIGPIPE */
}

static int64_t socket_write(struct file *f, const struct file_iovec *iov, unsigned n,
                            int64_t *offset)
{
    const struct socket_message m = {.iov = iov, .count = n};

    (void)offset;
    return socket_send(f, f->data, &m);
}

static int socket_ioctl(struct file *f, unsigned long request, void *arg)
{
    struct socket *s = f->data;

    if (request != FILE_IOCTL_AVAILABLE)
        return -ENOTTY;
    if (s->ops->is_listening && s->ops->is_listening(s))
        return -EINVAL;
    *(int *)arg = (int)s->ops->available(s);
    return 0;
}

static int socket_stat(struct file *f, struct file_stat *out)
{
    out->ino = (uint64_t)(uintptr_t)f->data;
    out->mode = MODE_SOCKET | 0777;
    out->nlink = 1;
    out->blksize = 4096;
    return 0;
}

static unsigned socket_poll(struct file *f, unsigned events, struct poll_waits *waits)
{
    struct socket *s = f->data;

    /* errors and ends wake both */
    if (events != POLL_OUT)
        poll_wait_on(waits, &s->readable);
    if (events & POLL_OUT)
        poll_wait_on(waits, &s->writable);
    return s->ops->poll(s, events, waits) | (s->error ? POLL_ERR : 0);
}

static int socket_release(struct file *f)
{
    struct socket *s = f->data;

    return s->ops->release(s);
}

static const struct file_ops socket_file_ops = {
    .read = socket_read,
    .write = socket_write,
    .ioctl = socket_ioctl,
    .stat = socket_stat,
    .poll = socket_poll,
    .release = socket_release,
};

struct file *socket_file(struct socket *s, unsigned flags)
{
    return file_alloc(&socket_file_ops, FILE_RDWR | (flags & FILE_NONBLOCK), NULL, s);
}
