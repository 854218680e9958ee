/* SPDX-License-Identifier: MIT */
/*
 * Backends that fail large ring requests. An indirect one needs a mapping for each of its segments,
 * and a backend's domain that has run out of maptrack entries answers with an error, although
 * nothing is wrong with the disk. So a request of which such a ring request fails is sent once more
 * from its beginning, in ring requests that need no indirect segments. If that works the connection
 * goes on with such ones; if it fails the disk is to blame, and the request completes with -EIO.
 *
 * A write may write some of its data twice, and both times it is the same, as the memory is the
 * request's until it completes. A barrier waits for large writes on the rings: one of them that is
 * sent once more would come behind it.
 */
#include "smaller.h"
#include "request.h"

#include <kernel/ratelimit.h>

bool smaller_retry(const struct blkfront_dev *dev, const struct ring_request *p)
{
    struct blkfront_request *r = p->request;

    if (p->segments <= WIRE_SEGMENTS || r->small || r->result || dev->state >= DEVICE_FAILED)
        return false;
    r->again = true;
    list_del(&r->link);
    r->state = REQUEST_SENT;
    return true;
}

void smaller_begin(struct blkfront_dev *dev, struct blkfront_request *r)
{
    request_rewind(r); /* which clears both */
    r->small = true;
    dev->stats.retried_smaller++;
    request_insert(r);
}

void smaller_works(struct blkfront_dev *dev)
{
    if (dev->path.max_segments <= WIRE_SEGMENTS)
        return;
    dev->path.max_segments = dev->limits.max_segments = WIRE_SEGMENTS;
    pr_warn_limited(&dev->fe.messages,
                    "%s: backend %u fails requests of many segments and does smaller ones: it is "
                    "asked for at most %u at a time from now on\n",
                    dev->limits.name, dev->peer, (unsigned)WIRE_SEGMENTS);
}

bool smaller_writes_out(const struct blkfront_dev *dev)
{
    /* what the connection began with: large ones may be out that were sent before smaller_works */
    if (dev->memory.pool.max_segments <= WIRE_SEGMENTS)
        return false;
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct ring *q = &dev->path.queues[i].ring;

        for (unsigned slot = 0; slot < q->slots; slot++) {
            const struct ring_request *p = ring_at(q, slot);

            if (p && p->op == BLKIF_OP_WRITE && (p->segments > WIRE_SEGMENTS || p->request->again))
                return true;
        }
    }
    return false;
}
