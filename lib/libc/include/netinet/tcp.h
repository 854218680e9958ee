/* SPDX-License-Identifier: MIT */
/* Options of IPPROTO_TCP, with Linux' numbers, and TCP's header. */
#ifndef RINGLET_NETINET_TCP_H
#define RINGLET_NETINET_TCP_H

#include <stdint.h>
#include <sys/socket.h>

#define SOL_TCP 6

#define TCP_NODELAY   1
#define TCP_MAXSEG    2
#define TCP_CORK      3
#define TCP_KEEPIDLE  4 /* seconds */
#define TCP_KEEPINTVL 5 /* seconds */
#define TCP_KEEPCNT   6

#if __BSD_VISIBLE
enum {
    TCP_ESTABLISHED = 1,
    TCP_SYN_SENT,
    TCP_SYN_RECV,
    TCP_FIN_WAIT1,
    TCP_FIN_WAIT2,
    TCP_TIME_WAIT,
    TCP_CLOSE,
    TCP_CLOSE_WAIT,
    TCP_LAST_ACK,
    TCP_LISTEN,
    TCP_CLOSING
};

#define TH_FIN  0x01
#define TH_SYN  0x02
#define TH_RST  0x04
#define TH_PUSH 0x08
#define TH_ACK  0x10
#define TH_URG  0x20

typedef uint32_t tcp_seq;

struct tcphdr {
    uint16_t th_sport, th_dport;
    tcp_seq th_seq, th_ack;
    uint8_t th_x2 : 4, th_off : 4; /* th_off: the header's 32-bit words */
    uint8_t th_flags;
    uint16_t th_win, th_sum, th_urp;
};
#endif

#endif
