/* SPDX-License-Identifier: MIT */
/*
 * Persistent grants with ordinary buffers: bounce pages keep their grants, are reused last in first
 * out, up to the limit, and are freed with the connection. The backend of these tests keeps
 * everything mapped, so ending a grant while it is connected would fail.
 */
#include "disk_test.h"

#include <kernel/heap.h>
#include <ringlet/clock.h>
#include <ringlet/thread.h>

static uint8_t *p;
static struct blkfront_stats stats;

#define PAGES 16

static void open_disk(const struct fake_options *o)
{
    struct fake_options persistent = *o;

    persistent.persistent = true;
    fdisk_open(&disk, &persistent);
    p = pages(PAGES);
}

static const struct blkfront_stats *now(void)
{
    blkfront_get_stats(disk.dev, &stats);
    return &stats;
}

/* Everything made was ended, in a device that is closed. */
static void close_disk(void)
{
    struct gnttab_stats before, after;
    uint64_t kept = now()->grants_kept;

    gnttab_get_stats(&before);
    assert_int_equal(stats.grants_made, stats.grants_ended + stats.grants_quarantined + kept);
    fdisk_close(&disk);
    gnttab_get_stats(&after);
    assert_true(before.in_use - after.in_use >= kept);
    page_free(p, PAGES);
}

static void run_one(struct blkfront_aiocb a, bool write)
{
    assert_int_equal(blkfront_aio(&a, write), 0);
    fdisk_drain(&disk);
}

static void each_byte_is_copied_once(void **state)
{
    uint8_t *q;

    (void)state;
    open_disk(&(struct fake_options){0});
    q = pages(4);
    fill(p, 4 * 4096, 1);
    run_one(request(p, 4096, 4 * 4096), true);
    assert_memory_equal(disk.data + 4096, p, 4 * 4096);
    assert_int_equal(now()->bytes_copied, 4 * 4096);
    assert_int_equal(stats.grants_made, 4);
    assert_int_equal(stats.grants_kept, 4);
    for (unsigned i = 0; i < 10; i++)
        run_one(request(q, 4096, 4 * 4096), false);
    assert_memory_equal(q, p, 4 * 4096);
    assert_int_equal(now()->bytes_copied, 11 * 4 * 4096);
    assert_int_equal(stats.grants_made, 4);
    assert_int_equal(stats.grants_ended, 0);
    page_free(q, 4);
    close_disk();
    calls = 0;
}

static grant_ref_t ref_of(unsigned i)
{
    return disk.taken[i].seg[0].gref;
}

/* The page used last is reused first, so that only as many circulate as are needed. */
static void last_in_first_out(void **state)
{
    struct blkfront_aiocb a[3];
    grant_ref_t first, second;

    (void)state;
    open_disk(&(struct fake_options){0});
    for (unsigned i = 0; i < 2; i++) {
        a[i] = request(p + 4096 * i, 4096 * i, 4096);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
    }
    assert_int_equal(fdisk_take(&disk), 2);
    first = ref_of(0);
    second = ref_of(1);
    assert_int_not_equal(first, second);
    fdisk_answer(&disk, 1, BLKIF_RSP_OKAY);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    for (unsigned i = 0; i < 3; i++) {
        a[i] = request(p, 0, 4096);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
        fdisk_take(&disk);
        assert_int_equal(ref_of(0), first);
        fdisk_drain(&disk);
    }
    close_disk();
}

/* A write to a part of a sector: one page for reading and writing. */
static void a_merge_keeps_its_page(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.sector_size = 4096});
    memset(disk.data, 3, 8192);
    memset(p, 7, 1000);
    run_one(request(p, 100, 1000), true);
    assert_int_equal(disk.data[99], 3);
    assert_int_equal(disk.data[100], 7);
    assert_int_equal(disk.data[1099], 7);
    assert_int_equal(disk.data[1100], 3);
    assert_int_equal(now()->grants_made, 1);
    assert_int_equal(stats.bytes_copied, 1000);
    assert_int_equal(stats.read_merged_writes, 1);
    close_disk();
}

