/* SPDX-License-Identifier: MIT */
/*
 * Registered buffers (blkfront_buf_alloc): pages that stay granted, so that I/O on them needs no
 * copy and no grant operation. A page without a reference (the device is closed, or the backend is
 * not trusted) is plain memory to the rest of the driver.
 */
#include "drivers/block/device.h"

#include <kernel/ratelimit.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

struct region {
    struct list link;         /* in `regions` */
    struct blkfront_dev *dev; /* NULL: closed before the buffer */
    uint8_t *base;
    unsigned pages;
    bool freed;       /* while requests used it */
    unsigned queue;   /* see struct registered */
    unsigned granted; /* pages */
    grant_ref_t ref[];
};

/* Of all devices, and of those that are closed. */
static struct list regions = LIST_INIT(regions);

/* ---- from a page to its region ---- */

static uintptr_t region_low(const struct region *r)
{
    return (uintptr_t)r->base;
}

static uintptr_t region_high(const struct region *r)
{
    return (uintptr_t)r->base + (uintptr_t)r->pages * PAGE_SIZE;
}

/* The number of regions that begin at or below this address. */
static unsigned regions_below(const struct registered *g, uintptr_t at)
{
    unsigned low = 0, high = g->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (region_low(g->region[middle]) <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool holds(const struct region *r, uintptr_t page)
{
    return r && region_low(r) <= page && page < region_high(r);
}

void registered_look(struct registered *g, uintptr_t page)
{
    struct region **recent = &g->recent[(page >> PAGE_SHIFT) % REGISTERED_RECENT];
    struct region *below = *recent;
    unsigned next = 0;

    if (!holds(below, page)) {
        next = regions_below(g, page);
        below = next ? g->region[next - 1] : NULL;
    }
    if (holds(below, page)) {
        *recent = below;
        g->low = region_low(below);
        g->high = region_high(below);
        g->ref = below->ref;
        g->queue = below->queue;
        return;
    }
    g->low = below ? region_high(below) : 0;
    g->high = next < g->count ? region_low(g->region[next]) : UINTPTR_MAX;
    g->ref = NULL;
}

static void forget_range(struct registered *g)
{
    memset(g->recent, 0, sizeof(g->recent));
    g->low = g->high = 0;
    g->ref = NULL;
}

static bool make_room(struct registered *g)
{
    unsigned room = g->room ? 2 * g->room : 8;
    struct region **more;

    if (g->count < g->room)
        return true;
    more = heap_alloc(room * sizeof(*more), MEM_BLOCK);
    if (!more)
        return false;
    if (g->count)
        memcpy(more, g->region, g->count * sizeof(*more));
    heap_free(g->region);
    g->region = more;
    g->room = room;
    return true;
}

static void insert(struct registered *g, struct region *r)
{
    unsigned at = regions_below(g, region_low(r));

    memmove(&g->region[at + 1], &g->region[at], (g->count - at) * sizeof(g->region[0]));
    g->region[at] = r;
    g->count++;
    g->pages += r->pages;
    forget_range(g);
}

static void withdraw(struct registered *g, const struct region *r)
{
    unsigned at = regions_below(g, region_low(r)) - 1;

    g->count--;
    memmove(&g->region[at], &g->region[at + 1], (g->count - at) * sizeof(g->region[0]));
    g->pages -= r->pages;
    forget_range(g);
}

/* ---- grants ---- */

/* The queue with the fewest registered pages. */
static unsigned least_queue(const struct blkfront_dev *dev)
{
    const unsigned *granted = dev->memory.registered.queue_granted;
    unsigned least = 0;

    for (unsigned i = 1; i < dev->limits.queues; i++) {
        if (granted[i] < granted[least])
            least = i;
    }
    return least;
}

/* Counts pages that are granted now, or (negative) are not any more. */
static void count_granted(struct region *r, int pages)
{
    struct registered *g = &r->dev->memory.registered;

    r->dev->stats.grants_kept += (uint64_t)pages;
    r->granted += (unsigned)pages;
    g->granted += (unsigned)pages;
    g->queue_granted[r->queue] += (unsigned)pages;
    g->affine = g->granted > r->dev->memory.registered_max && r->dev->limits.persistent &&
                r->dev->limits.queues > 1;
}

/*
 * A page that a backend with persistent grants does not keep mapped costs it more, each time, than
 * a copy costs us. So what is more than a ring can be expected to keep is no registered memory, and
 * what is more than one ring keeps is shared out to the queues.
 */
static int region_grant(struct region *r)
{
    struct blkfront_dev *dev = r->dev;
    struct registered *g = &dev->memory.registered;
    unsigned room = UINT32_MAX;

    if (!r->granted)
        r->queue = least_queue(dev);
    if (dev->limits.persistent)
        room = dev->memory.registered_max -
               MIN(dev->memory.registered_max, g->queue_granted[r->queue]);
    for (unsigned i = 0; i < r->pages && room; i++) {
        int ref;

        if (r->ref[i])
            continue;
        ref = gnttab_grant(dev->peer, r->base + i * PAGE_SIZE, false);
        if (ref < 0)
            return ref;
        r->ref[i] = (grant_ref_t)ref;
        dev->stats.grants_made++;
        count_granted(r, 1);
        room--;
    }
    return 0;
}

static void region_end(struct region *r, bool final)
{
    struct blkfront_stats *s = &r->dev->stats;

    for (unsigned i = 0; i < r->pages; i++) {
        if (!r->ref[i])
            continue;
        if (gnttab_end(r->ref[i]) != -EBUSY) {
            s->grants_ended++;
        } else if (final) {
            gnttab_quarantine(r->ref[i], r->base + i * PAGE_SIZE);
            s->grants_quarantined++;
        } else {
            continue;
        }
        count_granted(r, -1);
        r->ref[i] = 0;
    }
}

static void region_destroy(struct region *r)
{
    if (r->dev) {
        region_end(r, true);
        withdraw(&r->dev->memory.registered, r);
    }
    list_del(&r->link);
    page_free(r->base, r->pages); /* what the backend still maps is pinned */
    heap_free(r);
}

void registered_grant(struct blkfront_dev *dev)
{
    int ret = 0;

    for (unsigned i = 0; i < dev->memory.registered.count && !ret; i++)
        ret = region_grant(dev->memory.registered.region[i]);
    if (ret)
        pr_warn_limited(&dev->fe.messages, "%s: registered buffers cannot be granted: %s\n",
                        dev->limits.name, errno_name(ret));
}

void registered_end(struct blkfront_dev *dev, bool final)
{
    for (unsigned i = 0; i < dev->memory.registered.count; i++)
        region_end(dev->memory.registered.region[i], final);
}

void registered_invalidate(struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->memory.registered.count; i++) {
        struct region *r = dev->memory.registered.region[i];

        count_granted(r, -(int)r->granted);
        for (unsigned k = 0; k < r->pages; k++) {
            dev->stats.grants_ended += r->ref[k] != 0;
            r->ref[k] = 0;
        }
    }
}

void registered_reap(struct blkfront_dev *dev, registered_uses *in_use)
{
    struct registered *g = &dev->memory.registered;

    for (unsigned i = g->count; i-- && g->dying;) {
        struct region *r = g->region[i];

        if (!r->freed || (in_use && in_use(dev, r->base, r->pages)))
            continue;
        g->dying--;
        region_destroy(r);
    }
}

void registered_detach(struct blkfront_dev *dev)
{
    registered_reap(dev, NULL);
    for (unsigned i = 0; i < dev->memory.registered.count; i++)
        dev->memory.registered.region[i]->dev = NULL;
    heap_free(dev->memory.registered.region);
    memset(&dev->memory.registered, 0, sizeof(dev->memory.registered));
}

/* ---- the caller's side ---- */

static void *refuse(struct blkfront_dev *dev, size_t pages, int error)
{
    struct registered *g = &dev->memory.registered;

    if (!g->reported)
        pr_warn("%s: no registered buffer of %zu pages: %s, with %u of %u pages taken\n",
                dev->limits.name, pages, errno_name(error), g->pages, g->budget);
    g->reported = true;
    return NULL;
}

void *blkfront_buf_alloc(struct blkfront_dev *dev, size_t bytes)
{
    size_t pages = bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
    struct registered *g;
    struct region *r;
    int ret = 0;

    if (!dev || !bytes)
        return NULL;
    g = &dev->memory.registered;
    if (pages > g->budget || g->pages > g->budget - pages)
        return refuse(dev, pages, -ENOSPC);
    r = make_room(g) ? heap_zalloc(1, sizeof(*r) + pages * sizeof(r->ref[0]), MEM_BLOCK) : NULL;
    if (!r)
        return refuse(dev, pages, -ENOMEM);
    list_add_tail(&regions, &r->link);
    r->dev = dev;
    r->pages = (unsigned)pages;
    r->base = page_alloc_zeroed(r->pages, MEM_APP);
    if (!r->base) {
        list_del(&r->link);
        heap_free(r);
        return refuse(dev, pages, -ENOMEM);
    }
    insert(g, r);
    if (device_active(dev) && dev->memory.direct.registered)
        ret = region_grant(r);
    if (ret) {
        region_destroy(r);
        return refuse(dev, pages, ret);
    }
    return r->base;
}

void registered_free(struct blkfront_dev *dev, void *buf, registered_uses *in_use)
{
    if (!buf)
        return;
    list_for_each (l, &regions) {
        struct region *r = list_entry(l, struct region, link);

        if (r->base != buf || r->freed || (dev && r->dev && r->dev != dev))
            continue;
        if (r->dev && in_use(r->dev, r->base, r->pages)) {
            r->freed = true;
            r->dev->memory.registered.dying++;
        } else {
            region_destroy(r);
        }
        return;
    }
    pr_err("blkfront: %p is freed, which is no registered buffer%s%s\n", buf, dev ? " of " : "",
           dev ? dev->limits.name : "");
}
