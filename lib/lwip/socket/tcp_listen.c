/* SPDX-License-Identifier: MIT */
/* Listening, and what it brings. */
#include "lib/fs/fd.h"
#include "lib/lwip/socket/tcp.h"

#define BACKLOG_MAX 255 /* lwIP's counter has a byte */

static void inherit(const struct tcp_socket *from, struct tcp_socket *t)
{
    t->inet.so_options = from->inet.so_options;
    t->inet.ttl = from->inet.ttl;
    t->inet.tos = from->inet.tos;
    t->inet.interface = from->inet.interface;
    t->inet.v6only = from->inet.v6only;
    t->nodelay = from->nodelay;
    t->keep_count = from->keep_count;
    t->keep_idle = from->keep_idle;
    t->keep_interval = from->keep_interval;
    t->linger = from->linger;
    t->send_buffer_size = from->send_buffer_size;
    t->send_buffer_set = from->send_buffer_set;
    t->inet.base.receive_timeout = from->inet.base.receive_timeout;
    t->inet.base.send_timeout = from->inet.base.send_timeout;
}

/* lwIP counts only connections that are alive; those that were reset wait here, too. */
static bool is_full(const struct tcp_socket *listener)
{
    unsigned n = 0;

    list_for_each (l, &listener->pending)
        n++;
    return n >= listener->backlog;
}

/* A connection is there: its data may come before it is accepted. */
static err_t arrived(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct tcp_socket *listener = arg, *t;

    if (err != ERR_OK || !pcb || !listener)
        return ERR_VAL;
    t = is_full(listener) ? NULL : tcp_socket_alloc(listener->inet.base.family);
    if (!t)
        return ERR_MEM; /* lwIP resets it */
    inherit(listener, t);
    t->phase = TCP_CONNECTED;
    t->bound = t->connect_told = true;
    tcp_socket_attach(t, pcb);
    tcp_backlog_delayed(pcb);
    list_add_tail(&listener->pending, &t->link);
    wake_all(&listener->inet.base.readable);
    return ERR_OK;
}

static int bind_any(struct tcp_socket *t)
{
    const struct socket_address any = {.family = t->inet.base.family};

    return t->bound ? 0 : tcp_socket_bind(&t->inet.base, &any);
}

static int start(struct tcp_socket *t, int backlog)
{
    struct tcp_pcb *pcb, *listener;
    err_t err;
    int ret;

    t->backlog = backlog < 0 || backlog > BACKLOG_MAX ? BACKLOG_MAX : (unsigned)backlog + 1;
    t->backlog = MIN(t->backlog, (unsigned)BACKLOG_MAX);
    if (t->phase == TCP_LISTENING) {
        tcp_backlog_set(t->pcb, (uint8_t)t->backlog);
        return 0;
    }
    if (t->phase != TCP_FRESH)
        return -EINVAL;
    ret = bind_any(t);
    if (ret)
        return ret;
    pcb = t->pcb;
    tcp_socket_detach(t); /* lwIP frees it, and makes a smaller one */
    listener = tcp_listen_with_backlog_and_err(pcb, (uint8_t)t->backlog, &err);
    if (!listener) {
        tcp_socket_attach(t, pcb);
        return inet_error(err);
    }
    t->pcb = listener;
    t->inet.ip = (struct ip_pcb *)listener;
    tcp_arg(listener, t);
    tcp_accept(listener, arrived);
    t->phase = TCP_LISTENING;
    return 0;
}

int tcp_socket_listen(struct socket *s, int backlog)
{
    int ret;

    LOCK_TCPIP_CORE();
    ret = start(tcp_of(s), backlog);
    UNLOCK_TCPIP_CORE();
    return ret;
}

void tcp_socket_unlisten(struct tcp_socket *t)
{
    while (!list_empty(&t->pending)) {
        struct tcp_socket *pending = list_entry(t->pending.next, struct tcp_socket, link);

        list_del(&pending->link);
        pending->linger = 0; /* reset it */
        tcp_socket_release(&pending->inet.base);
    }
    tcp_close(t->pcb);
    t->pcb = NULL;
    t->inet.ip = NULL;
    t->phase = TCP_ENDED;
    wake_all(&t->inet.base.readable);
}

/* With no descriptor or memory for it, a connection waits on. */
static int take(struct tcp_socket *listener, struct file **out, struct socket_address *peer)
{
    struct tcp_socket *t;
    int ret = fd_room();

    if (ret)
        return ret;
    if (listener->phase != TCP_LISTENING)
        return -EINVAL;
    if (list_empty(&listener->pending))
        return -EAGAIN;
    t = list_entry(listener->pending.next, struct tcp_socket, link);
    *out = socket_file(&t->inet.base, 0);
    if (!*out)
        return -ENOMEM;
    list_del(&t->link);
    if (t->pcb)
        tcp_backlog_accepted(t->pcb);
    inet_from_ip(&t->inet, &t->remote_ip, t->remote_port, peer);
    return 0;
}

int tcp_socket_accept(struct socket *s, struct file **out, struct socket_address *peer)
{
    int ret;

    LOCK_TCPIP_CORE();
    ret = take(tcp_of(s), out, peer);
    UNLOCK_TCPIP_CORE();
    return ret;
}
