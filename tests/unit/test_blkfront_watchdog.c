/* SPDX-License-Identifier: MIT */
/* A backend that does not answer: the report, the second notification, the failure, and the
 * counters of each. Time passes only where a test advances it. */
#include "watchdog_test.h"

static void reported_and_late(void **state)
{
    uint8_t *p = pages(1);
    uint64_t sends;

    (void)state;
    open_disk(SEC, 0);
    submit(1, p, 1, 0);
    sends = seam_sends;
    thread_sleep(SEC - MS);
    assert_string_equal(seam_console(), "");
    thread_sleep(2 * MS);
    assert_int_equal(lines("xvda: backend 7 has not answered a write of sector 8 + 8 for 1.000 s "
                           "(queue 0, 1 requests in flight): notifying it again\n"),
                     1);
    assert_int_equal(lines("\n"), 1);
    assert_int_equal(stats().rekicks, 1);
    assert_int_equal(seam_sends, sends + 1);
    assert_int_equal(stats().notifications, 2);
    thread_sleep(10 * SEC);
    assert_int_equal(lines("\n"), 11);
    assert_int_equal(lines("still waiting"), 10);
    assert_int_equal(lines("for 11.000 s"), 1);
    assert_int_equal(stats().rekicks, 11); /* with each line: the last one may have been lost too */
    assert_int_equal(seam_sends, sends + 11);
    assert_int_equal(calls, 0);

    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls, 1);
    assert_int_equal(req[1].result, 0);
    thread_sleep(60 * SEC);
    assert_int_equal(lines("\n"), 11);
    assert_int_equal(stats().lost_events, 0);
    assert_int_equal(stats().timeouts, 0);
    assert_false(disk.dev->path.watchdog.armed); /* an idle device costs nothing */
    fdisk_close(&disk);
    page_free(p, 1);
}

/* The default: a device is never given up. */
static void never_fails(void **state)
{
    struct blkfront_config config;
    uint8_t *p = pages(1);

    (void)state;
    assert_int_equal(negotiate_config(NULL, &config), 0);
    assert_int_equal(config.watchdog_ns, 30 * SEC);
    assert_int_equal(config.request_timeout_ns, 0);
    open_disk(config.watchdog_ns, 0);
    submit(0, p, 0, 0);
    thread_sleep(3600 * SEC);
    assert_in_range(lines("\n"), 119, 120);
    assert_int_equal(stats().timeouts, 0);
    assert_true(device_active(disk.dev));
    fdisk_drain(&disk);
    assert_int_equal(req[0].result, 0);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Many requests due one after the other cause few checks, and few notifications. */
static void many_at_once(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 0);
    for (unsigned i = 0; i < 8; i++) {
        submit(i, p, 0, 0);
        thread_sleep(10 * MS);
    }
    thread_sleep(SEC + 200 * MS);
    assert_int_equal(lines("\n"), 1);
    assert_int_equal(lines("sector 0 + 8 for 1.000 s"), 1);
    assert_int_equal(stats().rekicks, 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 8);
    /* and a later one gets its own */
    submit(0, p, 0, 0);
    thread_sleep(3 * SEC / 2);
    assert_int_equal(stats().rekicks, 2);
    fdisk_drain(&disk);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* ---- events ---- */

static void lost_event(void **state)
{
    uint8_t *p = pages(2);

    (void)state;
    open_disk(SEC, 0);
    submit(0, p, 0, 0);
    submit(1, p + PAGE_SIZE, 0, 0);
    fdisk_answer(&disk, 1, BLKIF_RSP_OKAY);
    disk.queue[0].ring->rsp_prod = disk.queue[0].rsp_prod; /* and no event */
    thread_sleep(SEC - MS);
    assert_int_equal(calls, 0);
    thread_sleep(2 * MS);
    assert_int_equal(calls, 1);
    assert_int_equal(req[1].result, 0);
    assert_int_equal(stats().lost_events, 1);
    assert_int_equal(stats().rekicks, 1); /* for the other one */
    assert_int_equal(lines("had answered 1 requests, but no event came"), 1);
    assert_int_equal(lines("\n"), 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    fdisk_close(&disk);
    page_free(p, 2);
}

/* The guest was busy for a long time: a pending event was not lost. */
static void late_event(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 1500 * MS);
    submit(0, p, 0, 0);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    seam_now += 5 * SEC;
    thread_poll_events();
    assert_int_equal(calls, 1);
    assert_int_equal(req[0].result, 0);
    assert_int_equal(stats().lost_events, 0);
    assert_int_equal(stats().rekicks, 0);
    assert_string_equal(seam_console(), "");
    fdisk_close(&disk);
    page_free(p, 1);
}

/* ---- failing ---- */

static void timeout_fails_the_device(void **state)
{
    uint8_t *p = pages(3);

    (void)state;
    open_disk(30 * SEC, 2 * SEC);
    submit(0, p, 0, 0);
    submit(1, p + PAGE_SIZE, 0, 0);
    fdisk_map(disk.taken[1].seg[0].gref, true);
    thread_sleep(SEC - MS);
    assert_int_equal(stats().rekicks, 0);
    thread_sleep(2 * MS);
    assert_int_equal(stats().rekicks, 1); /* at half of it */
    assert_int_equal(lines("\n"), 1);
    thread_sleep(SEC - 3 * MS);
    assert_true(device_active(disk.dev));
    thread_sleep(SEC / 4);
    assert_false(device_active(disk.dev));
    assert_true(disk.dev->fe.fail_wanted);
    assert_int_equal(disk.dev->fe.fail_reason, -ETIMEDOUT);
    assert_int_equal(stats().timeouts, 1);
    assert_int_equal(lines(": the device fails\n"), 1);
    assert_int_equal(lines("\n"), 2);
    req[2] = request(p + 2 * PAGE_SIZE, 0, 512);
    assert_int_equal(blkfront_aio(&req[2], 0), -ENODEV);

    /* a late answer changes nothing any more */
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls, 0);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 1);
    assert_int_equal(req[0].result, -ETIMEDOUT);
    lifecycle_release(disk.dev);
    assert_int_equal(calls, 2);
    assert_int_equal(req[1].result, -ETIMEDOUT);
    assert_int_equal(stats().grants_quarantined, 1);
    thread_sleep(60 * SEC);
    assert_int_equal(lines("\n"), 2);
    fdisk_close(&disk);
    page_free(p, 3);
}

