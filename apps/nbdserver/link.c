/* SPDX-License-Identifier: MIT */
#include "link.h"

#include <errno.h>
#include <lwip/stats.h>
#include <lwip/tcp.h>
#include <lwip/tcpip.h>
#include <ringlet/net.h>
#include <stdlib.h>

/* Received pbufs that a connection keeps while it waits. lwIP keeps one more, and the peer's window closes. */
#define HELD_MAX 192u
#define ROOM_MIN (2u * TCP_MSS) /* less is not worth a segment */

#define KEEP_IDLE     60000 /* ms: a client that is gone is noticed within two minutes */
#define KEEP_INTERVAL 10000
#define KEEP_COUNT    6

struct link {
    struct transport transport;
    struct connection *connection;
    struct tcp_pcb *pcb; /* NULL: lwIP has ended it */
    struct pbuf *held[HELD_MAX];
    unsigned first, count;
    u16_t offset;      /* bytes of the first one that were taken */
    unsigned depth;    /* callbacks of lwIP that run */
    bool delivering;   /* deliver() runs; ... */
    bool again;        /* ... and is to go on */
    bool eof;          /* the client sends no more */
    bool close, abort; /* to be done when the callbacks have returned */
};

static struct tcp_pcb *listener;
static struct connections *server;
static void (*settle)(void);

static struct link *link_of(struct transport *t)
{
    return container_of(t, struct link, transport);
}

/* ---- the end ---- */

static void forget(struct link *l)
{
    struct tcp_pcb *pcb = l->pcb;

    l->pcb = NULL;
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
}

static void free_link(struct link *l)
{
    for (; l->count; l->count--, l->first++)
        pbuf_free(l->held[l->first % HELD_MAX]);
    free(l);
}

/* Does what close() and abort() asked for, if no callback is running. What it returns lwIP wants to know
 * of the callback. */
static err_t finish(struct link *l)
{
    struct tcp_pcb *pcb = l->pcb;
    bool abort = l->abort;

    if (l->depth || !(l->close || l->abort))
        return ERR_OK;
    forget(l);
    if (!abort && tcp_close(pcb) != ERR_OK)
        abort = true;
    if (abort)
        tcp_abort(pcb);
    free_link(l);
    return abort ? ERR_ABRT : ERR_OK;
}

static void link_close(struct transport *t)
{
    link_of(t)->close = true;
    finish(link_of(t));
}

static void link_abort(struct transport *t)
{
    link_of(t)->abort = true;
    finish(link_of(t));
}

/* ---- sending ---- */

static size_t room(struct transport *t)
{
    const struct link *l = link_of(t);
    const size_t n = tcp_sndbuf(l->pcb);

    return n < ROOM_MIN || tcp_sndqueuelen(l->pcb) > TCP_SND_QUEUELEN / 2 ? 0 : n;
}

static bool send(struct transport *t, const void *data, size_t len, bool copy)
{
    return len <= UINT16_MAX && net_tcp_write(link_of(t)->pcb, data, (u16_t)len,
                                              copy ? TCP_WRITE_FLAG_COPY : 0) == ERR_OK;
}

static void push(struct transport *t)
{
    net_tcp_output(link_of(t)->pcb);
}

/* ---- receiving ---- */

/* What the connection takes of the first pbuf, from the offset on. */
static size_t give(struct link *l)
{
    const struct pbuf *p = l->held[l->first % HELD_MAX];
    size_t skip = l->offset, taken = 0;

    for (; p; p = p->next) {
        size_t n;

        if (skip >= p->len) {
            skip -= p->len;
            continue;
        }
        n = connection_input(l->connection, (const uint8_t *)p->payload + skip, p->len - skip);
        taken += n;
        if (l->close || l->abort || n < p->len - skip)
            break;
        skip = 0;
    }
    return taken;
}

static void deliver(struct link *l)
{
    if (l->delivering) {
        l->again = true;
        return;
    }
    l->delivering = true;
    l->depth++;
    while (l->count && !l->close && !l->abort) {
        struct pbuf *p = l->held[l->first % HELD_MAX];
        size_t n;

        l->again = false;
        n = give(l);
        l->offset = (u16_t)(l->offset + n);
        tcp_recved(l->pcb, (u16_t)n);
        if (l->offset == p->tot_len) {
            pbuf_free(p);
            l->offset = 0;
            l->first++;
            l->count--;
        } else if (!l->again) {
            break;
        }
    }
    if (l->eof && !l->count && !l->close && !l->abort)
        connection_eof(l->connection);
    l->depth--;
    l->delivering = false;
}

