/* SPDX-License-Identifier: MIT */
/* A network backend's keys, connection and ends, and its turns (netback.h). */
#include "netback.h"

#include "hostile.h"

#include <stdio.h>

static void write_offers(struct peer *peer)
{
    struct netback *b = netback_of(peer);
    const struct net_profile *p = &b->profile;

    peer_offer(peer, "feature-rx-copy", p->rx_copy);
    peer_offer(peer, "feature-rx-flip", 0);
    peer_offer(peer, "feature-sg", p->sg);
    peer_offer(peer, "feature-gso-tcpv4", p->gso4);
    peer_offer(peer, "feature-gso-tcpv6", p->gso6);
    peer_offer(peer, "feature-no-csum-offload", p->no_csum);
    peer_offer(peer, "feature-ipv6-csum-offload", p->csum6);
    peer_offer(peer, "feature-split-event-channels", p->split);
    peer_offer(peer, "multi-queue-max-queues", p->queues);
    peer_offer(peer, "feature-multicast-control", p->multicast);
    peer_offer(peer, "feature-dynamic-multicast-control", p->dynamic);
    peer_offer(peer, "feature-ctrl-ring", p->ctrl);
    peer_offer(peer, "carrier", p->carrier);
    b->carrier = p->carrier != 0;
}

/* By the toolstack. The frontend reads it when it hears of the carrier. */
static void change_mtu(struct netback *b)
{
    static const int mtus[] = {68, 576, 1500, 4000, 9000, 65521};

    b->profile.mtu = mtus[below(ARRAY_SIZE(mtus))];
    store_u64(b->peer.frontend, "mtu", (unsigned)b->profile.mtu);
}

void netback_set_carrier(struct netback *b, bool up)
{
    if (b->peer.state != XenbusStateConnected)
        return;
    b->carrier = up;
    TRACE("netback   %u: the carrier is %s", b->peer.devid, up ? "on" : "off");
    totals.net_flaps++;
    if (one_in(3))
        change_mtu(b);
    store_u64(b->peer.directory, "carrier", up);
}

/* ---- connecting ---- */

static bool own_flag(const struct netback *b, const char *key)
{
    return store_number(b->peer.frontend, key, 0) == 1;
}

static void read_features(struct netback *b)
{
    CHECK(own_flag(b, "request-rx-copy") || b->peer.hostile,
          "the frontend does not ask for copies: Linux' backend refuses it");
    CHECK(own_flag(b, "feature-rx-notify") || b->peer.hostile,
          "the frontend has no feature-rx-notify: Linux' backend polls it");
    b->front_sg = own_flag(b, "feature-sg");
    b->front_gso4 = own_flag(b, "feature-gso-tcpv4");
    b->front_gso6 = own_flag(b, "feature-gso-tcpv6");
    b->front_csum4 = !own_flag(b, "feature-no-csum-offload");
    b->front_csum6 = own_flag(b, "feature-ipv6-csum-offload");
    b->front_multicast = own_flag(b, "request-multicast-control");
    CHECK(b->front_sg || !(b->front_gso4 || b->front_gso6) || b->peer.hostile,
          "gso without sg: a large frame has no room");
}

/* The path of a queue's key. */
static const char *queue_key(const struct netback *b, unsigned queue, const char *name)
{
    static char key[40];

    if (b->queues == 1)
        return name;
    snprintf(key, sizeof(key), "queue-%u/%s", queue, name);
    return key;
}

static bool read_rings(struct netback *b)
{
    uint64_t queues = store_number(b->peer.frontend, "multi-queue-num-queues", 1);

    b->peer.not_mine = false;
    CHECK((queues && queues <= NETBACK_QUEUES_MAX) || b->peer.hostile, "%llu queues",
          (unsigned long long)queues);
    if (!queues || queues > NETBACK_QUEUES_MAX)
        return false;
    if (queues > 1 && (int)queues > b->profile.queues)
        peer_not_offered(&b->peer, "queues");
    b->queues = (unsigned)queues;
    b->split = store_get(b->peer.frontend, queue_key(b, 0, "event-channel-tx"), NULL);
    if (b->split && b->profile.split != 1)
        peer_not_offered(&b->peer, "split channels");
    for (unsigned i = 0; i < b->queues; i++) {
        struct netback_queue *q = &b->queue[i];

        q->tx_ref = (grant_ref_t)store_number(b->peer.frontend, queue_key(b, i, "tx-ring-ref"), 0);
        q->rx_ref = (grant_ref_t)store_number(b->peer.frontend, queue_key(b, i, "rx-ring-ref"), 0);
        if (!q->tx_ref || !q->rx_ref)
            return false;
    }
    return !b->peer.not_mine;
}

