/* SPDX-License-Identifier: MIT */
/* Sending and receiving. What is sent is copied once, into memory that netfront sends it from; what is
 * received is copied once, from where it arrived. */
#include "lib/lwip/socket/tcp.h"
#include "lib/lwip/socket/tcp_hold.h"

/* ---- sending ---- */

static bool takes_more(const struct tcp_socket *t)
{
    return t->pcb && t->pcb->snd_buf && t->pcb->snd_queuelen < TCP_SND_QUEUELEN;
}

size_t tcp_send_limit(const struct tcp_socket *t)
{
    return t->send_buffer_set || !send_buffers_are_few() ? t->send_buffer_size : SEND_BUFFER_MAX;
}

static size_t room(const struct tcp_socket *t)
{
    const size_t limit = tcp_send_limit(t);
    size_t left = limit > t->sent.queued ? limit - t->sent.queued : 0;

    return takes_more(t) ? MIN(left, (size_t)t->pcb->snd_buf) : 0;
}

/* As Linux: a writer is woken when a third of the buffer is free, so that its writes are large. */
size_t tcp_send_room(const struct tcp_socket *t)
{
    const size_t left = t->stalled ? 0 : room(t);

    return left >= tcp_send_limit(t) / 3 ? left : 0;
}

/* Whether data can be sent: 0, -EAGAIN (not yet), or the error. */
static int can_send(struct tcp_socket *t)
{
    int error;

    switch (t->phase) {
    case TCP_CONNECTING:
        return -EAGAIN;
    case TCP_CONNECTED:
        if (!t->no_writing && t->pcb)
            return 0;
        break;
    default:
        break;
    }
    error = socket_take_error(&t->inet.base);
    return error ? error : -EPIPE;
}

/* Gives lwIP one piece: its bytes, or -EAGAIN, or -ENOBUFS if nothing is in flight that could make
 * room. */
static int64_t send_piece(struct tcp_socket *t, struct iov *from, size_t want, bool more)
{
    size_t len = 0;
    void *piece = send_buffer_reserve(&t->sent, want, &len);
    err_t err;

    if (!piece)
        return t->sent.queued ? -EAGAIN : -ENOBUFS;
    if (t->large.taken)
        len = MIN(len, tcp_large_left(&t->large)); /* which goes out when it is full */
    iov_get(from, piece, len);
    err = tcp_large_write(&t->large, piece, (uint16_t)len,
                          more || len < want ? TCP_WRITE_FLAG_MORE : 0);
    if (err != ERR_OK)
        return t->sent.queued ? -EAGAIN : inet_error(err);
    send_buffer_commit(&t->sent, len);
    return (int64_t)len;
}

/* As much as there is room for, of the last `want` of `total` bytes: the bytes, 0 if it has to wait, or the error. */
static int64_t send_some(struct tcp_socket *t, struct iov *from, size_t want, size_t total,
                         bool more)
{
    size_t done = 0, now;
    int64_t ret = can_send(t);
    bool busy;

    if (ret)
        return ret == -EAGAIN ? 0 : ret;
    busy = t->pcb->unacked;
    tcp_large_begin(&t->large, want);
    now = room(t);
    now = now < want ? MIN(want, tcp_large_whole(&t->large, now, tcp_send_limit(t))) : want;
    while (done < now && takes_more(t)) {
        const struct iov before = *from;

        ret = send_piece(t, from, now - done, more || now < want);
        if (ret < 0) {
            *from = before;
            t->stalled = ret == -EAGAIN;
            break;
        }
        done += (size_t)ret;
        tcp_large_full(&t->large);
    }
    /* with MSG_MORE only what fills segments goes out, and all of it when there is no room */
    if ((!more || done < want || tcp_sndbuf(t->pcb) == 0) && !(busy && tcp_hold(&t->large, total)))
        tcp_large_output(&t->large);
    return done || ret == -EAGAIN || ret > 0 ? (int64_t)done : ret;
}

