/* SPDX-License-Identifier: MIT */
/*
 * Frames from the guest: taken from the ring as Linux' backend does (it copies the first 128 bytes
 * and maps the rest), checked, answered sooner or later, in any order. A frame's data are read when
 * it is taken and again shortly before its answer: the guest must not have changed them.
 */
#include "hostile.h"
#include "netback.h"

#define COPIED   128 /* XEN_NETBACK_TX_COPY_LEN */
#define TX_FLAGS (NETTXF_csum_blank | NETTXF_data_validated | NETTXF_more_data | NETTXF_extra_info)

static uint8_t assembled[NETFRONT_FRAME_MAX + PAGE_SIZE];

/* ---- taking ---- */

struct reader {
    struct netback_queue *q;
    uint32_t left; /* requests that the guest has shown */
};

static bool next(struct reader *r, void *to)
{
    if (!r->left)
        return false;
    r->left--;
    peer_copy(to, &r->q->tx->ring[r->q->tx_cons++ & (NET_SLOTS - 1)], sizeof(netif_tx_request_t));
    return true;
}

void netback_check_secrets(const struct netback *b, const uint8_t *page)
{
    unsigned run = 0;

    if (!b->untrusted || b->peer.hostile)
        return;
    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        run = page[i] == NET_SECRET ? run + 1 : 0;
        CHECK(run < 32, "a backend that is not trusted is shown old memory of the guest");
    }
}

static uint8_t *map(struct netback *b, grant_ref_t ref)
{
    uint8_t *page = sim_grant_map(b->peer.domid, ref, false);

    CHECK(page || b->peer.leaving || b->peer.hurried || b->peer.hostile,
          "grant %u of a frame cannot be mapped", ref);
    CHECK(!page || b->peer.hostile || seam_grants[ref].flags & GTF_readonly,
          "a page that is sent is granted writable");
    if (page)
        netback_check_secrets(b, page);
    CHECK(!page || !b->untrusted || b->peer.hostile || !workload_sends_from(page),
          "a backend that is not trusted can read the user's memory");
    return page;
}

static void add_slot(struct netback *b, struct net_taken *t, const netif_tx_request_t *r)
{
    struct net_slot *s = &t->slot[t->slots++];

    CHECK(b->peer.hostile || !(r->flags & ~TX_FLAGS), "flags %#x in a slot", r->flags);
    *s = (struct net_slot){.ref = r->gref, .offset = r->offset, .size = r->size, .id = r->id};
}

/* The extra-info slots behind the first; false: Linux' backend gives up the interface. */
static bool take_extras(struct netback *b, struct reader *r, struct net_taken *t,
                        struct netif_extra_info *control)
{
    struct {
        struct netif_extra_info e;
        uint32_t pad;
    } slot;

    do {
        if (!next(r, &slot) || slot.e.type == XEN_NETIF_EXTRA_TYPE_NONE ||
            slot.e.type >= XEN_NETIF_EXTRA_TYPE_MAX)
            return false;
        CHECK(!slot.pad || b->peer.hostile, "an extra-info slot shows old memory");
        t->extras++;
        if (slot.e.type == XEN_NETIF_EXTRA_TYPE_GSO) {
            t->gso = slot.e.u.gso.type;
            t->gso_size = slot.e.u.gso.size;
            CHECK(!slot.e.u.gso.pad && !slot.e.u.gso.features, "gso features that nobody knows");
        } else {
            *control = slot.e;
        }
    } while (slot.e.flags & XEN_NETIF_EXTRA_FLAG_MORE);
    return true;
}

static void change_group(struct netback *b, const struct netif_extra_info *e)
{
    bool add = e->type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD;
    unsigned i = 0;

    while (i < b->groups && memcmp(b->group[i], e->u.mcast.addr, 6) != 0)
        i++;
    if (add && i == b->groups && i < NET_GROUPS)
        memcpy(b->group[b->groups++], e->u.mcast.addr, 6);
    else if (!add && i < b->groups)
        memcpy(b->group[i], b->group[--b->groups], 6);
}

static void check_gso(const struct netback *b, const struct net_taken *t, const uint8_t *head)
{
    bool v6 = head[12] == 0x86;
    int offered = v6 ? b->profile.gso6 : b->profile.gso4;

    CHECK(t->gso_size, "gso of size 0: Linux' backend gives up the interface");
    CHECK(t->gso == (v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4), "gso type %u",
          t->gso);
    CHECK(offered == 1, "gso that was not offered");
    CHECK(t->flags & NETTXF_csum_blank, "gso without a blank checksum");
}