/* A backend that comes back finds keys that the frontend wrote for the one before, and may take its
 * place unnoticed. It would not know of other offers, and a newer version of a driver comes with a
 * new domain. */
static bool same_offers(const struct netback *b)
{
    const struct net_profile *p = &b->profile, *k = &b->known;

    return p->sg == k->sg && p->gso4 == k->gso4 && p->gso6 == k->gso6 && p->no_csum == k->no_csum &&
           p->csum6 == k->csum6 && p->multicast == k->multicast;
}

static void unmap_rings(struct netback *b)
{
    for (unsigned i = 0; i < NETBACK_QUEUES_MAX; i++) {
        struct netback_queue *q = &b->queue[i];

        if (q->tx)
            sim_grant_unmap(q->tx_ref, true);
        if (q->rx)
            sim_grant_unmap(q->rx_ref, true);
        q->tx = NULL;
        q->rx = NULL;
    }
    b->mapped = false;
}

static bool map_rings(struct netback *b)
{
    if (b->mapped)
        return true;
    if (!read_rings(b))
        return false;
    b->peer.not_mine |= b->peer.found && !same_offers(b);
    for (unsigned i = 0; i < b->queues; i++) {
        struct netback_queue *q = &b->queue[i];

        q->tx = (void *)sim_grant_map(b->peer.domid, q->tx_ref, true);
        q->rx = (void *)sim_grant_map(b->peer.domid, q->rx_ref, true);
        if (!q->tx || !q->rx) {
            unmap_rings(b);
            return false;
        }
        q->tx_cons = q->tx_prod = q->tx_published = 0;
        q->rx_cons = q->rx_prod = q->rx_published = 0;
        q->tx_held = q->count = 0;
        q->rearmed = false;
        /* rings that were used with the backend before this one */
        b->peer.not_mine |= b->peer.returned && (q->tx->req_prod || q->rx->rsp_prod);
    }
    b->mapped = true;
    if (!b->peer.not_mine) {
        b->known = b->profile;
        return true;
    }
    unmap_rings(b);
    return false;
}

static bool bind_one(struct netback *b, struct sim_channel *c, unsigned queue, const char *key)
{
    uint64_t port = store_number(b->peer.frontend, queue_key(b, queue, key), 0);

    return sim_bind(c, b->peer.domid, (evtchn_port_t)port);
}

static bool bind_channels(struct netback *b)
{
    for (unsigned i = 0; i < b->queues; i++) {
        struct netback_queue *q = &b->queue[i];

        if (!bind_one(b, &q->tx_channel, i, b->split ? "event-channel-tx" : "event-channel") ||
            (b->split && !bind_one(b, &q->rx_channel, i, "event-channel-rx")))
            return false;
    }
    return true;
}

static void check_fresh(const struct netback_queue *q)
{
    const uint8_t *tx = (const uint8_t *)q->tx;

    for (size_t i = 64; i < PAGE_SIZE; i++)
        CHECK(!tx[i] || q->tx->req_prod, "a ring shows old memory");
}

static void forget_counters(struct netback *b)
{
    size_t from = offsetof(struct netback, tx_frames);

    memset((char *)b + from, 0, sizeof(*b) - from);
    b->groups = 0;
}

static void connect(struct peer *peer)
{
    struct netback *b = netback_of(peer);
    const char *trusted = store_get(peer->frontend, "trusted", NULL);

    b->untrusted = trusted && !strcmp(trusted, "0");
    if (!map_rings(b) || !bind_channels(b)) {
        netback_disconnect(b);
        peer_refuse(peer);
        return;
    }
    read_features(b);
    for (unsigned i = 0; i < b->queues && !peer->hostile; i++)
        check_fresh(&b->queue[i]);
    forget_counters(b);
    peer->leaving = false;
    if (!peer->hostile || !hostile_at(peer, AT_INITIALISED))
        peer_set_state(peer, XenbusStateConnected);
    actor_wake(&peer->actor, 0);
}

/* ---- the ends ---- */

void netback_disconnect(struct netback *b)
{
    for (unsigned i = 0; i < NETBACK_QUEUES_MAX; i++) {
        netback_drop_taken(&b->queue[i]);
        sim_unbind(&b->queue[i].tx_channel);
        sim_unbind(&b->queue[i].rx_channel);
    }
    unmap_rings(b);
}

static void disconnect(struct peer *peer)
{
    netback_disconnect(netback_of(peer));
}

static void died(struct peer *peer, bool returns)
{
    (void)returns;
    netback_of(peer)->die_at = 0;
}

