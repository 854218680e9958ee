/* SPDX-License-Identifier: MIT */
/* A network interface and its workload (device.h). */
#include "device.h"

#include "net_life.h"

static struct netback back;
static struct net_workload work;
static struct netfront_dev *opened;

static void create(void)
{
    netback_create(&back, 0, 7);
    net_workload_secrets();
}

static void attach(bool calm)
{
    struct net_profile p;

    net_profile_random(&p);
    if (calm)
        p.error_in = p.bad_in = 0;
    netback_set_profile(&back, &p);
}

static void honest(unsigned requests)
{
    struct net_options o;

    back.peer.hurried = false;
    net_options_random(&o, requests);
    net_life_honest(&back, &work, &o, below(2 * requests));
}

static void restarts(unsigned requests, unsigned deaths)
{
    struct netfront_config config;
    struct net_options o;

    net_options_random(&o, requests);
    o.restarts = true;
    net_life_config(&config);
    back.peer.deaths = deaths;
    back.peer.return_at = 0;
    back.left = below(2 * requests);
    back.die_at = deaths ? 1 + below(one_in(2) ? 20 : 200) : 0;
    net_life_restarts(&back, &work, &o, &config);
    back.die_at = back.peer.die_turn = 0; /* it may have come back at the very end, to die again */
    back.peer.deaths = 0;
}

static int open_device(unsigned requests, uint64_t timeout, uint64_t reconnect)
{
    struct netfront_config config;
    struct net_options o;
    int ret;

    net_options_random(&o, requests);
    o.lossy = back.peer.hurried = true;
    net_life_config(&config);
    config.connect_timeout_ns = config.close_timeout_ns = timeout;
    config.reconnect_timeout_ns = reconnect;
    net_workload_init(&work, &back, &o);
    net_life_take_config(&work, &config);
    back.left = below(2 * requests);
    ret = net_life_open(&work, &opened);
    CHECK(!ret == !!opened, "open failed and gave a device");
    if (ret)
        net_workload_end(&work);
    return ret;
}

static void work_on(void)
{
    net_workload_begin(&work, opened);
    net_workload_wait(&work);
    net_workload_stop(&work);
}

static int close_device(void)
{
    return shutdown_netfront(opened);
}

static void end(void)
{
    net_workload_end(&work);
}

static void let_go(void)
{
    netback_disconnect(&back);
    netback_clean_up(&back);
}

static void anew(void)
{
    attach(true);
}

uint64_t device_done(void)
{
    return totals.requests + totals.net_rx + work.done_ok + work.done_error;
}

const struct device net_device = {
    .peer = &back.peer,
    .create = create,
    .attach = attach,
    .honest = honest,
    .restarts = restarts,
    .open = open_device,
    .work = work_on,
    .close = close_device,
    .end = end,
    .let_go = let_go,
    .anew = anew,
};
