/* SPDX-License-Identifier: MIT */
/* The beginning of ICMP's messages, for raw sockets. */
#ifndef RINGLET_NETINET_IP_ICMP_H
#define RINGLET_NETINET_IP_ICMP_H

#include <netinet/ip.h>

#define ICMP_ECHOREPLY    0
#define ICMP_UNREACH      3
#define ICMP_SOURCEQUENCH 4
#define ICMP_REDIRECT     5
#define ICMP_ECHO         8
#define ICMP_TIMXCEED     11
#define ICMP_PARAMPROB    12
#define ICMP_MINLEN       8

struct icmp {
    uint8_t icmp_type, icmp_code;
    uint16_t icmp_cksum;
    union {
        struct {
            uint16_t icd_id, icd_seq;
        } ih_idseq;
        uint32_t ih_void;
        struct in_addr ih_gwaddr;
    } icmp_hun;
    uint8_t icmp_data[4];
};
#define icmp_id     icmp_hun.ih_idseq.icd_id
#define icmp_seq    icmp_hun.ih_idseq.icd_seq
#define icmp_void   icmp_hun.ih_void
#define icmp_gwaddr icmp_hun.ih_gwaddr

#endif
