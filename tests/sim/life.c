/* SPDX-License-Identifier: MIT */
/* A world, and the life of a device in it: open, work, close, and the checks at the end
 * (life.h). */
#include "life.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/xenstore.h>
#include <stdio.h>

#define BUFFERS (2 << 20)

/* ---- the world ---- */

void life_boot(size_t memory, unsigned grant_frames)
{
    static const unsigned paces[] = {2, 8, 32, 128, 1000};
    static const unsigned delays[] = {0, 1000, 100000, 5000000};
    struct store_options o = {
        .delay_ns = delays[below(ARRAY_SIZE(delays))],
        .portion = one_in(3) ? 1 + below(200) : 4096,
        .conflict_in = one_in(2) ? 0 : 2 + below(6),
        .ocaml = one_in(4),
    };

    sim_xen_init(memory, paces[below(ARRAY_SIZE(paces))]);
    seam_grant_max_frames = grant_frames;
    store_init(&o);
    CHECK(!evtchn_init() && !gnttab_init() && !xs_init(), "the kernel does not start");
}

/* ---- a life ---- */

void life_random_config(struct blkfront_config *c)
{
    memset(c, 0, sizeof(*c));
    /* mostly more than the defaults, which are the minimum */
    if (!one_in(4))
        c->ring_pages = one_in(3) ? 1 + below(16) : 16;
    if (one_in(3))
        c->max_segments = one_in(2) ? 1 + below(12) : 1 + below(4096);
    if (one_in(4))
        c->grant_budget = 1 + below(200);
    if (!one_in(4))
        c->queues = one_in(3) ? 1 + below(16) : 4;
    c->polled = one_in(5);
    c->nomerges = one_in(3);
    c->abi = one_in(3) ? 32 : one_in(2) ? 64 : 0;
    if (one_in(4))
        c->persistent = one_in(2) ? -1 : 1;
    if (one_in(4))
        c->registered_pages = 1 + below(500);
    if (one_in(3))
        c->persistent_grants = 1 + below(200);
}

int life_open(struct backend *b, const struct blkfront_config *config, struct blkfront_dev **dev)
{
    char name[16];

    snprintf(name, sizeof(name), "%u", b->peer.devid);
    totals.lives++;
    b->quiet = config && config->polled;
    b->keeps = config && config->persistent_grants ? config->persistent_grants : 1056;
    b->may_fail_flush = 0;
    b->must_fail_flush = b->unflushed = 0;
    return blkfront_open_device(name, config, NULL, dev);
}

static void check_limits(const struct backend *b, const struct blkfront_config *c,
                         struct blkfront_dev *dev)
{
    const struct profile *p = &b->profile;
    struct blkfront_limits l;

    blkfront_get_limits(dev, &l);
    CHECK(l.sectors == b->disk.sectors && l.sector_size == p->sector_size &&
              l.readonly == p->readonly && l.flush == (p->flush == 1) && l.abi == b->abi &&
              l.abi == (c->abi ? c->abi : 64) && l.barrier == (p->barrier == 1) &&
              l.trusted == (p->trusted != 0) && l.discard == (p->discard == 1) &&
              l.discard_secure == (p->discard == 1 && p->secure == 1),
          "what was negotiated is not what was offered");
    CHECK(l.persistent == b->persistent &&
              l.persistent == (p->persistent == 1 && p->trusted != 0 && c->persistent >= 0),
          "persistent grants: %d, the backend: %d", l.persistent, b->persistent);
    CHECK(l.queues == b->queues && l.queues <= (c->queues ? c->queues : 1), "%u queues, %u used",
          l.queues, b->queues);
    CHECK(l.ring_pages == b->ring_pages && l.max_segments >= 1 &&
              l.max_segments <= MAX((unsigned)MAX(p->indirect, 0), 11u) &&
              (!c->max_segments || l.max_segments <= c->max_segments) &&
              l.ring_pages <= (c->ring_pages ? c->ring_pages : 1),
          "ring of %u pages, %u segments", l.ring_pages, l.max_segments);
}

static uint64_t notifications_seen(const struct backend *b)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < b->queues; i++)
        n += b->queue[i].channel.sends;
    return n;
}

