/* SPDX-License-Identifier: MIT */
/* What a device owns while it lives (device.h): the granted ring, the event channel, the pools. */
#include "device.h"
#include "memory.h"
#include "request.h"

#include <ringlet/event_channel.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

static void kick(struct timer *t)
{
    dev_reap(container_of(t, struct blkfront_dev, kick), NULL);
}

static void grants_there(struct gnttab_waiter *w)
{
    struct blkfront_dev *dev = container_of(w, struct blkfront_dev, grants);

    dev->grants_wanted = false;
    dev_reap(dev, NULL);
}

static bool event(evtchn_port_t port, void *arg)
{
    struct blk_queue *q = arg;
    unsigned taken = dev_reap(q->dev, q);

    (void)port;
    q->dev->stats.events++;
    if (!taken)
        q->dev->stats.spurious++;
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
    list_init(&dev->barriers);
    for (unsigned i = 0; i < NEGOTIATE_QUEUES_MAX; i++) {
        dev->queues[i].dev = dev;
        list_init(&dev->queues[i].waiting);
    }
    list_init(&dev->joined_writes);
    list_init(&dev->merging);
    list_init(&dev->merge_ready);
    list_init(&dev->done);
    list_init(&dev->link);
    list_init(&dev->grants.link);
    dev->grants.need = 1;
    dev->grants.fn = grants_there;
    timer_init(&dev->kick, kick);
    watchdog_init(dev);
    for (unsigned i = 0; i < BLKFRONT_KINDS; i++)
        histogram_reset(&dev->latency[i]);
    wait_queue_init(&dev->completion);
    mutex_init(&dev->sync);
    return dev;
}

void dev_destroy(struct blkfront_dev *dev)
{
    registry_detach(dev);
    heap_free(dev);
}

static void free_queue(struct blkfront_dev *dev, struct blk_queue *q)
{
    if (q->port)
        evtchn_close(q->port);
    q->port = 0;
    queue_destroy(&q->ring);
    for (unsigned i = 0; i < WIRE_RING_PAGES_MAX; i++) {
        if (q->page_ref[i])
            gnttab_end_or_quarantine(q->page_ref[i], (uint8_t *)q->pages + i * PAGE_SIZE);
        q->page_ref[i] = 0;
    }
    page_free(q->pages, dev->limits.ring_pages);
    q->pages = NULL;
}

void dev_free_rings(struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++)
        free_queue(dev, &dev->queues[i]);
}

static int make_queue(struct blkfront_dev *dev, struct blk_queue *q)
{
    unsigned pages = dev->limits.ring_pages;
    int ret;

    /* zeroes: the backend can read all of it */
    q->pages = page_alloc_zeroed(pages, MEM_BLOCK);
    if (!q->pages)
        return -ENOMEM;
    ret = queue_init(&q->ring, q->pages, pages,
                     (dev->config.polled ? QUEUE_QUIET : 0) |
                         (dev->config.abi == 32 ? QUEUE_ABI32 : 0));
    /* Ids of different queues differ, so an answer in the wrong one is noticed. */
    q->ring.generation = (uint32_t)(q - dev->queues) << 28;
    for (unsigned i = 0; i < pages && !ret; i++) {
        int ref = gnttab_grant(dev->peer, (uint8_t *)q->pages + i * PAGE_SIZE, false);

        if (ref < 0)
            ret = ref;
        else
            q->page_ref[i] = (grant_ref_t)ref;
    }
    return ret ? ret : evtchn_alloc_unbound(dev->peer, event, q, &q->port);
}

static int make_queues(struct blkfront_dev *dev)
{
    int ret = 0;

    for (unsigned i = 0; i < dev->limits.queues && !ret; i++)
        ret = make_queue(dev, &dev->queues[i]);
    if (ret)
        dev_free_rings(dev);
    return ret;
}

