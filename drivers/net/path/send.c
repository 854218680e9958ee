/* SPDX-License-Identifier: MIT */
#include "send.h"
#include "drivers/net/device.h"
#include "plan.h"

#include <ringlet/errno.h>
#include <ringlet/string.h>

/* Slots that wait for netfront_flush at most. */
#define UNPUSHED_MAX 32u
#define RETRY        (100 * NSEC_PER_MSEC) /* when memory or grants are short */
/* Of a queue's slots, those that only small frames take: an answer to ARP, or to who connects, need not wait
 * for streams that fill the ring. */
#define SLOTS_FOR_SMALL 16u

/* ---- the caller's bytes, in order ---- */

struct cursor {
    const struct netfront_tx_frag *frag;
    unsigned offset;
};

/* to NULL: skips. */
static void cursor_copy(struct cursor *c, uint8_t *to, unsigned len)
{
    while (len) {
        const unsigned n = MIN(len, c->frag->len - c->offset);

        if (to) {
            memcpy(to, (const uint8_t *)c->frag->data + c->offset, n);
            to += n;
        }
        len -= n;
        c->offset += n;
        if (c->offset == c->frag->len) {
            c->frag++;
            c->offset = 0;
        }
    }
}

/* ---- the queue ---- */

/* Frames of a flow stay in order: addresses and ports choose the queue. What is no TCP or UDP is
 * anywhere. */
static struct net_queue *queue_for(struct netfront_dev *dev, const struct netfront_tx *tx)
{
    uint8_t head[58] = {0};
    uint32_t hash = 2166136261u;
    unsigned len = 0, from = 26, to = 38;

    if (dev->limits.queues == 1)
        return &dev->queues[0];
    for (unsigned i = 0; i < tx->count && len < sizeof(head); i++) {
        const unsigned n = MIN(tx->frag[i].len, (unsigned)sizeof(head) - len);

        memcpy(head + len, tx->frag[i].data, n);
        len += n;
    }
    if (head[12] == 0x86 && head[13] == 0xdd) {
        from = 22;
        to = 58;
    }
    for (unsigned i = from; i < to && i < len; i++)
        hash = (hash ^ head[i]) * 16777619u;
    return &dev->queues[(hash ^ hash >> 16) % dev->limits.queues];
}

/* ---- putting ---- */

struct staged {
    struct arena_page *page[WIRE_FRAME_SLOTS];
    void *block[WIRE_FRAME_SLOTS];
};

static bool stage(struct netfront_dev *dev, const struct net_plan *plan, struct staged *s)
{
    for (unsigned i = 0; i < plan->count; i++) {
        s->block[i] = NULL;
        if (plan->piece[i].page)
            continue;
        s->block[i] = net_grants_stage(dev, plan->piece[i].len, &s->page[i]);
        if (s->block[i])
            continue;
        while (i--)
            if (s->block[i])
                arena_free(&dev->grants.staging, s->page[i], s->block[i]);
        return false;
    }
    return true;
}

static union wire_tx_entry *next_entry(struct net_tx *tx)
{
    return &tx->ring->entry[tx->prod++ % WIRE_SLOTS];
}

static void put_extra(struct net_tx *tx, const struct wire_extra *extra)
{
    union wire_tx_entry *e = next_entry(tx);
    union wire_tx_entry copy;

    memset(&copy, 0, sizeof(copy)); /* an initialiser would leave the rest of the entry as it is */
    copy.extra = *extra;
    memcpy(e, &copy, sizeof(copy));
    tx->extras++;
}

/* One request; size as netif.h wants it. */
static void put(struct net_tx *tx, struct net_packet *packet, struct arena_page *page, void *copy,
                const struct wire_tx_request *request)
{
    const unsigned i = tx->free_slot[--tx->free];
    struct net_tx_slot *s = &tx->slot[i];
    struct wire_tx_request r = *request;

    s->id = (uint16_t)(((s->id & 0xff00u) + 0x100u) | i);
    s->packet = packet;
    s->page = page;
    s->copy = copy;
    r.id = s->id;
    __builtin_memcpy(next_entry(tx), &r, sizeof(r));
}

static void put_gso(struct net_tx *tx, const struct netfront_tx *frame)
{
    put_extra(tx, &(struct wire_extra){
                      .type = XEN_NETIF_EXTRA_TYPE_GSO,
                      .gso = {.size = (uint16_t)frame->gso_size,
                              .type = frame->gso == NETFRONT_GSO_TCPV6 ? XEN_NETIF_GSO_TYPE_TCPV6
                                                                       : XEN_NETIF_GSO_TYPE_TCPV4},
                  });
}

