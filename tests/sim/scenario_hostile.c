/* SPDX-License-Identifier: MIT */
/* Seeds with a hostile backend: some pairs of operation and device state, beside a device that
 * must not be affected. */
#include "scenario.h"

#include "hostile.h"
#include "life.h"

#include <stdio.h>

#define DEVID     51712 /* xvda */
#define BYSTANDER 51728 /* xvdb */

#define PAIRS_PER_SEED 4
/* The limit of messages that a hostile backend can provoke: each invalid key is named once, then
 * come the reason of the device's failure, the number of its lost requests, and that the backend
 * does not close. */
#define LINES_MAX  28
#define ERRORS_MAX 3

static struct backend disk, other;
static struct workload work, other_work;
static struct hostile hostile;
static struct baseline baseline;

static unsigned lines(void)
{
    return sim_said("\n");
}

static void hostile_life(unsigned op, enum device_state at)
{
    struct blkfront_config config;
    struct workload_options o, other_o;
    struct blkfront_dev *other_dev;
    const char *expected;
    struct profile p;
    int ret;

    profile_random(&p);
    p.readonly = false;
    p.delay_ns = MIN(p.delay_ns, 20000u);
    p.error_in = 0;
    life_options(&o, &disk, 40 + below(100));
    o.lossy = true;
    life_random_config(&config);
    config.connect_timeout_ns = config.close_timeout_ns = NSEC_PER_SEC;
    config.reconnect_timeout_ns = one_in(2) ? BLKFRONT_NO_RECONNECT : NSEC_PER_SEC;
    hostile_begin(&disk.peer, &hostile, op, at);
    backend_set_profile(&disk, &p);
    seam_console_clear();

    /* another device works all the time, and must not notice */
    life_options(&other_o, &other, 100);
    ret = life_open(&other, NULL, &other_dev);
    CHECK(!ret, "open of the bystander: %s", errno_name(ret));
    CHECK(!workload_begin(&other_work, &other, other_dev, &other_o),
          "simulation: no memory for the bystander's workload");
    life_lossy(&disk, &work, &o, &config);
    if (at == AT_GONE)
        hostile_at(&disk.peer, AT_GONE);
    thread_sleep(NSEC_PER_MSEC);
    if (hostile.fired) {
        totals.pair[op][at]++;
        totals.hostile_lives++;
        expected = hostile_expected(op, at);
        if (config.polled && at == AT_IDLE)
            expected = NULL; /* the driver does not read the ring before a request is in flight */
        CHECK(!expected || strstr(seam_console(), expected), "\"%s\" while %s was not noticed:\n%s",
              hostile_name(op), device_state_name[at], seam_console());
    }
    totals.lines_max = MAX(totals.lines_max, lines());
    workload_wait(&other_work);
    workload_verify(&other_work);
    ret = shutdown_blkfront(other_dev);
    CHECK(!ret, "close of the bystander: %s", errno_name(ret));
    workload_end(&other_work);
    CHECK(lines() <= LINES_MAX && sim_said("error: xvda") <= ERRORS_MAX,
          "%u lines on the console, %u of them errors of the device:\n%s", lines(),
          sim_said("error: xvda"), seam_console());
    hostile_end(&disk.peer);
    life_settle();
    baseline_check(&baseline, "after a hostile backend");
}

void scenario_hostile(unsigned first)
{
    struct workload_options o;
    struct profile p;
    enum device_state at;
    unsigned op;

    life_boot(8 << 20, 16 + below(17));
    backend_create(&disk, DEVID, 7, 1024);
    backend_create(&other, BYSTANDER, 0, 512);
    profile_random(&p);
    backend_set_profile(&other, &p);
    baseline_take(&baseline);
    for (unsigned i = 0; i < PAIRS_PER_SEED; i++) {
        hostile_pair((PAIRS_PER_SEED * first + i) % hostile_pairs(), &op, &at);
        hostile_life(op, at);
    }
    /* and afterwards the device can be used again */
    oracle_reset(&disk.oracle);
    profile_random(&p);
    backend_set_profile(&disk, &p);
    life_options(&o, &disk, 50);
    life_honest(&disk, &work, &o);
    life_settle();
    baseline_check(&baseline, "after closing");
}
