/* SPDX-License-Identifier: MIT */
/* Frames from the backend: buffers that are posted, and what comes back in them. */
#ifndef RINGLET_NET_RX_H
#define RINGLET_NET_RX_H

#include "chain.h"

struct net_queue;
struct netfront_dev;

struct net_rx {
    struct wire_rx_ring *ring; /* NULL: there is none */
    grant_ref_t ref;
    uint32_t prod, pushed, cons; /* private: never read back from the ring */
    /* by the number of the request: a response is in the slot of its request, with its id */
    struct netfront_buffer *posted[WIRE_SLOTS];
    struct net_chain chain;
};

/* ring: a page of zeroes, the caller's. */
void net_rx_init(struct net_rx *rx, struct wire_rx_ring *ring);
/* Posts what is free, until there are `most`; not visible before net_rx_push. */
void net_rx_post(struct netfront_dev *dev, struct net_queue *q, unsigned most);
void net_rx_push(struct netfront_dev *dev, struct net_queue *q);
/* Delivers up to budget frames; their number. The device may have failed. */
unsigned net_rx_deliver(struct netfront_dev *dev, struct net_queue *q, unsigned budget);
/* Asks for an event. True: look now. */
bool net_rx_rearm(struct net_queue *q);
/* No responses will come: buffers are free, or wait for their grants' end. */
void net_rx_abort(struct net_rx *rx);

#endif
