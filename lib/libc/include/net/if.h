/* SPDX-License-Identifier: MIT */
/* The names of network interfaces: "lo", "vif0". */
#ifndef RINGLET_NET_IF_H
#define RINGLET_NET_IF_H

#include <sys/socket.h>

#define IF_NAMESIZE 16
#define IFNAMSIZ    IF_NAMESIZE

struct if_nameindex {
    unsigned if_index; /* 0: the end */
    char *if_name;
};

unsigned if_nametoindex(const char *name);
char *if_indextoname(unsigned index, char *name);
struct if_nameindex *if_nameindex(void);
void if_freenameindex(struct if_nameindex *list);

#if __BSD_VISIBLE
/* Flags of an interface (getifaddrs), with Linux' numbers. */
#define IFF_UP        0x1
#define IFF_BROADCAST 0x2
#define IFF_LOOPBACK  0x8
#define IFF_RUNNING   0x40
#define IFF_MULTICAST 0x1000
#endif

#endif
