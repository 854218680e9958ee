/* SPDX-License-Identifier: MIT */
/*
 * The domain is suspended at any step of a device's life, because the toolstack says so or because
 * a thread of the guest's wants it, and goes on: as it was, or as another domain, with nothing of
 * what Xen, XenStore and the backend had given it, and a backend with other offers. The workload
 * must not notice either.
 */
#include "scenario.h"

#include "life.h"

#include <ringlet/shutdown.h>
#include <ringlet/suspend.h>

#define FRAMES 32

static struct backend disk;
static struct workload work;
static struct baseline baseline;

static bool only_cancels, device_open;
static uint64_t requests_before; /* those completed at the last resume */

/* ---- another domain ---- */

/* At what moment it comes. */
static void count_resume(void)
{
    uint64_t state = store_number(disk.frontend, "state", XenbusStateUnknown);

    totals.resumes++;
    totals.resumes_again += totals.requests == requests_before;
    requests_before = totals.requests;
    if (!device_open)
        totals.resumes_idle++;
    else if (!disk.present)
        totals.resumes_away++;
    else if (state == XenbusStateClosing || state == XenbusStateClosed)
        totals.resumes_closing++;
    else if (state != XenbusStateConnected)
        totals.resumes_connecting++;
}

/* Of what it has taken some is done and some is not. */
static void backend_lets_go(struct backend *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        if (b->taken[i]->segments && !b->taken[i]->executed && one_in(2))
            backend_execute(b, b->taken[i]);
    }
    backend_disconnect(b);
    /* it died and the guest was stopped before it knew: in the new domain nobody can tell */
    if (b->connected_at == NEVER &&
        sim_said(BACKEND_LOSS) + sim_said(BACKEND_AWAY) == b->losses_known)
        b->must_fail_flush = 0;
}

/* With other offers and the same disk, of which nothing is lost. */
static void backend_anew(struct backend *b)
{
    struct profile p;

    profile_random(&p);
    p.error_in = 0;
    p.readonly = false;
    if (!b->present && b->deaths)
        b->deaths--;
    b->return_at = 0;
    b->returned = b->not_mine = b->leaving = false;
    b->connected_at = NEVER;
    b->unflushed = 0;
    b->domid = (domid_t)(7 + below(3));
    backend_set_profile(b, &p);
}

static void another_domain(void)
{
    count_resume();
    backend_lets_go(&disk);
    CHECK(!grant_mappings(), "simulation: something of the old domain's is still mapped");
    sim_new_domain();
    store_new_domain(one_in(4) ? store_guest_id : 10 + below(90));
    store_text(store_guest, "control/shutdown", "");
    backend_anew(&disk);
    seam_grant_max_frames = one_in(4) ? FRAMES / 2 + below(FRAMES) : FRAMES;
}

/* ---- the toolstack ---- */

static void order(struct actor *a);
static struct actor toolstack = {.name = "toolstack", .due = NEVER, .run = order};
static unsigned orders_left, at_state; /* at_state: ordered when an end of the device gets there */
static bool ordered;
static void (*backend_hears)(const char *path);

/* Each moment is near the beginning of something, or anywhere. */
static unsigned some_time(void)
{
    static const unsigned times[] = {1000, 100000, 5000000, 300000000};

    return 1 + below(times[below(ARRAY_SIZE(times))]);
}

static void plan(void)
{
    if (!orders_left)
        return;
    orders_left--;
    if (one_in(2))
        at_state = XenbusStateInitialising + below(XenbusStateClosed);
    else
        actor_wake(&toolstack, some_time());
}

static void order(struct actor *a)
{
    (void)a;
    ordered = true;
    store_text(store_guest, "control/shutdown", "suspend");
}

static void changed(const char *path)
{
    size_t n = strlen(path);

    backend_hears(path);
    if (!at_state || n < 6 || strcmp(path + n - 6, "/state") ||
        store_number(path, NULL, 0) != at_state)
        return;
    at_state = 0;
    actor_wake(&toolstack, below(one_in(2) ? 1000 : 100000));
}

/* ---- suspending ---- */

static int stop(void)
{
    bool stays = only_cancels || one_in(4);
    int ret = stays ? one_in(4) ? -EPERM : 1 : 0;

    TRACE("xen       the domain stops, and is %s", stays ? "the same" : "another one");
    sim_note((uint64_t)(int64_t)ret, totals.requests);
    totals.cancels += stays;
    if (!stays)
        another_domain();
    if (ordered) {
        ordered = false;
        plan();
    }
    return ret;
}

static void suspender(void *arg)
{
    (void)arg;
    for (unsigned n = below(4); n && device_open; n--) {
        int ret;

        thread_sleep(some_time());
        ret = domain_suspend();
        CHECK(ret == 0 || ret == 1 || ret == -EPERM || ret == -EBUSY, "a suspend ended with %s",
              errno_name(ret));
    }
}

/* ---- lives ---- */

/* Suspends that come to nothing leave not even a trace in the statistics. */
static void only_cancelled(struct workload_options *o)
{
    only_cancels = true;
    life_honest(&disk, &work, o);
    only_cancels = false;
}

static void resumed(struct workload_options *o)
{
    struct blkfront_config config;

    o->restarts = true;
    life_random_config(&config);
    disk.powerless = one_in(2);
    disk.deaths = one_in(2) ? 1 + below(3) : 0;
    disk.return_at = 0;
    disk.die_at = disk.deaths ? 1 + below(100) : 0;
    life_restarts(&disk, &work, o, &config);
    disk.die_at = 0;
    disk.deaths = 0;
}

static void one_life(void)
{
    bool cancels = one_in(5);
    struct workload_options o;
    struct thread *t = NULL;
    struct profile p;

    profile_random(&p);
    p.error_in = cancels ? p.error_in : 0;
    p.readonly &= cancels;
    backend_set_profile(&disk, &p);
    life_options(&o, &disk, 100 + below(400));
    device_open = true;
    orders_left = 1 + below(8);
    plan();
    if (one_in(2))
        CHECK(!thread_create(&t, "suspender", suspender, NULL, 0), "simulation: no memory");
    if (cancels)
        only_cancelled(&o);
    else
        resumed(&o);
    device_open = false;
    if (t)
        thread_join(t);
    orders_left = at_state = 0;
    life_settle();
    CHECK(store_get(store_guest, "control/shutdown", NULL)[0] == '\0',
          "the toolstack's word is not acknowledged");
    baseline_check(&baseline, "after suspends");
}

void scenario_suspend(void)
{
    struct workload_options o;
    struct profile p;

    life_boot(8 << 20, FRAMES);
    seam_suspend = stop;
    CHECK(!shutdown_init(), "the shutdown thread does not start");
    backend_create(&disk, 51712, 7, 8 * (64 + below(192)));
    backend_hears = store_changed;
    store_changed = changed;
    sim_add_actor(&toolstack);
    store_text(store_guest, "control/shutdown", "");
    life_settle();
    baseline_take(&baseline);
    for (unsigned life = 2 + below(4); life; life--)
        one_life();
    profile_random(&p);
    backend_set_profile(&disk, &p);
    life_options(&o, &disk, 100);
    life_honest(&disk, &work, &o);
    life_settle();
    baseline_check(&baseline, "after closing");
}
