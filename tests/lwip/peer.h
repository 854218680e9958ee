/* SPDX-License-Identifier: MIT */
/* The peer 10.0.0.1 on the fake netfront's wire: it answers ARP, says the segments that a test makes, and
 * notes what lwIP (10.0.0.2) sends. */
#ifndef RINGLET_TESTS_PEER_H
#define RINGLET_TESTS_PEER_H

#include "fake_netfront.h"
#include "tcp_frames.h"

#include "lib/fs/file.h"

struct peer_seen {
    unsigned tcp, arp_requests, icmp;
    unsigned igmp_reports, mld_reports;
    uint32_t seq, ack; /* of lwIP's last TCP frame */
    uint8_t flags;
    uint32_t expect; /* the next byte's sequence number, once the stream has begun */
    unsigned bytes;
    bool stream;
    uint8_t icmp_frame[2000];
    unsigned icmp_len;
};

extern const uint8_t peer_mac[6], our_mac[6];
extern struct peer_seen seen;
extern struct tcp_frame from_peer; /* what the next segment has */
extern uint16_t peer_mss;          /* of the next connection */
extern bool peer_scales;           /* the windows of the next connection */
extern uint8_t peer_shift;         /* then: its bits */
extern bool peer_answers_names;    /* that there is none, or with ... */
extern uint8_t peer_names_code;    /* ... this RCODE */
extern uint8_t data[120000];       /* byte_at() */

uint8_t byte_at(unsigned i);
/* Lets all threads do what they can. */
void settle(void);
/* A segment of the peer's. */
void say(uint8_t flags, const uint8_t *bytes, unsigned len, unsigned known, unsigned part);
void reset_peer(void);

/* A socket that listens. */
struct file *socket_listener(unsigned port, int backlog);
/* The peer connects, from a port that it has not used: whether it was let in. */
bool peer_connects(unsigned port);
/* A connection that is there, which does not wait; or NULL. */
struct file *socket_accepted(struct file *listener);
/* A connection of the peer's to a socket of port 8. */
struct file *socket_peer(void);

/* For a group of tests. peer_stop: nothing of an interface that is gone is left. */
int peer_start(void **state);
int peer_stop(void **state);

#endif