/* The frame's data are here: which one is it, and is all of it as the workload wants it? */
static void check_frame(struct netback *b, struct net_taken *t, unsigned first)
{
    const struct net_profile *p = &b->profile;
    bool v6 = assembled[12] == 0x86, blank = t->flags & NETTXF_csum_blank;

    t->frame = frame_find(TO_BACKEND, assembled, t->size);
    frame_arrives(TO_BACKEND, b->peer.devid, t->frame, assembled, t->size);
    CHECK(first >= MIN(t->size, frame_headers(t->frame)),
          "the first slot has %u bytes: not all of the headers", first);
    CHECK(t->frame->gso == t->gso && t->frame->gso_size == t->gso_size,
          "gso %u of size %u instead of %u of size %u", t->gso, t->gso_size, t->frame->gso,
          t->frame->gso_size);
    CHECK(blank == !!(t->frame->flags & NETFRONT_CSUM_BLANK), "a frame's checksum is%s blank",
          blank ? "" : " not");
    CHECK(!blank || (v6 ? p->csum6 == 1 : p->no_csum != 1),
          "a blank checksum that nobody will compute");
    if (t->gso || t->extras)
        check_gso(b, t, assembled);
}

static void read_data(struct net_taken *t)
{
    unsigned at = 0;

    for (unsigned i = 0; i < t->slots; i++) {
        const struct net_slot *s = &t->slot[i];

        if (at + s->size <= sizeof(assembled) && s->page)
            peer_copy(assembled + at, s->page + s->offset, s->size);
        at += s->size;
    }
}

static void count(struct netback *b, const struct net_taken *t)
{
    b->tx_frames++;
    b->tx_bytes += t->size;
    b->tx_slots += t->slots + t->extras;
    b->tx_gso += t->gso != 0;
    totals.net_tx_slots += t->slots + t->extras;
    TRACE("netback   %u takes %u bytes in %u slots", b->peer.devid, t->size, t->slots);
}

static bool map_all(struct netback *b, struct net_taken *t)
{
    for (unsigned i = 0; i < t->slots; i++) {
        t->slot[i].page = map(b, t->slot[i].ref);
        if (!t->slot[i].page)
            return false;
    }
    return true;
}

static void check_ids(const struct netback *b, const struct netback_queue *q,
                      const struct net_taken *t)
{
    for (unsigned k = 0; k < t->slots && !b->peer.hostile; k++) {
        for (unsigned i = 0; i < q->count; i++) {
            const struct net_taken *other = &q->taken[i];

            for (unsigned n = 0; n < other->slots; n++)
                CHECK(other->slot[n].id != t->slot[k].id || n < other->answered,
                      "two slots in flight with id %u", t->slot[k].id);
        }
    }
}

/* All slots of a frame; false: what the ring has is no frame. */
static bool take_slots(struct netback *b, struct reader *r, struct net_taken *t,
                       struct netif_extra_info *control)
{
    netif_tx_request_t req;
    unsigned rest = 0;

    if (!next(r, &req))
        return false;
    add_slot(b, t, &req);
    t->flags = req.flags;
    t->size = req.size;
    if (req.flags & NETTXF_extra_info && !take_extras(b, r, t, control))
        return false;
    while (req.flags & NETTXF_more_data) {
        if (t->slots == NET_FRAME_SLOTS || !next(r, &req))
            return false;
        add_slot(b, t, &req);
        CHECK(req.size || b->peer.hostile, "a slot without data");
        rest += req.size;
    }
    if (rest > t->size)
        return false;
    t->slot[0].size = (uint16_t)(t->size - rest);
    for (unsigned i = 0; i < t->slots; i++) {
        if (t->slot[i].offset + t->slot[i].size > (int)PAGE_SIZE)
            return false;
    }
    return t->slot[0].size >= 14;
}

/* A request without data. */
static void take_control(struct netback *b, struct net_taken *t, const struct netif_extra_info *e)
{
    CHECK(b->profile.multicast == 1 && b->front_multicast, "multicast control was not offered");
    CHECK(!(t->flags & NETTXF_more_data), "a multicast request with more data");
    change_group(b, e);
    t->read = true;
    b->tx_controls++;
}

