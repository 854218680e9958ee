/* SPDX-License-Identifier: MIT */
/* Pairs of connected AF_UNIX sockets: a ring of bytes each way. Each message of a datagram or
 * sequenced-packet socket is its length, as 4 bytes, and its bytes. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>

#include "lib/fs/iov.h"
#include "lib/fs/poll.h"
#include "lib/fs/socket.h"

#define RING_SIZE  65536u
#define RING_PAGES (RING_SIZE / PAGE_SIZE)
#define LENGTH     sizeof(uint32_t)

struct pair_socket {
    struct socket base;
    struct pair_socket *peer; /* NULL: closed */
    char *ring;               /* what the peer has sent */
    uint32_t in, out;         /* bytes put in and taken out so far */
    bool no_reading, no_writing;
};

static struct pair_socket *pair_of(struct socket *s)
{
    return (struct pair_socket *)s;
}

static bool has_records(const struct pair_socket *p)
{
    return p->base.type != SOCKET_STREAM;
}

static uint32_t used(const struct pair_socket *p)
{
    return p->in - p->out;
}

static uint32_t space(const struct pair_socket *p)
{
    return RING_SIZE - used(p);
}

/* The contiguous bytes at a count of bytes. */
static char *at(const struct pair_socket *p, uint32_t count, uint32_t max, uint32_t *len)
{
    const uint32_t offset = count % RING_SIZE;

    *len = MIN(max, RING_SIZE - offset);
    return p->ring + offset;
}

static void put(struct pair_socket *p, struct iov *from, uint32_t left)
{
    for (uint32_t len; left; left -= len) {
        char *to = at(p, p->in, left, &len);

        iov_get(from, to, len);
        p->in += len;
    }
}

/* Copies without taking. */
static void copy(const struct pair_socket *p, uint32_t from, struct iov *to, uint32_t left)
{
    for (uint32_t len; left; left -= len, from += len) {
        const char *piece = at(p, from, left, &len);

        iov_put(to, piece, len);
    }
}

/* The length of the first record. */
static uint32_t record(const struct pair_socket *p)
{
    uint32_t length;
    const struct file_iovec iov = {&length, LENGTH};
    struct iov to = iov_begin(&iov, 1);

    copy(p, p->out, &to, LENGTH);
    return length;
}

/* ---- sending ---- */

static int64_t send_record(struct pair_socket *p, const struct socket_message *m, size_t total,
                           bool wait)
{
    const uint64_t deadline = socket_deadline(p->base.send_timeout);
    uint32_t length = (uint32_t)total;
    const struct file_iovec head = {&length, LENGTH};
    struct iov from = iov_begin(&head, 1), data = iov_begin(m->iov, m->count);

    if (total > RING_SIZE - LENGTH)
        return -EMSGSIZE;
    for (;;) {
        struct pair_socket *peer = p->peer;
        int ret;

        if (p->no_writing || (peer && peer->no_reading))
            return -EPIPE;
        if (!peer)
            return p->base.type == SOCKET_SEQPACKET ? -EPIPE : -ECONNREFUSED;
        if (space(peer) >= LENGTH + total) {
            put(peer, &from, LENGTH);
            put(peer, &data, length);
            wake_all(&peer->base.readable);
            return (int64_t)total;
        }
        ret = socket_wait(&p->base.writable, wait, deadline);
        if (ret)
            return ret;
    }
}

static int64_t send_bytes(struct pair_socket *p, const struct socket_message *m, size_t total,
                          bool wait)
{
    const uint64_t deadline = socket_deadline(p->base.send_timeout);
    struct iov from = iov_begin(m->iov, m->count);
    size_t left = total;
    int ret = 0;

    while (left && !ret) {
        struct pair_socket *peer = p->peer;

        if (p->no_writing || !peer || peer->no_reading) {
            ret = -EPIPE;
        } else if (!space(peer)) {
            ret = socket_wait(&p->base.writable, wait, deadline);
        } else {
            const uint32_t len = (uint32_t)MIN(left, (size_t)space(peer));

            put(peer, &from, len);
            left -= len;
            wake_all(&peer->base.readable);
        }
    }
    return left < total ? (int64_t)(total - left) : ret;
}

static int64_t pair_send(struct socket *s, const struct socket_message *m, bool wait)
{
    struct pair_socket *p = pair_of(s);
    const size_t total = iov_total(m->iov, m->count);

    if (m->address.family != SOCKET_FAMILY_NONE)
        return -EISCONN;
    return has_records(p) ? send_record(p, m, total, wait) : send_bytes(p, m, total, wait);
}

/* ---- receiving ---- */

static void took(struct pair_socket *p, uint32_t bytes)
{
    p->out += bytes;
    if (p->peer)
        wake_all(&p->peer->base.writable);
}

static int64_t take_record(struct pair_socket *p, struct socket_message *m)
{
    const uint32_t length = record(p);
    const uint32_t len = (uint32_t)MIN(iov_total(m->iov, m->count), (size_t)length);
    struct iov to = iov_begin(m->iov, m->count);

    copy(p, p->out + LENGTH, &to, len);
    if (!(m->flags & SOCKET_PEEK))
        took(p, LENGTH + length);
    m->out_flags = (len < length ? SOCKET_TRUNC : 0) |
                   (p->base.type == SOCKET_SEQPACKET ? SOCKET_END_OF_RECORD : 0);
    return m->flags & SOCKET_TRUNC ? length : len;
}

/* What can be read, or its end: nothing follows. */
static bool at_end(const struct pair_socket *p)
{
    return p->no_reading || !p->peer || p->peer->no_writing;
}

