/* SPDX-License-Identifier: MIT */
/* The addresses of the network's interfaces. */
#ifndef RINGLET_IFADDRS_H
#define RINGLET_IFADDRS_H

#include <sys/socket.h>

struct ifaddrs {
    struct ifaddrs *ifa_next;
    char *ifa_name;
    unsigned ifa_flags; /* IFF_... */
    struct sockaddr *ifa_addr, *ifa_netmask;
    union {
        struct sockaddr *ifu_broadaddr, *ifu_dstaddr;
    } ifa_ifu;
    void *ifa_data;
};
#define ifa_broadaddr ifa_ifu.ifu_broadaddr
#define ifa_dstaddr   ifa_ifu.ifu_dstaddr

int getifaddrs(struct ifaddrs **out);
void freeifaddrs(struct ifaddrs *list);

#endif