/* Beyond the budget requests wait, in order, and all of them end. */
static void beyond_the_budget_requests_wait(void **state)
{
    struct blkfront_aiocb a[12];

    (void)state;
    open_disk(&(struct fake_options){.budget = 5, .nomerges = true});
    fill(disk.data, 12 * 4096, 1);
    for (unsigned i = 0; i < 12; i++) {
        a[i] = request(p + 4096 * i, 4096 * i, 4096);
        assert_int_equal(blkfront_aio_enqueue(&a[i], 0), 0);
    }
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), 5);
    assert_int_equal(disk.taken[4].sector, 32);
    assert_int_equal(now()->waited_grant, 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 12);
    assert_memory_equal(p, disk.data, 12 * 4096);
    assert_int_equal(now()->grants_made, 5);
    /* one that takes all of them waits for all of them */
    a[0] = request(p, 0, 4096);
    a[1] = request(p, 0, 5 * 4096);
    assert_int_equal(blkfront_aio_read(&a[0]), 0);
    assert_int_equal(blkfront_aio_read(&a[1]), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_drain(&disk);
    assert_int_equal(disk.largest, 5);
    assert_int_equal(now()->grants_made, 5);
    close_disk();
}

/* A queue has at most so many pages, which is no reason for another one to wait. */
static void a_queue_has_a_limit_of_its_own(void **state)
{
    static struct blkfront_aiocb a[48];
    uint8_t *big;

    (void)state;
    open_disk(&(struct fake_options){
        .sectors = 16384, .queues = 2, .ring_pages = 2, .max_segments = 256, .budget = 4000});
    big = pages(256);
    for (unsigned i = 0; i < 6; i++) { /* five would be 1280 pages */
        a[i] = request(big, 0, 256 * 4096);
        a[i].aio_queue = i < 5 ? 1 : 2;
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
    }
    assert_int_equal(fdisk_take(&disk), 5);
    assert_int_equal(disk.taken[3].queue, 0);
    assert_int_equal(disk.taken[4].queue, 1);
    assert_int_equal(now()->grants_kept, 1024 + 256);
    assert_int_equal(disk.dev->path.queues[0].persistent.count, 1024);
    fdisk_drain(&disk);
    assert_int_equal(calls, 6);
    assert_int_equal(now()->grants_made, 1024 + 256);
    page_free(big, 256);
    close_disk();
}

/* Each grant takes a page, so memory is a limit, too; and no request needs more than a queue's
 * limit. */
static void limits_fit_memory(void **state)
{
    struct page_stats s;

    (void)state;
    page_get_stats(&s);
    open_disk(&(struct fake_options){.max_segments = 4096});
    assert_true(disk.dev->limits.grant_budget <= s.free / 4);
    assert_true(disk.dev->limits.grant_budget > s.free / 5);
    assert_int_equal(disk.dev->limits.max_segments, 256);
    close_disk();
}

/* Unused pages of another queue are used instead of waiting forever. */
static void an_idle_queue_gives_its_pages(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){.queues = 3, .budget = 4});
    for (unsigned i = 0; i < 9; i++) {
        a = request(p, 0, 4 * 4096);
        a.aio_queue = 1 + i % 3;
        run_one(a, i & 1);
    }
    assert_int_equal(calls, 9);
    assert_int_equal(now()->grants_made, 4);
    assert_int_equal(stats.grants_kept, 4);
    assert_int_equal(stats.waited_grant, 0);
    close_disk();
}

