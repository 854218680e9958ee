/* SPDX-License-Identifier: MIT */
/* A backend that fails ring requests of many segments, for want of maptrack entries: requests
 * are resubmitted in smaller ones. Errors of the disk itself stay errors. */
#include "disk_test.h"

#include <ringlet/thread.h>

#include <stdlib.h>

#define PAGES 64
#define BYTES (PAGES * 4096)

static uint8_t *p;
static unsigned queues = 2;
static struct blkfront_aiocb a[PAGES];

static void open_disk(unsigned fails_over, bool persistent)
{
    fdisk_open(&disk, &(struct fake_options){.ring_pages = 4,
                                             .max_segments = 32,
                                             .queues = queues,
                                             .barrier = true,
                                             .flush = true,
                                             .persistent = persistent});
    disk.fails_over = fails_over;
    fill(disk.data, BYTES, 1);
    seam_console_clear();
    p = pages(PAGES);
    fill(p, BYTES, 2);
    calls = 0;
}

static void close_disk(void)
{
    fdisk_close(&disk);
    page_free(p, PAGES);
}

static void start(unsigned i, int write, unsigned page, unsigned count)
{
    a[i] = request(p + page * 4096, (int64_t)page * 4096, count * 4096);
    a[i].aio_cb = count_call;
    assert_int_equal(blkfront_aio(&a[i], write), 0);
}

static struct blkfront_stats stats(void)
{
    struct blkfront_stats s;

    blkfront_get_stats(disk.dev, &s);
    return s;
}

static unsigned lines(const char *text)
{
    unsigned n = 0;

    for (const char *at = seam_console(); (at = strstr(at, text)); at++)
        n++;
    return n;
}

static void sent_in_smaller_ones(void **state)
{
    struct blkfront_limits l;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const int write = i & 1;

        open_disk(11, i & 2);
        start(0, write, 0, PAGES);
        fdisk_drain(&disk);
        assert_int_equal(calls, 1);
        assert_int_equal(a[0].result, 0);
        assert_memory_equal(p, disk.data, BYTES);
        assert_int_equal(stats().retried_smaller, 1);
        assert_int_equal(stats().errors, 0);
        blkfront_get_limits(disk.dev, &l);
        assert_int_equal(l.max_segments, 11);
        assert_int_equal(lines("asked for at most 11 at a time"), 1);
        disk.largest = 0;
        start(0, !write, 0, PAGES); /* at once, now */
        fdisk_drain(&disk);
        assert_int_equal(a[0].result, 0);
        assert_int_equal(disk.largest, 11);
        assert_int_equal(stats().retried_smaller, 1);
        assert_int_equal(lines("\n"), 1);
        close_disk();
    }
}

