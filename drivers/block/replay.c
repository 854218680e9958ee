/* SPDX-License-Identifier: MIT */
/*
 * A connection that is over before all of its requests were answered, because the backend went or
 * the domain was resumed elsewhere: what was under way is asked again, from its beginning, of
 * whoever the next backend is. A read may read twice and a write write twice what is the same; the
 * caller sees one completion. What is cut, and how, is decided anew with that backend's limits.
 */
#include "device.h"
#include "memory.h"
#include "request.h"

#include <ringlet/page.h>

void request_rewind(struct blkfront_request *r)
{
    r->sent = false;
    if (r->fua && r->op != BLKIF_OP_WRITE) { /* who flushes now may not have the data */
        list_del(&r->barrier);
        r->op = BLKIF_OP_WRITE;
    }
    if (r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE)
        request_begin(r);
}

/* What was discarded need not be discarded once more: somebody may have written there since. */
static void rewind_discard(struct blkfront_request *r, const struct part *p)
{
    const uint64_t end = r->offset + r->left;

    r->offset = MIN(r->offset, p->sector << WIRE_SECTOR_SHIFT);
    r->left = (size_t)(end - r->offset);
}

void request_insert(struct blkfront_request *r)
{
    struct list *waiting = &r->queue->waiting, *at = waiting->next;

    while (at != waiting && list_entry(at, struct blkfront_request, link)->number < r->number)
        at = at->next;
    list_add_tail(at, &r->link);
}

/* False: the old backend has memory of the caller's that the request is about. It may still read
 * and write there, so nothing that another does can complete the request. */
static bool take_back(struct blkfront_dev *dev, struct part *p)
{
    bool ours = true;

    buffer_revoke(dev, p, true);
    for (unsigned i = 0; i < p->segments; i++) {
        if (!p->seg[i].bounce && page_is_pinned(p->seg[i].page))
            ours = false;
    }
    return ours;
}

static void put_back(struct blkfront_dev *dev, struct part *p)
{
    struct blkfront_request *r = p->request;

    if (!take_back(dev, p))
        request_fail(dev, r, -EIO);
    if (p->phase != PART_PLAIN)
        merge_end(p);
    if (p->bounced)
        buffer_drop_pages(dev, p);
    if (r->op == BLKIF_OP_DISCARD)
        rewind_discard(r, p);
    part_put(dev, p);
    if (--r->parts)
        return;
    if (r->result) { /* another part had failed: that was its end */
        request_check_done(dev, r);
        return;
    }
    if (r->sent)
        request_insert(r);
    request_rewind(r);
}

static void void_part(struct blkfront_dev *dev, struct part *p)
{
    buffer_void(dev, p);
    for (unsigned i = 0; i < p->indirect_pages; i++)
        p->indirect_ref[i] = 0;
}

static void void_queue(struct blkfront_dev *dev, struct blk_queue *q)
{
    for (unsigned slot = 0; slot < q->ring.slots; slot++) {
        struct part *p = queue_part(&q->ring, slot);

        if (p)
            void_part(dev, p);
    }
    for (unsigned i = 0; i < WIRE_RING_PAGES_MAX; i++)
        q->page_ref[i] = 0;
    q->port = 0;
}

/* What no backend holds any more, whatever the device's state. */
static void void_all(struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++)
        void_queue(dev, &dev->queues[i]);
    list_for_each (l, &dev->merge_ready)
        void_part(dev, list_entry(l, struct part, ready));
    buffer_void_kept(dev);
    pool_void(dev);
    dev->pages_held_back = 0;
}

/* Those of which nothing is in flight begin again, too: what of their data was written, and not
 * flushed, the next backend may not have. */
static void rewind_waiting(struct blk_queue *q)
{
    list_for_each (l, &q->waiting) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

        if (!r->parts)
            request_rewind(r);
    }
}

static void empty_queue(struct blkfront_dev *dev, struct queue *q)
{
    for (unsigned slot = 0; slot < q->slots; slot++) {
        struct part *p = queue_part(q, slot);

        if (p) {
            queue_forget(q, slot);
            put_back(dev, p);
        }
    }
}

void dev_requeue(struct blkfront_dev *dev, bool is_void)
{
    if (is_void)
        void_all(dev);
    dev_pause(dev);
    if (dev->state == DEV_LOST) /* it was closing: dev_gone does the rest */
        return;
    registry_end(dev, true);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        rewind_waiting(&dev->queues[i]);
        empty_queue(dev, &dev->queues[i].ring);
    }
    while (!list_empty(&dev->merge_ready))
        put_back(dev, list_entry(dev->merge_ready.next, struct part, ready));
    if (dev->pages_held_back > HELD_BACK_MAX)
        dev_violation(dev, "too many pages stay mapped by backends that went", NULL);
    watchdog_resume(dev);
    dev_free_rings(dev);
    pool_destroy(dev); /* the next limits may want parts of another size */
    buffer_destroy(dev);
}

void dev_fit_queues(struct blkfront_dev *dev)
{
    struct blk_queue *first = &dev->queues[0];

    list_for_each (l, &dev->prepared) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

        if (r->queue >= first + dev->limits.queues)
            r->queue = first;
    }
    for (unsigned i = dev->limits.queues; i < NEGOTIATE_QUEUES_MAX; i++) {
        struct list *waiting = &dev->queues[i].waiting;

        while (!list_empty(waiting)) {
            struct blkfront_request *r = list_entry(waiting->next, struct blkfront_request, link);

            list_del(&r->link);
            r->queue = first;
            request_insert(r);
        }
    }
    if (dev->pump_first >= dev->limits.queues)
        dev->pump_first = 0;
}

/* ---- other limits ---- */

int request_misfit(const struct blkfront_limits *l, const struct blkfront_request *r)
{
    switch (r->op) {
    case BLKIF_OP_FLUSH_DISKCACHE:
        return l->flush ? 0 : -EOPNOTSUPP;
    case BLKIF_OP_WRITE_BARRIER:
        return l->barrier ? 0 : -EOPNOTSUPP;
    default:
        /* the sum fitted the disk that it was accepted for */
        if ((uint64_t)r->aiocb->aio_offset + r->aiocb->aio_nbytes > l->sectors << WIRE_SECTOR_SHIFT)
            return -EIO;
        return l->readonly && r->op != BLKIF_OP_READ ? -EROFS : 0;
    }
}

static void fit_list(struct blkfront_dev *dev, struct list *requests)
{
    for (struct list *l = requests->next, *next; l != requests; l = next) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);
        int ret = request_misfit(&dev->limits, r);

        next = l->next;
        if (ret)
            request_fail(dev, r, ret);
    }
}

void dev_fit_requests(struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++)
        fit_list(dev, &dev->queues[i].waiting);
    fit_list(dev, &dev->prepared);
}
