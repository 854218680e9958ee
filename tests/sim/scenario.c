/* SPDX-License-Identifier: MIT */
/* The scenario of one seed: its world, and the lives of its devices. */
#include "scenario.h"

#include "life.h"

#include <kernel/heap.h>

#define DEVID 51712 /* xvda */

static struct backend disk;
static struct workload work;
static struct baseline baseline;

/* ---- kinds of seeds ---- */

static uint64_t small_disk(void)
{
    return 8 * (64 + below(192));
}

static void correct(void (*profile)(struct profile *p), uint64_t quota)
{
    struct workload_options o;
    struct profile p;

    life_boot(8 << 20, 1 + below(64));
    backend_create(&disk, DEVID, 7, small_disk());
    baseline_take(&baseline);
    for (unsigned life = 1 + below(3); life; life--) {
        profile(&p);
        backend_set_profile(&disk, &p);
        life_options(&o, &disk, quota);
        life_honest(&disk, &work, &o);
        life_settle();
        baseline_check(&baseline, "after closing");
    }
}

/* Thousands of small requests on an unhurried world: for the number of them. */
static void busy(void)
{
    struct workload_options o = {.threads = 2, .slots = 48, .bytes_max = 8192, .align = 4096};
    struct profile p;

    life_boot(8 << 20, 32);
    backend_create(&disk, DEVID, 7, 2048);
    baseline_take(&baseline);
    profile_random(&p);
    p.delay_ns = 1000;
    p.event_ns = 0;
    p.batch = 64;
    backend_set_profile(&disk, &p);
    o.quota = 12000;
    life_honest(&disk, &work, &o);
    life_settle();
    baseline_check(&baseline, "after closing");
}

/* The largest requests that the protocol knows. */
static void large(void)
{
    struct workload_options o = {.threads = 1, .slots = 2, .align = 512};
    struct profile p;

    life_boot(64 << 20, 64);
    backend_create(&disk, DEVID, 7, 2 * 20480);
    baseline_take(&baseline);
    profile_random(&p);
    p.indirect = one_in(2) ? 4096 : 65535;
    backend_set_profile(&disk, &p);
    o.bytes_max = 500 * 1024;
    o.quota = 60;
    life_honest(&disk, &work, &o);
    life_settle();
    baseline_check(&baseline, "after closing");
}

/* The backend dies at any step and comes back, while the guest continues. */
static void dies_and_returns(void)
{
    struct blkfront_config config;
    struct workload_options o;

    life_options(&o, &disk, 100 + below(500));
    o.restarts = true;
    life_random_config(&config);
    disk.peer.powerless = one_in(2);
    disk.peer.deaths = 1 + below(6);
    disk.peer.return_at = 0;
    /* not before it was connected: that is no restart yet */
    disk.die_at = 1 + below(one_in(2) ? 20 : 200);
    life_restarts(&disk, &work, &o, &config);
    disk.die_at = disk.peer.die_turn = 0; /* it may have come back at the very end, to die again */
    disk.peer.deaths = 0;
}

/* It dies for good, or is detached: all fails, soon. */
static void dies(bool detached)
{
    struct blkfront_config config;
    struct workload_options o;

    life_options(&o, &disk, 100 + below(300));
    o.lossy = true;
    life_random_config(&config);
    config.connect_timeout_ns = config.close_timeout_ns = NSEC_PER_SEC;
    config.reconnect_timeout_ns = one_in(2) ? BLKFRONT_NO_RECONNECT : 1 + below(1000000000);
    disk.peer.powerless = one_in(2);
    disk.peer.return_at = NEVER;
    disk.peer.die_turn = detached ? 0 : 1 + below(one_in(2) ? 400 : 12);
    disk.peer.detach_turn = detached ? 1 + below(400) : 0;
    life_lossy(&disk, &work, &o, &config);
    disk.peer.die_turn = disk.peer.detach_turn = 0;
    if (!disk.peer.present && disk.peer.powerless) {
        totals.crashes++;
        oracle_check_crashed(&disk.oracle);
        oracle_reset(&disk.oracle);
    }
    backend_disconnect(&disk);
}