/* Each of many in flight, of which some have nothing to be made smaller. */
static void many_at_once(void **state)
{
    (void)state;
    open_disk(20, false);
    for (unsigned i = 0; i < 4; i++)
        start(i, 1, i * 16, i == 2 ? 8 : 16);
    start(4, 1, 40, 8);
    disk.fails_over = 11;
    fdisk_drain(&disk);
    assert_int_equal(calls, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(a[i].result, 0);
    assert_memory_equal(p, disk.data, BYTES);
    assert_int_equal(stats().retried_smaller, 3);
    assert_int_equal(lines("it is asked for at most 11 at a time"), 1);
    close_disk();
}

/* It fails also in small ones: -EIO, once, and the backend is not taken to be short of anything. */
static void an_error_of_the_disk(void **state)
{
    struct blkfront_limits l;

    (void)state;
    open_disk(0, false);
    disk.error_every = 1;
    start(0, 0, 0, PAGES);
    start(1, 0, 0, 8);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_int_equal(a[0].result, -EIO);
    assert_int_equal(a[1].result, -EIO);
    assert_int_equal(stats().errors, 2);
    assert_int_equal(stats().retried_smaller, 1);
    blkfront_get_limits(disk.dev, &l);
    assert_int_equal(l.max_segments, 32);
    assert_int_equal(lines("\n"), 0);
    disk.error_every = 0;
    start(0, 0, 0, PAGES);
    fdisk_drain(&disk);
    assert_int_equal(a[0].result, 0);
    close_disk();
}

/* A write that is sent once more is still before the barrier that was submitted behind it. */
static void before_a_barrier(void **state)
{
    struct blkfront_aiocb barrier;

    (void)state;
    queues = 1;
    open_disk(11, false);
    queues = 2;
    start(0, 1, 0, 32);
    barrier = request(NULL, 0, 0);
    assert_int_equal(blkfront_aio_push_operation(&barrier, BLKIF_OP_WRITE_BARRIER), 0);
    start(1, 1, 32, 8);
    assert_int_equal(fdisk_run(&disk), 1);
    assert_int_equal(disk.barriers, 0);
    thread_poll_events();
    fdisk_take(&disk);
    assert_true(disk.count > 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(disk.taken[i].op, BLKIF_OP_WRITE);
    fdisk_drain(&disk);
    assert_int_equal(disk.barriers, 1);
    assert_int_equal(calls, 3);
    assert_int_equal(a[0].result, 0);
    close_disk();
}

/* The large ring request of a write failed, and the backend still has a small one of it. */
static void before_a_barrier_in_parts(void **state)
{
    struct blkfront_aiocb barrier;

    (void)state;
    queues = 1;
    open_disk(0, false);
    queues = 2;
    start(0, 1, 0, 37);
    assert_int_equal(fdisk_take(&disk), 2);
    barrier = request(NULL, 0, 0);
    assert_int_equal(blkfront_aio_push_operation(&barrier, BLKIF_OP_WRITE_BARRIER), 0);
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    fdisk_take(&disk);
    for (unsigned i = 0; i < disk.count; i++)
        assert_int_equal(disk.taken[i].op, BLKIF_OP_WRITE);
    fdisk_drain(&disk);
    assert_int_equal(disk.barriers, 1);
    assert_int_equal(calls, 2);
    assert_int_equal(a[0].result, 0);
    close_disk();
}

/* One of two large writes failed and was done in smaller ones; the other may still fail. */
static void before_a_barrier_after_another(void **state)
{
    struct blkfront_aiocb barrier;

    (void)state;
    queues = 1;
    open_disk(0, false);
    queues = 2;
    start(0, 1, 0, 32);
    start(1, 1, 32, 32);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    while (fdisk_take(&disk) > 1)
        fdisk_answer(&disk, 1, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls, 1);
    assert_int_equal(stats().retried_smaller, 1);
    barrier = request(NULL, 0, 0);
    assert_int_equal(blkfront_aio_push_operation(&barrier, BLKIF_OP_WRITE_BARRIER), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    fdisk_drain(&disk);
    assert_int_equal(disk.barriers, 1);
    assert_int_equal(calls, 3);
    assert_int_equal(stats().retried_smaller, 2);
    assert_memory_equal(p, disk.data, BYTES);
    close_disk();
}

/* Neighbours that share a ring request, and writes that are stable when they complete. */
static void others(void **state)
{
    (void)state;
    open_disk(11, false);
    for (unsigned i = 0; i < 32; i++) {
        a[i] = request(p + i * 4096, (int64_t)i * 4096, 4096);
        assert_int_equal(blkfront_aio_enqueue(&a[i], 1), 0);
    }
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 32);
    assert_memory_equal(p, disk.data, 32 * 4096);
    close_disk();

    open_disk(11, false);
    a[0] = request(p, 0, BYTES);
    a[0].aio_flags = BLKFRONT_FUA;
    assert_int_equal(blkfront_aio(&a[0], 1), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    assert_int_equal(disk.flushes, 1);
    assert_memory_equal(p, disk.data, BYTES);
    close_disk();
}

/* It is detected again with each connection, which may be lost at any moment of this. */
static void the_next_connection(void **state)
{
    (void)state;
    for (unsigned answers = 0; answers < 3; answers++) {
        open_disk(11, false);
        start(0, 1, 0, PAGES);
        assert_int_equal(fdisk_take(&disk), 2);
        for (unsigned i = 0; i < answers; i++)
            fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
        fdisk_publish(&disk);
        thread_poll_events();
        assert_int_equal(calls, 0);
        requeue_all(disk.dev, false);
        while (disk.count)
            free(disk.taken[--disk.count].seg);
        disk.dev->limits.max_segments = 32;
        fdisk_reconnect(&disk);
        thread_poll_events();
        disk.largest = 0;
        fdisk_drain(&disk);
        assert_int_equal(disk.largest, 32);
        assert_int_equal(calls, 1);
        assert_int_equal(a[0].result, 0);
        assert_memory_equal(p, disk.data, BYTES);
        close_disk();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sent_in_smaller_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(many_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(an_error_of_the_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(before_a_barrier, setup, teardown),
        cmocka_unit_test_setup_teardown(before_a_barrier_in_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(before_a_barrier_after_another, setup, teardown),
        cmocka_unit_test_setup_teardown(others, setup, teardown),
        cmocka_unit_test_setup_teardown(the_next_connection, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
