/* SPDX-License-Identifier: MIT */
/* The operations of a hostile backend: what they do, by name (hostile.h). */
#include "backend_ring.h"

/* ---- what can be done on a ring ---- */

/* A request of the queue that it is about; NULL: there is none. */
static struct pending *some_request(const struct backend *b)
{
    unsigned n = b->aim->taken ? below(b->aim->taken) : 0;

    for (unsigned i = 0; i < b->count; i++) {
        if (b->taken[i]->queue == b->aim && !n--)
            return b->taken[i];
    }
    return NULL;
}

static uint64_t some_id(const struct backend *b)
{
    const struct pending *r = some_request(b);

    return r ? r->id : (uint64_t)below(1000) << 32 | below(32);
}

static uint8_t some_op(const struct backend *b)
{
    const struct pending *r = some_request(b);

    return r ? r->op : BLKIF_OP_READ;
}

static void show(struct backend *b)
{
    for (unsigned i = 0; i < b->queues; i++) {
        struct backend_queue *q = &b->queue[i];

        if (q != b->aim && q->published == q->rsp_prod)
            continue;
        q->published = q->rsp_prod;
        q->ring->rsp_prod = q->rsp_prod;
        sim_raise(q->channel.port, 200);
    }
}

/* An answer that nobody asked for lies in the slot of a request, or one that is still to come. */
static void lie(struct backend *b, uint64_t id, uint8_t op, int16_t status)
{
    b->hostile->scribbled = true;
    backend_respond(b->aim, id, op, status);
    show(b);
}

static void index_to(struct backend *b, uint32_t value)
{
    b->aim->ring->rsp_prod = value;
    sim_raise(b->aim->channel.port, 200);
}

static void index_jumped(struct backend *b)
{
    index_to(b, b->aim->rsp_prod + b->slots + 1 + below(1u << 20));
}

static void index_one_too_far(struct backend *b)
{
    index_to(b, b->aim->ring->req_prod + 1);
}

/* Perhaps to what the frontend has not seen yet: then it is as if nothing had been shown. */
static void index_backwards(struct backend *b)
{
    index_to(b, b->aim->published - 1 - below(40));
}

/* Further than what the frontend can still be behind. */
static void index_far_backwards(struct backend *b)
{
    index_to(b, b->aim->published - b->slots - 1 - below(40));
}

static void index_half_way_round(struct backend *b)
{
    index_to(b, b->aim->rsp_prod + 0x80000000u);
}

static void flood(struct backend *b)
{
    b->hostile->scribbled = true;
    for (unsigned i = 0; i < b->slots; i++)
        backend_respond(b->aim, random_u64(&sim_random), (uint8_t)below(256),
                        (int16_t)below(65536));
    show(b);
    b->hostile->storm = 64;
}

static void id_out_of_range(struct backend *b)
{
    lie(b, (some_id(b) & ~0xffffffffULL) | (b->slots + below(1u << 30)), some_op(b), 0);
}

static void id_huge(struct backend *b)
{
    lie(b, some_id(b) | 1ULL << 63, some_op(b), 0);
}

static void id_of_free_slot(struct backend *b)
{
    uint64_t id = some_id(b);

    lie(b, (id & ~0xffffffffULL) | ((uint32_t)(id + b->slots / 2) & (b->slots - 1)), some_op(b), 0);
}

/* What is in flight, elsewhere. */
static void id_of_another_queue(struct backend *b)
{
    uint64_t id = some_id(b) + (1ULL << 60);

    for (unsigned i = 0; i < b->count; i++) {
        if (b->taken[i]->queue != b->aim)
            id = b->taken[i]->id;
    }
    lie(b, id, some_op(b), 0);
}

static void id_of_earlier_life(struct backend *b)
{
    lie(b, some_id(b) - (1ULL << 32), some_op(b), 0);
}

static void response_twice(struct backend *b)
{
    uint64_t id = some_id(b);
    uint8_t op = some_op(b);

    if (b->count) { /* what comes first is of the queue that it aims at */
        id = b->taken[0]->id;
        op = b->taken[0]->op;
        while (!b->taken[0]->executed)
            backend_execute(b, b->taken[0]);
        backend_answer(b, 0);
    }
    lie(b, id, op, 0);
}

