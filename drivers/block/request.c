/* SPDX-License-Identifier: MIT */
/*
 * The way down: from accepted requests to ring entries. A queue's requests are served strictly in
 * order; the first that lacks a slot, a grant or memory, or that conflicts with a merge, holds up
 * those behind it, and for what the queues share, those of the other queues too. So nobody starves,
 * and an end to the wait is always on its way: either something of this
 * device is in flight, whose response pumps again, or a grant is waited for (request_await_grants).
 */
#include "request.h"
#include "memory.h"

enum outcome {
    SENT,    /* one part more */
    BLOCKED, /* try again after the next response */
    STARVED, /* the same, for want of what the queues share: nobody else may take it meanwhile */
    ENDED    /* the request needs no (more) parts: sent completely, or failed */
};

/* Roughly how many segments the rest of the request takes: never too few for one buffer, and at
 * least close for vectors. */
static unsigned segments_wanted(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    size_t start = ((uintptr_t)r->at.iov->base + r->at.offset) & PAGE_MASK;
    size_t pages = (start + r->left + PAGE_MASK) >> PAGE_SHIFT;

    if (r->aiocb->aio_iovcnt > 0)
        pages += (unsigned)r->aiocb->aio_iovcnt;
    if (r->offset & (dev->sector_size - 1))
        pages++;
    return (unsigned)MIN(pages, (size_t)dev->max_segments);
}

void request_await_grants(struct blkfront_dev *dev)
{
    if (dev_expects_response(dev) || dev->grants_wanted)
        return;
    dev->grants_wanted = true;
    gnttab_wait(&dev->grants);
}

/* What cut says, from sector on, will be the part's. */
static void part_start(struct part *p, struct blkfront_request *r, const struct split_result *cut,
                       uint64_t sector, unsigned sectors)
{
    p->request = r;
    p->queue = r->queue;
    p->at = r->at;
    p->op = r->op;
    p->phase = PART_PLAIN;
    p->segments = cut->segments;
    p->bytes = cut->bytes;
    p->fresh = cut->fresh;
    p->bounced = cut->bounced;
    p->sector = sector;
    p->sectors = sectors;
}

/* No memory (or an odd failure) for even one segment. */
static enum outcome out_of(struct blkfront_dev *dev, struct blkfront_request *r, struct part *p,
                           int error)
{
    if (p)
        part_put(dev, p);
    if (error == -ENOSPC) {
        count_wait_grant(dev, r);
        request_await_grants(dev);
        return STARVED;
    }
    if (dev_expects_response(dev))
        return STARVED;
    request_fail(dev, r, error);
    return ENDED;
}

/* A part cannot want more than the budget, so the rest of it is in flight and comes back. */
static enum outcome short_of_grants(struct blkfront_dev *dev, struct blkfront_request *r,
                                    struct part *p, unsigned fresh)
{
    part_put(dev, p);
    count_wait_grant(dev, r);
    /* what the queue has of its own is no other queue's loss */
    if (dev->limits.persistent && kept_in_use(r->queue) + fresh > kept_limit(dev, r->queue))
        return BLOCKED;
    return STARVED;
}

/* Pages and grants for the segments that were cut: for all, or for as many as there are. */
static int part_map(struct blkfront_dev *dev, struct part *p, bool readonly)
{
    int granted;

    if (p->bounced) {
        int complete = buffer_take_pages(dev, p);

        if (complete < 0) {
            buffer_trim(dev, p, 0);
            return complete;
        }
        if ((unsigned)complete < p->segments)
            buffer_trim(dev, p, (unsigned)complete);
    }
    granted = buffer_grant(dev, p, readonly);
    if (granted < 0) {
        buffer_trim(dev, p, 0);
        return granted;
    }
    if ((unsigned)granted < p->segments)
        buffer_trim(dev, p, (unsigned)granted);
    return 0;
}

/* The next part of a read or write. */
static enum outcome send_data(struct blkfront_dev *dev, struct blkfront_request *r)
{
    const unsigned sector_mask = dev->sector_size - 1;
    const bool write = r->op == BLKIF_OP_WRITE;
    const uint64_t sector = (r->offset & ~(uint64_t)sector_mask) >> WIRE_SECTOR_SHIFT;
    size_t bytes = r->left;
    bool merge = false;
    struct part *p;

    if (write) {
        bytes = split_write(r->offset, bytes, dev->sector_size, &merge);
        if (merge) {
            if (merge_blocked(dev, sector, dev->sector_size >> WIRE_SECTOR_SHIFT))
                return BLOCKED;
        } else if (!list_empty(&dev->merging) &&
                   merge_blocks(dev, sector, bytes >> WIRE_SECTOR_SHIFT)) {
            return BLOCKED;
        }
    }

    p = part_get(dev, merge ? 1 : segments_wanted(dev, r));
    if (!p)
        return out_of(dev, r, NULL, -ENOMEM);

    struct split_result cut =
        split_segments(&r->at, r->offset, bytes, dev->sector_size,
                       merge ? &split_bounce_all : &dev->memory, p->seg, p->capacity);

    if (cut.fresh && cut.fresh > buffer_room(dev, r->queue))
        return short_of_grants(dev, r, p, cut.fresh);

    part_start(p, r, &cut, sector,
               (unsigned)(ROUND_UP((r->offset & sector_mask) + cut.bytes, sector_mask + 1ul) >>
                          WIRE_SECTOR_SHIFT));
    if (cut.fresh) {
        int ret = part_map(dev, p, write && !merge);

        if (ret)
            return out_of(dev, r, p, ret);
    }

