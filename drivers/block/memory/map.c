/* SPDX-License-Identifier: MIT */
/*
 * The memory of a ring request: pages for segments that bounce, grant references for all, and what
 * becomes of pages that the backend does not let go of (XSA-396, XSA-403).
 *
 * A backend that answered has unmapped: an honest one does that first. When a grant cannot be ended
 * after the answer, the page is quarantined, what it holds is not believed, and if it is a caller's
 * page the device fails: that page cannot be taken away from its owner.
 */
#include "drivers/block/device.h"

#include <kernel/grant_table.h>
#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define POOL_PAGES 128 /* unused bounce pages that are not freed */

static void *take_page(struct blkfront_dev *dev)
{
    void **page = dev->memory.free_pages;

    if (!page)
        return page_alloc_zeroed(1, MEM_BLOCK);
    dev->memory.free_pages = *page;
    dev->memory.free_page_count--;
    if (dev->limits.trusted)
        *page = NULL; /* no address of ours in a page that the backend sees */
    else
        memset(page, 0, PAGE_SIZE); /* nor anything of an earlier request's */
    return page;
}

static void give_page(struct blkfront_dev *dev, void *page)
{
    if (dev->memory.free_page_count == POOL_PAGES) {
        page_free(page, 1);
        return;
    }
    *(void **)page = dev->memory.free_pages;
    dev->memory.free_pages = page;
    dev->memory.free_page_count++;
}

unsigned map_room(const struct blkfront_dev *dev, const struct queue *q)
{
    return dev->limits.persistent ? persistent_available(dev, q) : dev->memory.grants_left;
}

static int take_for(struct blkfront_dev *dev, struct queue *q, struct segment *s)
{
    struct persistent_page k;
    int ret;

    if (!dev->limits.persistent) {
        s->page = take_page(dev);
        return s->page ? 0 : -ENOMEM;
    }
    ret = persistent_take(dev, q, &k);
    if (ret)
        return ret;
    s->page = k.page;
    s->gref = k.gref;
    s->persistent = true;
    return 0;
}

int map_take_pages(struct blkfront_dev *dev, struct ring_request *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        int ret = p->seg[i].bounce ? take_for(dev, p->queue, &p->seg[i]) : 0;

        if (ret)
            return i ? (int)i : ret;
    }
    return (int)p->segments;
}

/* A segment loses its page; its grant has ended, or goes with it. */
static void drop_page(struct blkfront_dev *dev, struct ring_request *p, struct segment *s)
{
    if (s->bounce && s->page) {
        if (s->persistent)
            persistent_give(p->queue, (struct persistent_page){s->page, s->gref});
        else
            give_page(dev, s->page);
    }
    s->page = NULL;
    s->gref = 0;
}

void map_drop_pages(struct blkfront_dev *dev, struct ring_request *p)
{
    for (unsigned i = 0; i < p->segments; i++)
        drop_page(dev, p, &p->seg[i]);
}

void map_copy_in(struct blkfront_dev *dev, struct ring_request *p)
{
    struct cursor at = p->at;

    for (unsigned i = 0; i < p->segments; i++) {
        struct segment *s = &p->seg[i];

        if (s->bounce) {
            cursor_copy_in(&at, s->page + s->skip, s->bytes);
            dev->stats.bytes_copied += s->bytes;
        } else {
            cursor_advance(&at, s->bytes);
        }
    }
}

void map_copy_out(struct blkfront_dev *dev, struct ring_request *p)
{
    struct cursor at = p->at;

    for (unsigned i = 0; i < p->segments; i++) {
        struct segment *s = &p->seg[i];

        if (s->bounce) {
            cursor_copy_out(&at, s->page + s->skip, s->bytes);
            dev->stats.bytes_copied += s->bytes;
        } else {
            cursor_advance(&at, s->bytes);
        }
    }
}

int map_grant(struct blkfront_dev *dev, struct ring_request *p, bool readonly)
{
    unsigned i;
    int ref = 0;

    p->fresh = 0;
    for (i = 0; i < p->segments; i++) {
        if (p->seg[i].persistent)
            continue;
        ref = gnttab_grant(dev->peer, p->seg[i].page, readonly);
        if (ref < 0)
            break;
        p->seg[i].gref = (grant_ref_t)ref;
        p->fresh++;
    }
    dev->memory.grants_left -= p->fresh;
    dev->stats.grants_made += p->fresh;
    return i ? (int)i : ref;
}

void map_trim(struct blkfront_dev *dev, struct ring_request *p, unsigned count)
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

static void hold_back(struct blkfront_dev *dev, struct segment *s)
{
    gnttab_quarantine_counted(s->gref, s->page, s->bounce ? &dev->memory.pages_held_back : NULL);
    dev->stats.grants_quarantined++;
    if (s->bounce) {
        page_free(s->page, 1); /* pinned: it is not handed out while the backend maps it */
        s->page = NULL;
    }
}

static void note_violation(struct blkfront_dev *dev, const char *what)
{
    if (!dev->memory.violation)
        dev->memory.violation = what;
}

int map_end(struct blkfront_dev *dev, struct ring_request *p)
{
    int result = 0;

    for (unsigned i = 0; i < p->segments; i++) {
        struct segment *s = &p->seg[i];

        if (s->persistent)
            continue;
        if (gnttab_end(s->gref) == -EBUSY) {
            hold_back(dev, s);
            dev->stats.grants_ended--;
            if (!s->bounce) {
                note_violation(dev, "a page stays mapped after the response");
                result = -EIO;
            } else if (p->op == BLKIF_OP_READ) {
                result = -EIO;
            }
        }
        s->gref = 0;
    }
    dev->memory.grants_left += p->fresh;
    dev->stats.grants_ended += p->fresh;
    p->fresh = 0;
    if (dev->memory.pages_held_back > HELD_BACK_MAX)
        note_violation(dev, "too many pages stay mapped after the response");
    return result;
}

/* One segment's; false: the backend may still use the page. */
static bool revoke(struct blkfront_dev *dev, struct ring_request *p, struct segment *s, bool final)
{
    if (s->persistent && !s->bounce) {
        /* it ended, or did not, with the grants of its buffer */
        if (registered_ref(&dev->memory.registered, s->page))
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
    if (s->persistent)
        persistent_forget(dev, p->queue);
    else
        dev->memory.grants_left++;
    s->persistent = false;
    return true;
}

bool map_revoke(struct blkfront_dev *dev, struct ring_request *p, bool final)
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
    while (dev->memory.free_pages) {
        void **page = dev->memory.free_pages;

        dev->memory.free_pages = *page;
        page_free(page, 1);
    }
    dev->memory.free_page_count = 0;
}

void map_destroy(struct blkfront_dev *dev)
{
    registered_end(dev, true);
    persistent_destroy(dev, false);
    free_pages(dev);
}

void map_regrant(struct blkfront_dev *dev)
{
    map_destroy(dev);
    if (dev->memory.direct.registered)
        registered_grant(dev);
}

void map_invalidate(struct blkfront_dev *dev, struct ring_request *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        struct segment *s = &p->seg[i];

        if (s->gref && (s->bounce || !s->persistent)) {
            dev->stats.grants_ended++;
            if (s->persistent)
                persistent_forget(dev, p->queue);
            else
                dev->memory.grants_left++;
        }
        s->gref = 0;
        s->persistent = false;
    }
    p->fresh = 0;
}

void map_invalidate_unused(struct blkfront_dev *dev)
{
    registered_invalidate(dev);
    persistent_destroy(dev, true);
    free_pages(dev);
}
