/* SPDX-License-Identifier: MIT */
/*
 * The network: lwIP on the interfaces that the toolstack gave the domain. Part of the SDK's library
 * libringlet-lwip.a, which a program has if it calls one of these functions or uses sockets.
 * docs/network.md describes how interfaces are configured.
 *
 * Functions are for threads, may wait, and return 0 or -errno.
 */
#ifndef RINGLET_NET_H
#define RINGLET_NET_H

#include <ringlet/compiler.h>

/* As in symbols.h, for this library. */
#pragma redefine_extname net_start ringlet_net_start
#pragma redefine_extname net_wait_address ringlet_net_wait_address
#pragma redefine_extname net_interfaces ringlet_net_interfaces
#pragma redefine_extname net_configure ringlet_net_configure
#pragma redefine_extname net_driver ringlet_net_driver
#pragma redefine_extname net_sends_from ringlet_net_sends_from
#pragma redefine_extname net_tcp_large ringlet_net_tcp_large
#pragma redefine_extname net_tcp_write ringlet_net_tcp_write
#pragma redefine_extname net_tcp_output ringlet_net_tcp_output

/*
 * Starts the stack: its threads, the interface for 127.0.0.1 and ::1, and the domain's interfaces, and
 * waits until these are connected to their backends (10 s at most), but not until they have an address.
 * The first socket does so, too; later calls do nothing. 0, or -ENOMEM: a later call tries again.
 */
int net_start(void);

/*
 * Waits until an interface has an address that others than its neighbours can use (IPv4, or IPv6 but
 * that of the link). 0; -ENODEV: there is no interface; -ETIMEDOUT. Starts the stack.
 */
int net_wait_address(uint64_t timeout_ns);

struct net_interface {
    char name[16];  /* "vif0" */
    unsigned index; /* if_nametoindex()'s */
    uint8_t mac[6];
    unsigned mtu;        /* bytes without the Ethernet header */
    bool link;           /* connected to its backend, which has a carrier */
    bool dhcp;           /* asks for its IPv4 address */
    char addresses[400]; /* "10.0.0.2/24 fe80::1/64": with prefixes, blanks between them */
};

/* Fills out[0..max) in order of their numbers. The number of interfaces, which may be more than max,
 * or -ENOMEM. Starts the stack. */
int net_interfaces(struct net_interface *out, unsigned max);

struct netfront_limits;
struct netfront_stats;
/* What the driver of an interface ("vif0") has negotiated and counted (ringlet/netfront.h); either may be
 * NULL. 0 or -ENODEV. Starts the stack. */
int net_driver(const char *name, struct netfront_limits *limits, struct netfront_stats *stats);

/*
 * For programs that use lwIP's own interface and send from memory of netfront_mem_add() by tcp_write()
 * without TCP_WRITE_FLAG_COPY: whether a frame still refers to some of these bytes, in an interface or in a
 * device's ring (netfront_mem_busy). Data that the peer has acknowledged may be changed only when it does
 * not: a peer can acknowledge what it has not received yet, and a segment can be on its way twice. With the
 * core lock.
 */
bool net_sends_from(const void *data, size_t len);

struct tcp_pcb;

/*
 * For programs that use lwIP's own interface and send much: what they write without TCP_WRITE_FLAG_COPY goes out in
 * frames of up to 64 KiB, which the backend cuts into segments, if it does. Of a connection that is established, as in
 * the callback of tcp_accept(). net_tcp_write() and net_tcp_output() are used from then on, in place of tcp_write() and
 * tcp_output(), and tcp_poll() is not: poll (NULL: none), in place of its callback, is called each half second
 * until the pcb ends, also behind tcp_close(), and has what tcp_arg() has set, which may be NULL then.
 * 0 or -ENOMEM: the connection is as before. With the core lock.
 */
int net_tcp_large(struct tcp_pcb *pcb, int8_t (*poll)(void *arg, struct tcp_pcb *pcb));
/* As tcp_write(), and full frames go out at once. Data that are copied should be short. The callback of tcp_sent() may
 * be told of some bytes half a second late. With the core lock. */
int8_t net_tcp_write(struct tcp_pcb *pcb, const void *data, uint16_t len, uint8_t flags);
void net_tcp_output(struct tcp_pcb *pcb);

/*
 * Configures an interface ("vif0"), in place of what it had: config is the value of `ip=`. Connections
 * to an address that goes are aborted. 0; -EINVAL: a text in err names what is wrong; -ENODEV; -ENOMEM.
 * Starts the stack.
 */
int net_configure(const char *name, const char *config, char *err, size_t err_size);

#endif
