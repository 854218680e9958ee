/* SPDX-License-Identifier: MIT */
/*
 * TCP segments of many times the mss, for interfaces that cut them (lib/lwip/port/large.h): lwIP handles
 * one where it would handle 44. No more is sent again than without them, and windows are used as far: a
 * segment is cut when that matters. With the core lock.
 */
#ifndef RINGLET_LWIP_SOCKET_TCP_LARGE_H
#define RINGLET_LWIP_SOCKET_TCP_LARGE_H

#include <ringlet/list.h>

#include "lib/lwip/socket/symbols.h"
#include "lwip/tcp.h"

struct tcp_socket;

/* Of a socket; zeroes, and empty lists. */
struct tcp_large {
    struct list look; /* in a list: a packet has arrived */
    struct list held; /* in a list: tcp_hold.h */
    bool taken;       /* by the interface, at the last write of more than an mss */
    bool used;        /* some segment was large */
    bool grows;       /* the window of congestion, by what the last packet has acknowledged ... */
    uint32_t acked;   /* ... behind this sequence number */
};

/* Before the first socket has a pcb; may be called again. */
void tcp_large_start(void);
/* Before `want` bytes are written. */
void tcp_large_begin(struct tcp_socket *t, size_t want);
/* tcp_write(), without a copy. */
err_t tcp_large_write(struct tcp_socket *t, const void *data, uint16_t len, uint8_t flags);
/* tcp_output(), also of a part of a segment that does not fit in the window. */
void tcp_large_output(struct tcp_socket *t);
/* The same, if the last unsent segment is full. */
void tcp_large_full(struct tcp_socket *t);
/* The bytes of a segment that is full: what the last unsent one has, or may grow to. */
uint16_t tcp_large_size(const struct tcp_socket *t);
/* Those that the last unsent one has room for; a whole one if it is full, or there is none. */
size_t tcp_large_left(const struct tcp_socket *t);
/* What a writer gives who has more than there is room for: a little more than that, as it fills segments, if something
 * is in flight. Thus no frame is sent that is not full. */
size_t tcp_large_whole(const struct tcp_socket *t, size_t room);
/* Each half second. lwIP calls tcp_output() afterwards. */
void tcp_large_tick(struct tcp_socket *t);
/* The socket, or its pcb, ends. */
void tcp_large_end(struct tcp_socket *t);

#endif
