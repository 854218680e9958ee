/* SPDX-License-Identifier: MIT */
/* blkfront's accounts: bytes copied, grants, the budget, bounce pages, and the requests that a
 * sync waits for. */
#include "disk_test.h"

#include <ringlet/heap.h>
#include <ringlet/thread.h>

static struct blkfront_stats stats(void)
{
    struct blkfront_stats s;

    blkfront_get_stats(disk.dev, &s);
    return s;
}

/* Memory of the caller's is used in place, the rest is copied once in each direction. */
static void bytes_and_grants(void **state)
{
    uint8_t *p = pages(3);
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(p, 0, 8192);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(a.total_bytes, 8192);
    assert_int_equal(a.is_write, 0);
    fdisk_drain(&disk);
    assert_int_equal(stats().bytes_copied, 0);
    assert_int_equal(stats().grants_made, 2);
    assert_int_equal(stats().grants_ended, 2);

    a = request(p + 1, 0, 512);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(a.is_write, 1);
    fdisk_drain(&disk);
    assert_int_equal(stats().bytes_copied, 512);
    a = request(p + 1, 0, 1024);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(stats().bytes_copied, 512 + 1024);
    a = request(p + 1, 0, 512);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(stats().bytes_copied, 512 + 1024 + 512);
    assert_int_equal(stats().grants_made, 5);
    assert_int_equal(stats().grants_ended, 5);
    assert_int_equal(stats().reads, 3);
    assert_int_equal(stats().read_sectors, 16 + 2 + 1);
    assert_int_equal(stats().writes, 1);
    assert_int_equal(stats().written_sectors, 1);
    assert_int_equal(stats().segments, 5);
    a = request(p, 1, 512); /* lies in two sectors */
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(stats().read_sectors, 16 + 2 + 1 + 2);
    assert_int_equal(stats().indirect, 0);
    assert_int_equal(stats().flushes, 0);
    assert_int_equal(stats().barriers, 0);
    fdisk_close(&disk);
    page_free(p, 3);
}

static void indirect_requests_flushes_and_slots(void **state)
{
    uint8_t *p = pages(12);
    struct blkfront_aiocb a, flush;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 32, .flush = true});
    a = request(p, 0, 12 * 4096);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(blkfront_aio(&a, 0), 0);
        fdisk_drain(&disk);
        assert_int_equal(stats().indirect, i);
        assert_int_equal(stats().segments, 12 * i);
        assert_int_equal(stats().ring_high_water, 1);
    }
    flush = request(NULL, 0, 0);
    assert_int_equal(blkfront_aio_push_operation(&flush, BLKIF_OP_FLUSH_DISKCACHE), 0);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(stats().flushes, 1);
    assert_int_equal(stats().ring_high_water, 2);
    fdisk_drain(&disk);
    assert_int_equal(stats().barriers, 0);
    assert_int_equal(stats().aiocbs, 5);
    assert_int_equal(stats().completed, 5);
    assert_int_equal(stats().errors, 0);
    fdisk_close(&disk);
    page_free(p, 12);
}

/* Half of the memory that is free when the device opens; at least one page. */
static void default_budget(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    assert_int_equal(disk.dev->limits.grant_budget, gnttab_available() / 2);
    assert_int_equal(disk.dev->memory.grants_left, gnttab_available() / 2);
    assert_int_equal(disk.dev->limits.max_segments, 11);
    fdisk_close(&disk);
}

static void smallest_budget(void **state)
{
    uint8_t *p = pages(4);
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.budget = 1, .max_segments = 32});
    assert_int_equal(disk.dev->limits.max_segments, 1);
    a = request(p, 0, 4 * 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(disk.requests, 4);
    assert_int_equal(disk.granted_max, 1);
    assert_int_equal(disk.dev->memory.grants_left, 1);
    fdisk_close(&disk);
    page_free(p, 4);
}

/* The backend keeps one page mapped when the device is lost: the account is right at each step. */
static void account_of_a_loss(void **state)
{
    uint8_t *p = pages(2);
    struct blkfront_aiocb a, b;
    grant_ref_t ref;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.budget = 10, .untrusted = true});
    a = request(p, 0, 8192);
    b = request(p, 8192, 4096);
    a.aio_cb = b.aio_cb = count_call;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio(&b, 1), 0);
    assert_int_equal(disk.dev->memory.grants_left, 7);
    fdisk_take(&disk);
    ref = disk.taken[0].seg[1].gref;
    fdisk_map(ref, true);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 1); /* b; a is still being checked */
    assert_int_equal(stats().grants_ended, 2);
    assert_int_equal(stats().grants_quarantined, 0);
    assert_int_equal(disk.dev->memory.grants_left, 9);
    lifecycle_release(disk.dev);
    assert_int_equal(calls, 2);
    assert_int_equal(stats().grants_ended, 2);
    assert_int_equal(stats().grants_quarantined, 1);
    assert_int_equal(disk.dev->memory.grants_left, 10);
    fdisk_map(ref, false);
    seam_now += 10 * NSEC_PER_SEC;
    thread_poll_events();
    seam_console_clear();
    fdisk_close(&disk); /* lost and gone once more: nothing is freed twice */
    assert_string_equal(seam_console(), "");
    page_free(p, 2);
}

