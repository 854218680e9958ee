/* SPDX-License-Identifier: MIT */
/*
 * The memory of a part: pages for segments that bounce, grant references for all, and what becomes
 * of pages that the backend does not let go of (XSA-396, XSA-403).
 *
 * A backend that answered has unmapped: an honest one does that first. When a grant cannot be ended
 * after the answer, the page is quarantined, what it holds is not believed, and if it is a caller's
 * page the device fails: that page cannot be taken away from its owner.
 */
#include "memory.h"
#include "request.h"

#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define POOL_PAGES 128 /* bounce pages that are kept when nobody uses them */

static void *take_page(struct blkfront_dev *dev)
{
    void **page = dev->free_pages;

    if (!page)
        return page_alloc_zeroed(1, MEM_BLOCK);
    dev->free_pages = *page;
    dev->free_page_count--;
    if (dev->limits.trusted)
        *page = NULL; /* no address of ours in a page that the backend sees */
    else
        memset(page, 0, PAGE_SIZE); /* nor anything of an earlier request's */
    return page;
}

static void give_page(struct blkfront_dev *dev, void *page)
{
    if (dev->free_page_count == POOL_PAGES) {
        page_free(page, 1);
        return;
    }
    *(void **)page = dev->free_pages;
    dev->free_pages = page;
    dev->free_page_count++;
}

unsigned buffer_room(const struct blkfront_dev *dev, const struct blk_queue *q)
{
    return dev->limits.persistent ? kept_available(dev, q) : dev->grants_left;
}

static int take_for(struct blkfront_dev *dev, struct blk_queue *q, struct split_segment *s)
{
    struct kept_page k;
    int ret;

    if (!dev->limits.persistent) {
        s->page = take_page(dev);
        return s->page ? 0 : -ENOMEM;
    }
    ret = kept_take(dev, q, &k);
    if (ret)
        return ret;
    s->page = k.page;
    s->gref = k.gref;
    s->kept = true;
    return 0;
}

int buffer_take_pages(struct blkfront_dev *dev, struct part *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        int ret = p->seg[i].bounce ? take_for(dev, p->queue, &p->seg[i]) : 0;

        if (ret)
            return i ? (int)i : ret;
    }
    return (int)p->segments;
}

/* A segment loses its page; its grant has ended, or goes with it. */
static void drop_page(struct blkfront_dev *dev, struct part *p, struct split_segment *s)
{
    if (s->bounce && s->page) {
        if (s->kept)
            kept_give(p->queue, (struct kept_page){s->page, s->gref});
        else
            give_page(dev, s->page);
    }
    s->page = NULL;
    s->gref = 0;
}

void buffer_drop_pages(struct blkfront_dev *dev, struct part *p)
{
    for (unsigned i = 0; i < p->segments; i++)
        drop_page(dev, p, &p->seg[i]);
}

void buffer_fill(struct blkfront_dev *dev, struct part *p)
{
    struct split_cursor at = p->at;

    for (unsigned i = 0; i < p->segments; i++) {
        struct split_segment *s = &p->seg[i];

        if (s->bounce) {
            split_copy_in(&at, s->page + s->skip, s->bytes);
            dev->stats.bytes_copied += s->bytes;
        } else {
            split_advance(&at, s->bytes);
        }
    }
}

void buffer_drain(struct blkfront_dev *dev, struct part *p)
{
    struct split_cursor at = p->at;

    for (unsigned i = 0; i < p->segments; i++) {
        struct split_segment *s = &p->seg[i];

        if (s->bounce) {
            split_copy_out(&at, s->page + s->skip, s->bytes);
            dev->stats.bytes_copied += s->bytes;
        } else {
            split_advance(&at, s->bytes);
        }
    }
}

int buffer_grant(struct blkfront_dev *dev, struct part *p, bool readonly)
{
    unsigned i;
    int ref = 0;

    p->fresh = 0;
    for (i = 0; i < p->segments; i++) {
        if (p->seg[i].kept)
            continue;
        ref = gnttab_grant(dev->peer, p->seg[i].page, readonly);
        if (ref < 0)
            break;
        p->seg[i].gref = (grant_ref_t)ref;
        p->fresh++;
    }
    dev->grants_left -= p->fresh;
    dev->stats.grants_made += p->fresh;
    return i ? (int)i : ref;
}

