/* SPDX-License-Identifier: MIT */
/* The operations of a hostile network backend, by name (hostile.h). */
#include "hostile.h"
#include "netback.h"

static struct netback_queue *aim(struct peer *p)
{
    return netback_of(p)->aim;
}

static void show(struct peer *p)
{
    struct netback *b = netback_of(p);

    netback_publish(b, b->aim);
    sim_raise(b->aim->tx_channel.port, 200);
    if (b->split)
        sim_raise(b->aim->rx_channel.port, 200);
}

/* ---- indexes ---- */

static void tx_index(struct peer *p, uint32_t value)
{
    aim(p)->tx->rsp_prod = value;
    show(p);
}

static void rx_index(struct peer *p, uint32_t value)
{
    aim(p)->rx->rsp_prod = value;
    show(p);
}

static void tx_index_jumped(struct peer *p)
{
    tx_index(p, aim(p)->tx_prod + NET_SLOTS + 1 + below(1u << 20));
}

static void tx_index_one_too_far(struct peer *p)
{
    tx_index(p, aim(p)->tx->req_prod + 1);
}

/* May return to an index that the frontend has not seen yet: then it is as if no response had
 * been published. */
static void tx_index_backwards(struct peer *p)
{
    tx_index(p, aim(p)->tx_published - 1 - below(40));
}

static void tx_index_half_way_round(struct peer *p)
{
    tx_index(p, aim(p)->tx_prod + 0x80000000u);
}

static void rx_index_jumped(struct peer *p)
{
    rx_index(p, aim(p)->rx_prod + NET_SLOTS + 1 + below(1u << 20));
}

static void rx_index_one_too_far(struct peer *p)
{
    rx_index(p, aim(p)->rx->req_prod + 1);
}

static void rx_index_backwards(struct peer *p)
{
    rx_index(p, aim(p)->rx_published - 1 - below(40));
}

static void rx_index_half_way_round(struct peer *p)
{
    rx_index(p, aim(p)->rx_prod + 0x80000000u);
}

/* ---- answers to frames that were sent ---- */

static uint16_t some_id(struct peer *p)
{
    const struct netback_queue *q = aim(p);
    const struct net_taken *t = q->count ? &q->taken[below(q->count)] : NULL;

    return t && t->slots ? t->slot[t->slots - 1].id : (uint16_t)below(65536);
}

/* Where there is no request, the guest's next one is written over it, and the grant in that can look like
 * an answer. */
static void lie(struct peer *p, uint16_t id, int16_t status)
{
    p->hostile->scribbled = true;
    p->hostile->unheard = aim(p)->tx_prod == aim(p)->tx->req_prod;
    netback_tx_respond(aim(p), id, status);
    show(p);
}

/* Of a slot that was taken, or that the ring shows. */
static bool in_flight(const struct netback_queue *q, uint16_t id)
{
    for (unsigned i = 0; i < q->count; i++) {
        for (unsigned k = 0; k < q->taken[i].slots; k++)
            if (q->taken[i].slot[k].id == id)
                return true;
    }
    for (uint32_t at = q->tx_cons; at != q->tx->req_prod && at - q->tx_cons < NET_SLOTS; at++) {
        if (q->tx->ring[at & (NET_SLOTS - 1)].req.id == id)
            return true;
    }
    return false;
}

static void tx_id_unknown(struct peer *p)
{
    uint16_t id = (uint16_t)(some_id(p) ^ (0x100 << below(8)));

    while (in_flight(aim(p), id))
        id = (uint16_t)(id + 0x100);
    lie(p, id, NETIF_RSP_OKAY);
}

static void tx_id_of_free_slot(struct peer *p)
{
    uint16_t id = (uint16_t)(some_id(p) + 128);

    while (in_flight(aim(p), id))
        id++;
    lie(p, id, NETIF_RSP_OKAY);
}

static void tx_id_of_another_queue(struct peer *p)
{
    const struct netback *b = netback_of(p);
    uint16_t id = (uint16_t)(some_id(p) + 0x4000);

    for (unsigned i = 0; i < b->queues; i++) {
        if (&b->queue[i] != b->aim && b->queue[i].count && b->queue[i].taken[0].slots)
            id = b->queue[i].taken[0].slot[0].id;
    }
    lie(p, id, NETIF_RSP_OKAY);
}

