/* SPDX-License-Identifier: MIT */
/* A block backend's keys, connection and ends (peer.h has what is common to all backends). */
#include "backend_ring.h"

#include <stdio.h>

/* ---- offers ---- */

static void write_offers(struct peer *peer)
{
    struct backend *b = backend_of(peer);
    const struct profile *p = &b->profile;

    peer_offer(&b->peer, "max-ring-page-order", p->max_ring_order);
    peer_offer(&b->peer, "max-ring-pages", p->max_ring_pages);
    peer_offer(&b->peer, "feature-max-indirect-segments", p->indirect);
    peer_offer(&b->peer, "feature-persistent", p->persistent);
    peer_offer(&b->peer, "multi-queue-max-queues", p->queues);
    peer_offer(&b->peer, "feature-discard", p->discard);
    peer_offer(&b->peer, "feature-flush-cache", p->flush);
    peer_offer(&b->peer, "feature-barrier", p->barrier);
    if (p->trusted == ABSENT)
        store_remove(b->peer.frontend, "trusted");
    else
        store_u64(b->peer.frontend, "trusted", (unsigned)p->trusted);
}

static void write_properties(struct backend *b)
{
    store_u64(b->peer.directory, "sectors", b->disk.sectors);
    store_u64(b->peer.directory, "sector-size", b->profile.sector_size);
    store_u64(b->peer.directory, "physical-sector-size", MAX(b->profile.sector_size, 4096u));
    store_u64(b->peer.directory, "info", b->profile.readonly ? VDISK_READONLY : 0);
    store_text(b->peer.directory, "mode", b->profile.readonly ? "r" : "w");
    peer_offer(&b->peer, "discard-granularity", b->profile.granularity);
    peer_offer(&b->peer, "discard-alignment", b->profile.alignment);
    peer_offer(&b->peer, "discard-secure", b->profile.secure);
}

/* ---- connecting ---- */

static bool read_ring_size(struct backend *b)
{
    const struct profile *p = &b->profile;
    uint64_t order = store_number(b->peer.frontend, "ring-page-order", NEVER);
    uint64_t pages = store_number(b->peer.frontend, "num-ring-pages", NEVER);
    uint64_t queues = store_number(b->peer.frontend, "multi-queue-num-queues", 1);
    bool one = false;

    b->peer.not_mine = false;
    if (order != NEVER) {
        if (p->max_ring_order == ABSENT || (int)order > p->max_ring_order)
            peer_not_offered(&b->peer, "a ring");
        b->ring_pages = 1u << order;
    } else if (pages != NEVER) {
        if (p->max_ring_pages == ABSENT || (int)pages > p->max_ring_pages)
            peer_not_offered(&b->peer, "a ring");
        b->ring_pages = (unsigned)pages;
    } else {
        b->ring_pages = 1;
        one = true;
    }
    CHECK(b->ring_pages && b->ring_pages <= WIRE_RING_PAGES_MAX, "a ring of %u pages",
          b->ring_pages);
    CHECK(queues && queues <= BACKEND_QUEUES_MAX, "%llu queues", (unsigned long long)queues);
    if (queues > 1 && (int)queues > p->queues)
        peer_not_offered(&b->peer, "queues");
    b->queues = (unsigned)queues;
    return one;
}

/* The path of a queue's key. */
static const char *queue_key(const struct backend *b, unsigned queue, const char *name)
{
    static char key[40];

    if (b->queues == 1)
        return name;
    snprintf(key, sizeof(key), "queue-%u/%s", queue, name);
    return key;
}

static bool read_ring_refs(struct backend *b)
{
    bool one = read_ring_size(b);

    for (unsigned i = 0; i < b->queues * b->ring_pages; i++) {
        unsigned queue = i / b->ring_pages, page = i % b->ring_pages;
        char name[16];
        uint64_t ref;

        snprintf(name, sizeof(name), one ? "ring-ref" : "ring-ref%u", page);
        ref = store_number(b->peer.frontend, queue_key(b, queue, name), NEVER);
        if (ref == NEVER)
            return false;
        b->queue[queue].ring_ref[page] = (grant_ref_t)ref;
    }
    return true;
}

