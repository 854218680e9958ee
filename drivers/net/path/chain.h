/* SPDX-License-Identifier: MIT */
/*
 * Puts received slots together to frames. It sees one entry of the ring after the other, each
 * copied once, in whatever portions they become visible, and knows at each which kind it has to
 * be: the first of a frame, an extra, or more data.
 */
#ifndef RINGLET_NET_CHAIN_H
#define RINGLET_NET_CHAIN_H

#include "drivers/net/wire.h"

/* What the backend was told that it may send. */
struct net_chain_rules {
    bool sg, gso_v4, gso_v6, csum;
};

struct net_chain {
    struct netfront_rx frame;
    uint8_t next; /* what the next entry is: enum in chain.c; 0: the first of a frame */
    bool more_data;
    bool error; /* the frame is not whole, or is none: it is dropped */
    unsigned slots;
    unsigned extras; /* kinds of extras that were there, as bits */
};

enum net_chain_result {
    NET_CHAIN_MORE,  /* the frame goes on */
    NET_CHAIN_FRAME, /* chain->frame is complete */
    NET_CHAIN_ERROR, /* it is complete, and has an error: its fragments are to be given back */
    NET_CHAIN_BROKEN /* the backend broke the protocol: *what */
};

/* buffer: that of the slot. *used: a fragment of the frame has it now; else it is free. id: that
 * the response must have. */
enum net_chain_result net_chain_add(struct net_chain *c, const struct net_chain_rules *rules,
                                    const union wire_rx_entry *entry, uint16_t id,
                                    struct netfront_buffer *buffer, void *page, bool *used,
                                    const char **what);
/* The frame was dealt with: the next begins. */
void net_chain_reset(struct net_chain *c);

#endif