static int64_t pair_receive(struct socket *s, struct socket_message *m, bool wait)
{
    struct pair_socket *p = pair_of(s);
    const uint64_t deadline = socket_deadline(s->receive_timeout);
    struct iov to = iov_begin(m->iov, m->count);
    const size_t total = iov_total(m->iov, m->count);
    size_t done = 0;

    for (;;) {
        int ret;

        if (used(p) && has_records(p))
            return take_record(p, m);
        if (used(p) && total) {
            const uint32_t len = (uint32_t)MIN(total - done, (size_t)used(p));

            copy(p, p->out, &to, len);
            done += len;
            if (m->flags & SOCKET_PEEK)
                return (int64_t)done;
            took(p, len);
        }
        if (done == total && !has_records(p))
            return (int64_t)done;
        if (done && !(m->flags & SOCKET_WAITALL))
            return (int64_t)done;
        /* a datagram socket without a peer waits, unless it was shut down, as Linux' does */
        if (!done && s->error)
            return socket_take_error(s);
        if (p->base.type == SOCKET_DATAGRAM ? p->no_reading : at_end(p))
            return (int64_t)done;
        ret = socket_wait(&s->readable, wait, deadline);
        if (ret)
            return done ? (int64_t)done : ret;
    }
}

/* ---- the rest ---- */

static int pair_shutdown(struct socket *s, bool reading, bool writing)
{
    struct pair_socket *p = pair_of(s);

    p->no_reading |= reading;
    p->no_writing |= writing;
    for (struct pair_socket *q = p; q; q = q == p ? p->peer : NULL) {
        wake_all(&q->base.readable);
        wake_all(&q->base.writable);
    }
    return 0;
}

static int pair_name(struct socket *s, bool peer, struct socket_address *out)
{
    if (peer && !pair_of(s)->peer && s->type == SOCKET_DATAGRAM)
        return -ENOTCONN;
    *out = (struct socket_address){.family = SOCKET_FAMILY_UNIX};
    return 0;
}

static int pair_set(struct socket *s, enum socket_option option, const struct socket_value *value)
{
    (void)s;
    (void)value;
    switch (option) {
    case SOCKET_OPT_REUSE_ADDRESS:
    case SOCKET_OPT_KEEPALIVE:
    case SOCKET_OPT_BROADCAST:
    case SOCKET_OPT_LINGER:
    case SOCKET_OPT_SEND_BUFFER:
    case SOCKET_OPT_RECEIVE_BUFFER:
        return 0; /* without an effect, as on Linux; buffers have their size */
    default:
        return -ENOPROTOOPT;
    }
}

static int pair_get(struct socket *s, enum socket_option option, struct socket_value *value)
{
    (void)s;
    switch (option) {
    case SOCKET_OPT_REUSE_ADDRESS:
    case SOCKET_OPT_KEEPALIVE:
    case SOCKET_OPT_BROADCAST:
        value->number = 0;
        return 0;
    case SOCKET_OPT_LINGER:
        value->number = -1;
        return 0;
    case SOCKET_OPT_SEND_BUFFER:
    case SOCKET_OPT_RECEIVE_BUFFER:
        value->number = RING_SIZE;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static unsigned pair_poll(struct socket *s, unsigned events, struct poll_waits *waits)
{
    const struct pair_socket *p = pair_of(s), *peer = p->peer;
    const bool stream = s->type != SOCKET_DATAGRAM;
    const bool end = p->no_reading || (stream && at_end(p));
    /* a stream has room when a quarter of the ring is free, so that writes are not tiny */
    const bool room = !peer || space(peer) >= RING_SIZE / 4;

    (void)waits;
    return (events &
            ((used(p) || end ? POLL_IN : 0) | (end ? POLL_RDHUP : 0) | (room ? POLL_OUT : 0))) |
           (stream && (!peer || (end && p->no_writing)) ? POLL_HUP : 0);
}

static size_t pair_available(struct socket *s)
{
    const struct pair_socket *p = pair_of(s);

    return has_records(p) && used(p) ? record(p) : used(p);
}

static int pair_release(struct socket *s)
{
    struct pair_socket *p = pair_of(s), *peer = p->peer;

    if (peer) {
        /* data that nobody has read: the peer is told, as by Linux */
        if (used(p) && s->type != SOCKET_DATAGRAM)
            peer->base.error = -ECONNRESET;
        peer->peer = NULL;
        wake_all(&peer->base.readable);
        wake_all(&peer->base.writable);
    }
    page_free(p->ring, RING_PAGES);
    heap_free(p);
    return 0;
}

static const struct socket_ops pair_ops = {
    .shutdown = pair_shutdown,
    .send = pair_send,
    .receive = pair_receive,
    .name = pair_name,
    .set = pair_set,
    .get = pair_get,
    .poll = pair_poll,
    .available = pair_available,
    .release = pair_release,
};

static struct pair_socket *pair_alloc(unsigned type)
{
    struct pair_socket *p = heap_zalloc(1, sizeof(*p), MEM_APP);

    if (!p)
        return NULL;
    socket_init(&p->base, &pair_ops, SOCKET_FAMILY_UNIX, type, 0);
    p->ring = page_alloc(RING_PAGES, MEM_APP);
    if (p->ring)
        return p;
    heap_free(p);
    return NULL;
}

int socketpair_create(struct file *ends[2], unsigned type, unsigned flags)
{
    struct pair_socket *p[2];

    for (unsigned i = 0; i < 2; i++) {
        p[i] = pair_alloc(type);
        ends[i] = p[i] ? socket_file(&p[i]->base, flags) : NULL;
        if (ends[i])
            continue;
        if (p[i])
            pair_release(&p[i]->base);
        if (i)
            file_put(ends[0]);
        return -ENOMEM;
    }
    p[0]->peer = p[1];
    p[1]->peer = p[0];
    return 0;
}