/* Of its first slot. */
static uint16_t flags_of(const struct netfront_tx *frame)
{
    return (uint16_t)((frame->flags & NETFRONT_CSUM_BLANK
                           ? NETTXF_csum_blank | NETTXF_data_validated
                           : 0) |
                      (frame->gso ? NETTXF_extra_info : 0));
}

static void put_frame(struct netfront_dev *dev, struct net_tx *tx, const struct netfront_tx *frame,
                      const struct net_plan *plan, const struct staged *s,
                      struct net_packet *packet)
{
    struct cursor at = {frame->frag, 0};

    for (unsigned i = 0; i < plan->count; i++) {
        const struct net_piece *p = &plan->piece[i];
        struct wire_tx_request r = {.gref = p->ref, .offset = p->offset, .size = p->len};
        struct arena_page *page = p->page;

        cursor_copy(&at, s->block[i], p->len);
        if (page) {
            arena_hold(page);
        } else {
            page = s->page[i];
            r.gref = page->ref;
            r.offset = (uint16_t)((uintptr_t)s->block[i] & PAGE_MASK);
            dev->stats.tx_copied += p->len;
        }
        if (i + 1 < plan->count)
            r.flags |= NETTXF_more_data;
        if (i == 0) {
            r.size = (uint16_t)plan->len;
            r.flags |= flags_of(frame);
        }
        put(tx, packet, page, s->block[i], &r);
        if (i == 0 && frame->gso)
            put_gso(tx, frame);
    }
}

static int no_room(struct netfront_dev *dev, struct net_queue *q)
{
    dev->stats.tx_full++;
    q->tx.full = true;
    q->tx.full_at = q->tx.cons;
    net_tx_push(dev, q); /* what fills it must become visible to be answered */
    if (q->tx.pushed == q->tx.cons)
        net_device_kick_at(dev, clock_deadline(RETRY)); /* memory or grants are short */
    else if (!dev->scheduled && net_tx_rearm(q))
        net_device_kick(dev);
    return -ENOBUFS;
}

static bool has_room(const struct netfront_dev *dev, const struct net_tx *tx, unsigned slots,
                     unsigned extras)
{
    return dev->packets && tx->free >= slots && net_tx_room(tx) >= slots + extras;
}

static struct net_packet *take_packet(struct netfront_dev *dev, unsigned slots)
{
    struct net_packet *packet = dev->packets;

    dev->packets = packet->next;
    *packet = (struct net_packet){.slots = slots};
    return packet;
}

static void account(struct netfront_dev *dev, struct net_queue *q, unsigned len, unsigned slots)
{
    dev->stats.tx_frames++;
    dev->stats.tx_bytes += len;
    dev->stats.tx_slots += slots;
    if (q->tx.prod - q->tx.pushed >= UNPUSHED_MAX)
        net_tx_push(dev, q);
}

/* A small frame: one slot, without a plan. False: there is no room. */
static bool send_small(struct netfront_dev *dev, const struct netfront_tx *frame, unsigned len)
{
    struct net_queue *q = queue_for(dev, frame);
    struct wire_tx_request r = {.size = (uint16_t)len, .flags = flags_of(frame)};
    struct arena_page *page;
    uint8_t *block, *p;

    if (!has_room(dev, &q->tx, 1, 0))
        return false;
    p = block = net_grants_stage(dev, len, &page);
    if (!block)
        return false;
    for (unsigned i = 0; i < frame->count; i++) {
        memcpy(p, frame->frag[i].data, frame->frag[i].len);
        p += frame->frag[i].len;
    }
    dev->stats.tx_copied += len;
    r.gref = page->ref;
    r.offset = (uint16_t)((uintptr_t)block & PAGE_MASK);
    put(&q->tx, take_packet(dev, 1), page, block, &r);
    account(dev, q, len, 1);
    return true;
}

/* Room, and the copies' memory; 0, -ENOBUFS or -ENODEV. Large frames leave some slots to small ones. */
static int prepare(struct netfront_dev *dev, struct net_queue *q, const struct net_plan *plan,
                   unsigned extras, struct staged *staged)
{
    const unsigned slots = plan->count + (plan->len > NET_PLAN_SMALL ? SLOTS_FOR_SMALL : 0);

    for (bool again = false; !has_room(dev, &q->tx, slots, extras) || !stage(dev, plan, staged);
         again = true) {
        if (again)
            return no_room(dev, q);
        if (!net_tx_reap(dev, q)) /* (its callbacks may have sent: all is looked at again) */
            return -ENODEV;
    }
    return 0;
}