static void tx_twice(struct peer *p)
{
    struct netback_queue *q = aim(p);
    uint16_t id = some_id(p);

    if (q->count && q->taken[0].slots) {
        id = q->taken[0].slot[0].id;
        netback_answer(netback_of(p), q, 0, NET_FRAME_SLOTS);
    }
    lie(p, id, NETIF_RSP_OKAY);
}

static void tx_status_unknown(struct peer *p)
{
    lie(p, some_id(p), one_in(2) ? (int16_t)(2 + below(32766)) : (int16_t)(-3 - (int)below(32000)));
}

/* All slots that are in flight are answered as extra-info slots, of which there are fewer. */
static void tx_status_null(struct peer *p)
{
    struct netback_queue *q = aim(p);
    const bool heard = q->tx_prod != q->tx->req_prod;

    for (unsigned i = 0; i < NET_SLOTS && q->tx_prod != q->tx->req_prod; i++)
        netback_tx_respond(q, some_id(p), NETIF_RSP_NULL);
    lie(p, some_id(p), NETIF_RSP_NULL);
    p->hostile->unheard = !heard;
}

static void answer_all(struct peer *p, int16_t status)
{
    struct netback *b = netback_of(p);

    for (unsigned i = 0; i < b->queues; i++) {
        while (b->queue[i].count) {
            b->queue[i].taken[0].status = status;
            netback_answer(b, &b->queue[i], 0, NET_FRAME_SLOTS);
        }
        netback_publish(b, &b->queue[i]);
    }
    show(p);
}

static void tx_errors(struct peer *p)
{
    answer_all(p, NETIF_RSP_ERROR);
}

static void tx_dropped(struct peer *p)
{
    answer_all(p, NETIF_RSP_DROPPED);
}

static void tx_flood(struct peer *p)
{
    p->hostile->scribbled = true;
    for (unsigned i = 0; i < NET_SLOTS; i++)
        netback_tx_respond(aim(p), (uint16_t)below(65536), (int16_t)below(65536));
    show(p);
    p->hostile->storm = 64;
}

/* ---- frames to the guest ---- */

/* An answer to the next request, with something else. */
struct answer {
    unsigned id, offset, flags;
    int status;
};

static bool respond(struct peer *p, struct answer a)
{
    const netif_rx_request_t *r = netback_rx_take(netback_of(p), aim(p));
    netif_rx_response_t rsp;

    if (!r) {
        p->hostile->unheard = true;
        return false;
    }
    rsp.id = (uint16_t)(r->id + a.id);
    rsp.offset = (uint16_t)a.offset;
    rsp.flags = (uint16_t)a.flags;
    rsp.status = (int16_t)a.status;
    netback_rx_respond(aim(p), &rsp);
    return true;
}

static void frame(struct peer *p, struct answer a)
{
    p->hostile->scribbled = true;
    respond(p, a);
    show(p);
}

static void rx_id_wrong(struct peer *p)
{
    frame(p, (struct answer){.id = 1 + below(65535), .status = 100});
}

static void rx_beyond_page(struct peer *p)
{
    frame(p, (struct answer){.offset = (unsigned)PAGE_SIZE - 99 + below(99), .status = 100});
}

static void rx_offset_huge(struct peer *p)
{
    frame(p, (struct answer){.offset = 4096 + below(61440), .status = 100});
}

static void rx_size_huge(struct peer *p)
{
    frame(p, (struct answer){.status = 4097 + (int)below(28671)});
}

static void rx_no_data(struct peer *p)
{
    frame(p, (struct answer){.flags = below(4)});
}

static void rx_short(struct peer *p)
{
    frame(p, (struct answer){.status = 1 + (int)below(13), .flags = below(4)});
}

static void rx_errors(struct peer *p)
{
    for (unsigned n = 1 + below(40); n; n--)
        respond(p, (struct answer){.status = -1 - (int)below(32767), .offset = below(65536)});
    show(p);
}

static void rx_flags_random(struct peer *p)
{
    frame(p, (struct answer){.flags = below(65536), .status = 100});
}

static void rx_flood(struct peer *p)
{
    unsigned n = 0;

    p->hostile->scribbled = true;
    while (respond(p, (struct answer){below(65536), below(65536), below(65536), (int)below(65536)}))
        n++;
    p->hostile->unheard = !n;
    show(p);
    p->hostile->storm = 64;
}

