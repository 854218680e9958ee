/* SPDX-License-Identifier: MIT */
/* A request's timeout holds across connections. */
#include "watchdog_test.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/page.h>

#include <stdlib.h>

static void away(void)
{
    requeue_all(disk.dev, false);
    while (disk.count)
        free(disk.taken[--disk.count].seg);
}

/* The backend goes without closing: it still has its requests. */
static void leaving(void)
{
    lifecycle_stop(disk.dev);
    expire_requests(disk.dev);
}

static void came_back(void)
{
    fdisk_reconnect(&disk);
    thread_poll_events();
}

static void ended(unsigned i, int result)
{
    assert_null(req[i].request);
    assert_int_equal(req[i].result, result);
}

static void still_works(void)
{
    uint8_t *p = pages(1);

    assert_true(device_active(disk.dev));
    calls = 0;
    submit(7, p, 0, 0);
    fdisk_drain(&disk);
    ended(7, 0);
    assert_int_equal(calls, 1);
    page_free(p, 1);
}

/* One completes at its timeout, others still wait, and the device stays. */
static void nobody_is_there(void **state)
{
    uint8_t *p = pages(2);

    (void)state;
    open_disk(30 * SEC, 0);
    submit(0, p, 0, 2 * SEC);
    submit(1, p + 4096, 0, 0);
    thread_sleep(500 * MS);
    away();
    thread_sleep(1500 * MS - 1);
    assert_int_equal(calls, 0);
    thread_sleep(1);
    thread_poll_events();
    assert_int_equal(calls, 1);
    ended(0, -ETIMEDOUT);
    assert_int_equal(stats().timeouts, 1);
    assert_int_equal(lines("xvda: a request's time is over"), 1);
    thread_sleep(20 * SEC);
    assert_int_equal(calls, 1);
    came_back();
    fdisk_drain(&disk);
    ended(1, 0);
    still_works();
    fdisk_close(&disk);
    page_free(p, 2);
}

/* The time of requests that are submitted meanwhile begins then. */
static void submitted_while_away(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 0);
    away();
    thread_sleep(5 * SEC);
    for (unsigned i = 0; i < 2; i++) {
        req[i] = request(p, 0, 4096);
        req[i].aio_cb = count_call;
        req[i].aio_timeout_ns = i ? 1 : 3 * SEC;
        assert_int_equal(blkfront_aio(&req[i], 0), 0);
    }
    thread_sleep(1);
    thread_poll_events();
    assert_int_equal(calls, 1);
    ended(1, -ETIMEDOUT);
    thread_sleep(3 * SEC - 2);
    assert_int_equal(calls, 1);
    thread_sleep(1);
    thread_poll_events();
    ended(0, -ETIMEDOUT);
    came_back();
    still_works();
    fdisk_close(&disk);
    page_free(p, 1);
}

/* With a backend that comes and goes, the time while it is connected counts: the device fails
 * then, as with one that stays. */
static void own_time_while_connected(void **state)
{
    uint8_t *p = pages(1);
    uint64_t begin;

    (void)state;
    open_disk(30 * SEC, 0);
    submit(0, p, 0, 2 * SEC);
    begin = seam_now;
    while (device_active(disk.dev) && seam_now < begin + 10 * SEC) {
        thread_sleep(750 * MS);
        if (!device_active(disk.dev))
            break;
        away();
        came_back();
        fdisk_take(&disk);
    }
    assert_in_range(seam_now - begin, 2 * SEC, 3 * SEC);
    assert_int_equal(stats().timeouts, 1);
    fdisk_close(&disk);
    ended(0, -ETIMEDOUT);
    page_free(p, 1);
}

/* Without a timeout of its own, a request that loses several connections completes
 * reconnect_timeout_ns after the first loss, however long each connection lasts. */
static void a_backend_that_comes_and_goes(void **state)
{
    uint8_t *p = pages(1);
    uint64_t begin;

    (void)state;
    open_disk(30 * SEC, 0);
    disk.dev->config.reconnect_timeout_ns = 5 * SEC;
    submit(0, p, 0, 0);
    thread_sleep(3 * SEC); /* this is not counted */
    begin = seam_now;
    while (!calls && seam_now < begin + 30 * SEC) {
        away();
        thread_sleep(100 * MS);
        came_back();
        fdisk_take(&disk);
        thread_sleep(1400 * MS);
    }
    assert_int_equal(calls, 1);
    ended(0, -ETIMEDOUT);
    assert_in_range(seam_now - begin, 5 * SEC, 8 * SEC);
    still_works();
    fdisk_close(&disk);
    page_free(p, 1);
}

