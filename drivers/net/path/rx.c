/* SPDX-License-Identifier: MIT */
#include "rx.h"
#include "drivers/net/device.h"

#include <ringlet/errno.h>
#include <ringlet/event_channel.h>
#include <ringlet/string.h>

void net_rx_init(struct net_rx *rx, struct wire_rx_ring *ring)
{
    memset(rx, 0, sizeof(*rx));
    rx->ring = ring;
    /* each side wants to hear of the other's first message; 0 was before any */
    WRITE_ONCE(ring->index.req_event, 1);
    WRITE_ONCE(ring->index.rsp_event, 1);
    net_chain_reset(&rx->chain);
}

void net_rx_post(struct netfront_dev *dev, struct net_queue *q, unsigned most)
{
    struct net_rx *rx = &q->rx;

    while (rx->prod - rx->cons < most) {
        struct netfront_buffer *b = net_buffer_get(dev, q);
        const unsigned slot = rx->prod % WIRE_SLOTS;
        struct wire_rx_request request;

        if (!b)
            return;
        rx->posted[slot] = b;
        request = (struct wire_rx_request){.id = (uint16_t)rx->prod, .gref = b->ref};
        __builtin_memcpy(&rx->ring->entry[slot], &request, sizeof(request));
        rx->prod++;
    }
}

void net_rx_push(struct netfront_dev *dev, struct net_queue *q)
{
    struct net_rx *rx = &q->rx;
    const uint32_t old = rx->pushed;

    if (rx->prod == old)
        return;
    rx->pushed = rx->prod;
    if (ring_index_push(&rx->ring->index, old, rx->prod)) {
        dev->stats.notifications++;
        evtchn_notify(q->rx_port);
    }
}

static void drop_fragments(struct net_chain *c)
{
    for (unsigned i = 0; i < c->frame.count; i++)
        net_buffer_drop(c->frame.frag[i].buffer);
    c->frame.count = 0;
}

static void count(struct netfront_stats *s, const struct netfront_rx *f)
{
    s->rx_frames++;
    s->rx_bytes += f->len;
    s->rx_gso += f->gso != NETFRONT_GSO_NONE;
    if (f->flags & NETFRONT_CSUM_BLANK)
        s->rx_blank++;
    else if (f->flags & NETFRONT_DATA_VALIDATED)
        s->rx_validated++;
    else
        s->rx_unchecked++;
}

static void deliver(struct netfront_dev *dev, struct net_chain *c)
{
    count(&dev->stats, &c->frame);
    if (dev->config.receive) {
        dev->callbacks++;
        dev->config.receive(dev, &c->frame, dev->config.arg);
        dev->callbacks--;
    } else {
        dev->stats.rx_dropped++;
    }
}

/* The next entry of the ring, read once. */
static enum net_chain_result take(struct netfront_dev *dev, struct net_rx *rx, const char **what)
{
    const unsigned slot = rx->cons % WIRE_SLOTS;
    const volatile uint64_t *shared = (const volatile uint64_t *)&rx->ring->entry[slot];
    struct netfront_buffer *b = rx->posted[slot];
    union {
        uint64_t bits;
        union wire_rx_entry entry;
    } copy = {.bits = *shared};
    enum net_chain_result result;
    bool used;

    result = net_chain_add(&rx->chain, &dev->rules, &copy.entry, (uint16_t)rx->cons, b, b->page,
                           &used, what);
    if (result == NET_CHAIN_BROKEN)
        return result;
    dev->stats.rx_slots++;
    rx->posted[slot] = NULL;
    rx->cons++;
    b->holds = 1;
    if (!used)
        net_buffer_drop(b);
    return result;
}

unsigned net_rx_deliver(struct netfront_dev *dev, struct net_queue *q, unsigned budget)
{
    struct net_rx *rx = &q->rx;
    unsigned frames = 0;
    int pending = 0;

    while (frames < budget && net_device_up(dev)) {
        const char *what = "more rx responses than requests";
        enum net_chain_result result;

        if (!pending)
            pending = ring_index_pending(&rx->ring->index, rx->cons, rx->pushed);
        if (!pending)
            break;
        result = pending < 0 ? NET_CHAIN_BROKEN : take(dev, rx, &what);
        pending--;
        if (result == NET_CHAIN_MORE)
            continue;
        if (result == NET_CHAIN_BROKEN) {
            net_device_violation(dev, what);
            break;
        }
        frames++;
        if (result == NET_CHAIN_FRAME)
            deliver(dev, &rx->chain);
        else
            dev->stats.rx_errors++;
        drop_fragments(&rx->chain);
        net_chain_reset(&rx->chain);
    }
    return frames;
}

bool net_rx_rearm(struct net_queue *q)
{
    struct net_rx *rx = &q->rx;

    ring_index_rearm(&rx->ring->index, rx->cons + 1);
    return ring_index_pending(&rx->ring->index, rx->cons, rx->pushed) != 0;
}

void net_rx_abort(struct net_rx *rx)
{
    drop_fragments(&rx->chain);
    net_chain_reset(&rx->chain);
    for (unsigned i = 0; i < WIRE_SLOTS; i++)
        rx->posted[i] = NULL;
    rx->prod = rx->pushed = rx->cons = 0;
}

bool netfront_rx_copy(struct netfront_dev *dev, const struct netfront_rx *frame, unsigned offset,
                      void *to, unsigned len)
{
    uint8_t *p = to;

    if (offset > frame->len || len > frame->len - offset)
        return false;
    dev->stats.rx_copied += len;
    for (unsigned i = 0; len && i < frame->count; i++) {
        const struct netfront_rx_frag *f = &frame->frag[i];
        unsigned n;

        if (offset >= f->len) {
            offset -= f->len;
            continue;
        }
        n = MIN(f->len - offset, len);
        memcpy(p, (const uint8_t *)f->data + offset, n);
        p += n;
        len -= n;
        offset = 0;
    }
    return len == 0;
}
