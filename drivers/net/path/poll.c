/* SPDX-License-Identifier: MIT */
/* netfront_poll, and the events that ask for it. */
#include "poll.h"
#include "drivers/net/device.h"

#define RETRY (100 * NSEC_PER_MSEC) /* when there is no memory, or no grant, for buffers */

bool net_poll_event(evtchn_port_t port, void *arg)
{
    struct net_queue *q = arg;
    struct netfront_dev *dev = q->dev;
    bool work;

    (void)port;
    if (!net_device_up(dev))
        return false;
    dev->stats.events++;
    work = ring_index_pending(&q->rx.ring->index, q->rx.cons, q->rx.pushed) ||
           ring_index_pending(&q->tx.ring->index, q->tx.cons, q->tx.pushed);
    if (work)
        net_device_ready(dev);
    else
        dev->stats.spurious++;
    return work;
}

/* One turn of a queue; frames that were delivered. */
static unsigned turn(struct netfront_dev *dev, struct net_queue *q, unsigned budget)
{
    unsigned frames;

    if (!net_tx_reap(dev, q))
        return 0;
    frames = net_rx_deliver(dev, q, budget);
    if (!net_device_up(dev))
        return frames;
    net_rx_post(dev, q, WIRE_SLOTS);
    net_rx_push(dev, q);
    if (q->rx.prod - q->rx.cons < NET_POSTED_MIN)
        net_device_kick_at(dev, clock_deadline(RETRY));
    return frames;
}

/* False: there is something to look at. */
static bool rearm(struct netfront_dev *dev)
{
    bool quiet = true;

    for (unsigned i = 0; i < dev->limits.queues; i++) {
        struct net_queue *q = &dev->queues[i];

        if (net_rx_rearm(q) || net_tx_rearm(q))
            quiet = false;
    }
    return quiet;
}

/* Somebody found a ring full that has room now, and was not told. */
static bool room_untold(const struct netfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct net_tx *tx = &dev->queues[i].tx;

        if (tx->full && tx->cons != tx->full_at)
            return true;
    }
    return false;
}

static bool poll(struct netfront_dev *dev, unsigned budget)
{
    const unsigned queues = dev->limits.queues;
    unsigned left = budget;

    net_tx_end_aborted(dev);
    for (unsigned i = 0; i < queues && net_device_up(dev); i++)
        left -= turn(dev, &dev->queues[(dev->next_queue + i) % queues], left);
    for (unsigned i = 0; i < queues && net_device_up(dev); i++)
        net_tx_push(dev, &dev->queues[i]);
    dev->next_queue++;
    return net_device_up(dev) && (!left || !rearm(dev));
}

bool netfront_poll(struct netfront_dev *dev, unsigned budget)
{
    if (dev->in_poll) /* in a callback: the outer one does it */
        return false;
    dev->stats.polls++;
    dev->in_poll = dev->scheduled = true;
    dev->scheduled = poll(dev, budget);
    dev->in_poll = false;
    if (!dev->scheduled && net_device_up(dev) && room_untold(dev))
        net_device_kick(dev);
    return dev->scheduled;
}