static void check_stats(const struct backend *b, const struct workload *w)
{
    struct blkfront_stats s;

    blkfront_get_stats(w->dev, &s);
    totals.joined += s.joined;
    CHECK(s.reads == b->reads && s.writes == b->writes && s.flushes == b->flushes &&
              s.barriers == b->barriers && s.segments == b->segments && s.indirect == b->indirect &&
              s.read_sectors == b->read_sectors && s.written_sectors == b->written_sectors &&
              s.discards == b->discards && s.discarded_sectors == b->discarded_sectors,
          "statistics: %llu reads %llu writes %llu segments, the backend saw %llu %llu %llu",
          (unsigned long long)s.reads, (unsigned long long)s.writes, (unsigned long long)s.segments,
          (unsigned long long)b->reads, (unsigned long long)b->writes,
          (unsigned long long)b->segments);
    CHECK(s.notifications == notifications_seen(b), "statistics: %llu notifications, %llu came",
          (unsigned long long)s.notifications, (unsigned long long)notifications_seen(b));
    CHECK(s.aiocbs == s.completed &&
              s.grants_made == s.grants_ended + s.grants_kept + s.grants_quarantined &&
              (!s.grants_quarantined || (w->swapped && w->limits.persistent)),
          "statistics: %llu requests, %llu completed, %llu grants, %llu ended, %llu kept",
          (unsigned long long)s.aiocbs, (unsigned long long)s.completed,
          (unsigned long long)s.grants_made, (unsigned long long)s.grants_ended,
          (unsigned long long)s.grants_kept);
    /* aligned I/O on registered memory costs nothing */
    CHECK(!w->only_registered || !w->limits.trusted || w->o.align % 512 ||
              w->limits.sector_size != 512 || w->registered_pages > b->keeps / 2 ||
              (!s.bytes_copied && s.grants_made == w->registered_pages),
          "statistics: %llu bytes copied, %llu grants, of %u registered pages",
          (unsigned long long)s.bytes_copied, (unsigned long long)s.grants_made,
          w->registered_pages);
    CHECK(!w->limits.persistent || w->swapped || s.grants_ended == 0,
          "%llu grants ended, which are persistent", (unsigned long long)s.grants_ended);
    CHECK(b->errors || !s.errors, "%llu requests failed without a reason",
          (unsigned long long)s.errors);
    CHECK(!b->quiet || !s.events, "a polled device had %llu events", (unsigned long long)s.events);
    CHECK(s.ring_high_water <= b->slots, "%u slots in use at once", s.ring_high_water);
}

void life_honest(struct backend *b, struct workload *w, const struct workload_options *o)
{
    struct blkfront_config config;
    struct blkfront_dev *dev;
    int ret;

    life_random_config(&config);
    config.watchdog_ns = o->watchdog_ns;
    for (unsigned i = 0; i < BACKEND_QUEUES_MAX; i++)
        b->queue[i].channel.sends = 0;
    ret = life_open(b, &config, &dev);
    CHECK(!ret, "open: %s", errno_name(ret));
    check_limits(b, &config, dev);
    CHECK(!workload_begin(w, b, dev, o), "simulation: no memory for the workload");
    workload_wait(w);
    workload_verify(w);
    check_stats(b, w);
    blkfront_get_stats(dev, &w->stats);
    ret = shutdown_blkfront(dev);
    CHECK(!ret, "close: %s", errno_name(ret));
    workload_end(w);
    CHECK(!b->mapped && !grant_mappings(), "simulation: the backend still maps something");
}

void life_restarts(struct backend *b, struct workload *w, const struct workload_options *o,
                   const struct blkfront_config *config)
{
    struct blkfront_dev *dev;
    struct blkfront_stats s;
    int ret = life_open(b, config, &dev);

    CHECK(!ret, "open: %s", errno_name(ret));
    CHECK(!workload_begin(w, b, dev, o), "simulation: no memory for the workload");
    workload_wait(w);
    b->die_at = b->peer.die_turn = 0;
    workload_verify(w);
    blkfront_get_stats(dev, &s);
    CHECK(
        s.aiocbs == s.completed &&
            s.grants_made == s.grants_ended + s.grants_kept + s.grants_quarantined &&
            (!s.grants_quarantined || w->swapped),
        "statistics: %llu requests, %llu completed, %llu grants, %llu ended, %llu kept, %llu held",
        (unsigned long long)s.aiocbs, (unsigned long long)s.completed,
        (unsigned long long)s.grants_made, (unsigned long long)s.grants_ended,
        (unsigned long long)s.grants_kept, (unsigned long long)s.grants_quarantined);
    ret = shutdown_blkfront(dev);
    CHECK(!ret, "close: %s", errno_name(ret));
    workload_end(w);
    CHECK(!b->mapped && !grant_mappings(), "simulation: the backend still maps something");
}

void life_lossy(struct backend *b, struct workload *w, const struct workload_options *o,
                const struct blkfront_config *config)
{
    struct blkfront_dev *dev;
    uint64_t begun = seam_now;
    int ret;

    memset(w, 0, sizeof(*w));
    ret = life_open(b, config, &dev);
    if (ret) {
        CHECK(!dev, "open failed and gave a device");
        CHECK(ret == -ENOMEM || ret == -ENODEV || ret == -ETIMEDOUT || ret == -EINVAL ||
                  ret == -ENOENT || ret == -EPROTO || ret == -ENOSPC,
              "open: %s", errno_name(ret));
        return;
    }
    workload_begin(w, b, dev, o);
    workload_wait(w);
    if (b->peer.hostile) /* the effects of its operation must appear before the device is closed */
        thread_sleep(NSEC_PER_MSEC);
    blkfront_get_stats(dev, &w->stats);
    ret = shutdown_blkfront(dev);
    CHECK(!ret || ret == -ETIMEDOUT, "close: %s", errno_name(ret));
    workload_end(w);
    CHECK(seam_now - begun < 100 * NSEC_PER_SEC, "a life took %llu s",
          (unsigned long long)((seam_now - begun) / NSEC_PER_SEC));
}

void life_options(struct workload_options *o, const struct backend *b, uint64_t quota)
{
    workload_random(o, BUFFERS / 2);
    o->quota = quota;
    o->bytes_max = MIN(o->bytes_max, (size_t)(b->disk.sectors * 512 / 2));
}

void life_settle(void)
{
    thread_sleep(20 * NSEC_PER_SEC);
}
