/* SPDX-License-Identifier: MIT */
/* The life of a backend: its keys, its states, and what it does when the frontend changes its own.
 */
#include "backend_ring.h"

#include <stdio.h>

static struct backend *backends[4];
static unsigned backend_count;

void backend_set_state(struct backend *b, unsigned state)
{
    b->state = state;
    store_u64(b->directory, "state", state);
}

static void offer(struct backend *b, const char *key, int value)
{
    if (value == ABSENT)
        store_remove(b->directory, key);
    else
        store_u64(b->directory, key, (unsigned)value);
}

static void write_offers(struct backend *b)
{
    const struct profile *p = &b->profile;

    offer(b, "max-ring-page-order", p->max_ring_order);
    offer(b, "max-ring-pages", p->max_ring_pages);
    offer(b, "feature-max-indirect-segments", p->indirect);
    offer(b, "feature-persistent", p->persistent);
    offer(b, "multi-queue-max-queues", p->queues);
    offer(b, "feature-discard", p->discard);
    offer(b, "feature-flush-cache", p->flush);
    offer(b, "feature-barrier", p->barrier);
    if (p->trusted == ABSENT)
        store_remove(b->frontend, "trusted");
    else
        store_u64(b->frontend, "trusted", (unsigned)p->trusted);
}

static void write_properties(struct backend *b)
{
    store_u64(b->directory, "sectors", b->disk.sectors);
    store_u64(b->directory, "sector-size", b->profile.sector_size);
    store_u64(b->directory, "physical-sector-size", MAX(b->profile.sector_size, 4096u));
    store_u64(b->directory, "info", b->profile.readonly ? VDISK_READONLY : 0);
    store_text(b->directory, "mode", b->profile.readonly ? "r" : "w");
    offer(b, "discard-granularity", b->profile.granularity);
    offer(b, "discard-alignment", b->profile.alignment);
    offer(b, "discard-secure", b->profile.secure);
}

/* ---- connecting ---- */

/* The frontend uses what was not offered: it must not, unless the offers are newer than it knows.
 */
static void not_offered(struct backend *b, const char *what)
{
    CHECK(b->hostile || b->returned, "the frontend uses %s that was not offered", what);
    b->not_mine = !b->hostile;
}

static bool read_ring_size(struct backend *b)
{
    const struct profile *p = &b->profile;
    uint64_t order = store_number(b->frontend, "ring-page-order", NEVER);
    uint64_t pages = store_number(b->frontend, "num-ring-pages", NEVER);
    uint64_t queues = store_number(b->frontend, "multi-queue-num-queues", 1);
    bool one = false;

    b->not_mine = false;
    if (order != NEVER) {
        if (p->max_ring_order == ABSENT || (int)order > p->max_ring_order)
            not_offered(b, "a ring");
        b->ring_pages = 1u << order;
    } else if (pages != NEVER) {
        if (p->max_ring_pages == ABSENT || (int)pages > p->max_ring_pages)
            not_offered(b, "a ring");
        b->ring_pages = (unsigned)pages;
    } else {
        b->ring_pages = 1;
        one = true;
    }
    CHECK(b->ring_pages && b->ring_pages <= WIRE_RING_PAGES_MAX, "a ring of %u pages",
          b->ring_pages);
    CHECK(queues && queues <= BACKEND_QUEUES_MAX, "%llu queues", (unsigned long long)queues);
    if (queues > 1 && (int)queues > p->queues)
        not_offered(b, "queues");
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
        ref = store_number(b->frontend, queue_key(b, queue, name), NEVER);
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
        uint8_t *page = grant_map(b->domid, q->ring_ref[i], true);

        if (!page)
            break;
        if (!i)
            q->ring = (void *)page;
        CHECK(page == (uint8_t *)q->ring + i * PAGE_SIZE,
              "simulation: the ring is not contiguous in the guest");
    }
    if (i < b->ring_pages) {
        while (i--)
            grant_unmap(q->ring_ref[i], true);
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
            grant_unmap(q->ring_ref[k], true);
        q->ring = NULL;
    }
    b->mapped = false;
}

bool backend_map_rings(struct backend *b)
{
    if (b->mapped)
        return true;
    if (!read_ring_refs(b) || b->not_mine)
        return false;
    for (unsigned i = 0; i < b->queues; i++) {
        if (!map_ring(b, &b->queue[i])) {
            backend_unmap_rings(b);
            return false;
        }
    }
    for (unsigned i = 0; i < b->queues && b->returned; i++)
        b->not_mine |= *(volatile uint32_t *)&b->queue[i].ring->req_prod != 0;
    if (b->not_mine) { /* rings that were used with who was here before */
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
        uint64_t port = store_number(b->frontend, queue_key(b, i, "event-channel"), 0);

        if (!sim_bind(&b->queue[i].channel, b->domid, (evtchn_port_t)port))
            return false;
    }
    return true;
}

