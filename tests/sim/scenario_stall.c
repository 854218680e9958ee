/* SPDX-License-Identifier: MIT */
/* A backend that stalls for longer or shorter than the device's timeouts, and lost events: each
 * request completes late, or the device fails in time. */
#include "scenario.h"

#include "life.h"

static struct backend disk;
static struct workload work;
static struct baseline baseline;

static void profile_stalling(struct profile *p)
{
    static const uint64_t stalls[] = {10 * NSEC_PER_MSEC, 400 * NSEC_PER_MSEC, 3 * NSEC_PER_SEC};

    profile_random(p);
    p->error_in = 0;
    p->stall_in = 20 + below(400);
    p->stall_ns = stalls[below(ARRAY_SIZE(stalls))];
    p->swallow_in = one_in(2) ? 4 + below(40) : 0;
}

/* No request times out: each lost event is detected, and counted. */
static void patient(struct workload_options *o)
{
    struct blkfront_stats s;

    o->watchdog_ns = (5 + below(100)) * NSEC_PER_MSEC;
    disk.peer.hurried = false;
    life_honest(&disk, &work, o);
    s = work.stats;
    totals.rekicks += s.rekicks;
    totals.lost_events += s.lost_events;
    CHECK(!s.timeouts, "a device without a timeout was given up");
    /* one may be on its way when the watchdog checks, but rarely */
    CHECK(s.lost_events < 16 || disk.swallowed, "%llu events lost, the backend has lost none",
          (unsigned long long)s.lost_events);
}

static void impatient(struct workload_options *o)
{
    struct blkfront_config config;

    life_random_config(&config);
    config.connect_timeout_ns = config.close_timeout_ns = NSEC_PER_SEC;
    config.watchdog_ns = (20 + below(2000)) * NSEC_PER_MSEC;
    config.request_timeout_ns = (100 + below(600)) * NSEC_PER_MSEC;
    o->lossy = disk.peer.hurried = true;
    life_lossy(&disk, &work, o, &config);
    totals.timeouts += work.stats.timeouts;
    totals.rekicks += work.stats.rekicks;
    CHECK(!work.stats.timeouts || disk.stalls || disk.swallowed || disk.unheard,
          "the device was given up for nothing");
    backend_disconnect(&disk);
}

void scenario_stall(void)
{
    struct workload_options o;
    struct profile p;

    life_boot(8 << 20, 32);
    backend_create(&disk, 51712, 7, 8 * (64 + below(192)));
    baseline_take(&baseline);
    for (unsigned life = 1 + below(3); life; life--) {
        profile_stalling(&p);
        backend_set_profile(&disk, &p);
        life_options(&o, &disk, 100 + below(200));
        if (one_in(2))
            patient(&o);
        else
            impatient(&o);
        life_settle();
        baseline_check(&baseline, "after a stall");
    }
}
