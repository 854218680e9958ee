/* SPDX-License-Identifier: MIT */
/*
 * Bounce pages for backends that keep mapped what they have seen ("feature-persistent"): each page
 * keeps its grant. A queue has its own, because a backend maps them for each ring, and takes the
 * one first that was used last: so no more of them circulate than are needed, and the backend,
 * which drops those that were not used for long, finds them again.
 *
 * What tells page and grant is not in the page, where the backend could change it.
 */
#include "drivers/block/device.h"

#include <ringlet/heap.h>
#include <ringlet/page.h>

/* One more page of this queue's will have its place in the stack, on which there is none now. */
static bool make_room(struct queue *q)
{
    unsigned room = q->persistent.room ? 2 * q->persistent.room : 16;
    struct persistent_page *more;

    if (q->persistent.count < q->persistent.room)
        return true;
    more = heap_alloc(room * sizeof(*more), MEM_BLOCK);
    if (!more)
        return false;
    heap_free(q->persistent.page);
    q->persistent.page = more;
    q->persistent.room = room;
    return true;
}

static int create(struct blkfront_dev *dev, struct persistent_page *out)
{
    int ref;

    if (!dev->memory.grants_left)
        return -ENOSPC;
    out->page = page_alloc_zeroed(1, MEM_BLOCK);
    if (!out->page)
        return -ENOMEM;
    ref = gnttab_grant(dev->peer, out->page, false);
    if (ref < 0) {
        page_free(out->page, 1);
        return ref;
    }
    out->gref = (grant_ref_t)ref;
    dev->memory.grants_left--;
    dev->stats.grants_made++;
    dev->stats.grants_kept++;
    return 0;
}

unsigned persistent_limit(const struct blkfront_dev *dev, const struct queue *q)
{
    const struct registered *g = &dev->memory.registered;

    return dev->memory.persistent_max -
           (g->affine ? g->queue_granted[q - dev->path.queues] : g->granted);
}

/* A page that another queue does not need now. */
static bool take_over(struct blkfront_dev *dev, struct persistent_page *out)
{
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        struct queue *other = &dev->path.queues[i];

        if (!other->persistent.free)
            continue;
        *out = other->persistent.page[--other->persistent.free];
        other->persistent.count--;
        return true;
    }
    return false;
}

unsigned persistent_available(const struct blkfront_dev *dev, const struct queue *q)
{
    const unsigned limit = persistent_limit(dev, q);
    unsigned more = dev->memory.grants_left;

    for (unsigned i = 0; i < dev->limits.queues; i++) {
        if (&dev->path.queues[i] != q)
            more += dev->path.queues[i].persistent.free;
    }
    return q->persistent.free + MIN(more, limit - MIN(limit, q->persistent.count));
}

int persistent_take(struct blkfront_dev *dev, struct queue *q, struct persistent_page *out)
{
    int ret;

    if (q->persistent.free) {
        *out = q->persistent.page[--q->persistent.free];
        return 0;
    }
    if (q->persistent.count >= persistent_limit(dev, q))
        return -ENOSPC;
    if (!make_room(q))
        return -ENOMEM;
    ret = create(dev, out);
    if (ret && !take_over(dev, out))
        return ret;
    q->persistent.count++;
    return 0;
}

void persistent_give(struct queue *q, struct persistent_page page)
{
    q->persistent.page[q->persistent.free++] = page;
}

void persistent_forget(struct blkfront_dev *dev, struct queue *q)
{
    q->persistent.count--;
    dev->memory.grants_left++;
    dev->stats.grants_kept--;
}

void persistent_destroy(struct blkfront_dev *dev, bool invalidated)
{
    for (unsigned i = 0; i < QUEUES_MAX; i++) {
        struct queue *q = &dev->path.queues[i];

        while (q->persistent.free) {
            struct persistent_page *k = &q->persistent.page[--q->persistent.free];

            if (invalidated || gnttab_end_or_quarantine(k->gref, k->page))
                dev->stats.grants_ended++;
            else
                dev->stats.grants_quarantined++;
            page_free(k->page, 1);
            persistent_forget(dev, q);
        }
        if (q->persistent.count) /* ring requests still have some */
            continue;
        heap_free(q->persistent.page);
        q->persistent.page = NULL;
        q->persistent.room = 0;
    }
}