/* The first time away is the device's, and no request ends before it does. */
static void lost_once(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 0);
    disk.dev->config.reconnect_timeout_ns = 5 * SEC;
    submit(0, p, 0, 0);
    away();
    thread_sleep(6 * SEC);
    assert_int_equal(calls, 0);
    came_back();
    fdisk_take(&disk);
    thread_sleep(6 * SEC);
    assert_int_equal(calls, 0);
    away();
    thread_poll_events();
    ended(0, -ETIMEDOUT);
    came_back();
    still_works();
    fdisk_close(&disk);
    page_free(p, 1);
}

/* While it waits for its backend to close, that still has the pages: they are quarantined. */
static void memory_that_is_mapped(void **state)
{
    uint8_t *p = pages(4), *own;
    grant_ref_t ref[2];

    (void)state;
    open_disk(30 * SEC, 0);
    own = blkfront_buf_alloc(disk.dev, 4096);
    assert_non_null(own);
    submit(0, p, 0, 2 * SEC);              /* the caller's page */
    submit(1, p + 4096 + 100, 0, 2 * SEC); /* a bounce page */
    submit(2, own, 0, 2 * SEC);
    submit(3, p + 3 * 4096, 1, 10 * SEC);
    for (unsigned i = 0; i < 2; i++)
        fdisk_map(ref[i] = disk.taken[i].seg[0].gref, true);
    leaving();
    thread_sleep(2 * SEC);
    thread_poll_events();
    assert_int_equal(calls, 3);
    for (unsigned i = 0; i < 3; i++)
        ended(i, -ETIMEDOUT);
    assert_true(page_is_pinned(p));
    assert_int_equal(stats().grants_quarantined, 2);
    for (unsigned i = 0; i < 2; i++)
        fdisk_map(ref[i], false);
    away();
    came_back();
    fdisk_drain(&disk);
    ended(3, 0);
    still_works();
    blkfront_buf_free(disk.dev, own);
    fdisk_close(&disk);
    page_free(p, 4);
}

/* A backend that closes late has unmapped everything then: its pages count no more, however many. */
static void many_bounce_pages(void **state)
{
    uint8_t *p = pages(100);

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.persistent = true});
    for (unsigned i = 0; i < 8; i++) {
        req[i] = request(p + i * 11 * 4096, (int64_t)i * 11 * 4096, 11 * 4096);
        req[i].aio_cb = count_call;
        req[i].aio_timeout_ns = 2 * SEC;
        assert_int_equal(blkfront_aio(&req[i], 1), 0);
    }
    assert_int_equal(fdisk_take(&disk), 8);
    for (unsigned i = 0; i < 8; i++)
        for (unsigned k = 0; k < 11; k++)
            fdisk_map(disk.taken[i].seg[k].gref, true);
    leaving();
    thread_sleep(2 * SEC);
    thread_poll_events();
    assert_int_equal(calls, 8);
    assert_int_equal(stats().grants_quarantined, 88);
    for (unsigned i = 0; i < 8; i++)
        for (unsigned k = 0; k < 11; k++)
            fdisk_map(disk.taken[i].seg[k].gref, false);
    away();
    came_back();
    still_works();
    fdisk_close(&disk);
    page_free(p, 100);
}

/* Between the two halves of a merge, and in many parts of which some are not sent. */
static void halves(void **state)
{
    uint8_t *p = pages(64);

    (void)state;
    open_disk(30 * SEC, 0);
    req[0] = request(p, 5, 100);
    req[1] = request(p + 4096, 8192, 60 * 4096);
    for (unsigned i = 0; i < 2; i++) {
        req[i].aio_cb = count_call;
        req[i].aio_timeout_ns = 2 * SEC;
    }
    disk.dev->memory.grants_left = 30;
    assert_int_equal(blkfront_aio(&req[0], 1), 0);
    assert_int_equal(blkfront_aio(&req[1], 0), 0);
    assert_true(fdisk_take(&disk) > 1);
    device_freeze(disk.dev, FREEZE_SUSPEND);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    device_thaw(disk.dev, FREEZE_SUSPEND);
    assert_false(list_empty(&disk.dev->path.rmw_ready));
    leaving();
    thread_sleep(2 * SEC);
    thread_poll_events();
    assert_int_equal(calls, 2);
    ended(0, -ETIMEDOUT);
    ended(1, -ETIMEDOUT);
    away();
    came_back();
    still_works();
    fdisk_close(&disk);
    page_free(p, 64);
}

