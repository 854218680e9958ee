/* SPDX-License-Identifier: MIT */
#include "tx.h"
#include "drivers/net/device.h"

#include <ringlet/errno.h>
#include <ringlet/event_channel.h>
#include <ringlet/string.h>

void net_tx_init(struct net_tx *tx, struct wire_tx_ring *ring)
{
    memset(tx, 0, sizeof(*tx));
    tx->ring = ring;
    tx->free = WIRE_SLOTS;
    for (unsigned i = 0; i < WIRE_SLOTS; i++)
        tx->free_slot[i] = (uint8_t)(WIRE_SLOTS - 1 - i);
    /* each side wants to hear of the other's first message; 0 was before any */
    WRITE_ONCE(ring->index.req_event, 1);
    WRITE_ONCE(ring->index.rsp_event, 1);
}

void net_tx_push(struct netfront_dev *dev, struct net_queue *q)
{
    struct net_tx *tx = &q->tx;
    const uint32_t old = tx->pushed;

    if (tx->prod == old)
        return;
    tx->pushed = tx->prod;
    if (ring_index_push(&tx->ring->index, old, tx->prod)) {
        dev->stats.notifications++;
        evtchn_notify(q->tx_port);
    }
}

/* ---- answers ---- */

static void let_go(struct netfront_dev *dev, struct net_tx_slot *s)
{
    if (s->copy)
        arena_free(&dev->grants.staging, s->page, s->copy);
    else if (s->page)
        arena_unhold(&net_mem, s->page);
    s->copy = NULL;
    s->page = NULL;
}

static void end_packet(struct netfront_dev *dev, struct net_packet *p)
{
    void (*done)(void *, int) = p->done;
    void *arg = p->arg;
    const int status = p->status;

    p->next = dev->packets;
    dev->packets = p;
    if (!done)
        return;
    dev->callbacks++;
    done(arg, status);
    dev->callbacks--;
}

/* One answer; NULL, or what is wrong with it. */
static const char *answer(struct netfront_dev *dev, struct net_tx *tx, uint16_t id, int16_t status)
{
    struct net_tx_slot *s = &tx->slot[id % WIRE_SLOTS];
    struct net_packet *p = s->packet;

    if (status == NETIF_RSP_NULL) {
        if (!tx->extras)
            return "a response to an extra, without one";
        tx->extras--;
        tx->cons++;
        return NULL;
    }
    if (!p || s->id != id)
        return "a tx response whose id is not in flight";
    if (status > NETIF_RSP_OKAY || status < NETIF_RSP_DROPPED)
        return "a tx response of unknown status";
    tx->cons++;
    let_go(dev, s);
    s->packet = NULL;
    tx->free_slot[tx->free++] = (uint8_t)(id % WIRE_SLOTS);
    if (status != NETIF_RSP_OKAY && !p->status) {
        p->status = -EIO;
        dev->stats.tx_errors += !p->group;
    }
    if (--p->slots)
        return NULL;
    tx->waiting -= p->done != NULL;
    end_packet(dev, p);
    return NULL;
}

static bool reap(struct netfront_dev *dev, struct net_tx *tx)
{
    int pending = ring_index_pending(&tx->ring->index, tx->cons, tx->pushed);

    if (pending < 0) {
        net_device_violation(dev, "more tx responses than requests");
        return false;
    }
    for (; pending && net_device_up(dev); pending--) {
        const volatile struct wire_tx_response *r =
            &tx->ring->entry[tx->cons % WIRE_SLOTS].response;
        const uint16_t id = r->id;
        const char *what = answer(dev, tx, id, r->status);

        if (what) {
            net_device_violation(dev, what);
            return false;
        }
    }
    return net_device_up(dev);
}

bool net_tx_reap(struct netfront_dev *dev, struct net_queue *q)
{
    struct net_tx *tx = &q->tx;
    bool ok;

    if (tx->reaping) /* in `done`, which has sent */
        return true;
    tx->reaping = true;
    ok = reap(dev, tx);
    tx->reaping = false;
    return ok;
}

/*
 * An event is wanted when a sender found the ring full, and at the half of many answers that senders
 * wait for. A few of them are taken with the next frame that is received or sent: an event costs
 * more than memory that returns late. When nothing comes, it is not later than this; and if the
 * backend has not answered by then, there is an event.
 */
#define LATE (10 * NSEC_PER_MSEC)

bool net_tx_rearm(struct net_queue *q)
{
    struct net_tx *tx = &q->tx;
    const uint32_t outstanding = tx->pushed - tx->cons;
    uint32_t at = outstanding;

    if (!outstanding || (!tx->waiting && !tx->full))
        return false;
    if (tx->full) {
        at = MAX(outstanding / 4, 1u);
    } else if (outstanding > WIRE_SLOTS / 4) {
        at = outstanding / 2;
    } else if (tx->late != tx->pushed) {
        tx->late = tx->pushed;
        net_device_kick_at(q->dev, clock_recent() + LATE);
        return false;
    }
    ring_index_rearm(&tx->ring->index, tx->cons + at);
    return READ_ONCE(tx->ring->index.rsp_prod) - tx->cons >= at;
}

/* ---- the end of a connection ---- */

void net_tx_abort(struct netfront_dev *dev, struct net_tx *tx)
{
    for (unsigned i = 0; i < WIRE_SLOTS; i++) {
        struct net_tx_slot *s = &tx->slot[i];
        struct net_packet *p = s->packet;

        if (!p)
            continue;
        let_go(dev, s);
        s->packet = NULL;
        if (--p->slots)
            continue;
        p->status = -ENODEV;
        dev->stats.tx_dropped += !p->group;
        p->next = NULL;
        *dev->aborted_end = p;
        dev->aborted_end = &p->next;
    }
    tx->prod = tx->pushed = tx->cons = 0;
    tx->extras = tx->waiting = 0;
    tx->full = false;
}

void net_tx_end_aborted(struct netfront_dev *dev)
{
    struct net_packet *p;

    while ((p = dev->aborted)) {
        dev->aborted = p->next;
        if (!dev->aborted)
            dev->aborted_end = &dev->aborted;
        end_packet(dev, p);
    }
}
