/* SPDX-License-Identifier: MIT */
/* The life of a TCP socket, and lwIP's callbacks. */
#include "lib/lwip/socket/tcp.h"

#include <ringlet/heap.h>

#include "lib/fs/poll.h"
#include "lwip/priv/tcp_priv.h"

/* Linux' defaults; seconds */
#define KEEP_IDLE     7200
#define KEEP_INTERVAL 75
#define KEEP_COUNT    9

static void wake(struct tcp_socket *t)
{
    wake_all(&t->inet.base.readable);
    wake_all(&t->inet.base.writable);
}

/* ---- callbacks: arg is the socket ---- */

static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct tcp_socket *t = arg;

    (void)err;
    if (!p) {
        t->peer_closed = true;
        wake(t);
        return ERR_OK;
    }
    if (t->no_reading) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
        return ERR_OK;
    }
    if (receive_queue_add(&t->received, p))
        return ERR_MEM; /* lwIP keeps it, and tries again */
    wake_all(&t->inet.base.readable);
    return ERR_OK;
}

/* A closed socket whose data has arrived is of no use any more: lwIP ends the connection by itself. */
static void let_go(struct tcp_socket *t);

void tcp_socket_acked(struct tcp_socket *t, size_t len)
{
    t->stalled = false;
    send_buffer_acked(&t->sent, len);
    if (tcp_send_room(t) || !t->sent.queued)
        wake_all(&t->inet.base.writable);
}

static err_t acknowledged(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct tcp_socket *t = arg;

    (void)pcb;
    tcp_socket_acked(t, len);
    if (t->orphan && !t->sent.queued)
        let_go(t);
    return ERR_OK;
}

/* Each half second. */
static err_t tick(void *arg, struct tcp_pcb *pcb)
{
    struct tcp_socket *t = arg;

    if (t->orphan && tcp_orphan_tick(t)) {
        tcp_abort(pcb); /* ended() */
        return ERR_ABRT;
    }
    tcp_large_tick(&t->large);
    return ERR_OK;
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct tcp_socket *t = arg;

    (void)err;
    tcp_socket_attach(t, pcb);
    t->phase = TCP_CONNECTED;
    wake(t);
    return ERR_OK;
}

/* What Linux says of the end of a connection. */
static int error_of(const struct tcp_socket *t, err_t err)
{
    if (err == ERR_CLSD)
        return 0; /* both sides have closed */
    if (err != ERR_RST)
        return -ETIMEDOUT;
    if (t->phase == TCP_CONNECTING)
        return -ECONNREFUSED;
    return t->peer_closed ? -EPIPE : -ECONNRESET;
}

/* lwIP has ended the connection; ended() was called or will be. */
static void failed(void *arg, err_t err)
{
    struct tcp_socket *t = arg;
    const int error = error_of(t, err);

    if (error) {
        t->inet.base.error = error;
        t->phase = TCP_ENDED;
    }
    wake(t);
}

static void free_socket(struct tcp_socket *t)
{
    if (t->orphan)
        tcp_orphan_end(t);
    receive_queue_clear(&t->received);
    send_buffer_clear(&t->sent, false);
    heap_free(t);
}

static void acked(struct tcp_large *l, size_t len)
{
    tcp_socket_acked(container_of(l, struct tcp_socket, large), len);
}

/* lwIP frees the pcb. */
static void ended(struct tcp_large *l)
{
    struct tcp_socket *t = container_of(l, struct tcp_socket, large);

    t->pcb = NULL;
    t->inet.ip = NULL;
    send_buffer_clear(&t->sent, true);
    if (t->orphan)
        free_socket(t);
    else
        wake(t);
}

static const struct tcp_large_user user = {.acked = acked, .ended = ended};

/* ---- pcbs ---- */

void tcp_socket_attach(struct tcp_socket *t, struct tcp_pcb *pcb)
{
    t->pcb = pcb;
    t->inet.ip = (struct ip_pcb *)pcb;
    t->local_ip = pcb->local_ip;
    t->local_port = pcb->local_port;
    t->remote_ip = pcb->remote_ip;
    t->remote_port = pcb->remote_port;
    /* A new one has what lwIP gives each connection; a socket has its own bound, tcp_send_limit(). */
    if (pcb->snd_buf == TCP_SND_BUF) {
        pcb->snd_buf = SOCKET_SND_BUF;
        pcb->ssthresh = SOCKET_SND_BUF;
    }
    tcp_arg(pcb, t);
    tcp_recv(pcb, received);
    tcp_sent(pcb, acknowledged);
    tcp_err(pcb, failed);
    tcp_poll(pcb, tick, 1);
    pcb->connected = connected;
    tcp_large_attach(&t->large, pcb);
    tcp_socket_apply(t);
}

void tcp_socket_detach(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    tcp_large_detach(&t->large);
    t->pcb = NULL;
    t->inet.ip = NULL;
}

static void let_go(struct tcp_socket *t)
{
    tcp_socket_detach(t);
    free_socket(t);
}

int tcp_socket_open(struct tcp_socket *t)
{
    struct tcp_pcb *pcb;

    if (t->pcb)
        return 0;
    pcb = tcp_new_ip_type(inet_pcb_type(&t->inet));
    if (!pcb)
        return -ENOBUFS;
    tcp_socket_attach(t, pcb);
    t->bound = false;
    return 0;
}

