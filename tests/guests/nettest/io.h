/* SPDX-License-Identifier: MIT */
/* Sockets and time, as both roles use them. Functions return 0 or -errno. */
#ifndef NETTEST_IO_H
#define NETTEST_IO_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* An address of either family. */
union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

uint64_t now_ns(void);

/* Of a text, with the port. False: it is neither an IPv4 nor an IPv6 address. */
bool address_parse(const char *text, unsigned port, union address *to);
socklen_t address_length(const union address *a);

/* A socket that gives up a call after so many seconds (-EAGAIN). < 0: -errno. */
int io_socket(int family, int type, unsigned timeout_s);
int io_timeout(int fd, unsigned timeout_ms);
/* Exactly so many bytes; -ECONNRESET if the other side ends before. */
int io_read(int fd, void *to, size_t bytes);
int io_write(int fd, const void *data, size_t bytes);

#endif
