/* SPDX-License-Identifier: MIT */
/*
 * The ring, seen from the frontend: free slots, the shadow of what is in flight, the indexes.
 * Nothing here allocates after queue_init, waits, or knows what a part is. The peer's fields are
 * read once and believed only within what is outstanding (XSA-155, XSA-376).
 */
#ifndef RINGLET_BLOCK_QUEUE_H
#define RINGLET_BLOCK_QUEUE_H

#include "wire.h"

struct part;

/* What is in flight under one id. */
struct queue_shadow {
    struct part *part; /* NULL: nothing */
    uint64_t id; /* generation << 32 | slot: a late duplicate does not match a slot's next use */
    uint8_t op, op_alt; /* operations that an answer may carry */
};

struct queue {
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
    struct queue_shadow *shadow;
};

struct queue_response {
    struct part *part;
    uint64_t id;
    uint8_t operation;
    int16_t status; /* BLKIF_RSP_OKAY, _ERROR or _EOPNOTSUPP */
};

/* The peer is not to raise events (but for one in 2^32 responses, which the hold-off's arithmetic
 * does not allow to avoid). */
#define QUEUE_QUIET 1u
/* The peer is told that the ring is a 32-bit x86 guest's. */
#define QUEUE_ABI32 2u

/* ring: pages of zeroes, contiguous, the caller's. flags: QUEUE_... 0 or -ENOMEM. */
int queue_init(struct queue *q, void *ring, unsigned pages, unsigned flags);
/* Frees what queue_init allocated; harmless on a zeroed queue. */
void queue_destroy(struct queue *q);

static inline bool queue_full(const struct queue *q)
{
    return q->free == 0;
}

static inline unsigned queue_in_use(const struct queue *q)
{
    return q->slots - q->free;
}

/*
 * Takes a slot for part, gives *entry its id and copies the entry's first len bytes to the ring, in
 * the peer's layout (*entry is used up by that); the peer does not see it before queue_push.
 * op_alt: a second operation that the answer may carry (backends differ for indirect requests). The
 * queue must not be full.
 */
void queue_put(struct queue *q, union wire_entry *entry, size_t len, struct part *part, uint8_t op,
               uint8_t op_alt);

/* Makes visible what was put. True: the peer wants to be notified. */
bool queue_push(struct queue *q);

/* Responses that can be taken now, reading rsp_prod once; -EPROTO when the peer claims more than it
 * was asked. */
int queue_pending(const struct queue *q);

/*
 * Takes the next response, of those that queue_pending counted, and frees its slot. NULL, or what
 * is wrong with it: then only out's id, operation and status are set, and nothing was freed.
 */
const char *queue_take(struct queue *q, struct queue_response *out);

/* Asks for an event at the next response, unless the queue is quiet. Ask queue_pending once more
 * after it: what came before the peer saw this raises no event. */
void queue_rearm(struct queue *q);

/* The part in slot 0..slots-1, or NULL. For looking through what is in flight. */
struct part *queue_part(const struct queue *q, unsigned slot);
/* Nobody will answer for this slot any more. */
void queue_forget(struct queue *q, unsigned slot);

#endif