static bool map_ring(struct backend *b, struct backend_queue *q)
{
    unsigned i;

    for (i = 0; i < b->ring_pages; i++) {
        uint8_t *page = sim_grant_map(b->peer.domid, q->ring_ref[i], true);

        if (!page)
            break;
        if (!i)
            q->ring = (void *)page;
        CHECK(page == (uint8_t *)q->ring + i * PAGE_SIZE,
              "simulation: the ring is not contiguous in the guest");
    }
    if (i < b->ring_pages) {
        while (i--)
            sim_grant_unmap(q->ring_ref[i], true);
        q->ring = NULL;
        return false;
    }
    q->req_cons = q->rsp_prod = q->published = 0;
    q->taken = 0;
    q->rearmed = false;
    return true;
}

void backend_unmap_rings(struct backend *b)
{
    for (unsigned i = 0; i < b->queues; i++) {
        struct backend_queue *q = &b->queue[i];

        for (unsigned k = 0; k < b->ring_pages && q->ring; k++)
            sim_grant_unmap(q->ring_ref[k], true);
        q->ring = NULL;
    }
    b->mapped = false;
}

bool backend_map_rings(struct backend *b)
{
    if (b->mapped)
        return true;
    if (!read_ring_refs(b) || b->peer.not_mine)
        return false;
    for (unsigned i = 0; i < b->queues; i++) {
        if (!map_ring(b, &b->queue[i])) {
            backend_unmap_rings(b);
            return false;
        }
    }
    for (unsigned i = 0; i < b->queues && b->peer.returned; i++)
        b->peer.not_mine |= *(volatile uint32_t *)&b->queue[i].ring->req_prod != 0;
    if (b->peer.not_mine) { /* rings that were used with the backend before this one */
        backend_unmap_rings(b);
        return false;
    }
    b->mapped = true;
    b->slots = b->ring_pages * WIRE_SLOTS_PER_PAGE;
    b->reads = b->writes = b->flushes = b->barriers = b->segments = b->indirect = 0;
    b->read_sectors = b->written_sectors = b->requests = b->errors = 0;
    b->stalls = b->swallowed = b->unheard = b->stalled_until = 0;
    b->discards = b->discarded_sectors = 0;
    return true;
}

static bool bind_channels(struct backend *b)
{
    for (unsigned i = 0; i < b->queues; i++) {
        uint64_t port = store_number(b->peer.frontend, queue_key(b, i, "event-channel"), 0);

        if (!sim_bind(&b->queue[i].channel, b->peer.domid, (evtchn_port_t)port))
            return false;
    }
    return true;
}

static void check_fresh(const struct backend *b, const struct backend_queue *q)
{
    for (size_t i = 64; i < (size_t)b->ring_pages * PAGE_SIZE; i++)
        CHECK(!((uint8_t *)q->ring)[i] || q->ring->req_prod, "the ring shows old memory");
}

static void connect(struct peer *peer)
{
    struct backend *b = backend_of(peer);
    size_t len;
    const char *protocol = store_get(b->peer.frontend, "protocol", &len);
    const char *trusted = store_get(b->peer.frontend, "trusted", NULL);

    bool wanted = store_number(b->peer.frontend, "feature-persistent", 0) == 1;

    b->untrusted = trusted && !strcmp(trusted, "0"); /* which a broken toolstack may have changed */
    CHECK(!b->untrusted || !wanted || b->peer.hostile,
          "persistent grants for an untrusted backend");
    b->persistent = wanted && b->profile.persistent == 1;
    if (!backend_map_rings(b) || !bind_channels(b)) {
        if (b->peer.not_mine || b->peer.returned)
            b->must_fail_flush = 0; /* no connection comes of it */
        peer_refuse(peer);
        return;
    }
    CHECK(protocol && (!strcmp(protocol, "x86_64-abi") || !strcmp(protocol, "x86_32-abi")),
          "protocol is \"%s\"", protocol ? protocol : "");
    b->abi = strcmp(protocol, "x86_32-abi") ? 64 : 32;
    for (unsigned i = 0; i < b->queues && !b->peer.hostile; i++)
        check_fresh(b, &b->queue[i]);
    write_properties(b);
    b->peer.leaving = false;
    b->connected_at = oracle_flush_begin(&b->oracle);
    b->unflushed = 0;
    if (!b->peer.hostile || !hostile_at(peer, AT_INITIALISED))
        peer_set_state(peer, XenbusStateConnected);
    actor_wake(&b->peer.actor, 0);
}

/* ---- disconnecting ---- */

void backend_disconnect(struct backend *b)
{
    while (b->count) {
        backend_unmap(b, b->taken[0]);
        backend_forget(b, 0);
    }
    backend_drop_all(b);
    for (unsigned i = 0; i < BACKEND_QUEUES_MAX; i++)
        sim_unbind(&b->queue[i].channel);
    backend_unmap_rings(b);
}

