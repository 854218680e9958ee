/* SPDX-License-Identifier: MIT */
/*
 * Faults of XenStore and the toolstack: XenStore stops answering, for some time or for good; the
 * guest's quota of nodes, watches or transactions is almost used up; the guest may not read its
 * backend's directory any more; a device is removed without notice. In all cases each call ends in
 * time, nothing is left, and the disk works again afterwards.
 */
#include "scenario.h"

#include "device.h"
#include "life.h"

#include <ringlet/xenstore.h>

#define TIMEOUT NSEC_PER_SEC /* to connect, and to close */

static const struct device *device;
static struct baseline baseline;

enum fault { SILENT, FEW_NODES, FEW_WATCHES, FEW_TRANSACTIONS, FORBIDDEN, REMOVED, FAULTS };

static enum fault fault;
static unsigned steps; /* the fault begins at this turn of it ... */
static bool over;      /* ... and ends at the next, if it ends */

static void turn(struct actor *a);
static struct actor trouble = {.name = "trouble", .due = NEVER, .run = turn};

static uint64_t a_while(void)
{
    static const uint64_t times[] = {10000, 300000, 20000000, 900000000, 3000000000};

    return 1 + random_u64(&sim_random) % times[below(ARRAY_SIZE(times))];
}

/* Mostly while messages are in progress. */
static uint64_t some_steps(void)
{
    static const unsigned times[] = {2000, 100000, 5000000};

    return 1 + below(times[below(ARRAY_SIZE(times))]);
}

static void begin(void)
{
    switch (fault) {
    case SILENT:
        totals.silences++;
        store_silence(one_in(2) ? NEVER : seam_now + a_while());
        break;
    case FORBIDDEN:
        if (!store_get(device->peer->directory, NULL, NULL))
            break;
        totals.permits++;
        toolstack_permit(device->peer->directory, device->peer->domid, false);
        if (one_in(2))
            actor_wake(&trouble, a_while());
        break;
    case REMOVED: /* as `xl block-detach --force` does, or a part of it */
        totals.removals++;
        toolstack_remove(one_in(2) ? device->peer->frontend : device->peer->directory,
                         device->peer->directory);
        break;
    default:
        break;
    }
}

/* The backend can always read its own directory, and has noticed nothing. */
static void end(void)
{
    if (store_get(device->peer->directory, NULL, NULL))
        toolstack_permit(device->peer->directory, device->peer->domid, true);
}

static void turn(struct actor *a)
{
    (void)a;
    if (!over && steps && --steps) {
        actor_wake(&trouble, some_steps());
        return;
    }
    if (over)
        end();
    else
        begin();
    over = true;
}

/* So that a device gets some of its nodes, and not all. */
static void limits(unsigned before[STORE_QUOTAS])
{
    before[QUOTA_NODES] =
        fault == FEW_NODES ? store_limit(QUOTA_NODES, store_used(QUOTA_NODES) + below(12)) : 0;
    before[QUOTA_WATCHES] =
        fault == FEW_WATCHES ? store_limit(QUOTA_WATCHES, store_used(QUOTA_WATCHES) + below(4)) : 0;
    before[QUOTA_TRANSACTIONS] =
        fault == FEW_TRANSACTIONS ? store_limit(QUOTA_TRANSACTIONS, below(2)) : 0;
}

static void no_limits(const unsigned before[STORE_QUOTAS])
{
    for (unsigned i = 0; i < QUOTA_BYTES; i++)
        if (before[i])
            store_limit((enum store_quota)i, before[i]);
}

/* Each of these may take as long: the requests to end, the backend to follow. */
static void in_time(uint64_t begun, uint64_t most, const char *what)
{
    CHECK(seam_now - begun <= most, "%s took %llu ms", what,
          (unsigned long long)((seam_now - begun) / NSEC_PER_MSEC));
}

static void one_life(void)
{
    uint64_t begun = seam_now;
    int ret;

    device->peer->unseen = fault == FORBIDDEN || fault == REMOVED;
    over = false;
    steps = 1 + below(one_in(2) ? 3 : 12);
    if (fault == SILENT || fault == FORBIDDEN || fault == REMOVED)
        actor_wake(&trouble, some_steps());
    ret = device->open(50 + below(200), TIMEOUT, one_in(3) ? UINT64_MAX : 1 + below(1000000000));
    in_time(begun, 2 * TIMEOUT + NSEC_PER_SEC / 2 * 5, "opening");
    if (ret) {
        CHECK(ret == -ETIMEDOUT || ret == -ENOSPC || ret == -ENODEV || ret == -ENOENT ||
                  ret == -EINVAL || ret == -EACCES,
              "open: %s", errno_name(ret));
        return;
    }
    device->work();
    begun = seam_now;
    ret = device->close();
    CHECK(!ret || ret == -ETIMEDOUT, "close: %s", errno_name(ret));
    in_time(begun, 2 * TIMEOUT + 2 * NSEC_PER_SEC, "closing");
    device->end();
}

/* XenStore answers again; late answers are dropped, and their effects undone. */
static void settle(void)
{
    struct xs_stats s;

    store_silence(0);
    trouble.due = NEVER;
    life_settle();
    CHECK(!xs_rm(XS_NO_TRANSACTION, "data", "nothing"), "XenStore does not work any more");
    life_settle();
    xs_get_stats(&s);
    totals.given_up += s.given_up;
    totals.late += s.late;
}

void scenario_store(const struct device *d, unsigned round)
{
    device = d;
    sim_add_actor(&trouble);
    device->create();
    baseline_take(&baseline);
    fault = (enum fault)(round % FAULTS);
    for (unsigned life = 1 + below(4); life; life--) {
        unsigned before[STORE_QUOTAS];

        device->attach(true);
        limits(before);
        one_life();
        no_limits(before);
        /* the toolstack removes the rest of it, and the backend's kernel does, too */
        device->peer->leaving = true;
        toolstack_remove(device->peer->frontend, device->peer->directory);
        device->peer->ops->disconnect(device->peer);
        settle();
        baseline_check(&baseline, "after a fault of XenStore's");
    }
    device->attach(false);
    device->honest(100);
    life_settle();
    baseline_check(&baseline, "after closing");
}
