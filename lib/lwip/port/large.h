/* SPDX-License-Identifier: MIT */
/*
 * TCP segments larger than a frame, which the backend or its network card cuts (GSO): what interfaces
 * and sockets have to know of each other. Each is NULL where there are none. All are called with the core
 * lock.
 *
 * lwIP makes segments of at most the connection's mss. Sockets raise that while they write
 * (lib/lwip/socket/tcp_large.c), and see to it that a segment that lwIP cannot send as it is, is cut in
 * time; interfaces send them (lib/lwip/ifc/output.c).
 */
#ifndef RINGLET_LWIP_LARGE_H
#define RINGLET_LWIP_LARGE_H

#include <ringlet/compiler.h>

#include "arch/symbols.h"

struct netif;
struct tcp_pcb;

/* The interfaces': whether one cuts large segments of IPv4, or IPv6. */
extern bool (*net_large_taken)(const struct netif *netif, bool v6);

/* The sockets'. */
struct net_large_ops {
    /* A packet for a connection has arrived, and lwIP has not looked at it yet. */
    void (*arrives)(struct tcp_pcb *pcb);
    /* lwIP has done what it was called for: what it left unsent, as a segment is too large, goes out. */
    void (*settle)(void);
    /* An interface takes no large segments any more, or smaller ones: those that are not sent yet are cut. */
    void (*cut)(void);
};

extern const struct net_large_ops *net_large;

#endif
