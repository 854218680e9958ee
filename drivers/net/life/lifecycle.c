/* SPDX-License-Identifier: MIT */
#include "lifecycle.h"
#include "drivers/net/device.h"
#include "drivers/net/path/poll.h"
#include "drivers/net/path/send.h"

#include <ringlet/errno.h>
#include <ringlet/event_channel.h>
#include <ringlet/format.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

/* Pages for copies: what a ring full of the largest frames of one page needs. */
#define STAGING_PAGES WIRE_SLOTS
/* Those that a queue cannot do without: of two rings, of buffers, and a few to send from. */
#define QUEUE_GRANTS (2 + NET_POSTED_MIN + NETFRONT_FRAGS_MAX)

static void kick(struct timer *t)
{
    net_device_ready(container_of(t, struct netfront_dev, kick));
}

/* ---- making and freeing ---- */

static void make_packets(struct netfront_dev *dev)
{
    for (unsigned i = 0; i < dev->config.queues * WIRE_SLOTS; i++) {
        dev->packet_memory[i].next = dev->packets;
        dev->packets = &dev->packet_memory[i];
    }
}

struct netfront_dev *net_lifecycle_create(unsigned number, const struct netfront_config *config)
{
    struct netfront_dev *dev = heap_zalloc(1, sizeof(*dev), MEM_NET);

    if (!dev)
        return NULL;
    dev->queues = heap_zalloc(config->queues, sizeof(*dev->queues), MEM_NET);
    dev->packet_memory =
        heap_zalloc(config->queues * WIRE_SLOTS, sizeof(*dev->packet_memory), MEM_NET);
    if (!dev->queues || !dev->packet_memory) {
        heap_free(dev->queues);
        heap_free(dev->packet_memory);
        heap_free(dev);
        return NULL;
    }
    dev->config = *config;
    dev->limits.handle = number;
    format(dev->limits.name, sizeof(dev->limits.name), "vif%u", number);
    dev->fe.messages.name = dev->limits.name;
    dev->aborted_end = &dev->aborted;
    make_packets(dev);
    for (unsigned i = 0; i < config->queues; i++) {
        dev->queues[i].dev = dev;
        net_buffers_init(&dev->queues[i].buffers, config->rx_pages);
    }
    list_init(&dev->life.entry.link);
    timer_init(&dev->kick, kick);
    net_grants_init(&dev->grants, config->queues * STAGING_PAGES);
    net_mem_use();
    return dev;
}

void net_lifecycle_destroy(struct netfront_dev *dev)
{
    ratelimit_end(&dev->fe.messages);
    heap_free(dev->queues);
    heap_free(dev->packet_memory);
    heap_free(dev);
    net_mem_unuse();
}

/* ---- rings ---- */

static void free_ring(void *page, grant_ref_t *ref)
{
    if (*ref)
        gnttab_end_or_quarantine(*ref, page);
    *ref = 0;
    page_free(page, 1);
}

static void free_queue(struct net_queue *q)
{
    if (q->rx_port && q->rx_port != q->tx_port)
        evtchn_close(q->rx_port);
    if (q->tx_port)
        evtchn_close(q->tx_port);
    q->tx_port = q->rx_port = 0;
    free_ring(q->tx.ring, &q->tx.ref);
    free_ring(q->rx.ring, &q->rx.ref);
    q->tx.ring = NULL;
    q->rx.ring = NULL;
}

static void free_queues(struct netfront_dev *dev)
{
    for (unsigned i = 0; i < dev->config.queues; i++)
        free_queue(&dev->queues[i]);
}

/* A page of zeroes: the backend can read all of it. */
static int make_ring(struct netfront_dev *dev, void **page, grant_ref_t *out)
{
    int ref;

    *page = page_alloc_zeroed(1, MEM_NET);
    if (!*page)
        return -ENOMEM;
    ref = gnttab_grant(dev->peer, *page, false);
    if (ref < 0) {
        page_free(*page, 1);
        return ref;
    }
    *out = (grant_ref_t)ref;
    return 0;
}

