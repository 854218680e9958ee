/* SPDX-License-Identifier: MIT */
/* UDP's header. */
#ifndef RINGLET_NETINET_UDP_H
#define RINGLET_NETINET_UDP_H

#include <stdint.h>

#define SOL_UDP 17

struct udphdr {
    uint16_t uh_sport, uh_dport;
    uint16_t uh_ulen; /* bytes, with this header */
    uint16_t uh_sum;
};

#endif