/* A backend that holds on to a bounce page after its answer. */
static void account_of_a_held_page(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a = request(p, 0, 4096);
    grant_ref_t ref;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.budget = 10, .untrusted = true});
    a.aio_dev = disk.dev;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    fdisk_take(&disk);
    ref = disk.taken[0].seg[0].gref;
    fdisk_map(ref, true);
    fdisk_answer(&disk, 0, 0);
    fdisk_publish(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    assert_int_equal(calls, 1);
    assert_int_equal(stats().grants_made, 1);
    assert_int_equal(stats().grants_ended, 0);
    assert_int_equal(stats().grants_quarantined, 1);
    assert_int_equal(disk.dev->memory.grants_left, 10);
    assert_int_equal(disk.dev->memory.free_page_count, 0);
    fdisk_map(ref, false);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* A partial write waits for a write to its sector, in any slot. */
static void merge_waits_for_any_slot(void **state)
{
    uint8_t *p = pages(6);
    struct blkfront_aiocb a[6];

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < 5; i++) {
        a[i] = request(p + i * 4096, (int64_t)i * 4096, 4096);
        assert_int_equal(blkfront_aio(&a[i], 1), 0);
    }
    a[5] = request(p + 5 * 4096, 3 * 4096 + 100, 8);
    assert_int_equal(blkfront_aio(&a[5], 1), 0);
    assert_int_equal(fdisk_take(&disk), 5);
    fdisk_answer(&disk, 0, 0);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 4); /* still waits for the fourth */
    fdisk_answer(&disk, 2, 0);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 4);
    fdisk_drain(&disk);
    assert_int_equal(calls, 6);
    fdisk_close(&disk);
    page_free(p, 6);
}

/* "Not supported" disables the requested feature, and nothing else. */
static void only_the_refused_feature_goes(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.flush = true, .barrier = true});
    a = request(p, 0, 4096);
    a.aio_cb = count_call;
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_take(&disk);
    fdisk_answer(&disk, 0, BLKIF_RSP_EOPNOTSUPP);
    fdisk_publish(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    assert_int_equal(a.result, -EOPNOTSUPP);
    assert_true(disk.dev->limits.flush && disk.dev->limits.barrier);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* A lost device has a masked port: its backend cannot make it work. */
static void lost_device_hears_nothing(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    seam_raise(disk.dev->path.queues[0].port);
    thread_poll_events();
    assert_int_equal(stats().events, 1);
    assert_int_equal(stats().spurious, 1);
    lifecycle_close(disk.dev);
    seam_raise(disk.dev->path.queues[0].port);
    thread_poll_events();
    assert_int_equal(stats().events, 1);
    fdisk_close(&disk);
}

static size_t pages_held(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.quarantined;
}

/* The driver's own pages that the backend still maps when the device has gone: exactly those
 * pages are held back, until it unmaps them. */
static void held_pages_of_the_drivers_own(void **state)
{
    uint8_t *p = pages(1025);
    struct blkfront_aiocb a;
    grant_ref_t held[2];

    (void)state;
    fdisk_open(&disk, &(struct fake_options){
                          .sectors = 16384, .ring_pages = 4, .max_segments = 1025, .budget = 2000});
    a = request(p, 0, 1025 * 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(disk.largest, 1025);
    held[0] = disk.dev->memory.pool.large->indirect_ref[1];
    held[1] = disk.dev->path.queues[0].page_ref[2];
    fdisk_map(held[0], true);
    fdisk_map(held[1], true);
    assert_int_equal(pages_held(), 0);
    lifecycle_close(disk.dev);
    lifecycle_release(disk.dev);
    assert_int_equal(pages_held(), 2);
    fdisk_map(held[0], false);
    fdisk_map(held[1], false);
    for (unsigned i = 0; i < 10 && pages_held(); i++)
        thread_sleep(100 * NSEC_PER_SEC);
    assert_int_equal(pages_held(), 0);
    fdisk_close(&disk);
    page_free(p, 1025);
}

static void what_is_asked_at_the_edges(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;
    struct blkfront_iovec v = {p, 512};
    const int64_t size = 2048 * 512;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(p, size, 0); /* nothing, at the end */
    assert_int_equal(blkfront_aio(&a, 0), 0);
    a = request(p, size - 512, 512);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    a = request(p, size - 512, 513);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, size, 1);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, size + 1, 0);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, 0, 512);
    a.aio_iovcnt = -1;
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a.aio_iovcnt = 1; /* and no vector */
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a.aio_iov = &v;
    a.aio_buf = NULL; /* not checked */
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(blkfront_sync(NULL), -EINVAL);
    fdisk_close(&disk);
    page_free(p, 1);
}

