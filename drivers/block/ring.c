/* SPDX-License-Identifier: MIT */
/* What a device owns while it lives (device.h): the granted ring, the event channel, the pools. */
#include "device.h"

#include <ringlet/event_channel.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

static void kick(struct timer *t)
{
    dev_reap(container_of(t, struct blkfront_dev, kick));
}

static void grants_there(struct gnttab_waiter *w)
{
    struct blkfront_dev *dev = container_of(w, struct blkfront_dev, grants);

    dev->grants_wanted = false;
    dev_reap(dev);
}

static bool event(evtchn_port_t port, void *arg)
{
    struct blkfront_dev *dev = arg;
    unsigned taken = dev_reap(dev);

    (void)port;
    dev->stats.events++;
    if (!taken)
        dev->stats.spurious++;
    return taken;
}

struct blkfront_dev *dev_create(unsigned devid, const struct blkfront_config *config)
{
    struct blkfront_dev *dev = heap_zalloc(1, sizeof(*dev), MEM_BLOCK);

    if (!dev)
        return NULL;
    dev->config = *config;
    dev->handle = (uint16_t)devid;
    dev->limits.devid = devid;
    blkfront_vdev_name(devid, dev->limits.name, sizeof(dev->limits.name));
    list_init(&dev->prepared);
    list_init(&dev->waiting);
    list_init(&dev->merging);
    list_init(&dev->merge_ready);
    list_init(&dev->done);
    list_init(&dev->link);
    list_init(&dev->grants.link);
    dev->grants.need = 1;
    dev->grants.fn = grants_there;
    timer_init(&dev->kick, kick);
    wait_queue_init(&dev->completion);
    mutex_init(&dev->sync);
    return dev;
}

void dev_destroy(struct blkfront_dev *dev)
{
    heap_free(dev);
}

static void free_ring(struct blkfront_dev *dev)
{
    queue_destroy(&dev->queue);
    for (unsigned i = 0; i < WIRE_RING_PAGES_MAX; i++) {
        if (dev->ring_ref[i])
            gnttab_end_or_quarantine(dev->ring_ref[i], (uint8_t *)dev->ring_pages + i * PAGE_SIZE);
        dev->ring_ref[i] = 0;
    }
    page_free(dev->ring_pages, dev->limits.ring_pages);
    dev->ring_pages = NULL;
}

static int try_ring(struct blkfront_dev *dev)
{
    unsigned pages = dev->limits.ring_pages;
    int ret = -ENOMEM;

    /* zeroes: the backend can read all of it */
    dev->ring_pages = page_alloc_zeroed(pages, MEM_BLOCK);
    if (dev->ring_pages)
        ret = queue_init(&dev->queue, dev->ring_pages, pages);
    for (unsigned i = 0; i < pages && !ret; i++) {
        int ref = gnttab_grant(dev->peer, (uint8_t *)dev->ring_pages + i * PAGE_SIZE, false);

        if (ref < 0)
            ret = ref;
        else
            dev->ring_ref[i] = (grant_ref_t)ref;
    }
    if (ret)
        free_ring(dev);
    return ret;
}

int dev_make_ring(struct blkfront_dev *dev)
{
    int ret;

    while ((ret = try_ring(dev)) && dev->limits.ring_pages > 1)
        dev->limits.ring_pages /= 2;
    if (!ret) {
        dev->limits.ring_slots = dev->queue.slots;
        ret = evtchn_alloc_unbound(dev->peer, event, dev, &dev->port);
        if (ret)
            free_ring(dev);
    }
    if (ret)
        pr_err("%s: cannot set up a ring: %s\n", dev->limits.name, errno_name(ret));
    return ret;
}

void dev_go(struct blkfront_dev *dev)
{
    struct blkfront_limits *l = &dev->limits;

    l->grant_budget = dev->config.grant_budget ? dev->config.grant_budget : gnttab_available() / 2;
    l->grant_budget = MAX(l->grant_budget, 1u);
    l->max_segments = MIN(l->max_segments, l->grant_budget);
    dev->grants_left = l->grant_budget;
    dev->max_segments = l->max_segments;
    dev->sector_size = l->sector_size;
    dev->in_place = l->trusted;
    dev->state = DEV_READY;
    evtchn_unmask(dev->port);
}

static void stop(struct blkfront_dev *dev)
{
    dev->state = DEV_LOST;
    if (dev->port)
        evtchn_mask(dev->port);
    if (dev->grants_wanted)
        gnttab_wait_cancel(&dev->grants);
    dev->grants_wanted = false;
}

void dev_lost(struct blkfront_dev *dev)
{
    stop(dev);
    dev_abort(dev, false);
}

void dev_gone(struct blkfront_dev *dev)
{
    stop(dev);
    dev_abort(dev, true);
    timer_stop(&dev->kick);
    if (dev->port)
        evtchn_close(dev->port);
    dev->port = 0;
    if (dev->ring_pages)
        free_ring(dev);
    pool_destroy(dev);
    buffer_destroy(dev);
}