static void restarts(void)
{
    struct workload_options o;
    struct profile p;

    life_boot(8 << 20, 32);
    backend_create(&disk, DEVID, 7, small_disk());
    baseline_take(&baseline);
    for (unsigned life = 2 + below(4); life; life--) {
        unsigned how = below(4);

        profile_random(&p);
        p.error_in = 0;
        p.readonly = p.readonly && how > 1;
        backend_set_profile(&disk, &p);
        if (how < 2)
            dies_and_returns();
        else
            dies(how == 3);
        life_settle();
        baseline_check(&baseline, "after a restart");
    }
    profile_random(&p);
    backend_set_profile(&disk, &p);
    life_options(&o, &disk, 100);
    life_honest(&disk, &work, &o);
    life_settle();
    baseline_check(&baseline, "after closing");
}

/* The n-th allocation fails, in a scenario that is always the same. */
static void allocation(uint64_t n)
{
    struct blkfront_config config = {.connect_timeout_ns = NSEC_PER_SEC,
                                     .close_timeout_ns = NSEC_PER_SEC};
    struct workload_options o = {.threads = 2,
                                 .slots = 8,
                                 .bytes_max = 65536,
                                 .align = 1,
                                 .registered_in = 2,
                                 .quota = 60,
                                 .lossy = true};
    struct profile p;
    uint64_t before;

    sim_random.state = 1;
    life_boot(8 << 20, 8);
    backend_create(&disk, DEVID, 7, 1024);
    baseline_take(&baseline);
    profile_random(&p);
    p = (struct profile){.type = "vbd",
                         .max_ring_order = 1,
                         .max_ring_pages = ABSENT,
                         .indirect = 32,
                         .persistent = 1,
                         .keep_max = 8,
                         .queues = ABSENT,
                         .discard = 1,
                         .granularity = 1024,
                         .alignment = 512,
                         .secure = ABSENT,
                         .trusted = 1,
                         .flush = 1,
                         .barrier = 1,
                         .sector_size = 512,
                         .batch = 4,
                         .event_ns = 100};
    backend_set_profile(&disk, &p);
    before = mem_allocations();
    mem_fail_nth(n);
    life_lossy(&disk, &work, &o, &config);
    mem_fail_nth(0);
    if (mem_allocations() - before >= n) {
        totals.alloc_failures++;
        totals.site[MIN(n, (uint64_t)SIM_SITES_MAX - 1)] = 1;
    } else {
        totals.sites = mem_allocations() - before; /* so many there are when none fails */
    }
    backend_disconnect(&disk);
    life_settle();
    invariants_now();
    backend_set_profile(&disk, &p);
    o.lossy = false;
    life_honest(&disk, &work, &o);
    life_settle();
}

void scenario_run(uint64_t seed)
{
    unsigned round = (unsigned)(seed / 16);

    sim_random.state = seed * 0x9e3779b97f4a7c15 + 1;
    random_u64(&sim_random);
    switch (seed % 16) {
    case 0:
    case 1:
        correct(profile_qdisk, 600);
        break;
    case 2:
        correct(profile_tapdisk, 600);
        break;
    case 3:
    case 4:
        restarts();
        break;
    case 5:
        allocation(1 + round);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        scenario_hostile(round * 4 + (unsigned)(seed % 16) - 6);
        break;
    case 10:
        busy();
        break;
    case 12:
        life_boot(8 << 20, 32);
        scenario_suspend(&disk_device);
        break;
    case 14:
        life_boot(8 << 20, 32);
        scenario_store(&disk_device, round);
        break;
    case 15:
        scenario_stall();
        break;
    case 11:
        if (round % 8 == 0) {
            large();
            break;
        }
        /* fall through */
    default:
        correct(profile_random, 600);
    }
}
