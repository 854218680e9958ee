/* SPDX-License-Identifier: MIT */
/* A backend's work on the ring: moves data, answers, publishes (taking requests is in
 * backend_take.c). */
#include "backend_ring.h"

/* ---- doing ---- */

static void move(struct backend *b, struct pending *r, unsigned i)
{
    const struct wire_segment *s = &r->seg[i];
    uint64_t at = r->sector;
    uint8_t *memory = r->page[i] + s->first * 512;
    unsigned n = s->last - s->first + 1u;

    for (unsigned k = 0; k < i; k++)
        at += r->seg[k].last - r->seg[k].first + 1u;
    if (!writes(r)) {
        peer_copy(memory, b->disk.data + at * 512, n * 512);
        return;
    }
    if (!b->disk.cached) {
        peer_copy(b->disk.data + at * 512, memory, n * 512);
        return;
    }
    for (; n; n--, at++, memory += 512)
        disk_write(&b->disk, at, memory);
}

/* Power may fail at each write that reaches the disk: the possible contents of its sectors must
 * then be allowed. */
static void crash_point(struct backend *b, const struct pending *r)
{
    uint64_t at = r->sector + below(r->sectors);

    if (b->peer.hostile)
        return;
    disk_survivors(&b->disk, at, oracle_check_survivor, &b->oracle);
    totals.crash_points++;
}

static void move_data(struct backend *b, struct pending *r)
{
    unsigned until = one_in(8) ? r->moved + 1 + below(r->segments - r->moved) : r->segments;

    if (!r->mapped && !backend_map(b, r)) {
        r->status = BLKIF_RSP_ERROR;
        r->executed = true;
        return;
    }
    while (r->moved < until)
        move(b, r, r->moved++);
    if (r->moved < r->segments)
        return;
    r->executed = true;
    if (writes(r))
        crash_point(b, r);
}

/* For each sector by itself: it is zeroes now, or the disk took the discard as a hint. */
static int16_t discard(struct backend *b, struct pending *r)
{
    static const uint8_t zeroes[512];

    if (b->profile.discard_refused || (r->flag && b->profile.secure_refused))
        return BLKIF_RSP_EOPNOTSUPP;
    for (uint64_t at = r->sector; at < r->sector + r->sectors; at++) {
        if (r->flag || one_in(2))
            disk_write(&b->disk, at, zeroes);
    }
    crash_point(b, r);
    return BLKIF_RSP_OKAY;
}

/* A request that it has scribbled on the ring itself. */
static bool hostile_made(const struct backend *b, const struct pending *r)
{
    return b->peer.hostile && !r->segments &&
           (r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE || !r->sectors);
}

void backend_execute(struct backend *b, struct pending *r)
{
    const struct profile *p = &b->profile;

    if (r->status != BLKIF_RSP_OKAY || hostile_made(b, r)) {
        r->executed = true;
        return;
    }
    if (!r->moved && p->error_in && one_in(p->error_in)) {
        r->status = BLKIF_RSP_ERROR;
        if (one_in(2) && r->segments && (r->mapped || backend_map(b, r)))
            move(b, r, r->moved++); /* as much as it got done */
        r->executed = true;
        return;
    }
    if (!r->moved && p->fails_over && r->segments > p->fails_over) {
        r->status = BLKIF_RSP_ERROR;
        r->executed = true;
        return;
    }
    switch (r->op) {
    case BLKIF_OP_WRITE:
        /* A guest that took the backend for gone was told -EIO, as the page is still mapped, and may
         * use the page again. Real disks then get other data; here the write fails, so that the
         * oracle need not know them. */
        if (b->peer.unseen && r->mapped && backend_data_sum(r) != r->sum) {
            r->status = BLKIF_RSP_ERROR;
            r->executed = true;
            return;
        }
        /* fall through */
    case BLKIF_OP_READ:
        move_data(b, r);
        return;
    case BLKIF_OP_FLUSH_DISKCACHE:
        r->status = p->flush_refused ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_OKAY;
        break;
    case BLKIF_OP_DISCARD:
        r->status = discard(b, r);
        r->executed = true;
        return;
    default:
        r->status = p->barrier_refused ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_OKAY;
    }
    if (b->disk.cached && r->status == BLKIF_RSP_OKAY)
        disk_flush(&b->disk);
    r->executed = true;
}

/* ---- answering ---- */

