/* SPDX-License-Identifier: MIT */
/* Beginning and ending TCP connections, with what Linux says to each state. */
#include "lib/lwip/socket/tcp.h"

static int bind_to(struct tcp_socket *t, const struct socket_address *to)
{
    ip_addr_t ip;
    int ret = inet_to_ip(&t->inet, to, &ip);

    if (ret)
        return ret == -ENETUNREACH ? -EINVAL : ret;
    if (t->phase != TCP_FRESH || t->bound)
        return -EINVAL;
    if (!inet_is_ours(&ip))
        return -EADDRNOTAVAIL;
    ret = tcp_socket_open(t);
    if (ret)
        return ret;
    /* any address of IPv6 is any of IPv4, too */
    if (IP_IS_V6(&ip) && ip_addr_isany(&ip) && !t->inet.v6only)
        ip_addr_copy(ip, *IP_ANY_TYPE);
    ret = inet_error(tcp_bind(t->pcb, &ip, to->port));
    if (ret)
        return ret == -ENOBUFS ? -EADDRINUSE : ret; /* no port is free */
    t->bound = true;
    t->local_ip = t->pcb->local_ip;
    t->local_port = t->pcb->local_port;
    return 0;
}

int tcp_socket_bind(struct socket *s, const struct socket_address *to)
{
    int ret;

    LOCK_TCPIP_CORE();
    ret = bind_to(tcp_of(s), to);
    UNLOCK_TCPIP_CORE();
    return ret;
}

/* ---- connect ---- */

/* A socket without a connection, as at first. */
static void make_fresh(struct tcp_socket *t)
{
    tcp_socket_abort(t);
    receive_queue_clear(&t->received);
    t->phase = TCP_FRESH;
    ip_addr_set_any(IP_IS_V6(&t->local_ip), &t->local_ip);
    t->local_port = 0;
    t->stalled = false;
    t->bound = t->connect_told = t->peer_closed = t->no_reading = t->no_writing = false;
}

static int start(struct tcp_socket *t, const struct socket_address *to)
{
    ip_addr_t ip;
    int ret = inet_to_ip(&t->inet, to, &ip);

    if (ret)
        return ret;
    if (ip_addr_isany(&ip))
        ip_addr_set_loopback(IP_IS_V6(&ip), &ip);
    if (ip_addr_ismulticast(&ip) || inet_is_broadcast(&ip))
        return -ENETUNREACH;
    ret = tcp_socket_open(t);
    if (ret)
        return ret;
    ret = inet_error(tcp_connect(t->pcb, &ip, to->port, t->pcb->connected));
    if (ret == -EADDRINUSE || ret == -ENOBUFS)
        return -EADDRNOTAVAIL; /* no port is free, or the pair of addresses is taken */
    if (ret)
        return ret;
    t->phase = TCP_CONNECTING;
    tcp_socket_attach(t, t->pcb);
    return 0;
}

/* What a connection attempt has become: 0, its error, or -EALREADY while nothing is known. */
static int outcome(struct tcp_socket *t)
{
    int error;

    switch (t->phase) {
    case TCP_CONNECTING:
        return -EALREADY;
    case TCP_CONNECTED:
        if (t->connect_told)
            return -EISCONN;
        t->connect_told = true;
        return 0;
    default:
        error = socket_take_error(&t->inet.base);
        make_fresh(t);
        return error ? error : -ECONNABORTED;
    }
}

static int connect_first(struct tcp_socket *t, const struct socket_address *to)
{
    if (to->family == SOCKET_FAMILY_NONE) {
        if (t->phase == TCP_LISTENING)
            tcp_socket_unlisten(t);
        make_fresh(t);
        return 0;
    }
    switch (t->phase) {
    case TCP_LISTENING:
        return -EISCONN;
    case TCP_ENDED:
        if (t->connect_told) /* it was a connection: as Linux, begin anew */
            make_fresh(t);
        else
            return outcome(t);
        break;
    case TCP_FRESH:
        break;
    default:
        return outcome(t);
    }
    t->inet.base.error = 0;
    return start(t, to) ?: -EINPROGRESS;
}

int tcp_socket_connect(struct socket *s, const struct socket_address *to, bool wait)
{
    struct tcp_socket *t = tcp_of(s);
    const uint64_t deadline = socket_deadline(s->send_timeout);
    int ret;

    LOCK_TCPIP_CORE();
    ret = connect_first(t, to);
    UNLOCK_TCPIP_CORE();
    if ((ret != -EINPROGRESS && ret != -EALREADY) || !wait)
        return ret;
    while (t->phase == TCP_CONNECTING) {
        ret = socket_wait(&s->writable, true, deadline);
        if (ret)
            return ret == -EAGAIN ? -EINPROGRESS : ret;
    }
    LOCK_TCPIP_CORE();
    ret = outcome(t);
    UNLOCK_TCPIP_CORE();
    return ret;
}

/* ---- shutdown ---- */

static int shut(struct tcp_socket *t, bool reading, bool writing)
{
    switch (t->phase) {
    case TCP_FRESH:
        return -ENOTCONN;
    case TCP_LISTENING:
        if (reading) {
            tcp_socket_unlisten(t);
            make_fresh(t);
        }
        return 0;
    case TCP_CONNECTING:
        make_fresh(t);
        return 0;
    case TCP_ENDED:
        return -ENOTCONN;
    case TCP_CONNECTED:
        break;
    }
    if (writing && !t->no_writing) {
        t->no_writing = true;
        if (t->pcb)
            tcp_shutdown(t->pcb, 0, 1);
    }
    t->no_reading |= reading;
    return 0;
}

int tcp_socket_shutdown(struct socket *s, bool reading, bool writing)
{
    int ret;

    LOCK_TCPIP_CORE();
    ret = shut(tcp_of(s), reading, writing);
    UNLOCK_TCPIP_CORE();
    wake_all(&s->readable);
    wake_all(&s->writable);
    return ret;
}