static void disconnect(struct peer *peer)
{
    backend_disconnect(backend_of(peer));
}

static void died(struct peer *peer, bool returns)
{
    struct backend *b = backend_of(peer);

    b->die_at = 0;
    if (peer->powerless && b->disk.cached)
        disk_crash(&b->disk);
    if (!returns)
        return;
    b->may_fail_flush++;
    if (peer->powerless && b->disk.cached) {
        totals.crashes++;
        oracle_crash(&b->oracle);
        if (b->unflushed)
            b->must_fail_flush = oracle_flush_begin(&b->oracle);
    }
    b->unflushed = 0;
    b->losses_known = sim_said(BACKEND_LOSS) + sim_said(BACKEND_AWAY);
    b->connected_at = NEVER;
}

static void draw(struct peer *peer)
{
    struct profile *p = &backend_of(peer)->next;

    profile_random(p);
    p->error_in = 0;
    p->readonly = false;
}

static void take_over(struct peer *peer, bool moved)
{
    struct backend *b = backend_of(peer);

    if (moved) {
        backend_set_profile(b, &b->next);
        return;
    }
    b->next.type = b->profile.type;
    b->next.trusted = b->profile.trusted; /* which is the device's own */
    b->profile = b->next;
    oracle_cache(&b->oracle, b->profile.cached);
}

/* ---- its work ---- */

/* It does not serve the ring, as if its disk did not answer, but sees changes in XenStore. */
static bool stalls(struct backend *b)
{
    const struct profile *p = &b->profile;

    if (seam_now < b->stalled_until) {
        actor_wake(&b->peer.actor, b->stalled_until - seam_now);
        return true;
    }
    if (!p->stall_in || !one_in(p->stall_in))
        return false;
    b->stalled_until = seam_now + random_u64(&sim_random) % p->stall_ns;
    b->stalls++;
    TRACE("backend   %u stalls for %llu ns", b->peer.devid,
          (unsigned long long)(b->stalled_until - seam_now));
    actor_wake(&b->peer.actor, b->stalled_until - seam_now);
    return true;
}

static void turn(struct peer *peer)
{
    struct backend *b = backend_of(peer);

    if (!stalls(b))
        backend_ring_turn(b);
}

static void take(struct peer *peer)
{
    backend_take(backend_of(peer), 1 + below(8));
}

static bool busy(const struct peer *peer)
{
    return container_of(peer, struct backend, peer)->count;
}

static bool is_mapped(const struct peer *peer)
{
    return container_of(peer, struct backend, peer)->mapped;
}

static bool settled(const struct peer *peer)
{
    return peer->frontend_state == XenbusStateConnected;
}

static void aim(struct peer *peer)
{
    struct backend *b = backend_of(peer);

    b->aim = b->count ? b->taken[0]->queue : &b->queue[b->queues ? below(b->queues) : 0];
}

static void raise(struct peer *peer)
{
    sim_raise(backend_of(peer)->aim->channel.port, 0);
}

static const struct peer_ops ops = {
    .device = "vbd",
    .published = XenbusStateInitialised,
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

static void notified(struct sim_channel *c)
{
    struct backend_queue *q = container_of(c, struct backend_queue, channel);
    struct backend *b = q->backend;

    if (b->profile.swallow_in && one_in(b->profile.swallow_in)) {
        b->unheard++;
        return;
    }
    q->rearmed = false;
    actor_wake(&b->peer.actor, b->profile.delay_ns ? below(b->profile.delay_ns) : 0);
}

void backend_create(struct backend *b, unsigned devid, domid_t domid, uint64_t sectors)
{
    memset(b, 0, sizeof(*b));
    for (unsigned i = 0; i < BACKEND_QUEUES_MAX; i++) {
        b->queue[i].backend = b;
        b->queue[i].channel.notified = notified;
    }
    b->aim = &b->queue[0];
    disk_init(&b->disk, sectors);
    for (uint64_t i = 0; i < sectors * 512; i += 8)
        memcpy(b->disk.data + i, &(uint64_t){random_u64(&sim_random)}, 8);
    oracle_init(&b->oracle, &b->disk);
    peer_create(&b->peer, &ops, devid, domid, devid);
}

void backend_set_profile(struct backend *b, const struct profile *p)
{
    b->profile = *p;
    oracle_cache(&b->oracle, p->cached);
    peer_attach(&b->peer, p->type);
}
