/* SPDX-License-Identifier: MIT */
/* Frames to the backend: a ring, what is in flight in it, and its answers. */
#ifndef RINGLET_NET_TX_H
#define RINGLET_NET_TX_H

#include "drivers/net/wire.h"

struct arena_page;
struct net_queue;
struct netfront_dev;

/* A frame in flight. */
struct net_packet {
    struct net_packet *next; /* in the device's free ones, or in `aborted` */
    void (*done)(void *arg, int status);
    void *arg;
    unsigned slots; /* without an answer */
    int status;
    bool group; /* a request about a multicast group, and no frame */
};

/* What is in flight under one id. */
struct net_tx_slot {
    struct net_packet *packet; /* NULL: nothing */
    struct arena_page *page;   /* that the request refers to: held, or ... */
    void *copy;                /* ... of the staging arena, in which this block is */
    uint16_t id;               /* number of uses << 8 | slot: a late duplicate does not match */
};

struct net_tx {
    struct wire_tx_ring *ring; /* NULL: there is none */
    grant_ref_t ref;
    uint32_t prod, pushed, cons; /* private: never read back from the ring */
    uint32_t late;               /* `pushed`, when the time began to count that senders wait */
    unsigned extras;             /* entries in the ring that are no requests */
    unsigned waiting;            /* frames in flight whose senders wait for `done` */
    unsigned free;               /* entries of free_slot[], last in first out */
    bool full;                   /* -ENOBUFS was returned: ready is due when there is room ... */
    uint32_t full_at;            /* ... with another `cons` than then */
    bool reaping;
    uint8_t free_slot[WIRE_SLOTS];
    struct net_tx_slot slot[WIRE_SLOTS];
};

/* ring: a page of zeroes, the caller's. */
void net_tx_init(struct net_tx *tx, struct wire_tx_ring *ring);

static inline unsigned net_tx_room(const struct net_tx *tx)
{
    return WIRE_SLOTS - (tx->prod - tx->cons);
}

/* Makes visible what was put, and notifies if the backend wants that. */
void net_tx_push(struct netfront_dev *dev, struct net_queue *q);
/* Takes the answers that are there; `done` is called. False: the backend broke the protocol, and
 * the device has failed. */
bool net_tx_reap(struct netfront_dev *dev, struct net_queue *q);
/* Asks for the event at which it is worth to look again, or sets a time for it. True: look now. */
bool net_tx_rearm(struct net_queue *q);
/* No answers will come: frames go to the device's `aborted`. */
void net_tx_abort(struct netfront_dev *dev, struct net_tx *tx);
/* Calls `done` of aborted frames. */
void net_tx_end_aborted(struct netfront_dev *dev);

#endif
