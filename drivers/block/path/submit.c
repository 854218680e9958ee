/* SPDX-License-Identifier: MIT */
/*
 * The way down: from accepted requests to ring entries. The requests of a queue are served strictly
 * in order. The first that finds no slot, no grant, no memory, or a read-modify-write of the same
 * sectors, holds up those behind it; if it lacks what the queues share, also those of the other
 * queues. So no request starves. The wait always ends: either something of this device is in
 * flight, and its response pumps again, or the grant table calls (request_await_grants).
 */
#include "submit.h"
#include "deadline.h"
#include "discard.h"
#include "merge.h"
#include "request.h"
#include "rmw.h"
#include "send.h"
#include "smaller.h"
#include "split.h"

enum outcome {
    SENT,    /* one more ring request */
    BLOCKED, /* try again after the next response */
    STARVED, /* the same, for want of what the queues share: nobody else may take it meanwhile */
    ENDED /* the request needs no (more) ring requests: sent completely, or failed (its result) */
};

/* Roughly how many segments the rest of the request takes: never too few for one buffer, and at
 * least close for vectors. */
static unsigned segments_wanted(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    size_t start = ((uintptr_t)r->at.iov->base + r->at.offset) & PAGE_MASK;
    size_t pages = (start + r->left + PAGE_MASK) >> PAGE_SHIFT;

    if (r->aiocb->aio_iovcnt > 0)
        pages += (unsigned)r->aiocb->aio_iovcnt;
    if (r->offset & (dev->path.sector_size - 1))
        pages++;
    return (unsigned)MIN(pages, (size_t)(r->small ? WIRE_SEGMENTS : dev->path.max_segments));
}

/* What cut says, from sector on, will be the ring request's. */
static void begin_ring_request(struct ring_request *p, struct blkfront_request *r,
                               const struct split_result *cut, uint64_t sector, unsigned sectors)
{
    p->request = r;
    p->queue = r->queue;
    p->at = r->at;
    p->op = r->op;
    p->phase = RMW_NONE;
    p->segments = cut->segments;
    p->bytes = cut->bytes;
    p->fresh = cut->fresh;
    p->bounced = cut->bounced;
    p->sector = sector;
    p->sectors = sectors;
}

static enum outcome fail(struct blkfront_request *r, int error)
{
    r->result = error;
    return ENDED;
}

/* No memory (or an odd failure) for even one segment. */
static enum outcome out_of(struct blkfront_dev *dev, struct blkfront_request *r,
                           struct ring_request *p, int error)
{
    if (p)
        pool_put_ring_request(&dev->memory.pool, p);
    if (error == -ENOSPC) {
        request_count_wait_grant(dev, r);
        request_await_grants(dev);
        return STARVED;
    }
    if (device_expects_response(dev))
        return STARVED;
    return fail(r, error);
}

/* A ring request cannot want more than the budget, so the rest of it is in flight and comes
 * back. */
static enum outcome short_of_grants(struct blkfront_dev *dev, struct blkfront_request *r,
                                    struct ring_request *p, unsigned fresh)
{
    pool_put_ring_request(&dev->memory.pool, p);
    request_count_wait_grant(dev, r);
    /* what the queue has of its own is no other queue's loss */
    if (dev->limits.persistent &&
        persistent_in_use(&r->queue->persistent) + fresh > persistent_limit(dev, r->queue))
        return BLOCKED;
    return STARVED;
}

/* Pages and grants for the segments that were cut: for all, or for as many as there are. */
static int map_ring_request(struct blkfront_dev *dev, struct ring_request *p, bool readonly)
{
    int granted;

    if (p->bounced) {
        int complete = map_take_pages(dev, p);

        if (complete < 0) {
            map_trim(dev, p, 0);
            return complete;
        }
        if ((unsigned)complete < p->segments)
            map_trim(dev, p, (unsigned)complete);
    }
    granted = map_grant(dev, p, readonly);
    if (granted < 0) {
        map_trim(dev, p, 0);
        return granted;
    }
    if ((unsigned)granted < p->segments)
        map_trim(dev, p, (unsigned)granted);
    return 0;
}