/* Fewer queues before shorter rings: one queue alone can keep a backend busy, a short one cannot.
 */
static bool make_do_with_less(struct blkfront_limits *l)
{
    if (l->queues > 1)
        l->queues--;
    else if (l->ring_pages > 1)
        l->ring_pages /= 2;
    else
        return false;
    return true;
}

int dev_make_rings(struct blkfront_dev *dev)
{
    int ret;

    do
        ret = make_queues(dev);
    while ((ret == -ENOMEM || ret == -ENOSPC) && make_do_with_less(&dev->limits));
    dev_fit_queues(dev);
    if (ret)
        pr_err("%s: cannot set up a ring: %s\n", dev->limits.name, errno_name(ret));
    else
        dev->limits.ring_slots = dev->queues[0].ring.slots;
    return ret;
}

static void set_budgets(struct blkfront_dev *dev)
{
    const unsigned available = gnttab_available();
    struct blkfront_limits *l = &dev->limits;

    l->grant_budget = dev->config.grant_budget;
    if (!l->grant_budget) {
        l->grant_budget = available / 2;
        if (l->persistent) { /* each takes a page with it, for as long as the device is there */
            struct page_stats s;

            page_get_stats(&s);
            l->grant_budget = (unsigned)MIN((size_t)l->grant_budget, s.free / 4);
        }
    }
    l->grant_budget = MAX(l->grant_budget, 1u);
    /* an eighth is left for rings and indirect pages */
    l->registered_budget =
        dev->config.registered_pages ? dev->config.registered_pages : available / 8 * 3;
    dev->registry.budget = l->registered_budget;
}

/* What Linux' backend keeps for a ring unless its max_persistent_grants says otherwise, and the
 * pages of these that may describe the segments of requests in flight. */
#define BACKEND_KEEPS      1056u
#define BACKEND_KEEPS_DESC 32u

static void set_kept_limits(struct blkfront_dev *dev)
{
    const unsigned keeps =
        dev->config.persistent_grants ? dev->config.persistent_grants : BACKEND_KEEPS;

    /* at least one page for each purpose, even if it is one more than the backend keeps */
    dev->kept_max = MAX(keeps - MIN(BACKEND_KEEPS_DESC, keeps / 4), 2u);
    dev->registered_max = dev->kept_max / 4 * 3;
}

void dev_go(struct blkfront_dev *dev)
{
    struct blkfront_limits *l = &dev->limits;

    set_budgets(dev);
    l->max_segments = MIN(l->max_segments, l->grant_budget);
    set_kept_limits(dev);
    if (l->persistent)
        l->max_segments = MIN(l->max_segments, dev->kept_max - dev->registered_max);
    dev->grants_left = l->grant_budget;
    dev->max_segments = l->max_segments;
    dev->sector_size = l->sector_size;
    dev->memory.plain = l->trusted && !l->persistent;
    dev->memory.registered = l->trusted ? &dev->registry : NULL;
    buffer_regrant(dev);
    if (dev->state == DEV_STARTING)
        dev->state = DEV_READY;
    dev->online = true;
    for (unsigned i = 0; i < l->queues && !dev->config.polled; i++)
        evtchn_unmask(dev->queues[i].port);
    if (!requests_in_flight(dev))
        return;
    /* after a restart */
    dev_fit_requests(dev);
    timer_start(&dev->kick, 0);
}

void dev_pause(struct blkfront_dev *dev)
{
    dev->online = false;
    timer_stop(&dev->watchdog);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        if (dev->queues[i].port)
            evtchn_mask(dev->queues[i].port);
    }
    if (dev->grants_wanted)
        gnttab_wait_cancel(&dev->grants);
    dev->grants_wanted = false;
}

static void stop(struct blkfront_dev *dev)
{
    dev->state = DEV_LOST;
    dev_pause(dev);
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
    dev_free_rings(dev);
    pool_destroy(dev);
    buffer_destroy(dev);
}