/* As many as there are buffers, and of one byte each. */
static void rx_chain_endless(struct peer *p)
{
    unsigned n = 0;

    p->hostile->scribbled = true;
    while (respond(p, (struct answer){.flags = NETRXF_more_data, .status = (int)below(2)}))
        n++;
    p->hostile->unheard = n <= NET_FRAME_SLOTS;
    show(p);
}

static void rx_chain_too_long(struct peer *p)
{
    p->hostile->scribbled = true;
    for (unsigned i = 0; i <= NET_FRAME_SLOTS; i++)
        respond(p,
                (struct answer){.flags = i < NET_FRAME_SLOTS ? NETRXF_more_data : 0, .status = 60});
    show(p);
}

static void rx_chain_never_ends(struct peer *p)
{
    respond(p, (struct answer){.flags = NETRXF_more_data, .status = 60});
    show(p);
    p->hostile->silent = true;
}

/* More bytes than an IP packet has. */
static void rx_too_many_bytes(struct peer *p)
{
    p->hostile->scribbled = true;
    for (unsigned i = 0; i < NET_FRAME_SLOTS; i++)
        respond(p, (struct answer){.flags = i < NET_FRAME_SLOTS - 1 ? NETRXF_more_data : 0,
                                   .status = 4096});
    show(p);
}

/* With one slot behind it that says nothing, so that an extra is expected in the rest. */
static void rx_error_in_chain(struct peer *p)
{
    respond(p, (struct answer){.flags = NETRXF_more_data, .status = 60});
    respond(p, (struct answer){.flags = NETRXF_more_data, .status = NETIF_RSP_ERROR});
    respond(p, (struct answer){.status = 60});
    show(p);
}

static bool extra(struct peer *p, unsigned type, unsigned flags, unsigned size, unsigned gso)
{
    struct netif_extra_info e = {.type = (uint8_t)type, .flags = (uint8_t)flags};

    e.u.gso.size = (uint16_t)size;
    e.u.gso.type = (uint8_t)gso;
    if (!netback_rx_take(netback_of(p), aim(p))) {
        p->hostile->unheard = true;
        return false;
    }
    netback_rx_extra(aim(p), &e);
    return true;
}

static void first(struct peer *p, unsigned flags)
{
    p->hostile->scribbled = true;
    respond(p, (struct answer){.flags = NETRXF_extra_info | flags, .status = 200});
}

static void extra_endless(struct peer *p)
{
    unsigned n = 0;

    first(p, 0);
    while (extra(p, XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE, 1400,
                 XEN_NETIF_GSO_TYPE_TCPV4))
        n++;
    p->hostile->unheard = n < 2;
    show(p);
}

static void extra_unknown(struct peer *p)
{
    first(p, 0);
    extra(p, XEN_NETIF_EXTRA_TYPE_MAX + below(250), 0, below(65536), below(256));
    show(p);
}

static void extra_none(struct peer *p)
{
    first(p, 0);
    extra(p, XEN_NETIF_EXTRA_TYPE_NONE, below(2), 0, 0);
    show(p);
}

static void extra_multicast(struct peer *p)
{
    first(p, 0);
    extra(p, XEN_NETIF_EXTRA_TYPE_MCAST_ADD + below(3), 0, below(65536), below(256));
    show(p);
}

static void extra_gso_type(struct peer *p)
{
    first(p, 0);
    extra(p, XEN_NETIF_EXTRA_TYPE_GSO, 0, 1400, one_in(2) ? 0 : 3 + below(253));
    show(p);
}

static void extra_gso_of_nothing(struct peer *p)
{
    first(p, NETRXF_csum_blank);
    extra(p, XEN_NETIF_EXTRA_TYPE_GSO, 0, 0, 1 + below(2));
    show(p);
}

/* Larger than the frame: the user has to live with it. */
static void extra_gso_huge(struct peer *p)
{
    first(p, NETRXF_csum_blank);
    extra(p, XEN_NETIF_EXTRA_TYPE_GSO, 0, 65535, 1 + below(2));
    show(p);
}

