/* SPDX-License-Identifier: MIT */
/*
 * Bounce pages for backends that keep mapped what they have seen ("feature-persistent"): each page
 * keeps its grant. A queue has its own, because a backend maps them for each ring, and takes the
 * one first that was used last: so no more of them circulate than are needed, and the backend,
 * which drops those that were not used for long, finds them again.
 *
 * What tells page and grant is not in the page, where the backend could change it.
 */
#include "memory.h"

#include <ringlet/heap.h>
#include <ringlet/page.h>

/* One more page of this queue's will have its place in the stack, on which there is none now. */
static bool make_room(struct blk_queue *q)
{
    unsigned room = q->kept_room ? 2 * q->kept_room : 16;
    struct kept_page *more;

    if (q->kept_count < q->kept_room)
        return true;
    more = heap_alloc(room * sizeof(*more), MEM_BLOCK);
    if (!more)
        return false;
    heap_free(q->kept);
    q->kept = more;
    q->kept_room = room;
    return true;
}

static int create(struct blkfront_dev *dev, struct kept_page *out)
{
    int ref;

    if (!dev->grants_left)
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
    dev->grants_left--;
    dev->stats.grants_made++;
    dev->stats.grants_kept++;
    return 0;
}

/* A page that another queue does not need now. */
static bool take_over(struct blkfront_dev *dev, struct kept_page *out)
{
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        struct blk_queue *other = &dev->queues[i];

        if (!other->kept_free)
            continue;
        *out = other->kept[--other->kept_free];
        other->kept_count--;
        return true;
    }
    return false;
}

unsigned kept_available(const struct blkfront_dev *dev, const struct blk_queue *q)
{
    const unsigned limit = kept_limit(dev, q);
    unsigned more = dev->grants_left;

    for (unsigned i = 0; i < dev->limits.queues; i++) {
        if (&dev->queues[i] != q)
            more += dev->queues[i].kept_free;
    }
    return q->kept_free + MIN(more, limit - MIN(limit, q->kept_count));
}

int kept_take(struct blkfront_dev *dev, struct blk_queue *q, struct kept_page *out)
{
    int ret;

    if (q->kept_free) {
        *out = q->kept[--q->kept_free];
        return 0;
    }
    if (q->kept_count >= kept_limit(dev, q))
        return -ENOSPC;
    if (!make_room(q))
        return -ENOMEM;
    ret = create(dev, out);
    if (ret && !take_over(dev, out))
        return ret;
    q->kept_count++;
    return 0;
}

void kept_give(struct blk_queue *q, struct kept_page page)
{
    q->kept[q->kept_free++] = page;
}

void kept_forget(struct blkfront_dev *dev, struct blk_queue *q)
{
    q->kept_count--;
    dev->grants_left++;
    dev->stats.grants_kept--;
}

void kept_destroy(struct blkfront_dev *dev, bool is_void)
{
    for (unsigned i = 0; i < NEGOTIATE_QUEUES_MAX; i++) {
        struct blk_queue *q = &dev->queues[i];

        while (q->kept_free) {
            struct kept_page *k = &q->kept[--q->kept_free];

            if (is_void || gnttab_end_or_quarantine(k->gref, k->page))
                dev->stats.grants_ended++;
            else
                dev->stats.grants_quarantined++;
            page_free(k->page, 1);
            kept_forget(dev, q);
        }
        if (q->kept_count) /* parts still have some */
            continue;
        heap_free(q->kept);
        q->kept = NULL;
        q->kept_room = 0;
    }
}