static void draw(struct peer *peer)
{
    net_profile_random(&netback_of(peer)->next);
}

static void take_over(struct peer *peer, bool moved)
{
    struct netback *b = netback_of(peer);

    if (moved) {
        netback_set_profile(b, &b->next);
        return;
    }
    b->next.trusted = b->profile.trusted; /* which are the device's own */
    b->next.mtu = b->profile.mtu;
    b->profile = b->next;
}

/* ---- its work ---- */

static bool stalls(struct netback *b)
{
    const struct net_profile *p = &b->profile;

    if (seam_now < b->stalled_until) {
        actor_wake(&b->peer.actor, b->stalled_until - seam_now);
        return true;
    }
    if (!p->stall_in || !one_in(p->stall_in))
        return false;
    b->stalled_until = seam_now + random_u64(&sim_random) % p->stall_ns;
    b->stalls++;
    actor_wake(&b->peer.actor, b->stalled_until - seam_now);
    return true;
}

static bool can_send(const struct netback *b)
{
    for (unsigned i = 0; i < b->queues && b->left; i++) {
        if (netback_rx_ready(b, &b->queue[i]) > NET_FRAME_SLOTS)
            return true;
    }
    return false;
}

static bool more(const struct netback *b)
{
    for (unsigned i = 0; i < b->queues; i++) {
        const struct netback_queue *q = &b->queue[i];

        if (q->count || *(volatile RING_IDX *)&q->tx->req_prod != q->tx_cons)
            return true;
    }
    return (!b->carrier && b->profile.flap_in) || can_send(b);
}

/* Requests events of all rings. False: they were requested already. */
static bool rearm(struct netback *b)
{
    bool done = false;

    for (unsigned i = 0; i < b->queues; i++) {
        struct netback_queue *q = &b->queue[i];

        if (q->rearmed)
            continue;
        *(volatile RING_IDX *)&q->tx->req_event = q->tx_cons + 1;
        /* only when it waits for buffers, as Linux' does */
        if (b->left)
            *(volatile RING_IDX *)&q->rx->req_event = *(volatile RING_IDX *)&q->rx->req_prod + 1;
        q->rearmed = true;
        done = true;
    }
    return done;
}

/* Buffers that are posted stay mapped. */
static void leave_maps(struct netback *b)
{
    for (unsigned i = 0; i < b->queues; i++) {
        struct netback_queue *q = &b->queue[i];
        unsigned n = MIN(netback_rx_ready(b, q), (unsigned)NET_LEFTOVERS - b->leftovers);

        for (unsigned k = 0; k < n; k++) {
            grant_ref_t ref = q->rx->ring[(q->rx_cons + k) & (NET_SLOTS - 1)].req.gref;

            if (!sim_grant_map(b->peer.domid, ref, true))
                continue;
            grant_hold(ref);
            b->leftover[b->leftovers++] = ref;
        }
    }
}

void netback_clean_up(struct netback *b)
{
    while (b->leftovers)
        sim_grant_unmap(b->leftover[--b->leftovers], true);
}

static bool death(struct netback *b)
{
    if (!b->die_at || b->tx_frames + b->rx_frames < b->die_at)
        return false;
    if (one_in(2))
        leave_maps(b);
    peer_die(&b->peer);
    return true;
}

static void flap(struct netback *b)
{
    if (b->profile.flap_in && (!b->carrier || one_in(b->profile.flap_in)))
        if (b->carrier || one_in(8))
            netback_set_carrier(b, !b->carrier);
}

static void turn(struct peer *peer)
{
    struct netback *b = netback_of(peer);
    const struct net_profile *p = &b->profile;

    if (stalls(b))
        return;
    for (unsigned i = 0; i < b->queues; i++) {
        netback_take(b, &b->queue[i], 1 + below(p->batch));
        netback_work(b, &b->queue[i], 1 + below(p->batch));
    }
    if (death(b))
        return;
    if (!one_in(4))
        netback_send(b, 1 + below(p->batch));
    for (unsigned i = 0; i < b->queues; i++)
        netback_publish(b, &b->queue[i]);
    flap(b);
    if (p->spurious_in && one_in(p->spurious_in))
        sim_raise(b->queue[below(b->queues)].tx_channel.port, 1000);
    if (more(b)) {
        for (unsigned i = 0; i < b->queues; i++)
            b->queue[i].rearmed = false;
        actor_wake(&b->peer.actor, p->delay_ns ? below(p->delay_ns) : 0);
    } else if (rearm(b)) {
        actor_wake(&b->peer.actor, 0); /* sleeps after one more check, which is another turn */
    }
}