static void extra_in_later_slot(struct peer *p)
{
    p->hostile->scribbled = true;
    respond(p, (struct answer){.flags = NETRXF_more_data, .status = 60});
    respond(p, (struct answer){.flags = NETRXF_extra_info, .status = 60});
    extra(p, XEN_NETIF_EXTRA_TYPE_GSO, 0, 1400, 1);
    show(p);
}

static void extra_missing(struct peer *p)
{
    first(p, 0);
    show(p);
    p->hostile->silent = true;
}

static void gso_prefix(struct peer *p)
{
    frame(p, (struct answer){.flags = NETRXF_gso_prefix | NETRXF_more_data, .status = 1400});
}

static void csum_blank(struct peer *p)
{
    frame(p, (struct answer){.flags = NETRXF_csum_blank, .status = 200});
}

/* ---- pages ---- */

/* A frame of which the backend goes on changing the data. */
static void written_after_answer(struct peer *p)
{
    struct netback *b = netback_of(p);
    unsigned before = p->hostile->extra_count;

    for (unsigned n = 1 + below(20); n; n--) {
        const netif_rx_request_t *r = netback_rx_take(b, b->aim);
        netif_rx_response_t rsp = {.status = 1400};

        if (!r)
            break;
        hostile_extra_map(p, r->gref, true);
        rsp.id = r->id;
        netback_rx_respond(b->aim, &rsp);
    }
    for (unsigned i = before; i < p->hostile->extra_count; i++)
        grant_hold(p->hostile->extra[i].ref);
    p->hostile->writes = 200;
    show(p);
}

static void hold_sent(struct peer *p)
{
    struct netback *b = netback_of(p);

    for (unsigned i = 0; i < b->queues; i++) {
        for (unsigned k = 0; k < b->queue[i].count; k++) {
            for (unsigned n = 0; n < b->queue[i].taken[k].slots; n++)
                hostile_extra_map(p, b->queue[i].taken[k].slot[n].ref, false);
        }
    }
}

static void hold_sent_and_answer(struct peer *p)
{
    hold_sent(p);
    answer_all(p, NETIF_RSP_OKAY);
}

static void hold_posted(struct peer *p)
{
    struct netback *b = netback_of(p);

    for (unsigned i = 0; i < b->queues && b->mapped; i++) {
        struct netback_queue *q = &b->queue[i];

        for (uint32_t at = q->rx_cons; at != q->rx->req_prod && at - q->rx_cons < NET_SLOTS; at++)
            hostile_extra_map(p, q->rx->ring[at & (NET_SLOTS - 1)].req.gref, true);
    }
}

static void hold_rings(struct peer *p)
{
    struct netback *b = netback_of(p);

    for (unsigned i = 0; i < b->queues && b->mapped; i++) {
        hostile_extra_map(p, b->queue[i].tx_ref, true);
        hostile_extra_map(p, b->queue[i].rx_ref, true);
    }
}

static void map_twice(struct peer *p)
{
    for (unsigned n = 0; n < 2; n++) {
        hold_sent(p);
        hold_posted(p);
        hold_rings(p);
    }
}

/* ---- the rings' memory ---- */

static void scribble_requests(struct peer *p)
{
    p->hostile->scribbled = true;
    if (one_in(2))
        peer_fill(aim(p)->tx->ring, (uint8_t)below(256), NET_SLOTS * sizeof(aim(p)->tx->ring[0]));
    else
        peer_fill(aim(p)->rx->ring, (uint8_t)below(256), NET_SLOTS * sizeof(aim(p)->rx->ring[0]));
    show(p);
}

static void scribble_indexes(struct peer *p)
{
    struct netback_queue *q = aim(p);

    p->hostile->scribbled = p->hostile->silent = true;
    q->tx->req_prod = (uint32_t)random_u64(&sim_random);
    q->tx->req_event = (uint32_t)random_u64(&sim_random);
    q->tx->rsp_event = (uint32_t)random_u64(&sim_random);
    q->rx->req_prod = (uint32_t)random_u64(&sim_random);
    q->rx->req_event = (uint32_t)random_u64(&sim_random);
    q->rx->rsp_event = (uint32_t)random_u64(&sim_random);
    sim_raise(q->tx_channel.port, 200);
}