void buffer_trim(struct blkfront_dev *dev, struct part *p, unsigned count)
{
    for (unsigned i = count; i < p->segments; i++)
        drop_page(dev, p, &p->seg[i]);
    p->segments = count;
    p->bytes = 0;
    p->sectors = 0;
    for (unsigned i = 0; i < count; i++) {
        p->sectors += p->seg[i].last - p->seg[i].first + 1u;
        p->bytes += p->seg[i].bytes;
    }
}

static void hold_back(struct blkfront_dev *dev, struct split_segment *s)
{
    gnttab_quarantine(s->gref, s->page);
    dev->stats.grants_quarantined++;
    if (s->bounce) {
        page_free(s->page, 1); /* pinned: nobody gets it while the backend has it */
        s->page = NULL;
        dev->pages_held_back++;
    }
}

int buffer_end(struct blkfront_dev *dev, struct part *p)
{
    int result = 0;

    for (unsigned i = 0; i < p->segments; i++) {
        struct split_segment *s = &p->seg[i];

        if (s->kept)
            continue;
        if (gnttab_end(s->gref) == -EBUSY) {
            hold_back(dev, s);
            dev->stats.grants_ended--;
            if (!s->bounce) {
                dev_violation(dev, "a page stays mapped after the response", NULL);
                result = -EIO;
            } else if (p->op == BLKIF_OP_READ) {
                result = -EIO;
            }
        }
        s->gref = 0;
    }
    dev->grants_left += p->fresh;
    dev->stats.grants_ended += p->fresh;
    p->fresh = 0;
    if (dev->pages_held_back > HELD_BACK_MAX)
        dev_violation(dev, "too many pages stay mapped after the response", NULL);
    return result;
}

/* One segment's; false: the backend may still use the page. */
static bool revoke(struct blkfront_dev *dev, struct part *p, struct split_segment *s, bool final)
{
    if (s->kept && !s->bounce) {
        /* it ended, or did not, with the grants of its buffer */
        if (registry_ref(&dev->registry, s->page))
            return false;
        s->gref = 0;
        return true;
    }
    if (gnttab_end(s->gref) != -EBUSY)
        dev->stats.grants_ended++;
    else if (final)
        hold_back(dev, s);
    else
        return false;
    s->gref = 0;
    if (s->kept)
        kept_forget(dev, p->queue);
    else
        dev->grants_left++;
    s->kept = false;
    return true;
}

bool buffer_revoke(struct blkfront_dev *dev, struct part *p, bool final)
{
    bool left = false;

    for (unsigned i = 0; i < p->segments; i++) {
        if (p->seg[i].gref && !revoke(dev, p, &p->seg[i], final))
            left = true;
    }
    return !left;
}

static void free_pages(struct blkfront_dev *dev)
{
    while (dev->free_pages) {
        void **page = dev->free_pages;

        dev->free_pages = *page;
        page_free(page, 1);
    }
    dev->free_page_count = 0;
}

void buffer_destroy(struct blkfront_dev *dev)
{
    registry_end(dev, true);
    kept_destroy(dev, false);
    free_pages(dev);
}

void buffer_regrant(struct blkfront_dev *dev)
{
    buffer_destroy(dev);
    if (dev->memory.registered)
        registry_grant(dev);
}

void buffer_void(struct blkfront_dev *dev, struct part *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        struct split_segment *s = &p->seg[i];

        if (s->gref && (s->bounce || !s->kept)) {
            dev->stats.grants_ended++;
            if (s->kept)
                kept_forget(dev, p->queue);
            else
                dev->grants_left++;
        }
        s->gref = 0;
        s->kept = false;
    }
    p->fresh = 0;
}

void buffer_void_kept(struct blkfront_dev *dev)
{
    registry_void(dev);
    kept_destroy(dev, true);
    free_pages(dev);
}