static void operation_swapped(struct backend *b)
{
    const struct pending *r = some_request(b);
    uint8_t op = r ? r->op : BLKIF_OP_READ;

    lie(b, r ? r->id : some_id(b), op == BLKIF_OP_READ ? BLKIF_OP_WRITE : BLKIF_OP_READ, 0);
}

static void operation_unknown(struct backend *b)
{
    lie(b, some_id(b), (uint8_t)(7 + below(249)), 0);
}

static void status_unknown(struct backend *b)
{
    const struct pending *r = some_request(b);

    lie(b, r ? r->id : some_id(b), r ? r->op : BLKIF_OP_READ,
        one_in(2) ? (int16_t)(1 + below(32767)) : (int16_t)(-3 - (int)below(32000)));
}

static void answer_all(struct backend *b, int16_t status)
{
    while (b->count) {
        b->taken[0]->status = status;
        backend_answer(b, 0);
    }
    show(b);
}

static void status_error(struct backend *b)
{
    answer_all(b, BLKIF_RSP_ERROR);
}

static void status_unsupported(struct backend *b)
{
    answer_all(b, BLKIF_RSP_EOPNOTSUPP);
}

/* It says that it has read and writes to the memory afterwards, as far as it still can. */
static void response_before_data(struct backend *b)
{
    answer_all(b, BLKIF_RSP_OKAY);
}

static void response_never(struct backend *b)
{
    b->hostile->silent = true;
}

static void no_events(struct backend *b)
{
    b->mute = true;
}

static void event_storm(struct backend *b)
{
    b->hostile->storm = 2000;
}

static void scribble_requests(struct backend *b)
{
    b->hostile->scribbled = true;
    peer_fill(b->aim->ring->entry, (uint8_t)below(256), b->slots * sizeof(b->aim->ring->entry[0]));
    sim_raise(b->aim->channel.port, 200);
}

static void scribble_indexes(struct backend *b)
{
    b->hostile->scribbled = b->hostile->silent = true;
    b->aim->ring->req_prod = (uint32_t)random_u64(&sim_random);
    b->aim->ring->req_event = (uint32_t)random_u64(&sim_random);
    b->aim->ring->rsp_event = (uint32_t)random_u64(&sim_random);
    sim_raise(b->aim->channel.port, 200);
}

static void scribble_all(struct backend *b)
{
    uint8_t *page = (uint8_t *)b->aim->ring;

    b->hostile->scribbled = b->hostile->silent = true;
    for (size_t i = 0; i < b->ring_pages * PAGE_SIZE; i += 8)
        *(volatile uint64_t *)(void *)(page + i) = random_u64(&sim_random);
    sim_raise(b->aim->channel.port, 200);
}

/* ---- grants ---- */

static void extra_map(struct backend *b, grant_ref_t ref, bool write)
{
    struct hostile *h = b->hostile;

    if (h->extra_count == EXTRA_MAPS || !grant_map(b->domid, ref, write))
        return;
    h->extra[h->extra_count].ref = ref;
    h->extra[h->extra_count++].write = write;
}

static void hold(struct backend *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        for (unsigned k = 0; k < b->taken[i]->segments; k++)
            extra_map(b, b->taken[i]->seg[k].gref, false);
    }
}

static void hold_and_answer(struct backend *b)
{
    struct hostile *h = b->hostile;

    hold(b);
    while (b->count) {
        while (!b->taken[0]->executed)
            backend_execute(b, b->taken[0]);
        backend_answer(b, 0);
    }
    for (unsigned i = 0; i < h->extra_count; i++)
        grant_hold(h->extra[i].ref);
    show(b);
}

static void hold_ring(struct backend *b)
{
    for (unsigned i = 0; i < b->queues && b->mapped; i++) {
        for (unsigned k = 0; k < b->ring_pages; k++)
            extra_map(b, b->queue[i].ring_ref[k], true);
    }
}

static void map_twice(struct backend *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        for (unsigned k = 0; k < b->taken[i]->segments; k++) {
            extra_map(b, b->taken[i]->seg[k].gref, false);
            extra_map(b, b->taken[i]->seg[k].gref, b->taken[i]->op == BLKIF_OP_READ);
        }
    }
    hold_ring(b);
}

/* Every reference there is, its own or another's; what opens is held, and written to if it can be.
 */
static void map_everything(struct backend *b)
{
    for (grant_ref_t ref = 0; ref < 4096; ref++)
        extra_map(b, ref, one_in(2));
    extra_map(b, 0xffffffff, false);
    extra_map(b, 1u << 20, true);
}

