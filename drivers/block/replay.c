/* SPDX-License-Identifier: MIT */
/*
 * A connection that is void without having been closed, as after a resume of the domain: what was
 * under way is asked again, from its beginning, of whoever the next backend is. A read may read
 * twice and a write write twice what is the same; the caller sees one completion. What is cut, and
 * how, is decided anew with that backend's limits.
 */
#include "device.h"

void request_rewind(struct blkfront_request *r)
{
    const struct blkfront_aiocb *aiocb = r->aiocb;

    r->sent = false;
    if (r->fua && r->op != BLKIF_OP_WRITE) { /* who flushes now may not have the data */
        list_del(&r->barrier);
        r->op = BLKIF_OP_WRITE;
    }
    if (r->op != BLKIF_OP_READ && r->op != BLKIF_OP_WRITE && r->op != BLKIF_OP_DISCARD)
        return;
    r->offset = (uint64_t)aiocb->aio_offset;
    r->left = aiocb->aio_nbytes;
    r->flat = (struct blkfront_iovec){aiocb->aio_buf, aiocb->aio_nbytes};
    r->at = (struct split_cursor){.iov = aiocb->aio_iovcnt ? aiocb->aio_iov : &r->flat};
}

void request_insert(struct blkfront_request *r)
{
    struct list *waiting = &r->queue->waiting, *at = waiting->next;

    while (at != waiting && list_entry(at, struct blkfront_request, link)->number < r->number)
        at = at->next;
    list_add_tail(at, &r->link);
}

static void put_back(struct blkfront_dev *dev, struct part *p)
{
    struct blkfront_request *r = p->request;

    if (p->phase != PART_PLAIN)
        merge_end(p);
    if (p->bounced)
        buffer_drop_pages(dev, p);
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

/* Those that wait with their data written, but not flushed, begin again too. */
static void rewind_unflushed(struct blk_queue *q)
{
    list_for_each (l, &q->waiting) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

        if (r->fua && !r->parts)
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

void dev_requeue(struct blkfront_dev *dev)
{
    void_all(dev);
    if (dev->grants_wanted)
        gnttab_wait_cancel(&dev->grants);
    dev->grants_wanted = false;
    dev->online = false;
    if (dev->state == DEV_LOST) /* it was closing: dev_gone does the rest */
        return;
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        rewind_unflushed(&dev->queues[i]);
        empty_queue(dev, &dev->queues[i].ring);
    }
    while (!list_empty(&dev->merge_ready))
        put_back(dev, list_entry(dev->merge_ready.next, struct part, ready));
    watchdog_resume(dev);
    dev_free_rings(dev);
    pool_destroy(dev); /* the next limits may want parts of another size */
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