static void scribble_all(struct peer *p)
{
    uint8_t *page = (uint8_t *)(one_in(2) ? (void *)aim(p)->tx : (void *)aim(p)->rx);

    p->hostile->scribbled = p->hostile->silent = true;
    for (size_t i = 0; i < PAGE_SIZE; i += 8)
        *(volatile uint64_t *)(void *)(page + i) = random_u64(&sim_random);
    sim_raise(aim(p)->tx_channel.port, 200);
    if (netback_of(p)->split)
        sim_raise(aim(p)->rx_channel.port, 200);
}

/* ---- XenStore ---- */

/* Each change is read by the frontend. */
static void carrier_flapping(struct peer *p)
{
    for (unsigned i = 0; i < 60; i++)
        store_u64(p->directory, "carrier", i & 1);
}

static void mtu_changing(struct peer *p)
{
    for (unsigned i = 0; i < 60; i++)
        store_u64(p->frontend, "mtu", 1 + below(1u << below(20)));
}

/* ---- the table ---- */

#define WITH_RING                                                                         \
    (1u << AT_IDLE | 1u << AT_BUSY | 1u << AT_CLOSING | 1u << AT_CLOSED | 1u << AT_GONE | \
     1u << AT_INITIALISED)
#define LIVE (1u << AT_IDLE | 1u << AT_BUSY)
#define ANY  HOSTILE_ANY

static const struct hostile_op op[] = {
    {"tx index jumped", tx_index_jumped, WITH_RING, LIVE, "more tx responses"},
    /* (the guest may show more before it looks) */
    {"tx index one too far", tx_index_one_too_far, WITH_RING, 0, NULL},
    {"tx index backwards", tx_index_backwards, WITH_RING, 0, NULL},
    {"tx index half way round", tx_index_half_way_round, WITH_RING, LIVE, "more tx responses"},
    {"rx index jumped", rx_index_jumped, WITH_RING, LIVE, "more rx responses"},
    {"rx index one too far", rx_index_one_too_far, WITH_RING, 0, NULL},
    {"rx index backwards", rx_index_backwards, WITH_RING, 0, NULL},
    {"rx index half way round", rx_index_half_way_round, WITH_RING, LIVE, "more rx responses"},
    {"tx id unknown", tx_id_unknown, WITH_RING, LIVE, "not in flight"},
    /* (the slot may belong to a frame that the guest has not shown yet) */
    {"tx id of a free slot", tx_id_of_free_slot, WITH_RING, 0, NULL},
    /* (both queues may have the same ids) */
    {"tx id of another queue's slot", tx_id_of_another_queue, WITH_RING, 0, NULL},
    {"tx response twice", tx_twice, WITH_RING, LIVE, NULL},
    {"tx status unknown", tx_status_unknown, WITH_RING, LIVE, NULL},
    {"tx status of an extra", tx_status_null, WITH_RING, LIVE, NULL},
    {"tx status error", tx_errors, WITH_RING, 0, NULL},
    {"tx status dropped", tx_dropped, WITH_RING, 0, NULL},
    {"tx responses flooded", tx_flood, WITH_RING, LIVE, NULL},
    {"rx id wrong", rx_id_wrong, WITH_RING, LIVE, "another id"},
    {"rx data beyond the page", rx_beyond_page, WITH_RING, LIVE, "beyond the end"},
    {"rx offset huge", rx_offset_huge, WITH_RING, LIVE, "beyond the end"},
    {"rx size huge", rx_size_huge, WITH_RING, LIVE, "beyond the end"},
    {"rx without data", rx_no_data, WITH_RING, 0, NULL},
    {"rx frame too short", rx_short, WITH_RING, 0, NULL},
    {"rx errors", rx_errors, WITH_RING, 0, NULL},
    {"rx flags random", rx_flags_random, WITH_RING, 0, NULL},
    {"rx responses flooded", rx_flood, WITH_RING, LIVE, NULL},
    {"rx chain endless", rx_chain_endless, WITH_RING, LIVE, NULL},
    {"rx chain too long", rx_chain_too_long, WITH_RING, LIVE, NULL},
    {"rx chain never ends", rx_chain_never_ends, WITH_RING, 0, NULL},
    {"rx frame too large", rx_too_many_bytes, WITH_RING, 0, NULL},
    {"rx error within a frame", rx_error_in_chain, WITH_RING, 0, NULL},
    {"extras endless", extra_endless, WITH_RING, LIVE, NULL},
    {"extra unknown", extra_unknown, WITH_RING, LIVE, "not asked for"},
    {"extra of no type", extra_none, WITH_RING, LIVE, "not asked for"},
    {"extra of another direction", extra_multicast, WITH_RING, LIVE, "not asked for"},
    {"extra with unknown gso", extra_gso_type, WITH_RING, LIVE, "GSO type"},
    {"extra with gso of nothing", extra_gso_of_nothing, WITH_RING, LIVE, NULL},
    {"extra with gso of 65535", extra_gso_huge, WITH_RING, 0, NULL},
    {"extra in a later slot", extra_in_later_slot, WITH_RING, LIVE, NULL},
    {"extra missing", extra_missing, WITH_RING, 0, NULL},
    {"gso prefix", gso_prefix, WITH_RING, LIVE, NULL},
    {"checksum blank", csum_blank, WITH_RING, 0, NULL},
    {"data written after the answer", written_after_answer, WITH_RING, 0, NULL},
    {"response never", hostile_never, WITH_RING, 0, NULL},
    {"no events", hostile_no_events, WITH_RING, 0, NULL},
    {"event storm", hostile_event_storm, WITH_RING, 0, NULL},
    {"request slots scribbled on", scribble_requests, WITH_RING, 0, NULL},
    {"shared indexes scribbled on", scribble_indexes, WITH_RING, 0, NULL},
    {"ring overwritten", scribble_all, WITH_RING, LIVE, NULL},
    {"sent pages held", hold_sent, WITH_RING, 0, NULL},
    {"sent pages held and answered", hold_sent_and_answer, WITH_RING, 0, NULL},
    {"posted pages held", hold_posted, WITH_RING, 0, NULL},
    {"grants mapped twice", map_twice, WITH_RING, 0, NULL},
    {"every grant mapped", hostile_map_everything, ANY, 0, NULL},
    {"rings held", hold_rings, WITH_RING, 0, NULL},
    {"everything writable written", hostile_write_everywhere, ANY, 0, NULL},
    {"state random", hostile_state_random, ANY, 0, NULL},
    {"state flapping", hostile_state_flapping, ANY, 0, NULL},
    {"directory removed", hostile_directory_removed, ANY, 0, NULL},
    {"carrier flapping", carrier_flapping, ANY, 0, NULL},
    {"mtu changing", mtu_changing, ANY, 0, NULL},
};