void tcp_socket_abort(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (!pcb)
        return;
    tcp_err(pcb, NULL);
    tcp_abort(pcb); /* ended() */
}

/* ---- close ---- */

/* Waits, at most the linger time, until the peer has all. */
static void linger(struct tcp_socket *t)
{
    const uint64_t deadline = socket_deadline((uint64_t)t->linger * 1000000000);

    while (t->pcb && t->sent.queued) {
        int ret;

        UNLOCK_TCPIP_CORE();
        ret = socket_wait(&t->inet.base.writable, true, deadline);
        LOCK_TCPIP_CORE();
        if (ret)
            return;
    }
}

static void close_connection(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;
    const bool reset = t->phase == TCP_CONNECTING || t->received.bytes || !t->linger;

    if (reset || tcp_close(pcb) != ERR_OK) {
        tcp_socket_abort(t);
        return;
    }
    if (t->pcb)
        tcp_free_ooseq(t->pcb); /* nobody will read it */
    if (t->pcb && t->linger > 0)
        linger(t);
    if (t->pcb && t->sent.queued)
        tcp_orphan_begin(t);
    else if (t->pcb)
        tcp_socket_detach(t);
}

int tcp_socket_release(struct socket *s)
{
    struct tcp_socket *t = tcp_of(s);

    LOCK_TCPIP_CORE();
    if (t->phase == TCP_LISTENING)
        tcp_socket_unlisten(t);
    else if (t->pcb)
        close_connection(t);
    if (!t->orphan) /* else it is the pcb's from now on */
        free_socket(t);
    UNLOCK_TCPIP_CORE();
    return 0;
}

/* ---- the rest of the operations ---- */

static bool has_peer(const struct tcp_socket *t)
{
    return t->phase == TCP_CONNECTED;
}

static int tcp_name(struct socket *s, bool peer, struct socket_address *out)
{
    const struct tcp_socket *t = tcp_of(s);

    if (peer && !has_peer(t))
        return -ENOTCONN;
    inet_from_ip(&t->inet, peer ? &t->remote_ip : &t->local_ip,
                 peer ? t->remote_port : t->local_port, out);
    return 0;
}

static unsigned tcp_poll_events(struct socket *s, unsigned events, struct poll_waits *waits)
{
    const struct tcp_socket *t = tcp_of(s);
    const bool end = t->peer_closed || t->no_reading;
    unsigned ready = 0;

    (void)waits;
    switch (t->phase) {
    case TCP_FRESH:
        ready = POLL_OUT | POLL_HUP;
        break;
    case TCP_LISTENING:
        ready = list_empty(&t->pending) ? 0 : POLL_IN;
        break;
    case TCP_CONNECTING:
        break;
    case TCP_CONNECTED:
        ready |= t->received.bytes || end ? POLL_IN : 0;
        ready |= end ? POLL_RDHUP : 0;
        ready |= t->no_writing || tcp_send_room(t) ? POLL_OUT : 0;
        ready |= end && t->no_writing ? POLL_HUP : 0;
        break;
    case TCP_ENDED:
        ready = POLL_IN | POLL_OUT | POLL_RDHUP | POLL_HUP;
        break;
    }
    return ready & (events | POLL_HUP);
}

static size_t tcp_available(struct socket *s)
{
    return tcp_of(s)->received.bytes;
}

static bool tcp_is_listening(const struct socket *s)
{
    return ((const struct tcp_socket *)s)->phase == TCP_LISTENING;
}

static const struct socket_ops tcp_ops = {
    .bind = tcp_socket_bind,
    .listen = tcp_socket_listen,
    .accept = tcp_socket_accept,
    .connect = tcp_socket_connect,
    .shutdown = tcp_socket_shutdown,
    .send = tcp_socket_send,
    .receive = tcp_socket_receive,
    .name = tcp_name,
    .set = tcp_socket_set,
    .get = tcp_socket_get,
    .poll = tcp_poll_events,
    .available = tcp_available,
    .is_listening = tcp_is_listening,
    .release = tcp_socket_release,
};

struct tcp_socket *tcp_socket_alloc(unsigned family)
{
    struct tcp_socket *t = heap_zalloc(1, sizeof(*t), MEM_KERNEL);

    if (!t)
        return NULL;
    socket_init(&t->inet.base, &tcp_ops, family, SOCKET_STREAM, IP_PROTO_TCP);
    inet_init(&t->inet);
    list_init(&t->sent.chunks);
    list_init(&t->pending);
    list_init(&t->link);
    tcp_large_init(&t->large, &user);
    t->linger = -1;
    t->send_buffer_size = SEND_BUFFER_DEFAULT;
    t->keep_idle = KEEP_IDLE;
    t->keep_interval = KEEP_INTERVAL;
    t->keep_count = KEEP_COUNT;
    t->local_ip = t->remote_ip = *(family == SOCKET_FAMILY_INET ? IP4_ADDR_ANY : IP6_ADDR_ANY);
    return t;
}

int tcp_socket_create(unsigned family, struct socket **out)
{
    struct tcp_socket *t = tcp_socket_alloc(family);

    if (!t)
        return -ENOMEM;
    *out = &t->inet.base;
    return 0;
}