static void take_one(struct netback *b, struct netback_queue *q, struct reader *r)
{
    struct net_taken *t = &q->taken[q->count];
    struct netif_extra_info control = {0};
    uint32_t begun = q->tx_cons;
    bool whole;

    *t = (struct net_taken){.status = NETIF_RSP_OKAY};
    whole = take_slots(b, r, t, &control) || control.type;
    if (b->peer.hostile && b->peer.hostile->scribbled) {
        /* its own writes to the ring are not violations of the frontend's */
        t->read = true;
        t->status = NETIF_RSP_ERROR;
        q->tx_held += q->tx_cons - begun;
        q->count++;
        return;
    }
    CHECK(whole, "%u slots that are no frame: Linux' backend gives up the interface", t->slots);
    CHECK(b->profile.sg == 1 || t->slots == 1 || b->peer.hostile, "%u slots without sg", t->slots);
    check_ids(b, q, t);
    q->tx_held += q->tx_cons - begun;
    q->count++;
    if (control.type) {
        take_control(b, t, &control);
        return;
    }
    count(b, t);
    t->late = b->profile.hold_in && one_in(b->profile.hold_in);
    if (!map_all(b, t)) {
        t->status = NETIF_RSP_ERROR;
        t->read = true;
        return;
    }
    read_data(t);
    if (!b->peer.hostile)
        check_frame(b, t, t->slot[0].size);
    if (b->profile.error_in && one_in(b->profile.error_in))
        t->status = one_in(2) ? NETIF_RSP_ERROR : NETIF_RSP_DROPPED;
    b->tx_errors += t->status != NETIF_RSP_OKAY;
    if (t->frame && t->status != NETIF_RSP_OKAY)
        t->frame->state |= FRAME_ERROR;
}

void netback_take(struct netback *b, struct netback_queue *q, unsigned max)
{
    struct reader r = {q, *(volatile RING_IDX *)&q->tx->req_prod - q->tx_cons};

    if (r.left > NET_SLOTS - q->tx_held) {
        CHECK(b->peer.hostile, "the transmit ring was overrun: %u of %u slots", r.left + q->tx_held,
              NET_SLOTS);
        return;
    }
    while (r.left && max-- && q->count < NET_SLOTS)
        take_one(b, q, &r);
}

/* ---- answering ---- */

void netback_tx_respond(struct netback_queue *q, uint16_t id, int16_t status)
{
    netif_tx_response_t rsp = {.id = id, .status = status};

    peer_copy(&q->tx->ring[q->tx_prod++ & (NET_SLOTS - 1)].rsp, &rsp, sizeof(rsp));
    q->back->answers++;
    TRACE("netback   %u answers slot %u with %d", q->back->peer.devid, id, status);
    sim_note(id, (uint16_t)status);
}

static void unmap(struct net_slot *s)
{
    if (s->page)
        sim_grant_unmap(s->ref, false);
    s->page = NULL;
}

/* Before the first of its pages is given back. */
static void read_again(struct netback *b, struct net_taken *t)
{
    t->read = true;
    if (b->peer.hostile || !t->frame || b->peer.leaving)
        return;
    read_data(t);
    CHECK(frame_is(TO_BACKEND, t->frame, 0, assembled, t->size),
          "frame %u.%u was changed while the backend uses it", t->frame->flow, t->frame->seq);
}

bool netback_answer(struct netback *b, struct netback_queue *q, unsigned i, unsigned n)
{
    struct net_taken *t = &q->taken[i];

    if (!t->read)
        read_again(b, t);
    while (t->answered < t->slots && n--) {
        struct net_slot *s = &t->slot[t->answered++];

        unmap(s);
        netback_tx_respond(q, s->id, t->status);
        q->tx_held--;
        /* behind that of the first, as Linux' backend does: without an id */
        for (unsigned k = 0; k < t->extras && t->answered == 1; k++) {
            netback_tx_respond(q, (uint16_t)below(65536), NETIF_RSP_NULL);
            q->tx_held--;
        }
    }
    if (t->answered < t->slots)
        return false;
    q->count--;
    memmove(t, t + 1, (q->count - i) * sizeof(*t));
    return true;
}

void netback_work(struct netback *b, struct netback_queue *q, unsigned max)
{
    while (max-- && q->count) {
        unsigned i = one_in(3) ? below(q->count) : 0;
        struct net_taken *t = &q->taken[i];

        if (t->late && !one_in(16))
            continue;
        netback_answer(b, q, i, one_in(6) ? 1 + below(t->slots) : t->slots);
    }
}

void netback_drop_taken(struct netback_queue *q)
{
    for (unsigned i = 0; i < q->count; i++) {
        for (unsigned k = 0; k < q->taken[i].slots; k++)
            unmap(&q->taken[i].slot[k]);
    }
    q->count = q->tx_held = 0;
}
