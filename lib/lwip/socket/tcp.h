/* SPDX-License-Identifier: MIT */
/*
 * TCP's sockets. tcp.c: their life, and lwIP's callbacks; tcp_connect.c: bind, connect, shutdown;
 * tcp_listen.c; tcp_io.c; tcp_large.c and tcp_cut.c: large
 * segments; tcp_options.c. Functions are called with the core lock unless they are of
 * struct socket_ops.
 */
#ifndef RINGLET_LWIP_SOCKET_TCP_H
#define RINGLET_LWIP_SOCKET_TCP_H

#include "lib/lwip/socket/private.h"
#include "lib/lwip/socket/receive_queue.h"
#include "lib/lwip/socket/send_buffer.h"
#include "lib/lwip/socket/tcp_large.h"
#include "lwip/tcp.h"

enum tcp_phase {
    TCP_FRESH, /* no connection: perhaps bound */
    TCP_LISTENING,
    TCP_CONNECTING,
    TCP_CONNECTED, /* also when both sides have closed, and lwIP has no pcb for it any more */
    TCP_ENDED,     /* reset, or timed out */
};

#define SEND_BUFFER_MAX     (SOCKET_SND_BUF - 64 * 1024)
#define SEND_BUFFER_DEFAULT (256 * 1024)
#define SEND_BUFFER_MIN     4608 /* Linux' */

struct tcp_socket {
    struct inet_socket inet;
    struct tcp_pcb *pcb; /* the same as inet.ip; NULL: none */
    enum tcp_phase phase;
    bool bound;
    bool connect_told; /* connect() has said that it succeeded */
    bool peer_closed;  /* its FIN was received */
    bool no_reading, no_writing;
    bool orphan;  /* the file is closed: what was sent is on its way */
    bool stalled; /* lwIP took no more, though there is room: until something is acknowledged */
    bool nodelay, cork;
    uint8_t keep_count;
    uint32_t keep_idle, keep_interval; /* s */
    int64_t linger;                    /* s; -1: off */
    uint32_t send_buffer_size;
    bool send_buffer_set; /* by SO_SNDBUF: then it stays so */
    struct receive_queue received;
    struct send_buffer sent;
    struct tcp_large large;
    uint8_t idle_ticks; /* of an orphan: half seconds without an acknowledgement of data ... */
    uint32_t idle_ack;  /* ... beyond this sequence number */
    ip_addr_t local_ip, remote_ip; /* as long as they have a meaning, also without a pcb */
    uint16_t local_port, remote_port;
    /* listening */
    unsigned backlog;
    struct list pending; /* connections that nobody has accepted */
    struct list link;    /* of such a connection, or of orphans */
    uint64_t orphan_since;
};

static inline struct tcp_socket *tcp_of(struct socket *s)
{
    return (struct tcp_socket *)s;
}

/* tcp.c */
struct tcp_socket *tcp_socket_alloc(unsigned family);
/* A pcb for a fresh socket: 0 or -ENOBUFS. */
int tcp_socket_open(struct tcp_socket *t);
/* The pcb is the socket's from now on; its addresses are noted. */
void tcp_socket_attach(struct tcp_socket *t, struct tcp_pcb *pcb);
/* lwIP does not know the socket any more. */
void tcp_socket_detach(struct tcp_socket *t);
/* The peer has acknowledged len bytes more: their memory is free, and writers are woken. */
void tcp_socket_acked(struct tcp_socket *t, size_t len);
/* The connection is reset, if there is one: the socket has no pcb then. */
void tcp_socket_abort(struct tcp_socket *t);

int tcp_socket_release(struct socket *s);

/* tcp_orphan.c: the pcb, which has data in flight, is all that is left of a socket. It is reset when it, or
 * what it has sent, gets too old, or there are too many. */
void tcp_orphan_begin(struct tcp_socket *t);
/* Each half second; true: it is to be reset. */
bool tcp_orphan_tick(struct tcp_socket *t);
void tcp_orphan_end(struct tcp_socket *t);

/* tcp_connect.c */
int tcp_socket_bind(struct socket *s, const struct socket_address *to);
int tcp_socket_connect(struct socket *s, const struct socket_address *to, bool wait);
int tcp_socket_shutdown(struct socket *s, bool reading, bool writing);

/* tcp_listen.c */
int tcp_socket_listen(struct socket *s, int backlog);
int tcp_socket_accept(struct socket *s, struct file **out, struct socket_address *peer);
/* Ends listening: what nobody has accepted is reset. */
void tcp_socket_unlisten(struct tcp_socket *t);

/* tcp_io.c */
int64_t tcp_socket_send(struct socket *s, const struct socket_message *m, bool wait);
int64_t tcp_socket_receive(struct socket *s, struct socket_message *m, bool wait);
/* The bytes that may wait to be acknowledged. */
size_t tcp_send_limit(const struct tcp_socket *t);
/* The bytes that can be written now; 0 unless it is as much as is worth waking a writer for. */
size_t tcp_send_room(const struct tcp_socket *t);

/* tcp_options.c */
int tcp_socket_set(struct socket *s, enum socket_option option, const struct socket_value *value);
int tcp_socket_get(struct socket *s, enum socket_option option, struct socket_value *value);
void tcp_socket_apply(struct tcp_socket *t); /* to a new pcb */

#endif
