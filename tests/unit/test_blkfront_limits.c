/* SPDX-License-Identifier: MIT */
/* blkfront at its limits: segments, ring slots, the grant budget, and a grant table that others
 * use. */
#include "disk_test.h"

#include <kernel/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/thread.h>

#include <string.h>

/* The indirect descriptors of n segments are at the place where the backend reads them. */
static void large_requests_are_one_slot(void **state)
{
    static const unsigned segments[] = {12, 32, 256, 511, 512, 513, 1024, 1025};
    uint8_t *p = pages(1026), *q = malloc(1026 * 4096);

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(segments); i++) {
        unsigned n = segments[i];
        struct blkfront_aiocb a;

        fdisk_open(&disk,
                   &(struct fake_options){.sectors = 16384, .max_segments = n, .budget = 5000});
        fill(p, n * 4096, i);
        memcpy(q, p, n * 4096);
        disk.answer_outer = i % 2;
        a = request(p, 4096, n * 4096);
        assert_int_equal(blkfront_aio(&a, 1), 0);
        fdisk_drain(&disk);
        assert_memory_equal(disk.data + 4096, q, n * 4096);
        memset(p, 0, n * 4096);
        assert_int_equal(blkfront_aio(&a, 0), 0);
        fdisk_drain(&disk);
        assert_memory_equal(p, q, n * 4096);
        assert_int_equal(disk.requests, 2);
        assert_int_equal(disk.largest, n);
        a = request(p, 0, (n + 1) * 4096); /* one page more: two requests */
        assert_int_equal(blkfront_aio(&a, 0), 0);
        fdisk_drain(&disk);
        assert_int_equal(disk.requests, 4);
        fdisk_close(&disk);
    }
    free(q);
    page_free(p, 1026);
}

/* Also of many pieces, each of which may take a segment of its own, and with a piece of a sector
 * before the first page. */
static void vectors_are_one_slot_too(void **state)
{
    struct blkfront_iovec v[20];
    struct blkfront_aiocb a;
    uint8_t *p = pages(40);

    (void)state;
    for (unsigned large = 0; large < 2; large++) {
        calls = 0;
        fdisk_open(&disk,
                   &(struct fake_options){.max_segments = 32, .sector_size = large ? 4096 : 512});
        for (unsigned i = 0; i < ARRAY_SIZE(v); i++)
            v[i] = (struct blkfront_iovec){p + 2 * i * 4096, 4096};
        a = request(NULL, 0, ARRAY_SIZE(v) * 4096);
        a.aio_iov = v;
        a.aio_iovcnt = ARRAY_SIZE(v);
        assert_int_equal(blkfront_aio_read(&a), 0);
        assert_int_equal(fdisk_take(&disk), 1);
        assert_int_equal(disk.taken[0].segments, ARRAY_SIZE(v));
        fdisk_drain(&disk);
        a = request(p, 100, 11 * 4096); /* 12 pages of the disk */
        assert_int_equal(blkfront_aio_read(&a), 0);
        assert_int_equal(fdisk_take(&disk), 1);
        fdisk_drain(&disk);
        a = request(p + 100, 0, 11 * 4096); /* and 12 of memory */
        assert_int_equal(blkfront_aio_read(&a), 0);
        assert_int_equal(fdisk_take(&disk), 1);
        fdisk_drain(&disk);
        assert_int_equal(calls, 3);
        fdisk_close(&disk);
    }
    page_free(p, 40);
}

static unsigned next_call;

static void in_order(struct blkfront_aiocb *a, int ret)
{
    assert_int_equal((uintptr_t)a->data, next_call++);
    count_good(a, ret);
}

static void requests_wait_for_slots_in_order(void **state)
{
    static struct blkfront_aiocb a[100];
    uint8_t *p = pages(100);
    struct blkfront_stats s;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.nomerges = true});
    next_call = 0;
    for (unsigned i = 0; i < 100; i++) {
        a[i] = request(p + i * 4096, i * 4096, 4096);
        a[i].aio_cb = in_order;
        a[i].data = (void *)(uintptr_t)i;
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    assert_int_equal(fdisk_take(&disk), 32);
    fdisk_drain(&disk);
    assert_int_equal(calls, 100);
    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.ring_high_water, 32);
    assert_in_range(s.waited_slot, 3, 68);
    assert_int_equal(s.waited_grant, 0);
    fdisk_close(&disk);
    page_free(p, 100);
}

static void grant_budget_is_kept(void **state)
{
    static const unsigned budgets[] = {1, 3, 11, 20, 100};
    uint8_t *p = pages(64);
    struct blkfront_aiocb a[4];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(budgets); i++) {
        fdisk_open(&disk, &(struct fake_options){.max_segments = 32, .budget = budgets[i]});
        calls = 0;
        for (unsigned k = 0; k < 4; k++) {
            a[k] = request(p + k * 65536, k * 65536, 65536);
            assert_int_equal(blkfront_aio(&a[k], 0), 0);
        }
        fdisk_drain(&disk);
        assert_int_equal(calls, 4);
        assert_true(disk.granted_max <= budgets[i]);
        assert_true(disk.granted_max > budgets[i] / 3);
        assert_int_equal(disk.dev->memory.grants_left, budgets[i]);
        if (budgets[i] < 64)
            assert_true(disk.dev->stats.waited_grant > 0);
        fdisk_close(&disk);
    }
    page_free(p, 64);
}

