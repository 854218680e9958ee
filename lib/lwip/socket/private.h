/* SPDX-License-Identifier: MIT */
/* What the files of this folder share. Functions are called with the core lock, unless stated
 * otherwise. */
#ifndef RINGLET_LWIP_SOCKET_PRIVATE_H
#define RINGLET_LWIP_SOCKET_PRIVATE_H

#include <ringlet/errno.h>
#include <ringlet/list.h>

#include "lib/lwip/socket/inet.h"
#include "lwip/ip.h"
#include "lwip/memp.h"
#include "lwip/pbuf.h"
#include "lwip/stats.h"
#include "lwip/tcpip.h"

/* ---- what TCP, UDP and raw sockets have in common ---- */

/* Options that lwIP keeps in its protocol control block are kept here, too: a socket can lose its pcb,
 * and get another one. */
struct inet_socket {
    struct socket base;
    struct ip_pcb *ip;  /* the pcb; NULL: none */
    uint8_t so_options; /* lwIP's SOF_... */
    uint8_t ttl, tos;
    uint8_t interface; /* the index; 0: any */
    bool v6only;
};

/* interface.c, address.c */
int inet_error(err_t err); /* -errno */
/* An address for this socket: 0 and *out, -EAFNOSUPPORT, or -ENETUNREACH for a mapped address of a
 * socket that is for IPv6 only. */
int inet_to_ip(const struct inet_socket *s, const struct socket_address *from, ip_addr_t *out);
/* As the socket's family has it: an address of IPv4 is mapped for INET6. */
void inet_from_ip(const struct inet_socket *s, const ip_addr_t *ip, uint16_t port,
                  struct socket_address *out);
/* One of the host's addresses, or any. */
bool inet_is_ours(const ip_addr_t *ip);
bool inet_is_broadcast(const ip_addr_t *ip);
/* The address from which something is sent to another; any, if there is no route. */
void inet_local_for(const ip_addr_t *to, ip_addr_t *out);

/*
 * pause.c: without the core lock. Waits a little for memory, or for room in a device, which nothing
 * announces: the sender looks again, `looks` times already. 0: look again; -EAGAIN at the deadline, or at
 * once without `wait`; and those of file_wait.
 */
int inet_wait_for_room(unsigned looks, bool wait, uint64_t deadline);

/* options.c */
void inet_init(struct inet_socket *s);
void inet_apply(struct inet_socket *s); /* to a new pcb */
/* The options that all have; -ENOPROTOOPT. */
int inet_set(struct inet_socket *s, enum socket_option option, const struct socket_value *value);
int inet_get(struct inet_socket *s, enum socket_option option, struct socket_value *value);

/* resolve_answer.c: from resolve_watch() to resolve_unwatch(), for a callback of lwIP's DNS client:
 * the code of the answer that it is called for (RFC 1035, RCODE); -1: of none, but by a timer, or it is not
 * known, for want of memory. */
void resolve_watch(void);
void resolve_unwatch(void);
int resolve_code(void);

int tcp_socket_create(unsigned family, struct socket **out);
int datagram_socket_create(unsigned family, unsigned type, unsigned protocol, struct socket **out);

/* ---- errors and conversions ---- */

static inline struct inet_socket *inet_of(struct socket *s)
{
    return (struct inet_socket *)s;
}

/* The type of the addresses that a new pcb of the family takes. */
static inline uint8_t inet_pcb_type(const struct inet_socket *s)
{
    if (s->base.family == SOCKET_FAMILY_INET)
        return IPADDR_TYPE_V4;
    return s->v6only ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
}

#endif