    if (merge)
        merge_begin(dev, p);
    else if (write && p->bounced)
        buffer_fill(dev, p);

    r->offset += p->bytes;
    r->left -= p->bytes;
    if (r->left)
        split_advance(&r->at, p->bytes);
    r->parts++;
    request_send(dev, p);
    return SENT;
}

/* A flush or a barrier, or the next piece of a discard: a ring entry without data. */
static enum outcome send_bare(struct blkfront_dev *dev, struct blkfront_request *r)
{
    const size_t bytes = r->op == BLKIF_OP_DISCARD ? discard_next(dev, r) : 0;
    const uint64_t sector = r->offset >> WIRE_SECTOR_SHIFT, sectors = bytes >> WIRE_SECTOR_SHIFT;
    struct part *p;

    if (r->op == BLKIF_OP_DISCARD && !bytes)
        return ENDED;
    /* should such a one fail its writes are sent again, and must still be before the barrier */
    if (r->op == BLKIF_OP_WRITE_BARRIER && join_writes_before(dev, r))
        return BLOCKED;
    /* Ring order is the backend's business, but a merge still has its write before it. */
    if (!list_empty(&dev->merging) &&
        (r->op == BLKIF_OP_WRITE_BARRIER || merge_blocks(dev, sector, sectors)))
        return BLOCKED;
    p = part_get(dev, 0);
    if (!p)
        return out_of(dev, r, NULL, -ENOMEM);
    part_start(p, r, &(const struct split_result){0}, sector, (unsigned)sectors);
    r->offset += bytes;
    r->left -= bytes;
    r->covers = dev->writes_done;
    r->parts++;
    request_send(dev, p);
    return SENT;
}

/*
 * A barrier orders what is in its ring; what is in other rings it would not. So it waits for what
 * was submitted before it there, and what was submitted after it there waits for its end.
 */
static bool barrier_blocks(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const struct blkfront_request *first;

    if (list_empty(&dev->barriers) || dev->limits.queues == 1)
        return false;
    first = list_entry(dev->barriers.next, struct blkfront_request, barrier);
    if (first != r) /* one barrier at a time, or what lies between two could go beside the second */
        return first->number < r->number &&
               (first->queue != r->queue || r->op == BLKIF_OP_WRITE_BARRIER);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct blk_queue *q = &dev->queues[i];

        if (q == r->queue)
            continue;
        if (queue_in_use(&q->ring))
            return true;
        if (!list_empty(&q->waiting) &&
            list_entry(q->waiting.next, struct blkfront_request, link)->number < r->number)
            return true;
    }
    return false;
}

static enum outcome send_next(struct blkfront_dev *dev, struct blkfront_request *r)
{
    const bool data = r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE;
    const bool range = data || r->op == BLKIF_OP_DISCARD;

    if (r->result || (range && !r->left) || (!range && r->parts))
        return ENDED;
    if (barrier_blocks(dev, r))
        return BLOCKED;
    if (queue_full(&r->queue->ring)) {
        count_wait_slot(dev, r);
        return BLOCKED;
    }
    return data ? send_data(dev, r) : send_bare(dev, r);
}

/* False: what the queues share is not enough for this one. */
static bool pump_queue(struct blkfront_dev *dev, struct blk_queue *q)
{
    while (!list_empty(&q->waiting)) {
        struct blkfront_request *r = list_entry(q->waiting.next, struct blkfront_request, link);
        enum outcome o;

        if (r->link.next != &q->waiting && !queue_full(&q->ring))
            r = join_waiting(dev, r);
        do
            o = send_next(dev, r);
        while (o == SENT && r->left);
        if (o == BLOCKED || o == STARVED)
            return o == BLOCKED;
        if (!r->sent) { /* a request that failed has left the list already */
            list_del(&r->link);
            r->sent = true;
            if (!r->parts)
                request_check_done(dev, r);
        }
    }
    return true;
}

void request_pump(struct blkfront_dev *dev)
{
    const unsigned count = dev->limits.queues;
    unsigned first = dev->pump_first;

    if (!dev_active(dev) || dev->held)
        return;
    if (dev->grants_wanted) {
        gnttab_wait_cancel(&dev->grants);
        dev->grants_wanted = false;
    }
    if (!list_empty(&dev->merge_ready) && !merge_pump(dev))
        return;

    for (unsigned i = 0; i < count; i++) {
        unsigned index = (first + i) % count;

        if (!pump_queue(dev, &dev->queues[index])) {
            dev->pump_first = index;
            return;
        }
    }
}

unsigned request_submit(struct blkfront_dev *dev, uint64_t now)
{
    unsigned count = 0;

    if (list_empty(&dev->prepared))
        return 0;
    if (!dev->reaping)
        dev->now = now ? now : clock_now();
    while (!list_empty(&dev->prepared)) {
        struct blkfront_request *r = list_entry(dev->prepared.next, struct blkfront_request, link);

        list_del(&r->link);
        list_add_tail(&r->queue->waiting, &r->link);
        r->submitted = dev->now;
        if (r->aiocb->aio_timeout_ns)
            watchdog_mind(dev, r);
        count++;
    }
    if (!dev->reaping) {
        request_pump(dev);
        request_push(dev);
    }
    return count;
}