/* The whole guest stood still, and perhaps the backend with it: it gets its notification, and
 * some time. */
static void paused_guest(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 8 * SEC);
    submit(0, p, 0, 0);
    seam_now += 100 * SEC;
    thread_poll_events();
    assert_int_equal(stats().rekicks, 1);
    assert_true(device_active(disk.dev));
    thread_sleep(SEC - MS);
    assert_true(device_active(disk.dev));
    fdisk_drain(&disk);
    assert_int_equal(req[0].result, 0);

    submit(0, p, 0, 0);
    seam_now += 100 * SEC;
    thread_poll_events();
    assert_true(device_active(disk.dev));
    thread_sleep(SEC + SEC / 2);
    assert_false(device_active(disk.dev));
    assert_int_equal(stats().rekicks, 2);
    fdisk_close(&disk);
    assert_int_equal(req[0].result, -ETIMEDOUT);
    page_free(p, 1);
}

/* ---- a request's own timeout ---- */

static void own_shorter(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 0);
    submit(0, p, 0, 0);
    submit(1, p, 0, 100 * MS);
    thread_sleep(51 * MS);
    assert_int_equal(stats().rekicks, 1);
    assert_true(device_active(disk.dev));
    thread_sleep(60 * MS);
    assert_false(device_active(disk.dev));
    assert_int_equal(lines("sector 8 + 8 for 0.1"), 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

static void own_longer(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, SEC);
    submit(1, p, 0, 5 * SEC);
    thread_sleep(4 * SEC);
    assert_true(device_active(disk.dev));
    thread_sleep(2 * SEC);
    assert_false(device_active(disk.dev));
    fdisk_close(&disk);
    page_free(p, 1);
}

/* It counts from the submission, also while the ring is full of requests without a timeout. */
static void own_without_a_slot(void **state)
{
    static struct blkfront_aiocb full[WIRE_SLOTS_PER_PAGE];
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 0);
    for (unsigned i = 0; i < WIRE_SLOTS_PER_PAGE; i++) {
        full[i] = request(p, 0, 512);
        full[i].aio_cb = count_call;
        assert_int_equal(blkfront_aio(&full[i], 0), 0);
    }
    submit(0, p, 0, 0);
    submit(1, p, 1, SEC);
    assert_int_equal(disk.count, WIRE_SLOTS_PER_PAGE);
    thread_sleep(SEC - MS);
    assert_int_equal(lines("xvda: a write at byte 4096 has waited for a ring slot, a grant or "
                           "memory for 0.500 s"),
                     1);
    assert_true(device_active(disk.dev));
    thread_sleep(SEC / 8);
    assert_false(device_active(disk.dev));
    fdisk_close(&disk);
    assert_int_equal(calls, WIRE_SLOTS_PER_PAGE + 2);
    page_free(p, 1);
}

