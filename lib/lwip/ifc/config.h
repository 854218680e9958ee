/* SPDX-License-Identifier: MIT */
/*
 * What an interface is told to do: the value of `ip=` on the command line and of vm-data/ip, parts
 * separated by commas:
 *
 *   dhcp          asks a DHCP server (the default)
 *   none          no IPv4 address, and no IPv6 address but that of the link
 *   ADDRESS/N     has this address (IPv4 or IPv6) in a network with a prefix of N bits
 *   gw=ADDRESS    the gateway (IPv4; that of IPv6 comes by router advertisements)
 *   dns=ADDRESS   a name server; may be given NET_CONFIG_DNS times
 *   if=vifN       the interface; the first one that has no configuration yet
 *
 * Any context.
 */
#ifndef RINGLET_LWIP_CONFIG_H
#define RINGLET_LWIP_CONFIG_H

#include <ringlet/compiler.h>

#include "lwip/ip_addr.h"

#define NET_CONFIG_DNS 3u
#define NET_CONFIG_V6  3u

enum net_method { NET_DHCP, NET_STATIC, NET_NONE };

struct net_config {
    enum net_method method; /* of IPv4 */
    ip4_addr_t address, netmask, gateway;
    unsigned v6_count;
    ip6_addr_t v6[NET_CONFIG_V6];
    uint8_t v6_prefix[NET_CONFIG_V6];
    unsigned dns_count;
    ip_addr_t dns[NET_CONFIG_DNS];
    int handle; /* of the interface; -1: the next */
};

/* 0, or -EINVAL with a text in err that names the part that is wrong; *out is then NET_DHCP for the
 * interface that was named, if any. text has no blanks. */
int net_config_parse(const char *text, size_t len, struct net_config *out, char *err,
                     size_t err_size);

/* The number of "vifN", or -1. */
int net_config_interface(const char *text, size_t len);

#endif
