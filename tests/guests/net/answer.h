/* SPDX-License-Identifier: MIT */
/* Answers to ARP and to echo requests, without a TCP/IP stack. */
#ifndef RINGLET_GUEST_NET_ANSWER_H
#define RINGLET_GUEST_NET_ANSWER_H

#include <ringlet/netfront.h>

#define ANSWER_MAX 65535u

struct answer {
    unsigned len;
    unsigned flags; /* NETFRONT_CSUM_BLANK */
    uint8_t data[ANSWER_MAX];
};

/*
 * The answer of 10.0.0.2 with this address to the frame of len bytes in a->data: an ARP request, an
 * ICMP echo request, or a UDP datagram to port 7, whose answer's checksum is left to the backend if
 * blank is set. False: there is none.
 */
bool answer_make(struct answer *a, const uint8_t mac[6], bool blank);

#endif
