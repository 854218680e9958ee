/* SPDX-License-Identifier: MIT */
/*
 * The sockets of the Internet: inet_socket_create() for lib/fs/socket.h, on lwIP's own ("raw")
 * interface, with the core lock (port/core_lock.h). What waits does so by socket_wait(), without the
 * lock. This header is for a C library: it has nothing of lwIP's.
 *
 * Functions are for threads, and return 0 or -errno, unless stated otherwise.
 */
#ifndef RINGLET_LWIP_SOCKET_INET_H
#define RINGLET_LWIP_SOCKET_INET_H

#include "lib/fs/socket.h"
#include "lib/lwip/socket/symbols.h"

/*
 * A file of a new socket, with one reference; starts the network when it is the first. type:
 * SOCKET_STREAM, SOCKET_DATAGRAM or SOCKET_RAW; protocol: IANA's number, 0: the type's. flags:
 * FILE_NONBLOCK. -EAFNOSUPPORT, -EPROTONOSUPPORT, -ENOMEM.
 */
int inet_socket_create(unsigned family, unsigned type, unsigned protocol, unsigned flags,
                       struct file **out);

/* ---- names ---- */

/*
 * The addresses of a host by DNS, in out[0..max): their number, of the families that are asked for,
 * INET's first. Waits. -ENOENT: there is no such host; -EAGAIN: no server has answered, or
 * none could (SERVFAIL, REFUSED); -EINTR and
 * others of file_wait; -EINVAL: not a host's name.
 */
int inet_resolve(const char *name, bool v4, bool v6, struct socket_address *out, unsigned max);

/* ---- interfaces ---- */

#define INET_ADDRESSES_MAX 8

struct inet_interface {
    unsigned index; /* > 0 */
    char name[16];
    bool up, running, loopback, broadcast, multicast;
    unsigned count; /* of addresses */
    struct socket_address address[INET_ADDRESSES_MAX];
    unsigned prefix[INET_ADDRESSES_MAX]; /* bits */
};

/* The interface with the smallest index >= index. -ENODEV: there is none. */
int inet_interface(unsigned index, struct inet_interface *out);

#endif