/* All that is open for writing is written to: what was granted for a read's data and the ring, and
 * nothing else must change by it. */
static void write_everywhere(struct backend *b)
{
    for (grant_ref_t ref = 0; ref < 4096; ref++) {
        uint8_t *page = grant_map(b->domid, ref, true);

        if (!page)
            continue;
        peer_fill(page, (uint8_t)below(256), PAGE_SIZE);
        grant_unmap(ref, true);
    }
    b->hostile->scribbled = b->hostile->silent = true;
    sim_raise(b->aim->channel.port, 200);
}

/* ---- states ---- */

static void state_random(struct backend *b)
{
    b->hostile->state_taken = true;
    hostile_random_state(b);
}

static void state_flapping(struct backend *b)
{
    b->hostile->flaps = 30;
}

static void directory_removed(struct backend *b)
{
    b->hostile->state_taken = true;
    store_remove(b->directory, NULL);
}

static void sectors_shrinking(struct backend *b)
{
    store_u64(b->directory, "sectors", b->disk.sectors / 2);
    store_u64(b->directory, "state", b->state); /* as blkback says that the size has changed */
}

/* ---- the table ---- */

#define WITH_RING                                                                         \
    (1u << AT_IDLE | 1u << AT_BUSY | 1u << AT_CLOSING | 1u << AT_CLOSED | 1u << AT_GONE | \
     1u << AT_INITIALISED)
#define LIVE (1u << AT_IDLE | 1u << AT_BUSY)
#define ANY  HOSTILE_ANY

const struct hostile_op hostile_op[] = {
    {"response index jumped", index_jumped, WITH_RING, LIVE, "rsp_prod"},
    {"response index one too far", index_one_too_far, WITH_RING, LIVE, NULL},
    {"response index backwards", index_backwards, WITH_RING, 0, NULL},
    {"response index far backwards", index_far_backwards, WITH_RING, LIVE, "rsp_prod"},
    {"response index half way round", index_half_way_round, WITH_RING, LIVE, "rsp_prod"},
    {"responses flooded", flood, WITH_RING, LIVE, NULL},
    {"id out of range", id_out_of_range, WITH_RING, LIVE, "id out of range"},
    {"id huge", id_huge, WITH_RING, LIVE, "not in flight"},
    {"id of a free slot", id_of_free_slot, WITH_RING, LIVE, "not in flight"},
    {"id of another queue's request", id_of_another_queue, WITH_RING, LIVE, "not in flight"},
    {"id of a slot's earlier use", id_of_earlier_life, WITH_RING, LIVE, "not in flight"},
    {"response twice", response_twice, WITH_RING, LIVE, NULL},
    {"operation swapped", operation_swapped, WITH_RING, LIVE, "another operation"},
    {"operation unknown", operation_unknown, WITH_RING, LIVE, "another operation"},
    {"status unknown", status_unknown, WITH_RING, LIVE, "unknown response status"},
    {"status error", status_error, WITH_RING, 0, NULL},
    {"status not supported", status_unsupported, WITH_RING, 0, NULL},
    {"response before the data", response_before_data, WITH_RING, 0, NULL},
    {"response never", response_never, WITH_RING, 0, NULL},
    {"no events", no_events, WITH_RING, 0, NULL},
    {"event storm", event_storm, WITH_RING, 0, NULL},
    {"request slots scribbled on", scribble_requests, WITH_RING, 0, NULL},
    {"shared indexes scribbled on", scribble_indexes, WITH_RING, 0, NULL},
    {"ring overwritten", scribble_all, WITH_RING, LIVE, NULL},
    {"grants held", hold, WITH_RING, 0, NULL},
    {"grants held and answered", hold_and_answer, WITH_RING, 0, NULL},
    {"grants mapped twice", map_twice, WITH_RING, 0, NULL},
    {"every grant mapped", map_everything, ANY, 0, NULL},
    {"ring held", hold_ring, WITH_RING, 0, NULL},
    {"everything writable written", write_everywhere, ANY, 0, NULL},
    {"state random", state_random, ANY, 0, NULL},
    {"state flapping", state_flapping, ANY, 0, NULL},
    {"directory removed", directory_removed, ANY, 0, NULL},
    {"sectors shrinking", sectors_shrinking, ANY, 0, NULL},
};

const unsigned hostile_op_count = ARRAY_SIZE(hostile_op);
