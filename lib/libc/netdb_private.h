/* SPDX-License-Identifier: MIT */
/* What the functions of <netdb.h> share. */
#ifndef RINGLET_LIBC_NETDB_PRIVATE_H
#define RINGLET_LIBC_NETDB_PRIVATE_H

#include <netdb.h>
#include <stdbool.h>

#include "lib/fs/socket.h"

#define NETDB_ADDRESSES_MAX 16

/* services.c. protocol: "tcp", "udp" or NULL. The port of a service, -1: not known; a port's name,
 * NULL: not known. */
int posix_netdb_port(const char *name, const char *protocol);
const char *posix_netdb_service(unsigned port, const char *protocol);

/*
 * The addresses of a host, by the file of hosts and by DNS, of the families that are asked for: their
 * number, at most NETDB_ADDRESSES_MAX, or EAI_... (< 0).
 */
int posix_netdb_lookup(const char *name, bool v4, bool v6,
                       struct socket_address out[NETDB_ADDRESSES_MAX]);

/* hosts.c: /etc/hosts, or what the image has instead, /rom/etc/hosts. The number; 0: not there. */
int posix_netdb_hosts(const char *name, bool v4, bool v6,
                      struct socket_address out[NETDB_ADDRESSES_MAX]);
/* The name of an address in it. False: none. */
bool posix_netdb_hosts_name(const struct socket_address *address, char *name, size_t size);

#endif