/* ... and the time that it waited before it was sent counts too. */
static void own_after_waiting(void **state)
{
    static struct blkfront_aiocb full[WIRE_SLOTS_PER_PAGE];
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 0);
    for (unsigned i = 0; i < WIRE_SLOTS_PER_PAGE; i++) {
        full[i] = request(p, 0, 512);
        full[i].aio_cb = count_call;
        assert_int_equal(blkfront_aio(&full[i], 0), 0);
    }
    submit(1, p, 1, SEC);
    thread_sleep(600 * MS);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    fdisk_take(&disk);
    assert_int_equal(disk.taken[disk.count - 1].op, BLKIF_OP_WRITE);
    thread_sleep(390 * MS);
    assert_true(device_active(disk.dev));
    thread_sleep(SEC / 8);
    assert_false(device_active(disk.dev));
    fdisk_close(&disk);
    page_free(p, 1);
}

/* No request is at the backend: all grants are in use elsewhere. */
static void no_grants(void **state)
{
    static grant_ref_t taken[20000];
    uint8_t *p = pages(1);
    unsigned n = 0;
    int ref;

    (void)state;
    open_disk(30 * SEC, SEC);
    while ((ref = gnttab_grant(7, p, true)) > 0)
        taken[n++] = (grant_ref_t)ref;
    submit(0, p, 0, 0);
    assert_int_equal(disk.count, 0);
    thread_sleep(SEC - MS);
    assert_true(device_active(disk.dev));
    assert_int_equal(stats().rekicks, 0); /* there is no backend to notify */
    thread_sleep(SEC / 8);
    assert_false(device_active(disk.dev));
    assert_int_equal(stats().timeouts, 1);
    while (n)
        gnttab_end(taken[--n]);
    fdisk_close(&disk);
    assert_int_equal(req[0].result, -ETIMEDOUT);
    page_free(p, 1);
}

/* blkfront_io and blkfront_sync come to an end. */
static void fail_in_place_of_the_frontend(void)
{
    if (disk.dev->fe.fail_wanted && disk.dev->state != DEVICE_CLOSED)
        lifecycle_close(disk.dev);
}

static void waiting_ends(void **state)
{
    struct blkfront_aiocb a;
    uint8_t *p = pages(1);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        open_disk(SEC, 10 * SEC);
        seam_idle = fail_in_place_of_the_frontend;
        a = request(p, 0, 512);
        assert_int_equal(i ? blkfront_sync(disk.dev) : blkfront_io(&a, 1), -ETIMEDOUT);
        fdisk_close(&disk);
    }
    page_free(p, 1);
}

/* ---- measuring ---- */

static void latency(void **state)
{
    const struct histogram *h[BLKFRONT_KINDS];
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;

    (void)state;
    open_disk(30 * SEC, 0);
    for (unsigned i = 0; i < BLKFRONT_KINDS; i++) {
        h[i] = blkfront_get_latency(disk.dev, (enum blkfront_kind)i);
        assert_int_equal(h[i]->count, 0);
    }
    assert_null(blkfront_get_latency(disk.dev, BLKFRONT_KINDS));

    submit(0, p, 0, 0);
    seam_now += 7000;
    submit(1, p, 0, 0);
    seam_now += 3000;
    fdisk_drain(&disk);
    assert_int_equal(h[BLKFRONT_READ]->count, 2);
    assert_int_equal(h[BLKFRONT_READ]->sum, 13000);
    assert_int_equal(h[BLKFRONT_READ]->min, 3000);
    assert_int_equal(h[BLKFRONT_READ]->max, 10000);
    submit(0, p, 1, 0);
    seam_now += 50;
    fdisk_drain(&disk);
    assert_int_equal(h[BLKFRONT_WRITE]->sum, 50);
    a = request(NULL, 0, 0);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_FLUSH_DISKCACHE), 0);
    seam_now += 60;
    fdisk_drain(&disk);
    assert_int_equal(h[BLKFRONT_OTHER]->sum, 60);

    /* a part of a sector: a read, then a write; each with its own start */
    a = request(p, 4096, 100);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    seam_now += 500;
    fdisk_run(&disk);
    thread_poll_events();
    seam_now += 20;
    fdisk_drain(&disk);
    assert_int_equal(h[BLKFRONT_READ]->sum, 13500);
    assert_int_equal(h[BLKFRONT_WRITE]->sum, 70);
    assert_int_equal(h[BLKFRONT_WRITE]->count, 2);
    assert_int_equal(stats().max_in_flight, 2);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* The time of a request from a callback begins when it is sent, however long the callbacks take. */
