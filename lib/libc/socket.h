/* SPDX-License-Identifier: MIT */
/* What the functions of POSIX on sockets share: they are made of lib/fs/socket.h. */
#ifndef RINGLET_LIBC_SOCKET_H
#define RINGLET_LIBC_SOCKET_H

#include <errno.h>
#include <sys/socket.h>

#include "lib/fs/socket.h"
#include "posix.h"

/* Runs `expression`, which uses the file *f and its socket *s, and has its value; -EBADF, -ENOTSOCK. */
#define WITH_SOCKET(f, s, fd, expression)                         \
    WITH_FILE(f, fd, ({                                           \
                  struct socket *s = socket_of(f);                \
                  s ? (int64_t)(expression) : (int64_t)-ENOTSOCK; \
              }))

/* An address that a program gives. -EFAULT, -EINVAL (its length), -EAFNOSUPPORT. */
int posix_address(const struct sockaddr *from, socklen_t length, struct socket_address *out);
/* The bytes of an address; 0 for none. out: at least sizeof(struct sockaddr_storage). */
socklen_t posix_sockaddr(const struct socket_address *from, void *out);
/* The address as accept() and others give it: cut to *length, which is then the whole one's. out may
 * be NULL. 0, -EINVAL, -EFAULT. */
int posix_give_address(const struct socket_address *from, struct sockaddr *out, socklen_t *length);

/* The number of the interface that has an address; 0: none. */
struct in_addr;
unsigned posix_interface_of(const struct in_addr *address);

#endif