static int make_queue(struct netfront_dev *dev, struct net_queue *q)
{
    grant_ref_t ref = 0;
    void *page;
    int ret = make_ring(dev, &page, &ref);

    if (ret)
        return ret;
    net_tx_init(&q->tx, page);
    q->tx.ref = ref;
    ret = make_ring(dev, &page, &ref);
    if (ret)
        return ret;
    net_rx_init(&q->rx, page);
    q->rx.ref = ref;
    ret = evtchn_alloc_unbound(dev->peer, net_poll_event, q, &q->tx_port);
    if (!ret && dev->limits.split_channels)
        ret = evtchn_alloc_unbound(dev->peer, net_poll_event, q, &q->rx_port);
    else if (!ret)
        q->rx_port = q->tx_port;
    return ret;
}

static int make_queues(struct netfront_dev *dev)
{
    const unsigned queues = dev->limits.queues;
    int ret = 0;

    if (queues > 1 && gnttab_available() < queues * QUEUE_GRANTS)
        return -ENOSPC;
    for (unsigned i = 0; i < queues && !ret; i++)
        ret = make_queue(dev, &dev->queues[i]);
    if (ret)
        free_queues(dev);
    return ret;
}

int net_lifecycle_make_rings(struct netfront_dev *dev)
{
    int ret;

    dev->grants.peer = dev->peer;
    free_queues(dev); /* of an attempt that wanted too much */
    do
        ret = make_queues(dev);
    while ((ret == -ENOMEM || ret == -ENOSPC) && dev->limits.queues-- > 1);
    if (ret)
        pr_err("%s: cannot set up its rings: %s\n", dev->limits.name, errno_name(ret));
    return ret;
}

/* ---- connected ---- */

void net_lifecycle_start(struct netfront_dev *dev)
{
    for (unsigned i = dev->limits.queues; i < dev->config.queues; i++)
        net_buffers_destroy(&dev->queues[i].buffers); /* of an earlier connection */
    net_device_set_state(dev, NET_UP);
    /* no queue takes what another needs */
    for (unsigned i = 0; i < dev->limits.queues; i++)
        net_rx_post(dev, &dev->queues[i], NET_POSTED_MIN);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        struct net_queue *q = &dev->queues[i];

        net_rx_post(dev, q, WIRE_SLOTS);
        net_rx_push(dev, q);
    }
    net_send_groups(dev);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        struct net_queue *q = &dev->queues[i];

        evtchn_unmask(q->tx_port);
        if (q->rx_port != q->tx_port)
            evtchn_unmask(q->rx_port);
    }
    net_device_kick(dev); /* somebody may wait to send; buffers may be short */
}

void net_lifecycle_stop(struct netfront_dev *dev)
{
    for (unsigned i = 0; i < dev->config.queues; i++) {
        const struct net_queue *q = &dev->queues[i];

        if (q->tx_port)
            evtchn_mask(q->tx_port);
        if (q->rx_port)
            evtchn_mask(q->rx_port);
    }
}

/* ---- disconnected ---- */

static void invalidate(struct netfront_dev *dev)
{
    for (unsigned i = 0; i < dev->config.queues; i++) {
        struct net_queue *q = &dev->queues[i];

        q->tx_port = q->rx_port = 0;
        q->tx.ref = q->rx.ref = 0;
        net_buffers_invalidate(&q->buffers);
    }
}

void net_lifecycle_disconnect(struct netfront_dev *dev, bool invalidated)
{
    net_lifecycle_stop(dev);
    if (invalidated)
        invalidate(dev);
    for (unsigned i = 0; i < dev->config.queues; i++) {
        struct net_queue *q = &dev->queues[i];

        net_tx_abort(dev, &q->tx);
        net_rx_abort(&q->rx);
        net_buffers_end(dev, &q->buffers);
    }
    if (invalidated)
        net_grants_invalidate(dev);
    else
        net_grants_end(dev);
    free_queues(dev);
    if (dev->aborted)
        net_device_kick(dev);
}

void net_lifecycle_release(struct netfront_dev *dev)
{
    net_tx_end_aborted(dev);
    timer_stop(&dev->kick);
    for (unsigned i = 0; i < dev->config.queues; i++)
        net_buffers_destroy(&dev->queues[i].buffers);
    net_grants_destroy(&dev->grants);
}
