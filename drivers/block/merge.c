/* SPDX-License-Identifier: MIT */
/*
 * Writes to a part of a sector: the sector is read into a bounce page, the caller's bytes are put
 * in, and the sector is written. From the read to the end of the write nothing else may write
 * there, or one of two writers to different bytes of a sector would undo the other.
 *
 * A merge waits for writes in flight to its sector, and any write waits for merges under way (a
 * discard is a write here); as
 * requests are served in order, waiting at the head of the queue is all it takes. Merges are looked
 * for only when there is one, writes in flight only by a merge: other requests pay one comparison.
 */
#include "memory.h"
#include "request.h"

static bool overlaps(const struct part *p, uint64_t sector, uint64_t sectors)
{
    return p->sector < sector + sectors && sector < p->sector + p->sectors;
}

bool merge_blocks(const struct blkfront_dev *dev, uint64_t sector, uint64_t sectors)
{
    list_for_each (l, &dev->merging) {
        if (overlaps(list_entry(l, struct part, merge), sector, sectors))
            return true;
    }
    return false;
}

bool merge_blocked(const struct blkfront_dev *dev, uint64_t sector, uint64_t sectors)
{
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct queue *q = &dev->queues[i].ring;

        for (unsigned slot = 0; slot < q->slots; slot++) {
            const struct part *p = queue_part(q, slot);

            if (p && (p->op == BLKIF_OP_WRITE || p->op == BLKIF_OP_DISCARD) &&
                overlaps(p, sector, sectors))
                return true;
        }
    }
    return merge_blocks(dev, sector, sectors);
}

void merge_begin(struct blkfront_dev *dev, struct part *p)
{
    struct blkfront_request *r = p->request;

    p->op = BLKIF_OP_READ;
    p->phase = PART_MERGE_READ;
    list_add_tail(&dev->merging, &p->merge);
    dev->stats.read_merged_writes += !r->merged;
    r->merged = true;
}

void merge_continue(struct blkfront_dev *dev, struct part *p)
{
    buffer_fill(dev, p);
    p->op = BLKIF_OP_WRITE;
    p->phase = PART_MERGE_WRITE;
    list_add_tail(&dev->merge_ready, &p->ready);
}

bool merge_pump(struct blkfront_dev *dev)
{
    while (!list_empty(&dev->merge_ready)) {
        struct part *p = list_entry(dev->merge_ready.next, struct part, ready);

        /* The read has given back a slot of its queue and a grant of the budget, and nothing else
         * is sent before this: only the grant table itself can be short. */
        if (buffer_grant(dev, p, true) < 0) {
            count_wait_grant(dev, p->request);
            request_await_grants(dev);
            return false;
        }
        list_del(&p->ready);
        request_send(dev, p);
    }
    return true;
}

void merge_end(struct part *p)
{
    list_del(&p->merge);
    list_del(&p->ready);
}