static void resume(struct transport *t)
{
    struct link *l = link_of(t);

    deliver(l);
    finish(l);
}

/* As sockets do: what waits must not take all of lwIP's buffers. */
static bool buffers_are_short(void)
{
    const struct stats_mem *pool = lwip_stats.memp[MEMP_PBUF_POOL];

    return pool->used > pool->avail / 4 * 3;
}

/* ---- lwIP's callbacks: arg is the link ---- */

/* (What settle() does may end this connection, too: lwIP must be told.) */
static err_t leave(struct link *l)
{
    settle();
    l->depth--;
    return finish(l);
}

static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct link *l = arg;

    (void)pcb;
    (void)err;
    if (p && (l->count == HELD_MAX || (l->count && buffers_are_short())))
        return ERR_MEM; /* lwIP keeps it, and tries again */
    l->depth++;
    if (p)
        l->held[(l->first + l->count++) % HELD_MAX] = p;
    else
        l->eof = true;
    deliver(l);
    return leave(l);
}

static err_t acknowledged(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct link *l = arg;

    (void)pcb;
    l->depth++;
    connection_acked(l->connection, len);
    return leave(l);
}

/* Now and then: there may be memory again. Also of a connection that was closed. */
static err_t poll(void *arg, struct tcp_pcb *pcb)
{
    struct link *l = arg;

    (void)pcb;
    if (!l)
        return ERR_OK;
    l->depth++;
    connection_writable(l->connection);
    return leave(l);
}

/* lwIP has ended the connection; the pcb is gone. */
static void failed(void *arg, err_t err)
{
    struct link *l = arg;

    (void)err;
    if (!l->close && !l->abort)
        connection_lost(l->connection);
    free_link(l);
    settle();
}

/* ---- listening ---- */

static bool unused(const void *data, size_t len, bool ended)
{
    if (net_sends_from(data, len))
        return false;
    /* frames that wait for the address of a neighbour may refer to anything */
    return !ended ||
           !(lwip_stats.memp[MEMP_ARP_QUEUE]->used || lwip_stats.memp[MEMP_ND6_QUEUE]->used);
}

static const struct transport operations = {.room = room,
                                            .send = send,
                                            .push = push,
                                            .resume = resume,
                                            .close = link_close,
                                            .abort = link_abort,
                                            .unused = unused};

static err_t arrived(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct link *l;

    (void)arg;
    if (err != ERR_OK || !pcb)
        return ERR_VAL;
    l = calloc(1, sizeof(*l));
    if (!l)
        return ERR_MEM; /* lwIP resets it */
    l->transport = operations;
    l->pcb = pcb;
    if (!net_tcp_large(pcb, poll))
        l->connection = connection_open(server, &l->transport);
    if (!l->connection) {
        free(l);
        return ERR_MEM;
    }
    tcp_arg(pcb, l);
    tcp_recv(pcb, received);
    tcp_sent(pcb, acknowledged);
    tcp_err(pcb, failed);
    tcp_nagle_disable(pcb);
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEP_IDLE;
    pcb->keep_intvl = KEEP_INTERVAL;
    pcb->keep_cnt = KEEP_COUNT;
    return ERR_OK;
}

static int listen_locked(const char *address, uint16_t port)
{
    ip_addr_t at = *IP_ANY_TYPE;
    struct tcp_pcb *pcb;
    err_t err;

    if (address && !ipaddr_aton(address, &at))
        return -EADDRNOTAVAIL;
    pcb = tcp_new_ip_type(address ? IP_GET_TYPE(&at) : IPADDR_TYPE_ANY);
    if (!pcb)
        return -ENOMEM;
    err = tcp_bind(pcb, &at, port);
    if (err == ERR_OK)
        listener = tcp_listen_with_backlog_and_err(pcb, 16, &err);
    if (err != ERR_OK) {
        tcp_close(pcb);
        return err == ERR_USE ? -EADDRINUSE : err == ERR_MEM ? -ENOMEM : -EADDRNOTAVAIL;
    }
    tcp_accept(listener, arrived);
    return 0;
}

int link_listen(struct connections *s, const char *address, uint16_t port, void (*at_end)(void))
{
    int ret;

    server = s;
    settle = at_end;
    LOCK_TCPIP_CORE();
    ret = listen_locked(address, port);
    UNLOCK_TCPIP_CORE();
    return ret;
}

void link_unlisten(void)
{
    if (listener)
        tcp_close(listener);
    listener = NULL;
}
