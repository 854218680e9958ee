/* SPDX-License-Identifier: MIT */
/* The scenario of one seed with network interfaces (make sim NET=1). */
#include "hostile.h"
#include "life.h"
#include "net_life.h"
#include "scenario.h"

#include <kernel/heap.h>

#define ALLOCATIONS 8 /* that fail in a seed, one in each life */

static struct netback back, other;
static struct net_workload work, other_work;
static struct baseline baseline;

static void boot(unsigned grant_frames)
{
    life_boot(NET_MEMORY, grant_frames);
    net_workload_secrets();
}

static void honest(unsigned quota)
{
    struct net_options o;

    net_options_random(&o, quota);
    net_life_honest(&back, &work, &o, below(2 * quota));
    life_settle();
    baseline_check(&baseline, "after closing");
}

static void correct(void (*profile)(struct net_profile *p), unsigned frames)
{
    struct net_profile p;

    boot(frames);
    netback_create(&back, 0, 7);
    baseline_take(&baseline);
    for (unsigned life = 1 + below(3); life; life--) {
        profile(&p);
        netback_set_profile(&back, &p);
        honest(500);
    }
}

/* Thousands of frames on an unhurried world: for the number of them. */
static void busy(void)
{
    struct net_options o = {
        .threads = 2,
        .slots = SENDS_MAX,
        .quota = 8000,
        .budget = 64,
        .frags = 2,
        .flush_in = 32,
    };
    struct net_profile p;

    life_boot(NET_MEMORY, 32);
    netback_create(&back, 0, 7);
    baseline_take(&baseline);
    net_profile_linux(&p);
    p.delay_ns = 1000;
    p.event_ns = 0;
    p.batch = 64;
    p.large_in = 64;
    netback_set_profile(&back, &p);
    net_life_honest(&back, &work, &o, 8000);
    life_settle();
    baseline_check(&baseline, "after closing");
}

/* The carrier comes and goes: frames are dropped meanwhile, and counted. */
static void flaps(void)
{
    struct net_profile p;

    boot(32);
    netback_create(&back, 0, 7);
    baseline_take(&baseline);
    for (unsigned life = 1 + below(3); life; life--) {
        net_profile_random(&p);
        p.carrier = one_in(3) ? 0 : 1;
        p.flap_in = 2 + below(200);
        netback_set_profile(&back, &p);
        honest(300);
    }
}

/* The backend dies at any step and comes back, or it does not, or is detached. */
static void dies(unsigned how)
{
    struct netfront_config config;
    struct net_options o;

    net_options_random(&o, 100 + below(300));
    net_life_config(&config);
    back.left = below(400);
    if (how < 2) {
        o.restarts = true;
        back.peer.deaths = 1 + below(6);
        back.peer.return_at = 0;
        /* not before it was connected: that is no restart yet */
        back.die_at = 1 + below(one_in(2) ? 20 : 200);
        net_life_restarts(&back, &work, &o, &config);
        back.peer.deaths = 0;
    } else {
        o.lossy = true;
        config.connect_timeout_ns = config.close_timeout_ns = NSEC_PER_SEC;
        config.reconnect_timeout_ns = one_in(2) ? NETFRONT_NO_RECONNECT : 1 + below(1000000000);
        back.peer.return_at = NEVER;
        back.peer.die_turn = how == 3 ? 0 : 1 + below(one_in(2) ? 400 : 12);
        back.peer.detach_turn = how == 3 ? 1 + below(400) : 0;
        net_life_lossy(&back, &work, &o, &config);
    }
    back.die_at = back.peer.die_turn = back.peer.detach_turn = 0;
    netback_disconnect(&back);
}

static void restarts(void)
{
    struct net_profile p;

    boot(32);
    netback_create(&back, 0, 7);
    baseline_take(&baseline);
    for (unsigned life = 2 + below(4); life; life--) {
        net_profile_random(&p);
        p.error_in = p.bad_in = 0;
        netback_set_profile(&back, &p);
        dies(below(4));
        life_settle();
        baseline_check(&baseline, "after a restart");
    }
    net_profile_random(&p);
    netback_set_profile(&back, &p);
    honest(100);
}

