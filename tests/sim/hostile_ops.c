/* SPDX-License-Identifier: MIT */
/* The operations of a hostile backend, by name (hostile.h). */
#include "backend_ring.h"

/* ---- operations on a ring ---- */

/* A request of the operation's queue; NULL: there is none. */
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

/* An unrequested response lies in the slot of a request in flight, or of a later one. */
static void lie(struct backend *b, uint64_t id, uint8_t op, int16_t status)
{
    b->peer.hostile->scribbled = true;
    backend_respond(b->aim, id, op, status);
    show(b);
}

static void index_to(struct backend *b, uint32_t value)
{
    b->aim->ring->rsp_prod = value;
    sim_raise(b->aim->channel.port, 200);
}

static void index_jumped(struct peer *p)
{
    struct backend *b = backend_of(p);

    index_to(b, b->aim->rsp_prod + b->slots + 1 + below(1u << 20));
}

static void index_one_too_far(struct peer *p)
{
    struct backend *b = backend_of(p);

    index_to(b, b->aim->ring->req_prod + 1);
}

/* May return to an index that the frontend has not seen yet: then it is as if no response had
 * been published. */
static void index_backwards(struct peer *p)
{
    struct backend *b = backend_of(p);

    index_to(b, b->aim->published - 1 - below(40));
}

/* Further than the frontend can be behind. */
static void index_far_backwards(struct peer *p)
{
    struct backend *b = backend_of(p);

    index_to(b, b->aim->published - b->slots - 1 - below(40));
}

static void index_half_way_round(struct peer *p)
{
    struct backend *b = backend_of(p);

    index_to(b, b->aim->rsp_prod + 0x80000000u);
}

static void flood(struct peer *p)
{
    struct backend *b = backend_of(p);

    b->peer.hostile->scribbled = true;
    for (unsigned i = 0; i < b->slots; i++)
        backend_respond(b->aim, random_u64(&sim_random), (uint8_t)below(256),
                        (int16_t)below(65536));
    show(b);
    b->peer.hostile->storm = 64;
}

static void id_out_of_range(struct peer *p)
{
    struct backend *b = backend_of(p);

    lie(b, (some_id(b) & ~0xffffffffULL) | (b->slots + below(1u << 30)), some_op(b), 0);
}

static void id_huge(struct peer *p)
{
    struct backend *b = backend_of(p);

    lie(b, some_id(b) | 1ULL << 63, some_op(b), 0);
}

static void id_of_free_slot(struct peer *p)
{
    struct backend *b = backend_of(p);
    uint64_t id = some_id(b);

    lie(b, (id & ~0xffffffffULL) | ((uint32_t)(id + b->slots / 2) & (b->slots - 1)), some_op(b), 0);
}

/* The requests in flight, in another place. */
static void id_of_another_queue(struct peer *p)
{
    struct backend *b = backend_of(p);
    uint64_t id = some_id(b) + (1ULL << 60);

    for (unsigned i = 0; i < b->count; i++) {
        if (b->taken[i]->queue != b->aim)
            id = b->taken[i]->id;
    }
    lie(b, id, some_op(b), 0);
}

static void id_of_earlier_life(struct peer *p)
{
    struct backend *b = backend_of(p);

    lie(b, some_id(b) - (1ULL << 32), some_op(b), 0);
}

static void response_twice(struct peer *p)
{
    struct backend *b = backend_of(p);
    uint64_t id = some_id(b);
    uint8_t op = some_op(b);

    if (b->count) { /* the first ones belong to the queue that it aims at */
        id = b->taken[0]->id;
        op = b->taken[0]->op;
        while (!b->taken[0]->executed)
            backend_execute(b, b->taken[0]);
        backend_answer(b, 0);
    }
    lie(b, id, op, 0);
}

