/* SPDX-License-Identifier: MIT */
/* The address of a socket with a path. Only socketpair() makes AF_UNIX sockets: with one process there
 * is nobody else to connect to. */
#ifndef RINGLET_SYS_UN_H
#define RINGLET_SYS_UN_H

#include <sys/socket.h>

struct sockaddr_un {
    sa_family_t sun_family;
    char sun_path[108];
};

#endif