/* All grants are in use elsewhere; the request continues by itself when some are free again. */
static void grants_of_others_are_waited_for(void **state)
{
    static int refs[512];
    uint8_t *p = pages(20);
    unsigned n = 0;
    struct blkfront_aiocb a, b;

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    fdisk_open(&disk, &(struct fake_options){.budget = 100});
    while ((refs[n] = gnttab_grant(3, p, true)) > 0)
        n++;
    a = request(p, 0, 10 * 4096);
    b = request(p + 10 * 4096, 0, 10 * 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(blkfront_aio(&b, 0), 0);
    assert_int_equal(fdisk_take(&disk), 0);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(gnttab_end((grant_ref_t)refs[--n]), 0);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 1); /* three grants, three segments */
    assert_int_equal(disk.taken[0].segments, 3);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_true(disk.dev->stats.waited_grant > 0);

    /* a device that waits for grants can be closed */
    for (unsigned i = 0; i < 3; i++)
        assert_true((refs[n++] = gnttab_grant(3, p, true)) > 0);
    a.aio_cb = b.aio_cb = count_call;
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(fdisk_take(&disk), 0);
    fdisk_close(&disk);
    assert_int_equal(a.result, -ENODEV);
    while (n)
        gnttab_end((grant_ref_t)refs[--n]);
    thread_poll_events();
    page_free(p, 20);
}

/* All grants but those in use. */
static int hogged[512];
static unsigned hog_count;

static void hog(uint8_t *p)
{
    while ((hogged[hog_count] = gnttab_grant(3, p, true)) > 0)
        hog_count++;
}

static void release(unsigned n)
{
    while (n-- && hog_count)
        assert_int_equal(gnttab_end((grant_ref_t)hogged[--hog_count]), 0);
}

static void hog_when_done(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    hog(a->aio_buf);
}

/* A partial write has read its sector, and then the grant that it needs to write is taken away. */
static struct blkfront_aiocb partial;

static void begin_merge_without_grants(uint8_t *p)
{
    static struct blkfront_aiocb other;

    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    hog_count = 0;
    fdisk_open(&disk, &(struct fake_options){0});
    memset(disk.data, 0xee, 512);
    partial = request(p, 10, 20);
    other = request(p + 4096, 4096, 4096);
    other.aio_cb = hog_when_done;
    assert_int_equal(blkfront_aio_enqueue(&partial, 1), 0);
    assert_int_equal(blkfront_aio(&other, 0), 0);
    assert_int_equal(fdisk_run(&disk), 2);
    thread_poll_events();
    assert_int_equal(calls, 1);
    assert_int_equal(fdisk_take(&disk), 0);
    assert_int_equal(disk.dev->stats.waited_grant, 1);
}

static void merge_waits_for_a_grant(void **state)
{
    uint8_t *p = pages(2);
    struct blkfront_aiocb later;

    (void)state;
    begin_merge_without_grants(p);
    later = request(p + 4096, 8192, 512); /* does not overtake */
    assert_int_equal(blkfront_aio(&later, 0), 0);
    assert_int_equal(fdisk_take(&disk), 0);
    release(2);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 2);
    assert_int_equal(disk.taken[0].op, BLKIF_OP_WRITE);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    assert_int_equal(disk.data[10], 0);
    assert_int_equal(disk.data[9], 0xee);
    release(hog_count);
    fdisk_close(&disk);
    page_free(p, 2);
}

static void merge_is_lost_while_it_waits(void **state)
{
    uint8_t *p = pages(2);

    (void)state;
    begin_merge_without_grants(p);
    partial.aio_cb = count_call;
    fdisk_close(&disk);
    assert_int_equal(calls, 2);
    assert_int_equal(partial.result, -EIO);
    release(hog_count);
    page_free(p, 2);
}

/* Little data in many pieces: each takes a segment. */
static void small_pieces_are_one_slot(void **state)
{
    struct blkfront_iovec v[20];
    struct blkfront_aiocb a;
    uint8_t *p = pages(20);

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 32});
    for (unsigned i = 0; i < ARRAY_SIZE(v); i++)
        v[i] = (struct blkfront_iovec){p + 4096 * (size_t)i, 512};
    a = request(NULL, 0, sizeof(v) / sizeof(v[0]) * 512);
    a.aio_iov = v;
    a.aio_iovcnt = ARRAY_SIZE(v);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    assert_int_equal(disk.requests, 1);
    assert_int_equal(disk.largest, 20);
    fdisk_close(&disk);
    page_free(p, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(large_requests_are_one_slot),      TEST(vectors_are_one_slot_too),
        TEST(requests_wait_for_slots_in_order), TEST(grant_budget_is_kept),
        TEST(grants_of_others_are_waited_for),  TEST(merge_waits_for_a_grant),
        TEST(merge_is_lost_while_it_waits),     TEST(small_pieces_are_one_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
