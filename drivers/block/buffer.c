/* SPDX-License-Identifier: MIT */
/*
 * The memory of a part: pages for segments that bounce, grant references for all, and what becomes
 * of pages that the backend does not let go of (XSA-396, XSA-403).
 *
 * A backend that answered has unmapped: an honest one does that first. When a grant cannot be ended
 * after the answer, the page is quarantined, what it holds is not believed, and if it is a caller's
 * page the device fails: that page cannot be taken away from its owner.
 */
#include "block.h"

#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define POOL_PAGES 128 /* bounce pages that are kept when nobody uses them */
/* A backend that holds back more bounce pages than this is not slow but hostile. */
#define HELD_BACK_MAX 64

static void *take_page(struct blkfront_dev *dev)
{
    void **page = dev->free_pages;

    if (!page)
        return page_alloc_zeroed(1, MEM_BLOCK);
    dev->free_pages = *page;
    dev->free_page_count--;
    if (dev->in_place)
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

unsigned buffer_take_pages(struct blkfront_dev *dev, struct part *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        if (!p->seg[i].bounce)
            continue;
        p->seg[i].page = take_page(dev);
        if (!p->seg[i].page)
            return i;
    }
    return p->segments;
}

void buffer_drop_pages(struct blkfront_dev *dev, struct part *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        if (p->seg[i].bounce && p->seg[i].page)
            give_page(dev, p->seg[i].page);
        p->seg[i].page = NULL;
    }
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
    int ref = 0;
    unsigned i;

    for (i = 0; i < p->segments; i++) {
        ref = gnttab_grant(dev->peer, p->seg[i].page, readonly);
        if (ref < 0)
            break;
        p->seg[i].gref = (grant_ref_t)ref;
    }
    dev->grants_left -= i;
    dev->stats.grants_made += i;
    return i ? (int)i : ref;
}

void buffer_trim(struct blkfront_dev *dev, struct part *p, unsigned count)
{
    for (unsigned i = count; i < p->segments; i++) {
        if (p->seg[i].bounce && p->seg[i].page)
            give_page(dev, p->seg[i].page);
        p->seg[i].page = NULL;
    }
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
    dev->grants_left += p->segments;
    dev->stats.grants_ended += p->segments;
    if (dev->pages_held_back > HELD_BACK_MAX)
        dev_violation(dev, "too many pages stay mapped after the response", NULL);
    return result;
}

bool buffer_revoke(struct blkfront_dev *dev, struct part *p, bool final)
{
    bool left = false;

    for (unsigned i = 0; i < p->segments; i++) {
        struct split_segment *s = &p->seg[i];

        if (!s->gref)
            continue;
        if (gnttab_end(s->gref) == -EBUSY) {
            if (!final) {
                left = true;
                continue;
            }
            hold_back(dev, s);
        } else {
            dev->stats.grants_ended++;
        }
        s->gref = 0;
        dev->grants_left++;
    }
    return !left;
}

void buffer_void(struct blkfront_dev *dev, struct part *p)
{
    for (unsigned i = 0; i < p->segments; i++) {
        if (!p->seg[i].gref)
            continue;
        p->seg[i].gref = 0;
        dev->grants_left++;
        dev->stats.grants_ended++;
    }
}

void buffer_destroy(struct blkfront_dev *dev)
{
    while (dev->free_pages) {
        void **page = dev->free_pages;

        dev->free_pages = *page;
        page_free(page, 1);
    }
    dev->free_page_count = 0;
}