static void check_fresh(const struct backend *b, const struct backend_queue *q)
{
    for (size_t i = 64; i < (size_t)b->ring_pages * PAGE_SIZE; i++)
        CHECK(!((uint8_t *)q->ring)[i] || q->ring->req_prod, "the ring shows old memory");
}

static void connect(struct backend *b)
{
    size_t len;
    const char *protocol = store_get(b->frontend, "protocol", &len);
    const char *trusted = store_get(b->frontend, "trusted", NULL);

    bool wanted = store_number(b->frontend, "feature-persistent", 0) == 1;

    b->untrusted = trusted && !strcmp(trusted, "0"); /* which a broken toolstack may have changed */
    CHECK(!b->untrusted || !wanted || b->hostile, "persistent grants for an untrusted backend");
    b->persistent = wanted && b->profile.persistent == 1;
    if (!backend_map_rings(b) || !bind_channels(b)) {
        if (b->not_mine || b->returned) {
            /* all that the frontend may see is a backend that closes, as any would */
            b->must_fail_flush = 0;
            backend_set_state(b, XenbusStateClosing);
        }
        /* it may have given up meanwhile */
        CHECK(store_number(b->frontend, "state", 0) != XenbusStateInitialised || b->hostile ||
                  b->returned,
              "the frontend is Initialised and its ring or event channel cannot be used");
        return;
    }
    CHECK(protocol && (!strcmp(protocol, "x86_64-abi") || !strcmp(protocol, "x86_32-abi")),
          "protocol is \"%s\"", protocol ? protocol : "");
    b->abi = strcmp(protocol, "x86_32-abi") ? 64 : 32;
    for (unsigned i = 0; i < b->queues && !b->hostile; i++)
        check_fresh(b, &b->queue[i]);
    write_properties(b);
    b->leaving = false;
    b->connected_at = oracle_flush_begin(&b->oracle);
    b->unflushed = 0;
    if (!b->hostile || !hostile_at(b, AT_INITIALISED))
        backend_set_state(b, XenbusStateConnected);
    actor_wake(&b->actor, 0);
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

static void start(struct backend *b)
{
    store_u64(b->directory, "online", 1);
    write_offers(b);
    if (!b->hostile || !hostile_at(b, AT_INIT))
        backend_set_state(b, XenbusStateInitWait);
}

static void follow(struct backend *b)
{
    b->frontend_state = (unsigned)store_number(b->frontend, "state", XenbusStateUnknown);
    b->found &= b->frontend_state != XenbusStateInitialising;
    if (!b->present)
        return;
    switch (b->frontend_state) {
    case XenbusStateInitialising:
        if (b->state == XenbusStateClosed)
            b->returned = false;
        if (b->state == XenbusStateClosed || b->state == XenbusStateInitialising)
            start(b);
        break;
    case XenbusStateInitialised:
        if (b->state == XenbusStateInitWait)
            connect(b);
        break;
    case XenbusStateClosing:
        b->leaving = true;
        if (b->hostile && hostile_at(b, AT_CLOSING))
            break;
        if (b->state != XenbusStateClosed && b->state != XenbusStateClosing)
            backend_set_state(b, XenbusStateClosing);
        break;
    case XenbusStateClosed:
        b->leaving = true;
        if (b->hostile && hostile_at(b, AT_CLOSED))
            break;
        if (!b->hostile || !hostile_keeps_mappings(b))
            backend_disconnect(b);
        if (b->state != XenbusStateClosed)
            backend_set_state(b, XenbusStateClosed);
        break;
    default:
        break;
    }
}

void backend_die(struct backend *b)
{
    TRACE("backend   %u dies%s", b->devid, b->powerless ? " with its cache" : "");
    b->die_at = 0;
    b->die_turn = b->detach_turn = 0;
    b->present = false;
    b->leaving = true;
    backend_disconnect(b);
    b->state = XenbusStateUnknown;
    store_remove(b->directory, NULL);
    totals.restarts++;
    if (b->powerless && b->disk.cached)
        disk_crash(&b->disk);
    if (b->return_at == NEVER || !b->deaths)
        return;
    b->may_fail_flush++;
    if (b->powerless && b->disk.cached) {
        totals.crashes++;
        oracle_crash(&b->oracle);
        if (b->unflushed)
            b->must_fail_flush = oracle_flush_begin(&b->oracle);
    }
    b->unflushed = 0;
    b->losses_known = sim_said(BACKEND_LOSS) + sim_said(BACKEND_AWAY);
    b->connected_at = NEVER;
    b->return_at = seam_now + below(one_in(4) ? 2000000000 : 2000000);
    actor_wake(&b->actor, b->return_at - seam_now);
}

/* With what it offers now, and perhaps as another domain. */
static void come_back(struct backend *b)
{
    struct profile p;

    profile_random(&p);
    p.error_in = 0;
    p.readonly = false;
    b->return_at = 0;
    b->returned = true;
    if (--b->deaths) {
        b->die_turn = 1 + below(one_in(3) ? 20 : 400);
        b->powerless = one_in(2);
    }
    if (one_in(3)) {
        b->domid = b->domid == 7 ? 8 : 7;
        backend_set_profile(b, &p);
    } else {
        p.type = b->profile.type;
        p.trusted = b->profile.trusted; /* which is the device's own */
        b->profile = p;
        oracle_cache(&b->oracle, p.cached);
        b->present = true;
        b->look = true;
        b->found = store_number(b->frontend, "state", 0) == XenbusStateInitialised;
        start(b);
    }
    TRACE("backend   %u is back in domain %u", b->devid, b->domid);
    actor_wake(&b->actor, 0);
}

void backend_return(struct backend *b)
{
    b->present = true;
    b->look = true;
    b->state = XenbusStateInitialising;
    store_u64(b->frontend, "state", XenbusStateInitialising);
    start(b);
}

void backend_detach(struct backend *b)
{
    b->leaving = true;
    store_u64(b->directory, "online", 0);
    backend_set_state(b, XenbusStateClosing);
}

/* ---- the actor ---- */

/* Its disk, say, does not answer; what is in XenStore it sees all the same. */
static bool stalls(struct backend *b)
{
    const struct profile *p = &b->profile;

    if (seam_now < b->stalled_until) {
        actor_wake(&b->actor, b->stalled_until - seam_now);
        return true;
    }
    if (!p->stall_in || !one_in(p->stall_in))
        return false;
    b->stalled_until = seam_now + random_u64(&sim_random) % p->stall_ns;
    b->stalls++;
    TRACE("backend   %u stalls for %llu ns", b->devid,
          (unsigned long long)(b->stalled_until - seam_now));
    actor_wake(&b->actor, b->stalled_until - seam_now);
    return true;
}

static void run(struct actor *a)
{
    struct backend *b = (struct backend *)a;

    if (!b->present) {
        if (!b->deaths || b->return_at == NEVER)
            return;
        if (seam_now >= b->return_at)
            come_back(b);
        else
            actor_wake(&b->actor, b->return_at - seam_now);
        return;
    }
    if (b->die_turn && !--b->die_turn) {
        backend_die(b);
        return;
    }
    if (b->detach_turn && !--b->detach_turn)
        backend_detach(b);
    if (b->look) {
        b->look = false;
        follow(b);
    }
    if (b->hostile && hostile_turn(b))
        return;
    if (b->state == XenbusStateConnected && b->mapped && !stalls(b))
        backend_ring_turn(b);
}

static void notified(struct sim_channel *c)
{
    struct backend_queue *q = container_of(c, struct backend_queue, channel);
    struct backend *b = q->backend;

    if (b->profile.swallow_in && one_in(b->profile.swallow_in)) {
        b->unheard++;
        return;
    }
    q->rearmed = false;
    actor_wake(&b->actor, b->profile.delay_ns ? below(b->profile.delay_ns) : 0);
}

static void changed(const char *path)
{
    for (unsigned i = 0; i < backend_count; i++) {
        struct backend *b = backends[i];
        size_t n = strlen(b->frontend);

        if (strncmp(path, b->frontend, n) || strcmp(path + n, "/state"))
            continue;
        b->look = true;
        actor_wake(&b->actor, below(3000));
    }
}

void backend_create(struct backend *b, unsigned devid, domid_t domid, uint64_t sectors)
{
    memset(b, 0, sizeof(*b));
    b->actor = (struct actor){.name = "backend", .due = NEVER, .run = run};
    for (unsigned i = 0; i < BACKEND_QUEUES_MAX; i++) {
        b->queue[i].backend = b;
        b->queue[i].channel.notified = notified;
    }
    b->aim = &b->queue[0];
    b->devid = devid;
    b->domid = domid;
    disk_init(&b->disk, sectors);
    for (uint64_t i = 0; i < sectors * 512; i += 8)
        memcpy(b->disk.data + i, &(uint64_t){random_u64(&sim_random)}, 8);
    oracle_init(&b->oracle, &b->disk);
    if (!devid)
        return;
    backends[backend_count++] = b;
    store_changed = changed;
    sim_add_actor(&b->actor);
}

void backend_set_profile(struct backend *b, const struct profile *p)
{
    b->profile = *p;
    oracle_cache(&b->oracle, p->cached);
    snprintf(b->frontend, sizeof(b->frontend), "%s/device/vbd/%u", store_guest, b->devid);
    snprintf(b->directory, sizeof(b->directory), "/local/domain/%u/backend/%s/%u/%u", b->domid,
             p->type, store_guest_id, b->devid);
    store_text(b->frontend, "backend", b->directory);
    store_u64(b->frontend, "backend-id", b->domid);
    store_u64(b->frontend, "virtual-device", b->devid);
    backend_return(b);
}
