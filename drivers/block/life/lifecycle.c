/* SPDX-License-Identifier: MIT */
/* What a device owns while it lives (lifecycle.h): the granted ring, the event channel, the
 * pools. */
#include "lifecycle.h"
#include "abort.h"
#include "drivers/block/path/complete.h"
#include "drivers/block/path/merge.h"
#include "expire.h"
#include "fit.h"

#include <kernel/grant_table.h>
#include <kernel/page.h>
#include <ringlet/event_channel.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

static void kick(struct timer *t)
{
    complete_reap(container_of(t, struct blkfront_dev, path.kick), NULL);
}

static void grants_there(struct gnttab_waiter *w)
{
    struct blkfront_dev *dev = container_of(w, struct blkfront_dev, path.grants);

    dev->path.grants_wanted = false;
    complete_reap(dev, NULL);
}

static bool event(evtchn_port_t port, void *arg)
{
    struct queue *q = arg;
    unsigned taken = complete_reap(q->dev, q);

    (void)port;
    q->dev->stats.events++;
    if (!taken)
        q->dev->stats.spurious++;
    return taken;
}

struct blkfront_dev *lifecycle_create(unsigned devid, const struct blkfront_config *config)
{
    struct blkfront_dev *dev = heap_zalloc(1, sizeof(*dev), MEM_BLOCK);

    if (!dev)
        return NULL;
    dev->frozen = FREEZE_DISCONNECTED;
    dev->config = *config;
    dev->handle = (uint16_t)devid;
    dev->limits.devid = devid;
    blkfront_vdev_name(devid, dev->limits.name, sizeof(dev->limits.name));
    dev->fe.messages.name = dev->limits.name;
    list_init(&dev->path.prepared);
    list_init(&dev->path.barriers);
    for (unsigned i = 0; i < QUEUES_MAX; i++) {
        dev->path.queues[i].dev = dev;
        list_init(&dev->path.queues[i].waiting);
    }
    list_init(&dev->path.group_writes);
    list_init(&dev->path.rmw_active);
    list_init(&dev->path.rmw_ready);
    list_init(&dev->path.done);
    list_init(&dev->life.entry.link);
    list_init(&dev->path.grants.link);
    dev->path.grants.need = 1;
    dev->path.grants.fn = grants_there;
    timer_init(&dev->path.kick, kick);
    watchdog_init(dev);
    for (unsigned i = 0; i < BLKFRONT_KINDS; i++)
        histogram_reset(&dev->path.latency[i]);
    wait_queue_init(&dev->path.completion);
    mutex_init(&dev->path.sync);
    return dev;
}

void lifecycle_destroy(struct blkfront_dev *dev)
{
    registered_detach(dev);
    gnttab_quarantine_forget(&dev->memory.pages_held_back);
    ratelimit_end(&dev->fe.messages);
    heap_free(dev);
}

static void free_queue(struct blkfront_dev *dev, struct queue *q)
{
    if (q->port)
        evtchn_close(q->port);
    q->port = 0;
    ring_destroy(&q->ring);
    for (unsigned i = 0; i < WIRE_RING_PAGES_MAX; i++) {
        if (q->page_ref[i])
            gnttab_end_or_quarantine(q->page_ref[i], (uint8_t *)q->pages + i * PAGE_SIZE);
        q->page_ref[i] = 0;
    }
    page_free(q->pages, dev->limits.ring_pages);
    q->pages = NULL;
}

void lifecycle_free_rings(struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++)
        free_queue(dev, &dev->path.queues[i]);
}

static int make_queue(struct blkfront_dev *dev, struct queue *q)
{
    unsigned pages = dev->limits.ring_pages;
    int ret;

    /* zeroes: the backend can read all of it */
    q->pages = page_alloc_zeroed(pages, MEM_BLOCK);
    if (!q->pages)
        return -ENOMEM;
    ret =
        ring_init(&q->ring, q->pages, pages,
                  (dev->config.polled ? RING_QUIET : 0) | (dev->config.abi == 32 ? RING_ABI32 : 0));
    /* Ids of different queues differ, so an answer in the wrong one is noticed. */
    q->ring.generation = (uint32_t)(q - dev->path.queues) << 28;
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
        ret = make_queue(dev, &dev->path.queues[i]);
    if (ret)
        lifecycle_free_rings(dev);
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

int lifecycle_make_rings(struct blkfront_dev *dev)
{
    int ret;

    do
        ret = make_queues(dev);
    while ((ret == -ENOMEM || ret == -ENOSPC) && make_do_with_less(&dev->limits));
    fit_queues(dev);
    if (ret)
        pr_err("%s: cannot set up a ring: %s\n", dev->limits.name, errno_name(ret));
    else
        dev->limits.ring_slots = dev->path.queues[0].ring.slots;
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
    dev->memory.registered.budget = l->registered_budget;
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
    dev->memory.persistent_max = MAX(keeps - MIN(BACKEND_KEEPS_DESC, keeps / 4), 2u);
    dev->memory.registered_max = dev->memory.persistent_max / 4 * 3;
}

void lifecycle_start(struct blkfront_dev *dev)
{
    struct blkfront_limits *l = &dev->limits;

    set_budgets(dev);
    l->max_segments = MIN(l->max_segments, l->grant_budget);
    set_kept_limits(dev);
    if (l->persistent)
        l->max_segments =
            MIN(l->max_segments, dev->memory.persistent_max - dev->memory.registered_max);
    dev->memory.grants_left = l->grant_budget;
    dev->path.max_segments = l->max_segments;
    dev->path.sector_size = l->sector_size;
    pool_setup(&dev->memory.pool, dev->peer, l->max_segments, !l->persistent);
    dev->memory.direct.plain = l->trusted && !l->persistent;
    dev->memory.direct.pages = &page_map;
    dev->memory.direct.registered = l->trusted ? &dev->memory.registered : NULL;
    map_regrant(dev);
    expire_requests(dev); /* what is due now is no fault of the backend that is there now */
    if (dev->state == DEVICE_CONNECTING)
        device_set_state(dev, DEVICE_OPEN);
    device_thaw(dev, FREEZE_DISCONNECTED);
    for (unsigned i = 0; i < l->queues && !dev->config.polled; i++)
        evtchn_unmask(dev->path.queues[i].port);
    if (!device_in_flight(dev))
        return;
    /* after a restart */
    fit_requests(dev);
    watchdog_begin(dev);
    timer_start(&dev->path.kick, 0);
}

void lifecycle_stop(struct blkfront_dev *dev)
{
    device_freeze(dev, FREEZE_DISCONNECTED);
    timer_stop(&dev->path.watchdog);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        if (dev->path.queues[i].port)
            evtchn_mask(dev->path.queues[i].port);
    }
    if (dev->path.grants_wanted)
        gnttab_wait_cancel(&dev->path.grants);
    dev->path.grants_wanted = false;
}

static void stop(struct blkfront_dev *dev)
{
    device_set_state(dev, DEVICE_CLOSED);
    lifecycle_stop(dev);
}

void lifecycle_close(struct blkfront_dev *dev)
{
    stop(dev);
    abort_all(dev, false);
}

void lifecycle_release(struct blkfront_dev *dev)
{
    stop(dev);
    abort_all(dev, true);
    timer_stop(&dev->path.kick);
    lifecycle_free_rings(dev);
    merge_destroy(dev);
    pool_destroy(&dev->memory.pool);
    map_destroy(dev);
}
