/* SPDX-License-Identifier: MIT */
/*
 * The domain is suspended at any step of a device's life, by the toolstack or by a thread of the
 * guest, and continues: as it was, or as another domain, without anything that it had from Xen,
 * XenStore and the backend, and with a backend with other offers. The workload must not notice
 * either.
 */
#include "scenario.h"

#include "device.h"
#include "life.h"

#include <kernel/shutdown.h>
#include <ringlet/suspend.h>

#define FRAMES 32

static const struct device *device;
static struct baseline baseline;

static bool only_cancels, device_open;
static uint64_t requests_before; /* those completed at the last resume */

/* ---- another domain ---- */

/* The time of the suspend. */
static void count_resume(void)
{
    uint64_t state = store_number(device->peer->frontend, "state", XenbusStateUnknown);

    totals.resumes++;
    totals.resumes_again += device_done() == requests_before;
    requests_before = device_done();
    if (!device_open)
        totals.resumes_idle++;
    else if (!device->peer->present)
        totals.resumes_away++;
    else if (state == XenbusStateClosing || state == XenbusStateClosed)
        totals.resumes_closing++;
    else if (state != XenbusStateConnected)
        totals.resumes_connecting++;
}

/* With other offers. */
static void backend_anew(struct peer *p)
{
    if (!p->present && p->deaths)
        p->deaths--;
    p->return_at = 0;
    p->returned = p->not_mine = p->leaving = false;
    p->domid = (domid_t)(7 + below(3));
    device->anew();
}

static void another_domain(void)
{
    count_resume();
    device->let_go();
    CHECK(!grant_mappings(), "simulation: something of the old domain's is still mapped");
    sim_new_domain();
    store_new_domain(one_in(4) ? store_guest_id : 10 + below(90));
    store_text(store_guest, "control/shutdown", "");
    backend_anew(device->peer);
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
    sim_note((uint64_t)(int64_t)ret, device_done());
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

/* Cancelled suspends leave no trace in the statistics. */
static void only_cancelled(unsigned requests)
{
    only_cancels = true;
    device->honest(requests);
    only_cancels = false;
}

static void one_life(void)
{
    bool cancels = one_in(5);
    unsigned requests = 100 + below(400);
    struct thread *t = NULL;

    device->attach(!cancels);
    device_open = true;
    orders_left = 1 + below(8);
    plan();
    if (one_in(2))
        CHECK(!thread_create(&t, "suspender", suspender, NULL, 0), "simulation: no memory");
    if (cancels)
        only_cancelled(requests);
    else
        device->restarts(requests, one_in(2) ? 1 + below(3) : 0);
    device_open = false;
    if (t)
        thread_join(t);
    orders_left = at_state = 0;
    life_settle();
    CHECK(store_get(store_guest, "control/shutdown", NULL)[0] == '\0',
          "the toolstack's word is not acknowledged");
    baseline_check(&baseline, "after suspends");
}

void scenario_suspend(const struct device *d)
{
    device = d;
    seam_suspend = stop;
    CHECK(!shutdown_init(), "the shutdown thread does not start");
    device->create();
    backend_hears = store_changed;
    store_changed = changed;
    sim_add_actor(&toolstack);
    store_text(store_guest, "control/shutdown", "");
    life_settle();
    baseline_take(&baseline);
    for (unsigned life = 2 + below(4); life; life--)
        one_life();
    device->attach(false);
    device->honest(100);
    life_settle();
    baseline_check(&baseline, "after closing");
}
