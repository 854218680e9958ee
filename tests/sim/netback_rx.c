/* SPDX-License-Identifier: MIT */
/* Frames to the guest, in the pages that it has posted. */
#include "hostile.h"
#include "netback.h"

unsigned netback_rx_ready(const struct netback *b, const struct netback_queue *q)
{
    uint32_t n = *(volatile RING_IDX *)&q->rx->req_prod - q->rx_cons;

    if (n > NET_SLOTS) {
        CHECK(b->peer.hostile, "the receive ring was overrun: %u requests", n);
        return 0;
    }
    return n;
}

const netif_rx_request_t *netback_rx_take(struct netback *b, struct netback_queue *q)
{
    netif_rx_request_t *r = &q->rx_last[q->rx_cons & (NET_SLOTS - 1)];

    if (!netback_rx_ready(b, q))
        return NULL;
    peer_copy(r, &q->rx->ring[q->rx_cons++ & (NET_SLOTS - 1)].req, sizeof(*r));
    CHECK(!r->pad || b->peer.hostile, "a receive request shows old memory");
    return r;
}

void netback_rx_respond(struct netback_queue *q, const netif_rx_response_t *r)
{
    peer_copy(&q->rx->ring[q->rx_prod++ & (NET_SLOTS - 1)].rsp, r, sizeof(*r));
    sim_note((uint64_t)r->id << 32 | r->offset, (uint16_t)r->status | (uint64_t)r->flags << 16);
}

void netback_rx_extra(struct netback_queue *q, const struct netif_extra_info *e)
{
    peer_copy(&q->rx->ring[q->rx_prod++ & (NET_SLOTS - 1)].rsp, e, sizeof(*e));
}

/* ---- one frame ---- */

static unsigned mtu(const struct netback *b)
{
    return b->profile.mtu == ABSENT ? 1500 : (unsigned)b->profile.mtu;
}

/* Its size, gso and flags: what the frontend has asked for. */
static struct frame *make(const struct netback *b, unsigned flow)
{
    unsigned len = mtu(b) + 14, gso_size = 0;
    bool v6 = flow_is_v6(flow), gso = v6 ? b->front_gso6 : b->front_gso4;
    bool csum = v6 ? b->front_csum6 : b->front_csum4;
    struct frame *f;

    if (!b->front_sg || b->profile.sg != 1)
        len = MIN(len, (unsigned)PAGE_SIZE - b->profile.offset);
    gso = gso && flow != FLOW_SMALL && b->profile.sg == 1 && b->front_sg && csum && one_in(3);
    if (gso) {
        gso_size = one_in(4) ? 1 + below(65535) : 536 + below(1000);
        len = NETFRONT_FRAME_MAX;
    }
    if (flow == FLOW_SMALL)
        len = 14 + below(MIN(len, FRAME_SMALL - 1u) - 13);
    else if (!one_in(b->profile.large_in))
        len = FRAME_SMALL + below(len - FRAME_SMALL + 1);
    f = frame_new(TO_GUEST, b->peer.devid, flow, len);
    if (!f)
        return NULL;
    if (gso) {
        f->gso = flow_is_v6(flow) ? NETFRONT_GSO_TCPV6 : NETFRONT_GSO_TCPV4;
        f->gso_size = (uint16_t)gso_size;
    }
    if (flow != FLOW_SMALL && (gso || (csum && one_in(2))))
        f->flags |= NETFRONT_CSUM_BLANK | NETFRONT_DATA_VALIDATED;
    else if (one_in(2))
        f->flags |= NETFRONT_DATA_VALIDATED;
    return f;
}

/* How many bytes of the rest go into the next slot, of which there may be so many. */
static unsigned piece(const struct netback *b, unsigned rest, unsigned slots, unsigned *offset)
{
    unsigned n = MIN(rest, (unsigned)PAGE_SIZE);
    unsigned least = rest > (slots - 1) * PAGE_SIZE ? rest - (slots - 1) * (unsigned)PAGE_SIZE : 1;

    *offset = 0;
    if (b->profile.fills)
        return n;
    if (b->profile.sg != 1 || !b->front_sg) {
        *offset = MIN(b->profile.offset, (unsigned)PAGE_SIZE - n);
        return n;
    }
    if (least < n && one_in(2))
        n = least + below(n - least + 1);
    *offset = below((unsigned)PAGE_SIZE - n + 1);
    return n;
}

static bool write_slot(struct netback *b, const netif_rx_request_t *r, unsigned offset,
                       const struct frame *f, unsigned at, unsigned n)
{
    static uint8_t bytes[PAGE_SIZE];
    uint8_t *page = sim_grant_map(b->peer.domid, r->gref, true);

    CHECK(page || b->peer.leaving || b->peer.hurried || b->peer.hostile,
          "grant %u of a receive buffer cannot be mapped", r->gref);
    if (!page)
        return false;
    CHECK(!workload_keeps(page), "a page that the guest's user keeps is offered again");
    netback_check_secrets(b, page);
    frame_bytes(TO_GUEST, f, at, bytes, n);
    peer_copy(page + offset, bytes, n);
    sim_grant_unmap(r->gref, true);
    return true;
}