static unsigned synced;

static void sync_thread(void *arg)
{
    assert_int_equal(blkfront_sync(disk.dev), 0);
    *(unsigned *)arg = 1;
}

/* Answers the i-th of those that the backend has, and lets threads run. */
static void answer(unsigned i)
{
    fdisk_take(&disk);
    fdisk_answer(&disk, i, 0);
    fdisk_publish(&disk);
    for (unsigned n = 0; n < 4; n++)
        thread_yield();
}

/* A sync waits for requests before it and not for later ones, repeatedly. */
static void sync_waits_for_the_right_ones(void **state)
{
    uint8_t *p = pages(2);
    struct blkfront_aiocb before, after;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned round = 0; round < 3; round++) {
        synced = 0;
        before = request(p, 0, 4096);
        after = request(p + 4096, 4096, 4096);
        assert_int_equal(blkfront_aio(&before, 1), 0);
        assert_int_equal(thread_create(NULL, "sync", sync_thread, &synced, 0), 0);
        thread_yield();
        assert_int_equal(blkfront_aio(&after, 1), 0);
        assert_int_equal(synced, 0);
        answer(0);
        assert_int_equal(synced, 1);
        assert_int_equal(blkfront_in_flight(disk.dev), 1);
        answer(0);

        synced = 0;
        before = request(p, 0, 4096);
        after = request(p + 4096, 4096, 4096);
        assert_int_equal(blkfront_aio(&before, 1), 0);
        assert_int_equal(thread_create(NULL, "sync", sync_thread, &synced, 0), 0);
        thread_yield();
        assert_int_equal(blkfront_aio(&after, 1), 0);
        answer(1);
        assert_int_equal(synced, 0);
        answer(0);
        assert_int_equal(synced, 1);
    }
    fdisk_close(&disk);
    page_free(p, 2);
}

/* A write to a part of a sector is a read and a write, and takes the time of each. */
static void latencies_of_a_merge(void **state)
{
    const struct histogram *read, *write;
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    read = blkfront_get_latency(disk.dev, BLKFRONT_READ);
    write = blkfront_get_latency(disk.dev, BLKFRONT_WRITE);
    a = request(p, 10, 10);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    seam_now += 100;
    assert_int_equal(fdisk_run(&disk), 1);
    assert_int_equal(blkfront_aio_poll(disk.dev), 0);
    assert_int_equal(read->count, 1);
    assert_int_equal(write->count, 0);
    seam_now += 300;
    assert_int_equal(fdisk_run(&disk), 1);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    assert_int_equal(read->count, 1);
    assert_int_equal(read->max, 100);
    assert_int_equal(write->count, 1);
    assert_int_equal(write->max, 300);
    fdisk_close(&disk);
    page_free(p, 1);
}

static struct blkfront_aiocb next;

static void works_long(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    seam_now += NSEC_PER_SEC;
    assert_int_equal(blkfront_aio_read(&next), 0);
}

/* A callback's time is not counted as the backend's. */
static void callbacks_take_their_own_time(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = next = request(p, 0, 512);
    a.aio_cb = works_long;
    assert_int_equal(blkfront_aio_read(&a), 0);
    seam_now += 70;
    fdisk_run(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    seam_now += 50;
    fdisk_run(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    assert_int_equal(blkfront_get_latency(disk.dev, BLKFRONT_READ)->count, 2);
    assert_int_equal(blkfront_get_latency(disk.dev, BLKFRONT_READ)->max, 70);
    fdisk_close(&disk);
    page_free(p, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_and_grants, setup, teardown),
        cmocka_unit_test_setup_teardown(indirect_requests_flushes_and_slots, setup, teardown),
        cmocka_unit_test_setup_teardown(default_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(smallest_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(merge_waits_for_any_slot, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_refused_feature_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_device_hears_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(held_pages_of_the_drivers_own, setup, teardown),
        cmocka_unit_test_setup_teardown(account_of_a_loss, setup, teardown),
        cmocka_unit_test_setup_teardown(account_of_a_held_page, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_asked_at_the_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(sync_waits_for_the_right_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(latencies_of_a_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(callbacks_take_their_own_time, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
