/* SPDX-License-Identifier: MIT */
/*
 * The ring, seen from the frontend: free slots, the shadow of what is in flight, the indexes.
 * Nothing here allocates after ring_init, waits, or knows what a ring request is. The peer's fields
 * are read once and believed only within what is outstanding (XSA-155, XSA-376).
 */
#ifndef RINGLET_BLOCK_RING_H
#define RINGLET_BLOCK_RING_H

#include "drivers/block/wire.h"

struct ring_request;

/* What is in flight under one id. */
struct ring_shadow {
    struct ring_request *request; /* NULL: nothing */
    uint64_t id; /* generation << 32 | slot: a late duplicate does not match a slot's next use */
    uint8_t op, op_alt; /* operations that an answer may carry */
};

struct ring {
    struct wire_ring *ring;
    unsigned slots, mask;
    /* our producer, as far as it was made visible, and our consumer: never read back from the ring
     */
    uint32_t prod, pushed, cons;
    uint32_t generation;
    bool quiet;      /* no events are asked for */
    unsigned stride; /* bytes from one entry to the next */
    unsigned skip;   /* bytes of padding that the peer's layout has not */
    unsigned free;   /* entries of free_slot[], last in first out */
    uint16_t *free_slot;
    struct ring_shadow *shadow;
};

struct ring_response {
    struct ring_request *request;
    uint64_t id;
    uint8_t operation;
    int16_t status; /* BLKIF_RSP_OKAY, _ERROR or _EOPNOTSUPP */
};

/* The peer is not to raise events (but for one in 2^32 responses, which the hold-off's arithmetic
 * does not allow to avoid). */
#define RING_QUIET 1u
/* The peer is told that the ring is a 32-bit x86 guest's. */
#define RING_ABI32 2u

/* ring: pages of zeroes, contiguous, the caller's. flags: RING_... 0 or -ENOMEM. */
int ring_init(struct ring *q, void *ring, unsigned pages, unsigned flags);
/* Frees what ring_init allocated; harmless on a zeroed queue. */
void ring_destroy(struct ring *q);

static inline bool ring_full(const struct ring *q)
{
    return q->free == 0;
}

static inline unsigned ring_in_use(const struct ring *q)
{
    return q->slots - q->free;
}

/*
 * Takes a slot for request, gives *entry its id and copies the entry's first len bytes to the ring,
 * in the peer's layout (*entry is used up by that); the peer does not see it before ring_push.
 * op_alt: a second operation that the answer may carry (backends differ for indirect requests). The
 * queue must not be full.
 */
void ring_put(struct ring *q, union wire_entry *entry, size_t len, struct ring_request *request,
              uint8_t op, uint8_t op_alt);

/* Makes visible what was put. True: the peer wants to be notified. */
bool ring_push(struct ring *q);

/* Responses that can be taken now, reading rsp_prod once; -EPROTO when the peer claims more than it
 * was asked. */
int ring_pending(const struct ring *q);

/*
 * Takes the next response, of those that ring_pending counted, and frees its slot. NULL, or what
 * is wrong with it: then only out's id, operation and status are set, and nothing was freed.
 */
const char *ring_take(struct ring *q, struct ring_response *out);

/* Asks for an event at the next response, unless the queue is quiet. Ask ring_pending once more
 * after it: what came before the peer saw this raises no event. */
void ring_rearm(struct ring *q);

/* The ring request in slot 0..slots-1, or NULL. For looking through what is in flight. */
struct ring_request *ring_at(const struct ring *q, unsigned slot);
/* Nobody will answer for this slot any more. */
void ring_forget(struct ring *q, unsigned slot);

#endif
