/* SPDX-License-Identifier: MIT */
/*
 * A connection that ends before all of its requests were answered, because the backend went or the
 * domain was resumed elsewhere. What was in flight is sent again, from its beginning, to the next
 * backend. A read may be done twice, and a write may write the same data twice; the caller sees one
 * completion. Requests are split anew, with the limits of the next backend.
 */
#include "requeue.h"
#include "drivers/block/path/complete.h"
#include "drivers/block/path/merge.h"
#include "drivers/block/path/request.h"
#include "drivers/block/path/rmw.h"
#include "expire.h"
#include "lifecycle.h"

#include <kernel/grant_table.h>
#include <ringlet/page.h>

/* What was discarded need not be discarded once more: somebody may have written there since. */
static void rewind_discard(struct blkfront_request *r, const struct ring_request *p)
{
    const uint64_t end = r->offset + r->left;

    r->offset = MIN(r->offset, p->sector << WIRE_SECTOR_SHIFT);
    r->left = (size_t)(end - r->offset);
}

/* False: the old backend has memory of the caller's that the request is about. It may still read
 * and write there, so nothing that another does can complete the request. */
static bool take_back(struct blkfront_dev *dev, struct ring_request *p)
{
    bool ours = true;

    map_revoke(dev, p, true);
    for (unsigned i = 0; i < p->segments; i++) {
        if (!p->seg[i].bounce && page_is_pinned(p->seg[i].page))
            ours = false;
    }
    return ours;
}

static void put_back(struct blkfront_dev *dev, struct ring_request *p)
{
    struct blkfront_request *r = p->request;

    if (!take_back(dev, p))
        complete_fail(dev, r, -EIO);
    if (p->phase != RMW_NONE)
        rmw_end(p);
    if (p->bounced)
        map_drop_pages(dev, p);
    if (r->op == BLKIF_OP_DISCARD)
        rewind_discard(r, p);
    pool_put_ring_request(&dev->memory.pool, p);
    if (--r->outstanding)
        return;
    if (r->result) { /* another ring request had failed: that was its end */
        complete_check(dev, r);
        return;
    }
    if (r->state == REQUEST_SENT)
        request_insert(r);
    request_rewind(r);
}

static void invalidate_ring_request(struct blkfront_dev *dev, struct ring_request *p)
{
    map_invalidate(dev, p);
    for (unsigned i = 0; i < p->indirect_pages; i++)
        p->indirect_ref[i] = 0;
}

static void invalidate_queue(struct blkfront_dev *dev, struct queue *q)
{
    for (unsigned slot = 0; slot < q->ring.slots; slot++) {
        struct ring_request *p = ring_at(&q->ring, slot);

        if (p)
            invalidate_ring_request(dev, p);
    }
    for (unsigned i = 0; i < WIRE_RING_PAGES_MAX; i++)
        q->page_ref[i] = 0;
    q->port = 0;
}

/* What no backend holds any more, whatever the device's state. */
static void invalidate_all(struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++)
        invalidate_queue(dev, &dev->path.queues[i]);
    list_for_each (l, &dev->path.rmw_ready)
        invalidate_ring_request(dev, list_entry(l, struct ring_request, ready));
    map_invalidate_unused(dev);
    pool_invalidate(&dev->memory.pool);
    dev->memory.pages_held_back = 0;
}

/* Those of which nothing is in flight begin again, too: what of their data was written, and not
 * flushed, the next backend may not have. */
static void rewind_waiting(struct queue *q)
{
    list_for_each (l, &q->waiting) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

        if (!r->outstanding)
            request_rewind(r);
    }
}

static void empty_queue(struct blkfront_dev *dev, struct ring *q)
{
    for (unsigned slot = 0; slot < q->slots; slot++) {
        struct ring_request *p = ring_at(q, slot);

        if (p) {
            ring_forget(q, slot);
            put_back(dev, p);
        }
    }
}

void requeue_all(struct blkfront_dev *dev, bool invalidated)
{
    if (invalidated)
        invalidate_all(dev);
    lifecycle_stop(dev);
    if (dev->state == DEVICE_CLOSED) /* it was closing: lifecycle_release does the rest */
        return;
    registered_end(dev, true);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        rewind_waiting(&dev->path.queues[i]);
        empty_queue(dev, &dev->path.queues[i].ring);
    }
    while (!list_empty(&dev->path.rmw_ready))
        put_back(dev, list_entry(dev->path.rmw_ready.next, struct ring_request, ready));
    if (dev->memory.pages_held_back > HELD_BACK_MAX) /* it has just closed, and may have unmapped */
        gnttab_quarantine_retry(&dev->memory.pages_held_back);
    if (dev->memory.pages_held_back > HELD_BACK_MAX)
        complete_violation(dev, "too many pages stay mapped by backends that went", NULL);
    watchdog_reset(dev);
    expire_lost_connection(dev, invalidated);
    lifecycle_free_rings(dev);
    merge_destroy(dev);
    pool_destroy(&dev->memory.pool); /* the next limits may want ring requests of another size */
    map_destroy(dev);
}
