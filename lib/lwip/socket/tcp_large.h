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

/* Of a connection: a part of what it is for, a socket or a connection of lwIP's own interface (tcp_raw.c). */
struct tcp_large {
    struct tcp_pcb *pcb; /* NULL: none */
    const struct tcp_large_user *user;
    struct list look; /* in a list: a packet has arrived */
    struct list held; /* in a list: tcp_hold.h */
    bool scattered;   /* data begin and end anywhere in a page, unlike a socket's */
    bool taken;       /* by the interface, at the last write of more than an mss */
    bool used;        /* some segment was large */
    bool grows;       /* the window of congestion, by what the last packet has acknowledged ... */
    uint32_t acked;   /* ... behind this sequence number */
};

struct tcp_large_user {
    /* The peer has acknowledged so many bytes more, of which lwIP will not tell. The connection must not be
     * ended now: lwIP may be working on it. */
    void (*acked)(struct tcp_large *l, size_t bytes);
    /* lwIP frees the pcb, at the end of a connection, whichever end it was. */
    void (*ended)(struct tcp_large *l);
};

void tcp_large_init(struct tcp_large *l, const struct tcp_large_user *user);
/* The pcb, of any state, is l's from now on, until one of them ends or tcp_large_detach(). */
void tcp_large_attach(struct tcp_large *l, struct tcp_pcb *pcb);
void tcp_large_detach(struct tcp_large *l);
/* Of a pcb of any state; NULL: it has none. */
struct tcp_large *tcp_large_of(const struct tcp_pcb *pcb);

/* Before `want` bytes are written. */
void tcp_large_begin(struct tcp_large *l, size_t want);
/* tcp_write(). What is copied should be short: it is in one piece of memory, as far as a segment goes. */
err_t tcp_large_write(struct tcp_large *l, const void *data, uint16_t len, uint8_t flags);
/* tcp_output(), also of a part of a segment that does not fit in the window. */
void tcp_large_output(struct tcp_large *l);
/* The same, if the last unsent segment is full. */
void tcp_large_full(struct tcp_large *l);
/* The bytes of a segment that is full: what the last unsent one has, or may grow to. */
uint16_t tcp_large_size(const struct tcp_large *l);
/* Those that the last unsent one has room for; a whole one if it is full, or there is none. */
size_t tcp_large_left(const struct tcp_large *l);
/* What a writer gives who has more than there is room for, in a buffer of `limit` bytes: a little more than that, as it
 * fills segments, if something is in flight. Thus no frame is sent that is not full. */
size_t tcp_large_whole(const struct tcp_large *l, size_t room, size_t limit);
/* Each half second. lwIP calls tcp_output() afterwards. */
void tcp_large_tick(struct tcp_large *l);

#endif
