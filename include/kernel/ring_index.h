/* SPDX-License-Identifier: MIT */
/*
 * The indexes of a shared ring (xen/io/ring.h), seen from the frontend. What was published and what
 * was taken are private numbers of the driver; the shared ones are written, or read once and ranged
 * (XSA-155, XSA-376). Any context.
 */
#ifndef RINGLET_KERNEL_RING_INDEX_H
#define RINGLET_KERNEL_RING_INDEX_H

#include <ringlet/barrier.h>
#include <ringlet/compiler.h>
#include <ringlet/errno.h>

/* At the beginning of a ring's page. */
struct ring_index {
    uint32_t req_prod, req_event;
    uint32_t rsp_prod, rsp_event;
};

/* Makes requests visible whose entries are written: those from `old`, which was made visible
 * before, to `new`. True: the peer wants to be notified. */
static inline bool ring_index_push(struct ring_index *shared, uint32_t old, uint32_t new)
{
    wmb(); /* the entries before the index */
    WRITE_ONCE(shared->req_prod, new);
    mb(); /* the index before we look whether the peer sleeps */
    return (uint32_t)(new - READ_ONCE(shared->req_event)) < (uint32_t)(new - old);
}

/* Responses that can be taken, reading rsp_prod once; -EPROTO when the peer claims more than it was
 * asked. cons: those taken, pushed: requests that were made visible. */
static inline int ring_index_pending(const struct ring_index *shared, uint32_t cons,
                                     uint32_t pushed)
{
    uint32_t count = READ_ONCE(shared->rsp_prod) - cons;

    /* also catches an index that moved backwards: the difference is then huge */
    if (count > pushed - cons)
        return -EPROTO;
    rmb(); /* the index before the responses */
    return (int)count;
}

/* Asks for an event when response number `at` (cons + 1: the next) is there. Ask ring_index_pending
 * once more after it: what came before the peer saw this raises no event. */
static inline void ring_index_rearm(struct ring_index *shared, uint32_t at)
{
    WRITE_ONCE(shared->rsp_event, at);
    mb(); /* the wish before the last look at rsp_prod */
}

#endif