static const char *const keys[] = {
    "feature-rx-copy",
    "feature-sg",
    "feature-gso-tcpv4",
    "feature-gso-tcpv6",
    "feature-no-csum-offload",
    "feature-ipv6-csum-offload",
    "feature-split-event-channels",
    "multi-queue-max-queues",
    "feature-multicast-control",
    "carrier",
    "mtu",
    "state",
};

static const char *const own[] = {"backend",     "backend-id",   "trusted", "mac",
                                  "mtu",         "state",        "handle",  "tx-ring-ref",
                                  "rx-ring-ref", "event-channel"};

static const struct hostile_pair pair[] = {
    {"multi-queue-max-queues", "0"},
    {"multi-queue-max-queues", "1"},
    {"multi-queue-max-queues", "4294967296"},
    {"feature-sg", "2"},
    {"feature-rx-copy", "0"},
    {"carrier", "2"},
    {"mtu", "0"},
    {"mtu", "4294967295"},
};

static const struct hostile_pair own_pair[] = {
    {"mac", "00:00:00:00:00:00"},
    {"mac", "ff:ff:ff:ff:ff:ff"},
    {"mac", "01:00:5e:00:00:01"},
    {"mac", "00:16:3e:00:00:zz"},
    {"mac", "00:16:3e:00:00:01:02"},
    {"mac", "00-16-3e-00-00-01"},
    {"mtu", "0"},
    {"mtu", "67"},
    {"mtu", "65536"},
    {"mtu", "18446744073709551615"},
    {"trusted", "2"},
};

const struct hostile_kind hostile_net = {
    .device = "vif0",
    .op = op,
    .op_count = ARRAY_SIZE(op),
    .key = keys,
    .key_count = ARRAY_SIZE(keys),
    .own = own,
    .own_count = ARRAY_SIZE(own),
    .pair = pair,
    .pair_count = ARRAY_SIZE(pair),
    .own_pair = own_pair,
    .own_pair_count = ARRAY_SIZE(own_pair),
};
