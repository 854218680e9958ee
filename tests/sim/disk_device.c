/* SPDX-License-Identifier: MIT */
/* A disk and its workload (device.h). */
#include "device.h"

#include "life.h"

static struct backend disk;
static struct workload work;
static struct workload_options options;
static struct blkfront_dev *opened;

static void create(void)
{
    backend_create(&disk, 51712, 7, 8 * (64 + below(192)));
}

static void attach(bool calm)
{
    struct profile p;

    profile_random(&p);
    if (calm) {
        p.error_in = 0;
        p.readonly = false;
    }
    backend_set_profile(&disk, &p);
}

static void honest(unsigned requests)
{
    struct workload_options o;

    disk.peer.hurried = false;
    life_options(&o, &disk, requests);
    life_honest(&disk, &work, &o);
}

static void restarts(unsigned requests, unsigned deaths)
{
    struct blkfront_config config;
    struct workload_options o;

    life_options(&o, &disk, requests);
    o.restarts = true;
    life_random_config(&config);
    disk.peer.powerless = one_in(2);
    disk.peer.deaths = deaths;
    disk.peer.return_at = 0;
    disk.die_at = deaths ? 1 + below(100) : 0;
    life_restarts(&disk, &work, &o, &config);
    disk.die_at = 0;
    disk.peer.deaths = 0;
}

static int open_device(unsigned requests, uint64_t timeout, uint64_t reconnect)
{
    struct blkfront_config config;
    int ret;

    life_options(&options, &disk, requests);
    options.lossy = disk.peer.hurried = true;
    life_random_config(&config);
    config.connect_timeout_ns = config.close_timeout_ns = timeout;
    config.reconnect_timeout_ns = reconnect;
    /* the timeout for requests of a backend whose state cannot be read */
    config.request_timeout_ns = 3 * NSEC_PER_SEC;
    memset(&work, 0, sizeof(work));
    ret = life_open(&disk, &config, &opened);
    CHECK(!ret == !!opened, "open failed and gave a device");
    return ret;
}

static void work_on(void)
{
    workload_begin(&work, &disk, opened, &options);
    workload_wait(&work);
}

static int close_device(void)
{
    return shutdown_blkfront(opened);
}

static void end(void)
{
    workload_end(&work);
}

static void let_go(void)
{
    struct backend *b = &disk;

    for (unsigned i = 0; i < b->count; i++) {
        if (b->taken[i]->segments && !b->taken[i]->executed && one_in(2))
            backend_execute(b, b->taken[i]);
    }
    backend_disconnect(b);
    /* it died, and the guest was suspended before it noticed: in the new domain this cannot be
     * detected */
    if (b->connected_at == NEVER &&
        sim_said(BACKEND_LOSS) + sim_said(BACKEND_AWAY) == b->losses_known)
        b->must_fail_flush = 0;
}

/* The same disk, of which nothing is lost. */
static void anew(void)
{
    disk.connected_at = NEVER;
    disk.unflushed = 0;
    attach(true);
}

const struct device disk_device = {
    .peer = &disk.peer,
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