int64_t tcp_socket_send(struct socket *s, const struct socket_message *m, bool wait)
{
    struct tcp_socket *t = tcp_of(s);
    uint64_t deadline = 0; /* found when it has to wait: the clock may cost more than the data */
    const size_t total = iov_total(m->iov, m->count);
    const bool more = t->cork || (m->flags & SOCKET_MORE);
    struct iov from = iov_begin(m->iov, m->count);
    size_t done = 0;
    int64_t ret;

    if (!total) /* nothing to send, but perhaps an error to tell */
        return t->phase == TCP_CONNECTED ? 0 : can_send(t);
    for (unsigned looks = 0;; looks++) {
        LOCK_TCPIP_CORE();
        ret = send_some(t, &from, total - done, total, more);
        UNLOCK_TCPIP_CORE();
        if (ret < 0 && ret != -ENOBUFS)
            break;
        done += ret > 0 ? (size_t)ret : 0;
        if (done == total)
            break;
        if (wait && !deadline)
            deadline = socket_deadline(s->send_timeout);
        /* without memory nothing is in flight whose acknowledgement would wake it */
        ret = ret < 0 ? inet_wait_for_room(looks, wait, deadline)
                      : socket_wait(&s->writable, wait, deadline);
        if (ret)
            break;
    }
    return done ? (int64_t)done : ret;
}

/* ---- receiving ---- */

/* Opens the window again, by what was read. */
static void open_window(struct tcp_socket *t, size_t bytes)
{
    while (t->pcb && bytes) {
        const uint16_t n = (uint16_t)MIN(bytes, (size_t)UINT16_MAX);

        tcp_recved(t->pcb, n);
        bytes -= n;
    }
}

static size_t take(struct tcp_socket *t, struct iov *to, size_t len, bool peek)
{
    size_t n;

    if (!t->received.bytes)
        return 0;
    LOCK_TCPIP_CORE();
    if (peek) {
        n = receive_queue_copy(&t->received, to, len);
    } else {
        n = receive_queue_take(&t->received, to, len);
        open_window(t, n);
    }
    UNLOCK_TCPIP_CORE();
    return n;
}

/* Nothing is there to be read. 0: wait; 1: the end; or the error. */
static int without_data(struct tcp_socket *t)
{
    int error;

    switch (t->phase) {
    case TCP_FRESH:
    case TCP_LISTENING:
        error = socket_take_error(&t->inet.base);
        return error ? error : -ENOTCONN;
    case TCP_ENDED:
        error = socket_take_error(&t->inet.base);
        return error ? error : 1;
    case TCP_CONNECTED:
        return t->peer_closed || t->no_reading || !t->pcb;
    default:
        return 0;
    }
}

/* MSG_TRUNC on a stream: data is taken, and not copied. */
static int64_t discard(struct tcp_socket *t, size_t len)
{
    char waste[256];
    size_t done = 0;

    while (done < len && t->received.bytes) {
        /* cppcheck-suppress legacyUninitvar */
        const struct file_iovec iov = {waste, MIN(sizeof(waste), len - done)};
        struct iov to = iov_begin(&iov, 1);

        done += take(t, &to, iov.len, false);
    }
    return (int64_t)done;
}

static int64_t take_some(struct tcp_socket *t, const struct socket_message *m, struct iov *to,
                         size_t len)
{
    const bool peek = m->flags & SOCKET_PEEK;

    if ((m->flags & SOCKET_TRUNC) && !peek)
        return discard(t, len);
    return (int64_t)take(t, to, len, peek);
}

int64_t tcp_socket_receive(struct socket *s, struct socket_message *m, bool wait)
{
    struct tcp_socket *t = tcp_of(s);
    uint64_t deadline = 0; /* found when it has to wait: the clock may cost more than the data */
    const size_t total = iov_total(m->iov, m->count);
    const bool all = (m->flags & SOCKET_WAITALL) && !(m->flags & SOCKET_PEEK);
    struct iov to = iov_begin(m->iov, m->count);
    size_t done = 0;
    int ret;

    for (;;) {
        done += (size_t)take_some(t, m, &to, total - done);
        if (done && (done == total || !all))
            return (int64_t)done;
        if (!total && t->received.bytes)
            return 0;
        ret = done ? (t->phase == TCP_CONNECTED ? without_data(t) : 1) : without_data(t);
        if (ret)
            return done ? (int64_t)done : ret < 0 ? ret : 0;
        if (wait && !deadline)
            deadline = socket_deadline(s->receive_timeout);
        ret = socket_wait(&s->readable, wait, deadline);
        if (ret)
            return done ? (int64_t)done : ret;
    }
}