void backend_respond(struct backend_queue *q, uint64_t id, uint8_t op, int16_t status)
{
    struct wire_response rsp = {.id = id, .operation = op, .status = status};
    struct backend *b = q->backend;

    peer_copy(abi_entry(q->ring, b->abi, q->rsp_prod++ & (b->slots - 1)), &rsp,
              abi_response_bytes(b->abi));
    TRACE("backend   %u answers %#llx op %u status %d", b->peer.devid, (unsigned long long)id, op,
          status);
    sim_note(id << 16 | op, (uint16_t)status);
}

void backend_answer(struct backend *b, unsigned i)
{
    struct pending *r = b->taken[i];

    backend_unmap(b, r);
    b->errors += r->status != BLKIF_RSP_OKAY;
    backend_respond(r->queue, r->id, b->profile.answer_outer ? r->ring_op : r->op, r->status);
    backend_forget(b, i);
}

static void publish(struct backend *b, struct backend_queue *q)
{
    uint32_t old = q->published;

    if (q->rsp_prod == old)
        return;
    q->published = q->rsp_prod;
    *(volatile uint32_t *)&q->ring->rsp_prod = q->rsp_prod;
    if (b->peer.mute ||
        q->rsp_prod - *(volatile uint32_t *)&q->ring->rsp_event >= q->rsp_prod - old)
        return;
    CHECK(b->peer.hostile || !b->quiet, "a polled device asks for an event");
    if (b->profile.swallow_in && one_in(b->profile.swallow_in))
        b->swallowed++;
    else
        sim_raise(q->channel.port, b->profile.event_ns);
}

void backend_publish(struct backend *b)
{
    for (unsigned i = 0; i < b->queues; i++)
        publish(b, &b->queue[i]);
}

static bool is_barrier(const struct pending *r)
{
    return r->op == BLKIF_OP_WRITE_BARRIER;
}

/* In its queue no request passes a barrier, and a barrier passes none. Queues are independent of
 * each other. */
static bool may_pass(const struct backend *b, unsigned n)
{
    const struct pending *r = b->taken[n];

    for (unsigned i = 0; i < n; i++) {
        if (b->taken[i]->queue == r->queue && (is_barrier(r) || is_barrier(b->taken[i])))
            return false;
    }
    return true;
}

/* One that may be worked on. */
static unsigned choose(const struct backend *b)
{
    unsigned n = 0, any;

    if (b->profile.ordered)
        return 0;
    while (n < b->count && !is_barrier(b->taken[n]))
        n++;
    any = below(b->count);
    if (any < n || may_pass(b, any))
        return any;
    return n ? below(n) : 0;
}

static bool more(const struct backend *b)
{
    for (unsigned i = 0; i < b->queues; i++) {
        if (*(volatile uint32_t *)&b->queue[i].ring->req_prod != b->queue[i].req_cons)
            return true;
    }
    return false;
}

/* Requests an event at the next request of any queue. False: it was requested already. */
static bool rearm(struct backend *b)
{
    bool done = false;

    for (unsigned i = 0; i < b->queues; i++) {
        struct backend_queue *q = &b->queue[i];

        if (q->rearmed)
            continue;
        *(volatile uint32_t *)&q->ring->req_event = q->req_cons + 1;
        q->rearmed = true;
        done = true;
    }
    return done;
}

static bool death(struct backend *b)
{
    if (!b->die_at || b->requests < b->die_at)
        return false;
    if (b->count && b->taken[0]->segments && !b->taken[0]->executed && one_in(2))
        backend_execute(b, b->taken[0]); /* done, but never answered */
    peer_die(&b->peer);
    return true;
}

void backend_ring_turn(struct backend *b)
{
    const struct profile *p = &b->profile;
    unsigned work = 1 + below(p->batch);

    if (b->persistent)
        backend_drop_some(b);
    backend_take(b, 1 + below(p->batch));
    if (death(b))
        return;
    for (; work && b->count; work--) {
        unsigned i = choose(b);

        if (!b->taken[i]->executed)
            backend_execute(b, b->taken[i]);
        if (b->taken[i]->executed && !(p->ordered && i) && !one_in(6))
            backend_answer(b, i);
        if (one_in(8))
            backend_publish(b);
    }
    if (!b->count || !one_in(4))
        backend_publish(b);
    if (p->spurious_in && one_in(p->spurious_in))
        sim_raise(b->queue[below(b->queues)].channel.port, 1000);
    if (b->count || more(b)) {
        for (unsigned i = 0; i < b->queues; i++)
            b->queue[i].rearmed = false;
        actor_wake(&b->peer.actor, p->delay_ns ? below(p->delay_ns) : 0);
    } else if (rearm(b)) {
        actor_wake(&b->peer.actor, 0); /* sleeps after one more check, which is another turn */
    }
}