static void submit_again(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    seam_now += 1000;
    if (calls == 1)
        assert_int_equal(blkfront_aio(a, 0), 0);
}

static void latency_after_a_callback(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;

    (void)state;
    open_disk(30 * SEC, 0);
    a = request(p, 0, 512);
    a.aio_cb = submit_again;
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_int_equal(blkfront_get_latency(disk.dev, BLKFRONT_READ)->count, 2);
    assert_int_equal(blkfront_get_latency(disk.dev, BLKFRONT_READ)->max, 0);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* ---- requests that a callback submits have the time at which they are submitted ---- */

static struct blkfront_aiocb follow_up;
static uint8_t *follow_up_page;

static void submit_follow_up(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    seam_now += 300 * MS; /* it computes before it submits */
    follow_up = request(follow_up_page, 0, 4096);
    follow_up.aio_cb = count_call;
    follow_up.aio_timeout_ns = 10 * SEC;
    assert_int_equal(blkfront_aio(&follow_up, 0), 0);
    assert_int_equal(follow_up.request->submitted, seam_now);
}

/* A request of 0 bytes completes without a response, so that the poll which delivers it does not
 * read the clock. */
static void follow_up_of(struct blkfront_aiocb *a, size_t bytes)
{
    *a = request(follow_up_page, 0, bytes);
    a->aio_cb = submit_follow_up;
    assert_int_equal(blkfront_aio(a, 0), 0);
    if (bytes)
        fdisk_run(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    fdisk_take(&disk);
}

static void submitted_in_a_callback(void **state)
{
    struct blkfront_aiocb a;
    uint64_t begin;

    (void)state;
    follow_up_page = pages(1);
    for (size_t bytes = 0; bytes <= 4096; bytes += 4096) {
        seam_now = 100 * SEC;
        open_disk(30 * SEC, 0);
        follow_up_of(&a, bytes);
        begin = follow_up.request->submitted;
        thread_sleep(begin + 5 * SEC - MS - seam_now);
        assert_int_equal(lines("\n"), 0);
        thread_sleep(5 * SEC);
        assert_true(device_active(disk.dev));
        assert_int_equal(lines("has not answered a read of sector 0 + 8 for 5.000 s"), 1);
        thread_sleep(2 * SEC);
        assert_false(device_active(disk.dev));
        assert_int_equal(stats().timeouts, 1);
        fdisk_close(&disk);
    }
    page_free(follow_up_page, 1);
}

/* ... also on a device whose watchdog has been busy before. */
static void submitted_in_a_callback_later(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    follow_up_page = pages(1);
    seam_now = 100 * SEC;
    open_disk(SEC, 0);
    submit(0, follow_up_page, 0, 0);
    thread_sleep(SEC + 100 * MS);
    assert_int_equal(stats().rekicks, 1);
    fdisk_drain(&disk);
    seam_console_clear();
    follow_up_of(&a, 0);
    thread_sleep(900 * MS);
    assert_int_equal(lines("\n"), 0);
    assert_true(device_active(disk.dev));
    fdisk_drain(&disk);
    assert_int_equal(follow_up.result, 0);
    fdisk_close(&disk);
    page_free(follow_up_page, 1);
}

/* A caller passes the time that it knows: the clock is not read again, and latencies and
 * timeouts count from it. A time in the future is not accepted. */
static void submit_at_a_given_time(void **state)
{
    const struct histogram *reads;
    uint8_t *p = pages(1);
    uint64_t before, now;

    (void)state;
    open_disk(30 * SEC, 0);
    reads = blkfront_get_latency(disk.dev, BLKFRONT_READ);
    assert_int_equal(blkfront_aio_submit_at(NULL, 1), -EINVAL);
    now = clock_now();
    before = seam_clock_reads;
    seam_now += 100;
    assert_int_equal(blkfront_aio_submit_at(disk.dev, now), 0);
    req[0] = request(p, 0, 512);
    req[0].aio_timeout_ns = SEC;
    assert_int_equal(blkfront_aio_enqueue(&req[0], 0), 0);
    assert_int_equal(blkfront_aio_submit_at(disk.dev, now), 1);
    assert_int_equal(disk.dev->path.watchdog.deadline, now + SEC / 2);
    submit(1, p, 0, 0); /* reads the clock itself, twice: to arm the timer, too */
    assert_in_range(seam_clock_reads, before + 1, before + 2);
    seam_now += 7;
    fdisk_drain(&disk);
    assert_int_equal(reads->max, 107);
    assert_int_equal(reads->min, 7);

    before = seam_clock_reads;
    req[0] = request(p, 0, 512);
    assert_int_equal(blkfront_aio_enqueue(&req[0], 0), 0);
    assert_int_equal(blkfront_aio_submit_at(disk.dev, seam_now + SEC), 1);
    assert_int_equal(seam_clock_reads, before);
    seam_now += 50;
    fdisk_drain(&disk);
    assert_int_equal(reads->sum, 107 + 7 + 50);

    now = clock_now();
    seam_now += 9;
    clock_now(); /* the clock was read since */
    req[0] = request(p, 0, 512);
    assert_int_equal(blkfront_aio_enqueue(&req[0], 0), 0);
    assert_int_equal(blkfront_aio_submit_at(disk.dev, now), 1);
    fdisk_drain(&disk);
    assert_int_equal(reads->sum, 107 + 7 + 50 + 9);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* The clock is read once per batch, not per request; not by a poll that finds nothing, and not
 * again for responses that the scheduler found. */
static void clock_reads(void **state)
{
    uint8_t *p = pages(1);
    uint64_t before;

    (void)state;
    open_disk(30 * SEC, 0);
    submit(0, p, 0, 0); /* arms the timer */
    fdisk_drain(&disk);
    before = seam_clock_reads;
    for (unsigned i = 0; i < 8; i++) {
        req[i] = request(p, 0, 512);
        assert_int_equal(blkfront_aio_enqueue(&req[i], 0), 0);
    }
    assert_int_equal(blkfront_aio_submit(disk.dev), 8);
    assert_int_equal(seam_clock_reads, before + 1);
    fdisk_run(&disk);
    before = seam_clock_reads;
    assert_int_equal(blkfront_aio_poll(disk.dev), 8);
    assert_int_equal(seam_clock_reads, before + 1);
    assert_int_equal(blkfront_aio_poll(disk.dev), 0);
    assert_int_equal(seam_clock_reads, before + 1);
    thread_poll_events(); /* the event of the polled response */
    submit(0, p, 0, 0);
    fdisk_run(&disk);
    before = seam_clock_reads;
    thread_poll_events();
    assert_int_equal(seam_clock_reads, before + 1);
    assert_int_equal(stats().max_in_flight, 8);
    fdisk_close(&disk);
    page_free(p, 1);
}

static void times_out_of_range(void **state)
{
    struct blkfront_config config, out;

    (void)state;
    config = (struct blkfront_config){.watchdog_ns = MS - 1};
    assert_int_equal(negotiate_config(&config, &out), -EINVAL);
    assert_int_equal(lines("watchdog_ns=999999"), 1);
    config = (struct blkfront_config){.request_timeout_ns = 5};
    assert_int_equal(negotiate_config(&config, &out), -EINVAL);
    assert_int_equal(lines("request_timeout_ns=5: at least 1000000"), 1);
    config = (struct blkfront_config){.watchdog_ns = MS, .request_timeout_ns = UINT64_MAX};
    assert_int_equal(negotiate_config(&config, &out), 0);
    assert_int_equal(out.watchdog_ns, MS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reported_and_late),
        TEST(never_fails),
        TEST(many_at_once),
        TEST(lost_event),
        TEST(late_event),
        TEST(timeout_fails_the_device),
        TEST(paused_guest),
        TEST(own_shorter),
        TEST(own_longer),
        TEST(own_without_a_slot),
        TEST(own_after_waiting),
        TEST(no_grants),
        TEST(waiting_ends),
        TEST(latency),
        TEST(latency_after_a_callback),
        TEST(submitted_in_a_callback),
        TEST(submitted_in_a_callback_later),
        TEST(submit_at_a_given_time),
        TEST(clock_reads),
        TEST(times_out_of_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
