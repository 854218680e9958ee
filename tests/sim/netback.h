/* SPDX-License-Identifier: MIT */
/*
 * A network backend as a domain of its own (peer.h): it knows XenStore, the pages that it may map,
 * and the rings. It is as strict as the strictest one: what makes Linux' drop a frame, or give up
 * the interface, is a violation (xen-netback, netback.c: at most 18 slots, at least 14 bytes in the
 * first, no slot beyond its page).
 */
#ifndef RINGLET_TESTS_NETBACK_H
#define RINGLET_TESTS_NETBACK_H

#include "net_frames.h"
#include "peer.h"

#include <xen/io/netif.h>

#define NETBACK_QUEUES_MAX 8
#define NET_SLOTS          256 /* of each ring */
#define NET_FRAME_SLOTS    XEN_NETIF_NR_SLOTS_MIN

/* Offers (a number or ABSENT) and behaviour. */
struct net_profile {
    int rx_copy, sg, gso4, gso6, no_csum, csum6, split, queues, multicast, dynamic, ctrl;
    int mtu, trusted, carrier; /* the first two in the frontend's directory */
    bool fills;                /* uses all of a page before the next, from its beginning */
    unsigned offset;           /* else, if it has no sg: where a frame begins in its page */
    unsigned error_in;         /* one frame in so many is answered with an error; 0: none */
    unsigned bad_in;           /* one received frame in so many has an error; 0: none */
    unsigned batch;            /* frames in a turn, at most, each way */
    unsigned delay_ns;         /* between turns, at most */
    unsigned event_ns;         /* an event takes up to this long */
    unsigned spurious_in;      /* one turn in so many raises an event for nothing; 0: none */
    unsigned hold_in;          /* one in so many frames is answered late; 0: none */
    unsigned stall_in;         /* one turn in so many is the last for a while; 0: none */
    uint64_t stall_ns;         /* ... of this at most */
    unsigned swallow_in;       /* one event in so many gets lost, in either direction; 0: none */
    unsigned large_in;         /* one frame in so many to the guest is as large as possible */
    unsigned flap_in;          /* one turn in so many changes the carrier; 0: none */
};

void net_profile_random(struct net_profile *p);
void net_profile_linux(struct net_profile *p);
void net_profile_qemu(struct net_profile *p);

/* A slot of a frame that was taken. */
struct net_slot {
    grant_ref_t ref;
    uint16_t offset, size, id;
    uint8_t *page; /* NULL: not mapped (any more) */
};

struct net_taken {
    struct frame *frame; /* NULL: a multicast request, or a hostile backend's */
    struct net_slot slot[NET_FRAME_SLOTS];
    unsigned slots, extras, answered;
    unsigned size, flags, gso, gso_size;
    int16_t status;
    bool late;
    bool read; /* completely, and checked */
};

struct netback;

struct netback_queue {
    struct netback *back;
    struct sim_channel tx_channel, rx_channel; /* the second: only with split channels */
    netif_tx_sring_t *tx;
    netif_rx_sring_t *rx;
    grant_ref_t tx_ref, rx_ref;
    uint32_t tx_cons, tx_prod, tx_published;
    uint32_t rx_cons, rx_prod, rx_published;
    unsigned tx_held; /* slots that are not answered */
    bool rearmed;
    struct net_taken taken[NET_SLOTS];
    unsigned count;
    /* requests of the rx ring that were taken */
    netif_rx_request_t rx_last[NET_SLOTS];
};

#define NET_GROUPS    16
#define NET_LEFTOVERS 64

struct netback {
    struct peer peer;                        /* first */
    struct net_profile profile, next, known; /* known: the offers that the frontend has read */
    char mac[18];
    struct netback_queue queue[NETBACK_QUEUES_MAX];
    struct netback_queue *aim; /* the one that a hostile operation is about */
    unsigned queues;
    bool mapped, split, untrusted, carrier;
    /* what the frontend can take */
    bool front_sg, front_gso4, front_gso6, front_csum4, front_csum6, front_multicast;
    uint64_t left; /* frames that it still has to send */
    uint64_t stalled_until;
    uint64_t die_at; /* frames of either direction until it dies; 0: never */
    /* pages that it still maps after that, as its domain was not destroyed but its driver */
    grant_ref_t leftover[NET_LEFTOVERS];
    unsigned leftovers;
    uint8_t group[NET_GROUPS][6];
    unsigned groups;
    /* since it connected */
    uint64_t tx_frames, tx_bytes, tx_slots, tx_gso, tx_errors, tx_controls;
    uint64_t rx_frames, rx_bytes, rx_slots, rx_gso, rx_bad, rx_blank, rx_validated;
    uint64_t stalls, swallowed, unheard;
    uint64_t answers;
};

static inline struct netback *netback_of(struct peer *p)
{
    return container_of(p, struct netback, peer);
}

void netback_create(struct netback *b, unsigned devid, domid_t domid);
/* Changes its offers, which is allowed while it is not connected. */
void netback_set_profile(struct netback *b, const struct net_profile *p);
void netback_disconnect(struct netback *b);
/* Unmaps what it mapped although it was gone. */
void netback_clean_up(struct netback *b);
void netback_set_carrier(struct netback *b, bool up);
uint64_t netback_sends(const struct netback *b);
/* No frame is in its hands, and all answers are shown. */
bool netback_idle(const struct netback *b);
/* ... and the guest has shown nothing more. */
bool netback_quiet(const struct netback *b);

/* The guest keeps a page of a frame: it must not be offered; net_workload.c. */
bool workload_keeps(const void *page);
/* The guest's user has memory for frames in that page; net_workload.c. */
bool workload_sends_from(const void *page);

/* ---- for netback's files ---- */

/* netback_tx.c */
void netback_take(struct netback *b, struct netback_queue *q, unsigned max);
/* Reads the rest of a frame, checks it, and answers n of its slots; true: it is done. */
bool netback_answer(struct netback *b, struct netback_queue *q, unsigned i, unsigned n);
void netback_work(struct netback *b, struct netback_queue *q, unsigned max);
void netback_tx_respond(struct netback_queue *q, uint16_t id, int16_t status);
void netback_drop_taken(struct netback_queue *q);
/* No page shows old memory of the guest to a backend that is not trusted. */
void netback_check_secrets(const struct netback *b, const uint8_t *page);
#define NET_SECRET 0xa7

/* netback_rx.c */
/* Requests that the guest has posted, and that were not used. */
unsigned netback_rx_ready(const struct netback *b, const struct netback_queue *q);
/* The next request; NULL: there is none. */
const netif_rx_request_t *netback_rx_take(struct netback *b, struct netback_queue *q);
void netback_rx_respond(struct netback_queue *q, const netif_rx_response_t *r);
void netback_rx_extra(struct netback_queue *q, const struct netif_extra_info *e);
/* Sends up to max frames to the guest. */
void netback_send(struct netback *b, unsigned max);
/* Shows responses of both rings, with an event where it is wanted. */
void netback_publish(struct netback *b, struct netback_queue *q);

#endif