/* No memory for more pages: a request uses the present ones. */
static void short_memory_makes_short_parts(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){0});
    run_one(request(p, 0, 2 * 4096), false);
    a = request(p, 0, 8 * 4096);
    fill(disk.data, 8 * 4096, 1);
    mem_fail_nth(1);
    assert_int_equal(blkfront_aio_read(&a), 0);
    mem_fail_nth(0);
    fdisk_take(&disk);
    assert_int_equal(disk.taken[0].segments, 2);
    fdisk_drain(&disk);
    assert_memory_equal(p, disk.data, 8 * 4096);
    close_disk();
}

/* A grant table that others have filled: the request waits for one to become free. */
static void full_grant_table_is_waited_for(void **state)
{
    static grant_ref_t all[64 * 512];
    struct blkfront_aiocb a;
    unsigned n = 0;
    int ref;

    (void)state;
    open_disk(&(struct fake_options){0});
    a = request(p, 0, 8192);
    while ((ref = gnttab_grant(1, p, true)) > 0)
        all[n++] = (grant_ref_t)ref;
    assert_int_equal(blkfront_aio_read(&a), 0);
    assert_int_equal(fdisk_take(&disk), 0);
    assert_int_equal(now()->waited_grant, 1);
    while (n)
        assert_int_equal(gnttab_end(all[--n]), 0);
    thread_poll_events();
    thread_poll_events();
    assert_true(fdisk_take(&disk) > 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    close_disk();
}

/* Indirect pages are mapped like data, for writing, and are never read back. */
static void indirect_pages_are_kept_too(void **state)
{
    uint8_t *big;

    (void)state;
    open_disk(&(struct fake_options){.max_segments = 64});
    big = pages(64);
    for (unsigned i = 0; i < 3; i++)
        run_one(request(big, 0, 64 * 4096), i & 1);
    assert_int_equal(disk.largest, 64);
    assert_int_equal(now()->grants_made, 64);
    page_free(big, 64);
    close_disk();
}

/* No request is sent twice or early when the backend goes while it maps everything. */
static void lost_with_requests_in_flight(void **state)
{
    struct blkfront_aiocb a = request(p, 0, 8192);

    (void)state;
    open_disk(&(struct fake_options){0});
    a = request(p, 0, 8192);
    a.aio_cb = count_call;
    assert_int_equal(blkfront_aio_write(&a), 0);
    fdisk_take(&disk);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 0); /* the backend may still read */
    fdisk_unmap(&disk);
    close_disk();
    assert_int_equal(calls, 1);
    assert_int_equal(a.result, -EIO);
}

/* Pages that a backend does not unmap are not handed out before it has unmapped them. */
static void pages_that_stay_mapped_are_quarantined(void **state)
{
    struct page_stats page;
    struct gnttab_stats grants;

    (void)state;
    open_disk(&(struct fake_options){0});
    run_one(request(p, 0, 4 * 4096), false);
    lifecycle_close(disk.dev);
    lifecycle_release(disk.dev);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    assert_int_equal(page.quarantined, 4);
    assert_int_equal(grants.quarantined, 4);
    assert_int_equal(now()->grants_quarantined, 4);
    assert_int_equal(stats.grants_kept, 0);
    fdisk_unmap(&disk);
    seam_now += 10 * NSEC_PER_SEC;
    thread_poll_events();
    page_get_stats(&page);
    assert_int_equal(page.quarantined, 0);
    close_disk();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_byte_is_copied_once),       TEST(last_in_first_out),
        TEST(a_merge_keeps_its_page),         TEST(beyond_the_budget_requests_wait),
        TEST(a_queue_has_a_limit_of_its_own), TEST(limits_fit_memory),
        TEST(an_idle_queue_gives_its_pages),  TEST(short_memory_makes_short_parts),
        TEST(full_grant_table_is_waited_for), TEST(indirect_pages_are_kept_too),
        TEST(lost_with_requests_in_flight),   TEST(pages_that_stay_mapped_are_quarantined),
    };

    return cmocka_run_group_tests_name("blkfront: persistent grants", tests, NULL, NULL);
}
