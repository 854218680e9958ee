/* SPDX-License-Identifier: MIT */
/*
 * UDP's sockets, and raw ones. datagram.c: their life; datagram_receive.c, datagram_send.c,
 * datagram_options.c. Functions are called with the core lock unless they are of struct socket_ops.
 */
#ifndef RINGLET_LWIP_SOCKET_DATAGRAM_H
#define RINGLET_LWIP_SOCKET_DATAGRAM_H

#include "lib/lwip/socket/private.h"
#include "lwip/raw.h"
#include "lwip/udp.h"

#define DATAGRAM_BUFFER     (208 * 1024) /* bytes: Linux' default */
#define DATAGRAM_BUFFER_MIN 2304
#define DATAGRAM_BUFFER_MAX (4 * 1024 * 1024)

struct datagram_socket {
    struct inet_socket inet;
    struct udp_pcb *udp; /* one of these is not NULL; the same as inet.ip */
    struct raw_pcb *raw;
    bool connected, no_reading, no_writing;
    bool packet_info;
    struct list received;  /* of struct datagram */
    size_t charged;        /* bytes of them, with what each costs */
    size_t receive_buffer; /* the most that may be charged */
    size_t send_buffer;    /* of no effect: nothing that is sent is kept */
    struct list groups;    /* of struct membership */
};

static inline struct datagram_socket *datagram_of(struct socket *s)
{
    return (struct datagram_socket *)s;
}

/* datagram_receive.c: callbacks of lwIP, whose argument is the socket */
void datagram_udp_input(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                        u16_t port);
u8_t datagram_raw_input(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from);
int64_t datagram_receive(struct socket *s, struct socket_message *m, bool wait);
/* The length of the first datagram; 0: there is none. */
size_t datagram_next(const struct datagram_socket *d);
void datagram_clear(struct datagram_socket *d);

/* datagram_refused.c: from now on connected sockets learn of ports without a listener. Without memory
 * they do not. */
void datagram_watch_refused(void);

/* datagram_send.c */
int64_t datagram_socket_send(struct socket *s, const struct socket_message *m, bool wait);

/* datagram_options.c */
int datagram_socket_set(struct socket *s, enum socket_option option,
                        const struct socket_value *value);
int datagram_socket_get(struct socket *s, enum socket_option option, struct socket_value *value);
void datagram_leave_all(struct datagram_socket *d);

#endif