/* The next ring request of a read or write. */
static enum outcome send_data(struct blkfront_dev *dev, struct blkfront_request *r)
{
    const unsigned sector_mask = dev->path.sector_size - 1;
    const bool write = r->op == BLKIF_OP_WRITE;
    const uint64_t sector = (r->offset & ~(uint64_t)sector_mask) >> WIRE_SECTOR_SHIFT;
    size_t bytes = r->left;
    bool merge = false;
    struct ring_request *p;

    if (write) {
        bytes = split_write(r->offset, bytes, dev->path.sector_size, &merge);
        if (merge) {
            if (rmw_blocked(dev, sector, dev->path.sector_size >> WIRE_SECTOR_SHIFT))
                return BLOCKED;
        } else if (!list_empty(&dev->path.rmw_active) &&
                   rmw_blocks(dev, sector, bytes >> WIRE_SECTOR_SHIFT)) {
            return BLOCKED;
        }
    }

    p = pool_get_ring_request(&dev->memory.pool, merge ? 1 : segments_wanted(dev, r));
    if (!p)
        return out_of(dev, r, NULL, -ENOMEM);

    struct split_result cut =
        split_segments(&r->at, r->offset, bytes, dev->path.sector_size,
                       merge ? &split_bounce_all : &dev->memory.direct, p->seg, p->capacity);

    if (cut.fresh && cut.fresh > map_room(dev, r->queue))
        return short_of_grants(dev, r, p, cut.fresh);

    begin_ring_request(
        p, r, &cut, sector,
        (unsigned)(ROUND_UP((r->offset & sector_mask) + cut.bytes, sector_mask + 1ul) >>
                   WIRE_SECTOR_SHIFT));
    if (cut.fresh) {
        int ret = map_ring_request(dev, p, write && !merge);

        if (ret)
            return out_of(dev, r, p, ret);
    }

    if (merge)
        rmw_begin(dev, p);
    else if (write && p->bounced)
        map_copy_in(dev, p);

    r->offset += p->bytes;
    r->left -= p->bytes;
    if (r->left)
        cursor_advance(&r->at, p->bytes);
    r->outstanding++;
    send_ring_request(dev, p);
    return SENT;
}

/* A flush or a barrier, or the next piece of a discard: a ring entry without data. */
static enum outcome send_bare(struct blkfront_dev *dev, struct blkfront_request *r)
{
    uint64_t sector, sectors;
    size_t bytes = 0;
    struct ring_request *p;

    if (r->op == BLKIF_OP_DISCARD) {
        int ret = discard_next(dev, r, &bytes);

        if (ret)
            return fail(r, ret);
        if (!bytes)
            return ENDED;
    }
    sector = r->offset >> WIRE_SECTOR_SHIFT;
    sectors = bytes >> WIRE_SECTOR_SHIFT;
    /* should such a one fail its writes are sent again, and must still be before the barrier */
    if (r->op == BLKIF_OP_WRITE_BARRIER && (merge_writes_before(dev, r) || smaller_writes_out(dev)))
        return BLOCKED;
    /* Ring order is the backend's business, but a merge still has its write before it. */
    if (!list_empty(&dev->path.rmw_active) &&
        (r->op == BLKIF_OP_WRITE_BARRIER || rmw_blocks(dev, sector, sectors)))
        return BLOCKED;
    p = pool_get_ring_request(&dev->memory.pool, 0);
    if (!p)
        return out_of(dev, r, NULL, -ENOMEM);
    begin_ring_request(p, r, &(const struct split_result){0}, sector, (unsigned)sectors);
    r->offset += bytes;
    r->left -= bytes;
    r->covers = dev->path.writes.done;
    r->outstanding++;
    send_ring_request(dev, p);
    return SENT;
}

/*
 * A barrier orders what is in its ring; what is in other rings it would not. So it waits for what
 * was submitted before it there, and what was submitted after it there waits for its end.
 */
