/* SPDX-License-Identifier: MIT */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lwip/socket/inet.h"
#include "socket.h"

struct entry {
    struct ifaddrs ifa; /* first */
    char name[IF_NAMESIZE];
    struct sockaddr_storage address, netmask, broadcast;
};

static unsigned flags_of(const struct inet_interface *i)
{
    return (i->up ? IFF_UP : 0u) | (i->running ? IFF_RUNNING : 0u) |
           (i->loopback ? IFF_LOOPBACK : 0u) | (i->broadcast ? IFF_BROADCAST : 0u) |
           (i->multicast ? IFF_MULTICAST : 0u);
}

/* The mask of a prefix; with `ones`, the address with all bits behind it set. */
static void mask(const struct socket_address *address, unsigned prefix, bool ones, void *out)
{
    struct socket_address a = {.family = address->family};

    for (unsigned bit = 0; bit < (a.family == AF_INET ? 32 : 128); bit++) {
        const uint8_t here = (uint8_t)(0x80 >> bit % 8);

        if (ones ? bit >= prefix || (address->ip[bit / 8] & here) : bit < prefix)
            a.ip[bit / 8] |= here;
    }
    posix_sockaddr(&a, out);
}

static struct entry *make(const struct inet_interface *i, unsigned n)
{
    struct entry *e = calloc(1, sizeof(*e));

    if (!e)
        return NULL;
    strcpy(e->name, i->name);
    e->ifa = (struct ifaddrs){.ifa_name = e->name,
                              .ifa_flags = flags_of(i),
                              .ifa_addr = (struct sockaddr *)&e->address,
                              .ifa_netmask = (struct sockaddr *)&e->netmask};
    posix_sockaddr(&i->address[n], &e->address);
    mask(&i->address[n], i->prefix[n], false, &e->netmask);
    if (i->broadcast && i->address[n].family == AF_INET) {
        mask(&i->address[n], i->prefix[n], true, &e->broadcast);
        e->ifa.ifa_broadaddr = (struct sockaddr *)&e->broadcast;
    }
    return e;
}

int getifaddrs(struct ifaddrs **out)
{
    struct ifaddrs **end = out;

    *out = NULL;
    for (struct inet_interface i = {.index = 0}; !inet_interface(i.index + 1, &i);) {
        for (unsigned n = 0; n < i.count; n++) {
            struct entry *e = make(&i, n);

            if (!e) {
                freeifaddrs(*out);
                return -1; /* ENOMEM, by calloc() */
            }
            *end = &e->ifa;
            end = &e->ifa.ifa_next;
        }
    }
    return 0;
}

void freeifaddrs(struct ifaddrs *list)
{
    while (list) {
        struct ifaddrs *next = list->ifa_next;

        free(list);
        list = next;
    }
}