/* Those that share a ring request end as if each had been alone. */
static void joined(void **state)
{
    uint8_t *p = pages(4);

    (void)state;
    open_disk(30 * SEC, 0);
    disk.dev->config.reconnect_timeout_ns = SEC;
    for (unsigned i = 0; i < 4; i++) {
        req[i] = request(p + i * 4096, (int64_t)i * 4096, 4096);
        req[i].aio_cb = count_call;
        assert_int_equal(blkfront_aio_enqueue(&req[i], 1), 0);
    }
    assert_int_equal(blkfront_aio_submit(disk.dev), 4);
    assert_int_equal(fdisk_take(&disk), 1);
    away();
    came_back();
    fdisk_take(&disk);
    thread_sleep(SEC);
    away();
    thread_poll_events();
    assert_int_equal(calls, 4);
    for (unsigned i = 0; i < 4; i++)
        ended(i, -ETIMEDOUT);
    came_back();
    still_works();
    fdisk_close(&disk);
    page_free(p, 4);
}

/* Those that are tried alone, as the backend refuses the ring request that they shared, have the
 * time that it had. */
static void joined_and_tried_alone(void **state)
{
    uint8_t *p = pages(2);

    (void)state;
    open_disk(30 * SEC, 0);
    disk.dev->config.reconnect_timeout_ns = 5 * SEC;
    thread_sleep(20 * SEC);
    for (unsigned i = 0; i < 2; i++) {
        req[i] = request(p + i * 4096, (int64_t)i * 4096, 4096);
        req[i].aio_cb = count_call;
        assert_int_equal(blkfront_aio_enqueue(&req[i], 1), 0);
    }
    assert_int_equal(blkfront_aio_submit(disk.dev), 2);
    assert_int_equal(fdisk_take(&disk), 1);
    for (unsigned i = 0; i < 2; i++) { /* the first time 5 s before they end */
        away();
        came_back();
        assert_int_equal(fdisk_take(&disk), 1);
        thread_sleep(SEC);
    }
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 2);
    away();
    thread_poll_events();
    assert_int_equal(calls, 0);
    thread_sleep(2 * SEC);
    assert_int_equal(calls, 0);
    thread_sleep(SEC + MS);
    assert_int_equal(calls, 2);
    for (unsigned i = 0; i < 2; i++)
        ended(i, -ETIMEDOUT);
    came_back();
    still_works();
    fdisk_close(&disk);
    page_free(p, 2);
}

/* Times begin anew with a resume. */
static void resumed(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 0);
    submit(0, p, 0, 2 * SEC);
    thread_sleep(SEC);
    away();
    expire_lost_connection(disk.dev, true);
    thread_sleep(2 * SEC - 1);
    assert_int_equal(calls, 0);
    thread_sleep(1);
    thread_poll_events();
    ended(0, -ETIMEDOUT);
    came_back();
    still_works();
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Also those that end at that very moment. */
static void resumed_when_due(void **state)
{
    uint8_t *p = pages(2);

    (void)state;
    for (unsigned gone = 0; gone < 2; gone++) {
        open_disk(30 * SEC, 0);
        submit(0, p, 0, 2 * SEC);
        if (gone)
            leaving();
        calls = 0;
        seam_now += 2 * SEC;
        memset(seam_grants, 0, 4 * PAGE_SIZE);
        evtchn_resume();
        gnttab_resume();
        requeue_all(disk.dev, true);
        while (disk.count)
            free(disk.taken[--disk.count].seg);
        thread_poll_events();
        assert_int_equal(calls, 0);
        came_back();
        fdisk_drain(&disk);
        ended(0, 0);
        still_works();
        fdisk_close(&disk);
    }
    page_free(p, 2);
}

/* The shortest timeout: reported, and expired. */
static void one_nanosecond(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    for (unsigned later = 0; later < 2; later++) {
        seam_now = later * SEC;
        open_disk(30 * SEC, 0);
        submit(0, p, 0, 1);
        thread_sleep(1);
        thread_sleep(1);
        assert_false(device_active(disk.dev));
        assert_int_equal(stats().timeouts, 1);
        assert_in_range(lines("\n"), 1, 2);
        fdisk_close(&disk);
        ended(0, -ETIMEDOUT);
    }
    page_free(p, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_there),
        TEST(submitted_while_away),
        TEST(own_time_while_connected),
        TEST(a_backend_that_comes_and_goes),
        TEST(lost_once),
        TEST(memory_that_is_mapped),
        TEST(many_bounce_pages),
        TEST(halves),
        TEST(joined),
        TEST(joined_and_tried_alone),
        TEST(resumed),
        TEST(resumed_when_due),
        TEST(one_nanosecond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