static void operation_swapped(struct peer *p)
{
    struct backend *b = backend_of(p);
    const struct pending *r = some_request(b);
    uint8_t op = r ? r->op : BLKIF_OP_READ;

    lie(b, r ? r->id : some_id(b), op == BLKIF_OP_READ ? BLKIF_OP_WRITE : BLKIF_OP_READ, 0);
}

static void operation_unknown(struct peer *p)
{
    struct backend *b = backend_of(p);

    lie(b, some_id(b), (uint8_t)(7 + below(249)), 0);
}

static void status_unknown(struct peer *p)
{
    struct backend *b = backend_of(p);
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

static void status_error(struct peer *p)
{
    struct backend *b = backend_of(p);

    answer_all(b, BLKIF_RSP_ERROR);
}

static void status_unsupported(struct peer *p)
{
    struct backend *b = backend_of(p);

    answer_all(b, BLKIF_RSP_EOPNOTSUPP);
}

/* Completes a read and writes to the memory afterwards, as far as it still can. */
static void response_before_data(struct peer *p)
{
    struct backend *b = backend_of(p);

    answer_all(b, BLKIF_RSP_OKAY);
}

static void scribble_requests(struct peer *p)
{
    struct backend *b = backend_of(p);

    b->peer.hostile->scribbled = true;
    peer_fill(b->aim->ring->entry, (uint8_t)below(256), b->slots * sizeof(b->aim->ring->entry[0]));
    sim_raise(b->aim->channel.port, 200);
}

static void scribble_indexes(struct peer *p)
{
    struct backend *b = backend_of(p);

    b->peer.hostile->scribbled = b->peer.hostile->silent = true;
    b->aim->ring->req_prod = (uint32_t)random_u64(&sim_random);
    b->aim->ring->req_event = (uint32_t)random_u64(&sim_random);
    b->aim->ring->rsp_event = (uint32_t)random_u64(&sim_random);
    sim_raise(b->aim->channel.port, 200);
}

static void scribble_all(struct peer *p)
{
    struct backend *b = backend_of(p);
    uint8_t *page = (uint8_t *)b->aim->ring;

    b->peer.hostile->scribbled = b->peer.hostile->silent = true;
    for (size_t i = 0; i < b->ring_pages * PAGE_SIZE; i += 8)
        *(volatile uint64_t *)(void *)(page + i) = random_u64(&sim_random);
    sim_raise(b->aim->channel.port, 200);
}

/* ---- grants ---- */

static void hold(struct peer *p)
{
    struct backend *b = backend_of(p);

    for (unsigned i = 0; i < b->count; i++) {
        for (unsigned k = 0; k < b->taken[i]->segments; k++)
            hostile_extra_map(&b->peer, b->taken[i]->seg[k].gref, false);
    }
}

static void hold_and_answer(struct peer *p)
{
    struct backend *b = backend_of(p);

    hold(p);
    while (b->count) {
        while (!b->taken[0]->executed)
            backend_execute(b, b->taken[0]);
        backend_answer(b, 0);
    }
    hostile_hold_extra(p);
    show(b);
}

static void hold_ring(struct peer *p)
{
    struct backend *b = backend_of(p);

    for (unsigned i = 0; i < b->queues && b->mapped; i++) {
        for (unsigned k = 0; k < b->ring_pages; k++)
            hostile_extra_map(&b->peer, b->queue[i].ring_ref[k], true);
    }
}

static void map_twice(struct peer *p)
{
    struct backend *b = backend_of(p);

    for (unsigned i = 0; i < b->count; i++) {
        for (unsigned k = 0; k < b->taken[i]->segments; k++) {
            hostile_extra_map(&b->peer, b->taken[i]->seg[k].gref, false);
            hostile_extra_map(&b->peer, b->taken[i]->seg[k].gref, b->taken[i]->op == BLKIF_OP_READ);
        }
    }
    hold_ring(p);
}

/* ---- states ---- */

static void sectors_shrinking(struct peer *p)
{
    struct backend *b = backend_of(p);

    store_u64(b->peer.directory, "sectors", b->disk.sectors / 2);
    store_u64(b->peer.directory, "state", b->peer.state); /* as blkback announces a changed size */
}

/* ---- the table ---- */

#define WITH_RING                                                                         \
    (1u << AT_IDLE | 1u << AT_BUSY | 1u << AT_CLOSING | 1u << AT_CLOSED | 1u << AT_GONE | \
     1u << AT_INITIALISED)
#define LIVE (1u << AT_IDLE | 1u << AT_BUSY)
#define ANY  HOSTILE_ANY

static const struct hostile_op op[] = {
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
    {"response never", hostile_never, WITH_RING, 0, NULL},
    {"no events", hostile_no_events, WITH_RING, 0, NULL},
    {"event storm", hostile_event_storm, WITH_RING, 0, NULL},
    {"request slots scribbled on", scribble_requests, WITH_RING, 0, NULL},
    {"shared indexes scribbled on", scribble_indexes, WITH_RING, 0, NULL},
    {"ring overwritten", scribble_all, WITH_RING, LIVE, NULL},
    {"grants held", hold, WITH_RING, 0, NULL},
    {"grants held and answered", hold_and_answer, WITH_RING, 0, NULL},
    {"grants mapped twice", map_twice, WITH_RING, 0, NULL},
    {"every grant mapped", hostile_map_everything, ANY, 0, NULL},
    {"ring held", hold_ring, WITH_RING, 0, NULL},
    {"everything writable written", hostile_write_everywhere, ANY, 0, NULL},
    {"state random", hostile_state_random, ANY, 0, NULL},
    {"state flapping", hostile_state_flapping, ANY, 0, NULL},
    {"directory removed", hostile_directory_removed, ANY, 0, NULL},
    {"sectors shrinking", sectors_shrinking, ANY, 0, NULL},
};

/* ---- XenStore ---- */

static const char *const keys[] = {
    "sectors",
    "sector-size",
    "info",
    "mode",
    "physical-sector-size",
    "max-ring-page-order",
    "max-ring-pages",
    "feature-max-indirect-segments",
    "multi-queue-max-queues",
    "feature-persistent",
    "feature-flush-cache",
    "feature-barrier",
    "feature-discard",
    "discard-granularity",
    "discard-alignment",
    "discard-secure",
    "state",
};

static const char *const own[] = {"backend", "backend-id", "trusted",
                                  "state",   "ring-ref",   "event-channel"};

static const struct hostile_pair pair[] = {
    {"sector-size", "0"},
    {"sector-size", "511"},
    {"sector-size", "520"},
    {"sector-size", "3"},
    {"sector-size", "2147483648"},
    {"max-ring-page-order", "31"},
    {"multi-queue-max-queues", "0"},
    {"multi-queue-max-queues", "4294967296"},
    {"feature-max-indirect-segments", "0"},
    {"feature-max-indirect-segments", "1"},
    {"feature-max-indirect-segments", "11"},
    {"feature-max-indirect-segments", "12"},
    {"feature-max-indirect-segments", "257"},
    {"feature-max-indirect-segments", "65535"},
    {"sectors", "0"},
    {"sectors", "1"},
    {"sectors", "9223372036854775808"},
    {"sectors", "18446744073709551615"},
    {"max-ring-pages", "0"},
    {"max-ring-pages", "3"},
    {"max-ring-pages", "4294967295"},
    {"mode", "x"},
    {"discard-granularity", "0"},
    {"discard-granularity", "1"},
    {"discard-granularity", "4294967295"},
    {"discard-alignment", "4294967295"},
    {"info", "4294967295"},
};

const struct hostile_kind hostile_disk = {
    .device = "xvda",
    .op = op,
    .op_count = ARRAY_SIZE(op),
    .key = keys,
    .key_count = ARRAY_SIZE(keys),
    .own = own,
    .own_count = ARRAY_SIZE(own),
    .pair = pair,
    .pair_count = ARRAY_SIZE(pair),
};