static void take(struct peer *peer)
{
    struct netback *b = netback_of(peer);

    for (unsigned i = 0; i < b->queues; i++)
        netback_take(b, &b->queue[i], 1 + below(8));
}

static bool busy(const struct peer *peer)
{
    const struct netback *b = container_of(peer, struct netback, peer);
    bool any = false;

    for (unsigned i = 0; i < b->queues; i++)
        any |= b->queue[i].count != 0;
    return any;
}

bool netback_quiet(const struct netback *b)
{
    for (unsigned i = 0; i < b->queues && b->mapped; i++) {
        if (*(volatile RING_IDX *)&b->queue[i].tx->req_prod != b->queue[i].tx_cons)
            return false;
    }
    return b->mapped && b->peer.state == XenbusStateConnected && netback_idle(b);
}

bool netback_idle(const struct netback *b)
{
    for (unsigned i = 0; i < b->queues; i++) {
        if (b->queue[i].count || b->queue[i].tx_published != b->queue[i].tx_prod)
            return false;
    }
    return true;
}

static bool is_mapped(const struct peer *peer)
{
    return container_of(peer, struct netback, peer)->mapped;
}

/* It posts buffers when it has heard of the connection. */
static bool settled(const struct peer *peer)
{
    const struct netback *b = container_of(peer, struct netback, peer);

    for (unsigned i = 0; i < b->queues; i++) {
        if (netback_rx_ready(b, &b->queue[i]) <= NET_FRAME_SLOTS)
            return false;
    }
    return true;
}

static void aim(struct peer *peer)
{
    struct netback *b = netback_of(peer);

    b->aim = &b->queue[b->queues ? below(b->queues) : 0];
    for (unsigned i = 0; i < b->queues; i++) {
        if (b->queue[i].count)
            b->aim = &b->queue[i];
    }
}

static void raise(struct peer *peer)
{
    struct netback_queue *q = netback_of(peer)->aim;

    sim_raise(q->rx_channel.port && one_in(2) ? q->rx_channel.port : q->tx_channel.port, 0);
}

static const struct peer_ops ops = {
    .device = "vif",
    .published = XenbusStateConnected,
    .write_offers = write_offers,
    .connect = connect,
    .disconnect = disconnect,
    .died = died,
    .draw = draw,
    .take_over = take_over,
    .turn = turn,
    .take = take,
    .busy = busy,
    .mapped = is_mapped,
    .settled = settled,
    .aim = aim,
    .raise = raise,
};

static void notified(struct netback_queue *q)
{
    struct netback *b = q->back;

    if (b->profile.swallow_in && one_in(b->profile.swallow_in)) {
        b->unheard++;
        return;
    }
    q->rearmed = false;
    actor_wake(&b->peer.actor, b->profile.delay_ns ? below(b->profile.delay_ns) : 0);
}

static void tx_notified(struct sim_channel *c)
{
    notified(container_of(c, struct netback_queue, tx_channel));
}

static void rx_notified(struct sim_channel *c)
{
    notified(container_of(c, struct netback_queue, rx_channel));
}

uint64_t netback_sends(const struct netback *b)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < NETBACK_QUEUES_MAX; i++)
        n += b->queue[i].tx_channel.sends + b->queue[i].rx_channel.sends;
    return n;
}

void netback_create(struct netback *b, unsigned devid, domid_t domid)
{
    memset(b, 0, sizeof(*b));
    for (unsigned i = 0; i < NETBACK_QUEUES_MAX; i++) {
        b->queue[i].back = b;
        b->queue[i].tx_channel.notified = tx_notified;
        b->queue[i].rx_channel.notified = rx_notified;
    }
    b->aim = &b->queue[0];
    snprintf(b->mac, sizeof(b->mac), "00:16:3e:%02x:%02x:%02x", below(256), below(256), devid);
    peer_create(&b->peer, &ops, devid, domid, true);
}

void netback_set_profile(struct netback *b, const struct net_profile *p)
{
    char frontend[64];

    b->profile = *p;
    /* what the toolstack writes to the frontend's directory comes before the backend exists */
    snprintf(frontend, sizeof(frontend), "%s/device/vif/%u", store_guest, b->peer.devid);
    store_text(frontend, "mac", b->mac);
    store_u64(frontend, "handle", b->peer.devid);
    if (p->mtu == ABSENT)
        store_remove(frontend, "mtu");
    else
        store_u64(frontend, "mtu", (unsigned)p->mtu);
    if (p->trusted == ABSENT)
        store_remove(frontend, "trusted");
    else
        store_u64(frontend, "trusted", (unsigned)p->trusted);
    peer_attach(&b->peer, "vif");
}