static const struct netfront_config allocating_config = {.queues = 2,
                                                         .rx_pages = 64,
                                                         .connect_timeout_ns = NSEC_PER_SEC,
                                                         .close_timeout_ns = NSEC_PER_SEC};
static const struct net_options allocating_options = {.threads = 2,
                                                      .slots = 8,
                                                      .quota = 60,
                                                      .keep_in = 4,
                                                      .keep_max = 64,
                                                      .budget = 8,
                                                      .frags = 4,
                                                      .early_in = 4,
                                                      .flush_in = 4,
                                                      .lossy = true};

/* The n-th allocation fails in a life that is always the same. */
static void allocating_life(const struct net_profile *p, uint64_t n)
{
    uint64_t before;

    sim_random.state = 1;
    netback_set_profile(&back, p);
    before = mem_allocations();
    back.left = 60;
    mem_fail_nth(n);
    net_life_lossy(&back, &work, &allocating_options, &allocating_config);
    mem_fail_nth(0);
    if (mem_allocations() - before >= n) {
        totals.alloc_failures++;
        totals.site[MIN(n, (uint64_t)SIM_SITES_MAX - 1)] = 1;
    } else {
        totals.sites = mem_allocations() - before; /* so many there are when none fails */
    }
    netback_disconnect(&back);
    life_settle();
    baseline_check(&baseline, "after a failed allocation");
}

static void allocation(uint64_t first)
{
    struct net_options o = allocating_options;
    struct net_profile p;

    sim_random.state = 1;
    life_boot(NET_MEMORY, 8);
    netback_create(&back, 0, 7);
    net_profile_linux(&p);
    p.error_in = p.bad_in = p.spurious_in = 0;
    p.delay_ns = 2000;
    p.event_ns = 100;
    p.batch = 8;
    p.trusted = 1;
    p.mtu = 1500;
    p.queues = 2;
    baseline_take(&baseline);
    for (unsigned i = 0; i < ALLOCATIONS; i++)
        allocating_life(&p, first + i);
    netback_set_profile(&back, &p);
    o.lossy = false;
    net_life_honest(&back, &work, &o, 60);
    life_settle();
}

/* Lost events: whatever waits for them, the interface can be closed. */
static void deaf(void)
{
    struct netfront_config config;
    struct net_options o;

    net_options_random(&o, 100);
    o.lossy = true;
    net_life_config(&config);
    config.connect_timeout_ns = config.close_timeout_ns = NSEC_PER_SEC;
    back.profile.swallow_in = 2 + below(40);
    back.left = 200;
    net_life_lossy(&back, &work, &o, &config);
    netback_disconnect(&back);
    life_settle();
    baseline_check(&baseline, "after lost events");
}

/* A backend that stalls: nothing is lost but time. */
static void stalls(void)
{
    static const uint64_t times[] = {10 * NSEC_PER_MSEC, 400 * NSEC_PER_MSEC, 3 * NSEC_PER_SEC};
    struct net_profile p;

    boot(32);
    netback_create(&back, 0, 7);
    baseline_take(&baseline);
    for (unsigned life = 1 + below(3); life; life--) {
        net_profile_random(&p);
        p.stall_in = 20 + below(400);
        p.stall_ns = times[below(ARRAY_SIZE(times))];
        netback_set_profile(&back, &p);
        if (one_in(3))
            deaf();
        else
            honest(100 + below(200));
    }
}

/* ---- hostile backends ---- */

#define PAIRS_PER_SEED 4
#define LINES_MAX      28
#define ERRORS_MAX     3

static struct hostile hostile;

static unsigned lines(void)
{
    return sim_said("\n");
}