static void put_extra(struct netback *b, struct netback_queue *q, const struct frame *f)
{
    struct netif_extra_info e = {.type = XEN_NETIF_EXTRA_TYPE_GSO};

    e.u.gso.size = f->gso_size;
    e.u.gso.type =
        f->gso == NETFRONT_GSO_TCPV6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
    netback_rx_take(b, q);
    netback_rx_extra(q, &e);
}

static void count(struct netback *b, const struct frame *f, unsigned slots, bool bad)
{
    b->rx_slots += slots;
    totals.net_rx_slots += slots;
    if (bad) {
        b->rx_bad++;
        return;
    }
    b->rx_frames++;
    b->rx_bytes += f->len;
    b->rx_gso += f->gso != 0;
    b->rx_blank += (f->flags & NETFRONT_CSUM_BLANK) != 0;
    b->rx_validated += f->flags == NETFRONT_DATA_VALIDATED;
    TRACE("netback   %u sends %u.%u, %u bytes in %u slots", b->peer.devid, f->flow, f->seq, f->len,
          slots);
}

static uint16_t flags_of(const struct frame *f, bool first, bool last)
{
    unsigned flags = last ? 0 : NETRXF_more_data;

    if (first) {
        flags |= f->gso ? NETRXF_extra_info : 0;
        flags |= f->flags & NETFRONT_CSUM_BLANK ? NETRXF_csum_blank : 0;
        flags |= f->flags & NETFRONT_DATA_VALIDATED ? NETRXF_data_validated : 0;
    }
    return (uint16_t)flags;
}

static void send_one(struct netback *b, struct netback_queue *q, struct frame *f)
{
    unsigned at = 0, slots = 0;
    bool bad = b->profile.bad_in && one_in(b->profile.bad_in);
    unsigned bad_slot = bad ? below(3) : 0;

    while (at < f->len) {
        const netif_rx_request_t *r = netback_rx_take(b, q);
        netif_rx_response_t rsp;
        unsigned offset, n = piece(b, f->len - at, NET_FRAME_SLOTS - slots, &offset);
        bool good = write_slot(b, r, offset, f, at, n), last = at + n == f->len;

        bad |= !good;
        rsp.id = r->id;
        rsp.offset = (uint16_t)offset;
        rsp.flags = flags_of(f, !at, last);
        rsp.status = (int16_t)n;
        if (!good || (bad && (slots == bad_slot || last)))
            rsp.status = one_in(2) ? NETIF_RSP_ERROR : NETIF_RSP_DROPPED;
        netback_rx_respond(q, &rsp);
        if (!at && f->gso)
            put_extra(b, q, f);
        at += n;
        slots++;
    }
    f->state |= bad ? FRAME_BAD : FRAME_SENT;
    count(b, f, slots + (f->gso != 0), bad);
}

/* A flow stays in its queue. The queue that has room for a frame of it, or of any of small ones. */
static struct netback_queue *queue_of(struct netback *b, unsigned flow)
{
    unsigned i = flow == FLOW_SMALL ? below(b->queues) : flow % b->queues;

    return netback_rx_ready(b, &b->queue[i]) > NET_FRAME_SLOTS ? &b->queue[i] : NULL;
}

void netback_send(struct netback *b, unsigned max)
{
    while (max-- && b->left) {
        unsigned flow = one_in(5) ? FLOW_SMALL : below(FLOW_SMALL);
        struct netback_queue *q;
        struct frame *f;

        if (mtu(b) + 14 < FRAME_SMALL)
            flow = FLOW_SMALL;
        q = queue_of(b, flow);
        if (!q)
            continue;
        f = make(b, flow);
        if (!f) {
            b->left = 0;
            return;
        }
        b->left--;
        send_one(b, q, f);
    }
}

/* ---- showing ---- */

static void raise(struct netback *b, struct sim_channel *c)
{
    if (b->profile.swallow_in && one_in(b->profile.swallow_in))
        b->swallowed++;
    else
        sim_raise(c->port, b->profile.event_ns);
}

void netback_publish(struct netback *b, struct netback_queue *q)
{
    uint32_t tx = q->tx_published, rx = q->rx_published;
    bool tx_event = false, rx_event = false;

    if (q->tx_prod != tx) {
        q->tx_published = q->tx_prod;
        *(volatile RING_IDX *)&q->tx->rsp_prod = q->tx_prod;
        tx_event = q->tx_prod - *(volatile RING_IDX *)&q->tx->rsp_event < q->tx_prod - tx;
    }
    if (q->rx_prod != rx) {
        q->rx_published = q->rx_prod;
        *(volatile RING_IDX *)&q->rx->rsp_prod = q->rx_prod;
        rx_event = q->rx_prod - *(volatile RING_IDX *)&q->rx->rsp_event < q->rx_prod - rx;
    }
    if (b->peer.mute)
        return;
    if (tx_event || (rx_event && !b->split))
        raise(b, &q->tx_channel);
    if (rx_event && b->split)
        raise(b, &q->rx_channel);
}