static bool barrier_blocks(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const struct blkfront_request *first;

    if (list_empty(&dev->path.barriers) || dev->limits.queues == 1)
        return false;
    first = list_entry(dev->path.barriers.next, struct blkfront_request, barrier);
    if (first != r) /* one barrier at a time, or what lies between two could go beside the second */
        return first->number < r->number &&
               (first->queue != r->queue || r->op == BLKIF_OP_WRITE_BARRIER);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct queue *q = &dev->path.queues[i];

        if (q == r->queue)
            continue;
        if (ring_in_use(&q->ring))
            return true;
        if (!list_empty(&q->waiting) &&
            list_entry(q->waiting.next, struct blkfront_request, link)->number < r->number)
            return true;
    }
    return false;
}

/*
 * Linux' backend refuses all but reads on a disk that it serves read-only, so a flush there would
 * fail. What was written while the disk could be written is flushed all the same; and a barrier
 * does not complete before the writes that are still under way.
 */
static bool nothing_to_flush(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    return dev->limits.readonly && dev->path.writes.done == dev->path.writes.flushed && !r->fua &&
           (r->op != BLKIF_OP_WRITE_BARRIER || !rmw_blocked(dev, 0, UINT64_MAX));
}

static enum outcome send_next(struct blkfront_dev *dev, struct blkfront_request *r)
{
    const bool data = r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE;
    const bool range = data || r->op == BLKIF_OP_DISCARD;

    if (r->result || (range && !r->left) || (!range && r->outstanding))
        return ENDED;
    if (barrier_blocks(dev, r))
        return BLOCKED;
    if (!range && nothing_to_flush(dev, r))
        return ENDED;
    if (ring_full(&r->queue->ring)) {
        request_count_wait_slot(dev, r);
        return BLOCKED;
    }
    return data ? send_data(dev, r) : send_bare(dev, r);
}

/* False: what the queues share is not enough for this one. */
static bool pump_queue(struct blkfront_dev *dev, struct queue *q)
{
    while (!list_empty(&q->waiting)) {
        struct blkfront_request *r = list_entry(q->waiting.next, struct blkfront_request, link);
        enum outcome o;

        if (r->link.next != &q->waiting && !ring_full(&q->ring))
            r = merge_waiting(dev, r);
        do
            o = send_next(dev, r);
        while (o == SENT && r->left);
        if (o == BLOCKED || o == STARVED)
            return o == BLOCKED;
        list_del(&r->link);
        r->state = REQUEST_SENT;
        if (!r->outstanding)
            request_end_unsent(dev, r);
    }
    return true;
}

void submit_pump(struct blkfront_dev *dev)
{
    const unsigned count = dev->limits.queues;
    unsigned first = dev->path.pump_first;

    if (!device_alive(dev) || dev->frozen)
        return;
    if (dev->path.grants_wanted) {
        gnttab_wait_cancel(&dev->path.grants);
        dev->path.grants_wanted = false;
    }
    if (!list_empty(&dev->path.rmw_ready) && !rmw_pump(dev))
        return;

    for (unsigned i = 0; i < count; i++) {
        unsigned index = (first + i) % count;

        if (!pump_queue(dev, &dev->path.queues[index])) {
            dev->path.pump_first = index;
            return;
        }
    }
}

unsigned submit_prepared(struct blkfront_dev *dev, uint64_t now)
{
    /* A callback submits a little after the reap has looked at the clock, if it has. That is near
     * enough, but for a request whose own timeout counts from now. */
    const bool near = !now && dev->path.phase != PATH_IDLE && dev->path.now;
    unsigned count = 0;

    if (list_empty(&dev->path.prepared))
        return 0;
    if (!now)
        now = near ? clock_recent() : clock_now();
    if (dev->path.phase == PATH_IDLE) /* else it is the time of the answers that the reap takes */
        dev->path.now = now;
    while (!list_empty(&dev->path.prepared)) {
        struct blkfront_request *r =
            list_entry(dev->path.prepared.next, struct blkfront_request, link);

        list_del(&r->link);
        list_add_tail(&r->queue->waiting, &r->link);
        r->state = REQUEST_WAITING;
        r->submitted = near && r->aiocb->aio_timeout_ns ? clock_now() : now;
        if (r->aiocb->aio_timeout_ns)
            deadline_mind(dev, r);
        count++;
    }
    if (dev->path.phase == PATH_IDLE) {
        submit_pump(dev);
        send_push(dev);
    }
    return count;
}