static void hostile_life(unsigned op, enum device_state at)
{
    struct netfront_config config;
    struct net_options o, other_o;
    struct netfront_dev *other_dev;
    const char *expected;
    struct net_profile p;
    int ret;

    net_profile_random(&p);
    p.delay_ns = MIN(p.delay_ns, 20000u);
    p.error_in = p.bad_in = 0;
    net_options_random(&o, 40 + below(100));
    o.lossy = true;
    net_life_config(&config);
    config.connect_timeout_ns = config.close_timeout_ns = NSEC_PER_SEC;
    config.reconnect_timeout_ns = one_in(2) ? NETFRONT_NO_RECONNECT : NSEC_PER_SEC;
    hostile_begin(&back.peer, &hostile, op, at);
    netback_set_profile(&back, &p);
    back.left = 200;
    seam_console_clear();

    /* another device works all the time, and must not notice */
    net_options_random(&other_o, 100);
    net_workload_init(&other_work, &other, &other_o);
    other.left = 100;
    ret = net_life_open(&other_work, &other_dev);
    CHECK(!ret, "open of the bystander: %s", errno_name(ret));
    CHECK(!net_workload_begin(&other_work, other_dev),
          "simulation: no memory for the bystander's workload");
    net_life_lossy_beside(&back, &work, &o, &config);
    if (at == AT_GONE)
        hostile_at(&back.peer, AT_GONE);
    thread_sleep(NSEC_PER_MSEC);
    if (hostile.fired) {
        totals.pair[op][at]++;
        totals.hostile_lives++;
        expected = hostile_expected(op, at);
        CHECK(!expected || hostile.unheard || strstr(seam_console(), expected),
              "\"%s\" while %s was not noticed:\n%s", hostile_name(op), device_state_name[at],
              seam_console());
    }
    totals.lines_max = MAX(totals.lines_max, lines());
    net_workload_wait(&other_work);
    net_workload_stop(&other_work);
    ret = shutdown_netfront(other_dev);
    CHECK(!ret, "close of the bystander: %s", errno_name(ret));
    net_workload_end(&other_work);
    CHECK(lines() <= LINES_MAX && sim_said("error: vif0") <= ERRORS_MAX,
          "%u lines on the console, %u of them errors of the device:\n%s", lines(),
          sim_said("error: vif0"), seam_console());
    hostile_end(&back.peer);
    life_settle();
    baseline_check(&baseline, "after a hostile backend");
}

static void hostile_seed(unsigned first)
{
    struct net_profile p;
    enum device_state at;
    unsigned op;

    boot(16 + below(17));
    netback_create(&back, 0, 7);
    netback_create(&other, 1, 0);
    net_profile_random(&p);
    p.error_in = p.bad_in = 0;
    netback_set_profile(&other, &p);
    baseline_take(&baseline);
    for (unsigned i = 0; i < PAIRS_PER_SEED; i++) {
        hostile_pair((PAIRS_PER_SEED * first + i) % hostile_pairs(), &op, &at);
        hostile_life(op, at);
    }
    /* and afterwards the device can be used again */
    net_profile_random(&p);
    netback_set_profile(&back, &p);
    honest(50);
}

/* ---- kinds of seeds ---- */

void net_scenario_run(uint64_t seed)
{
    unsigned round = (unsigned)(seed / 16);

    sim_random.state = seed * 0x9e3779b97f4a7c15 + 2;
    random_u64(&sim_random);
    grant_share_reading();
    switch (seed % 16) {
    case 0:
    case 1:
        correct(net_profile_qemu, 32);
        break;
    case 2:
    case 3:
        correct(net_profile_linux, 32);
        break;
    case 4:
        restarts();
        break;
    case 5:
        allocation(1 + round * ALLOCATIONS);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        hostile_seed(round * 4 + (unsigned)(seed % 16) - 6);
        break;
    case 10:
        if (round % 4 == 0) {
            busy();
            break;
        }
        flaps();
        break;
    case 11:
        /* few grants: copies, and fewer buffers */
        correct(net_profile_random, 1 + below(3));
        break;
    case 12:
        life_boot(NET_MEMORY, 32);
        scenario_suspend(&net_device);
        break;
    case 14:
        life_boot(NET_MEMORY, 32);
        scenario_store(&net_device, round);
        break;
    case 15:
        stalls();
        break;
    default:
        correct(net_profile_random, 32);
    }
}
