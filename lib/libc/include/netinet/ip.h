/* SPDX-License-Identifier: MIT */
/* The header of IPv4. */
#ifndef RINGLET_NETINET_IP_H
#define RINGLET_NETINET_IP_H

#include <netinet/in.h>

#define IPVERSION    4
#define IP_MAXPACKET 65535
#define MAXTTL       255
#define IPDEFTTL     64

#define IPTOS_TOS_MASK    0x1e
#define IPTOS_LOWDELAY    0x10
#define IPTOS_THROUGHPUT  0x08
#define IPTOS_RELIABILITY 0x04
#define IPTOS_MINCOST     0x02

#define IP_RF      0x8000
#define IP_DF      0x4000
#define IP_MF      0x2000
#define IP_OFFMASK 0x1fff

struct ip {
    uint8_t ip_hl : 4, ip_v : 4; /* ip_hl: the header's 32-bit words */
    uint8_t ip_tos;
    uint16_t ip_len, ip_id, ip_off;
    uint8_t ip_ttl, ip_p;
    uint16_t ip_sum;
    struct in_addr ip_src, ip_dst;
};

#endif