static int send(struct netfront_dev *dev, const struct netfront_tx *frame,
                const struct net_plan *plan)
{
    struct net_queue *q = queue_for(dev, frame);
    struct net_tx *tx = &q->tx;
    const unsigned extras = frame->gso != NETFRONT_GSO_NONE;
    struct net_packet *packet;
    struct staged staged;
    const int ret = prepare(dev, q, plan, extras, &staged);

    if (ret)
        return ret;
    packet = take_packet(dev, plan->count);
    if (plan->refers && frame->done) {
        packet->done = frame->done;
        packet->arg = frame->arg;
        tx->waiting++;
    }
    put_frame(dev, tx, frame, plan, &staged, packet);
    dev->stats.tx_gso += extras;
    account(dev, q, plan->len, plan->count + extras);
    return 0;
}

/* The event for the last of the frames has to be asked for once they are visible, unless a poll
 * will do it. */
static void push_and_rearm(struct netfront_dev *dev, struct net_queue *q)
{
    net_tx_push(dev, q);
    if (!dev->scheduled && q->tx.waiting && net_tx_rearm(q))
        net_device_kick(dev);
}

static int drop(struct netfront_dev *dev)
{
    if (dev->state == NET_FAILED || dev->state == NET_LOST)
        return -ENODEV;
    dev->stats.tx_dropped++;
    return -ENETDOWN;
}

int netfront_send(struct netfront_dev *dev, const struct netfront_tx *tx)
{
    struct net_plan plan;
    int ret, len;

    if (!net_device_up(dev) || !dev->limits.carrier)
        return drop(dev);
    len = net_plan_measure(dev, tx);
    if (len < 0)
        return len;
    plan.refers = false;
    ret = 0;
    if (len > (int)NET_PLAN_SMALL || tx->gso || !send_small(dev, tx, (unsigned)len)) {
        ret = net_plan_make(dev, tx, (unsigned)len, &plan);
        if (!ret)
            ret = send(dev, tx, &plan);
    }
    if (!ret && !plan.refers && tx->done) {
        dev->callbacks++;
        tx->done(tx->arg, 0);
        dev->callbacks--;
    }
    return ret;
}

void netfront_flush(struct netfront_dev *dev)
{
    if (!net_device_up(dev))
        return;
    for (unsigned i = 0; i < dev->limits.queues; i++)
        push_and_rearm(dev, &dev->queues[i]);
}

/* ---- groups ---- */

static int send_group(struct netfront_dev *dev, const uint8_t group[6], bool wanted)
{
    struct net_queue *q = &dev->queues[0];
    struct net_tx *tx = &q->tx;
    struct wire_extra extra = {.type = wanted ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD
                                              : XEN_NETIF_EXTRA_TYPE_MCAST_DEL};
    struct net_packet *packet;

    if (!has_room(dev, tx, 1, 1)) {
        if (!net_tx_reap(dev, q))
            return -ENODEV;
        if (!has_room(dev, tx, 1, 1))
            return no_room(dev, q);
    }
    memcpy(extra.group, group, sizeof(extra.group));
    packet = take_packet(dev, 1);
    packet->group = true;
    /* a request without data carries it */
    put(tx, packet, NULL, NULL, &(struct wire_tx_request){.flags = NETTXF_extra_info});
    put_extra(tx, &extra);
    return 0;
}

static uint8_t *find_group(struct netfront_dev *dev, const uint8_t group[6])
{
    for (unsigned i = 0; i < dev->group_count; i++)
        if (memcmp(dev->group[i], group, 6) == 0)
            return dev->group[i];
    return NULL;
}

int netfront_multicast(struct netfront_dev *dev, const uint8_t group[6], bool wanted)
{
    uint8_t *known = find_group(dev, group);
    int ret;

    if (!dev->limits.multicast)
        return -EOPNOTSUPP;
    if (wanted == (known != NULL))
        return 0;
    if (wanted && dev->group_count == NET_GROUPS_MAX)
        return -ENOBUFS;
    if (net_device_up(dev)) {
        ret = send_group(dev, group, wanted);
        if (ret)
            return ret;
        push_and_rearm(dev, &dev->queues[0]);
    }
    if (wanted)
        memcpy(dev->group[dev->group_count++], group, 6);
    else
        memcpy(known, dev->group[--dev->group_count], 6);
    return 0;
}

/* (The ring is empty, and has room for all.) */
void net_send_groups(struct netfront_dev *dev)
{
    for (unsigned i = 0; i < dev->group_count && dev->limits.multicast; i++)
        send_group(dev, dev->group[i], true);
    net_tx_push(dev, &dev->queues[0]);
}
