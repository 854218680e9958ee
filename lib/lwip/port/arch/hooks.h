/* SPDX-License-Identifier: MIT */
/* lwIP calls these, and includes this file where it does. */
#ifndef RINGLET_LWIP_ARCH_HOOKS_H
#define RINGLET_LWIP_ARCH_HOOKS_H

#include "lwip/ip_addr.h"
#include "lwip/pbuf.h"

struct tcp_hdr;
struct tcp_pcb;

/* The first sequence number of a connection: RFC 6528. */
u32_t net_tcp_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                  u16_t remote_port);

/* Before a connection (of any state, also a listening one) handles a segment: p is its data. ERR_MEM: the
 * segment is dropped. */
err_t net_tcp_input(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p);

#endif
