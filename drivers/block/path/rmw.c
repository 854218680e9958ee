/* SPDX-License-Identifier: MIT */
/*
 * Read-modify-write: writes to a part of a sector. The sector is read into a bounce page, the
 * caller's bytes are copied in, and the sector is written. From the read to the end of the write
 * nothing else may write there, or one of two writers to different bytes of a sector would undo the
 * other.
 *
 * A read-modify-write waits for writes in flight to its sector, and each write (and discard) waits
 * for read-modify-writes under way. Requests are served in order, so waiting at the head of the
 * queue is enough. Other requests pay one comparison while there is none under way.
 */
#include "rmw.h"
#include "request.h"
#include "send.h"

static bool overlaps(const struct ring_request *p, uint64_t sector, uint64_t sectors)
{
    return p->sector < sector + sectors && sector < p->sector + p->sectors;
}

bool rmw_blocks(const struct blkfront_dev *dev, uint64_t sector, uint64_t sectors)
{
    list_for_each (l, &dev->path.rmw_active) {
        if (overlaps(list_entry(l, struct ring_request, rmw), sector, sectors))
            return true;
    }
    return false;
}

bool rmw_blocked(const struct blkfront_dev *dev, uint64_t sector, uint64_t sectors)
{
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct ring *q = &dev->path.queues[i].ring;

        for (unsigned slot = 0; slot < q->slots; slot++) {
            const struct ring_request *p = ring_at(q, slot);

            if (p && (p->op == BLKIF_OP_WRITE || p->op == BLKIF_OP_DISCARD) &&
                overlaps(p, sector, sectors))
                return true;
        }
    }
    return rmw_blocks(dev, sector, sectors);
}

void rmw_begin(struct blkfront_dev *dev, struct ring_request *p)
{
    struct blkfront_request *r = p->request;

    p->op = BLKIF_OP_READ;
    p->phase = RMW_READ;
    list_add_tail(&dev->path.rmw_active, &p->rmw);
    dev->stats.read_merged_writes += !r->rmw_counted;
    r->rmw_counted = true;
}

void rmw_continue(struct blkfront_dev *dev, struct ring_request *p)
{
    map_copy_in(dev, p);
    p->op = BLKIF_OP_WRITE;
    p->phase = RMW_WRITE;
    list_add_tail(&dev->path.rmw_ready, &p->ready);
}

bool rmw_pump(struct blkfront_dev *dev)
{
    while (!list_empty(&dev->path.rmw_ready)) {
        struct ring_request *p = list_entry(dev->path.rmw_ready.next, struct ring_request, ready);

        /* The read has given back a slot of its queue and a grant of the budget, and nothing else
         * is sent before this: only the grant table itself can be short. */
        if (map_grant(dev, p, true) < 0) {
            request_count_wait_grant(dev, p->request);
            request_await_grants(dev);
            return false;
        }
        list_del(&p->ready);
        send_ring_request(dev, p);
    }
    return true;
}

void rmw_end(struct ring_request *p)
{
    list_del(&p->rmw);
    list_del(&p->ready);
}
