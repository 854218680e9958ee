/* SPDX-License-Identifier: MIT */
/* Discards: the part of a range that is sent, the number, order and result of its pieces. */
#include "disk_test.h"

#include <ringlet/thread.h>

static struct blkfront_aiocb discard(int64_t offset, size_t bytes)
{
    return request(NULL, offset, bytes);
}

static int push(struct blkfront_aiocb *a)
{
    return blkfront_aio_push_operation(a, BLKIF_OP_DISCARD);
}

static void the_disk_forgets_that_and_nothing_else(void **state)
{
    struct blkfront_aiocb a;
    struct blkfront_stats s;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512});
    a = discard(1024, 3 * 512);
    assert_int_equal(push(&a), 0);
    assert_int_equal(a.total_bytes, 3 * 512);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].sector, 2);
    assert_int_equal(disk.taken[0].sectors, 3);
    assert_int_equal(disk.taken[0].flag, 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    for (unsigned i = 0; i < 8 * 512; i++)
        assert_int_equal(disk.data[i], i / 512 >= 2 && i / 512 < 5 ? FDISK_DISCARDED : 0);
    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.discards, 1);
    assert_int_equal(s.discarded_sectors, 3);
    assert_int_equal(s.grants_made, 0);
    assert_int_equal(s.writes + s.written_sectors, 0);
    fdisk_close(&disk);
}

/* discard_range compared with a simple computation: all granules inside the range. */
static void whole_granules_only(void **state)
{
    static const uint64_t granules[] = {512, 1024, 1536, 4096};
    struct random r = {1};

    (void)state;
    for (unsigned n = 0; n < 20000; n++) {
        struct blkfront_limits l = {.discard_granularity = granules[random_below(&r, 4)]};
        uint64_t from = random_below(&r, 20000), at, first = 0;
        size_t bytes = random_below(&r, 20000), got = bytes, want = 0;

        l.discard_alignment = random_below(&r, (unsigned)(l.discard_granularity / 512)) * 512;
        for (uint64_t g = l.discard_alignment; g < 60000; g += l.discard_granularity) {
            if (g >= from && g + l.discard_granularity <= from + bytes) {
                if (!want)
                    first = g;
                want += l.discard_granularity;
            }
        }
        at = from;
        discard_range(&l, &at, &got);
        assert_int_equal(got, want);
        if (want)
            assert_int_equal(at, first);
    }
}

static void what_is_no_granule_is_dropped(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 4096, .discard_alignment = 1024});
    a = discard(100, 4 * 4096);
    assert_int_equal(push(&a), 0);
    assert_int_equal(a.total_bytes, 3 * 4096);
    fdisk_take(&disk);
    assert_int_equal(disk.taken[0].sector, 2);
    assert_int_equal(disk.taken[0].sectors, 24);
    fdisk_drain(&disk);

    a = discard(0, 4096); /* nothing whole in it */
    assert_int_equal(push(&a), 0);
    assert_int_equal(a.total_bytes, 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_int_equal(disk.discards, 1);

    a = discard(1024, 0);
    assert_int_equal(push(&a), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    assert_int_equal(disk.discards, 1);
    fdisk_close(&disk);
}

/* A disk of 16 TiB without memory behind it: only the requests that arrive matter. */
static void long_ones_are_split(void **state)
{
    const uint64_t sectors = 1ULL << 35, piece = (UINT32_MAX & ~4095u) / 512;
    struct blkfront_aiocb a;
    uint64_t at = 0;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512});
    disk.sectors = disk.dev->limits.sectors = sectors;
    a = discard(0, 10 * piece * 512 + 512);
    assert_int_equal(push(&a), 0);
    assert_int_equal(a.total_bytes, 10 * piece * 512 + 512);
    assert_int_equal(fdisk_take(&disk), 11);
    for (unsigned i = 0; i < 11; i++) {
        assert_int_equal(disk.taken[i].sector, at);
        assert_int_equal(disk.taken[i].sectors, i < 10 ? piece : 1);
        at += disk.taken[i].sectors;
    }
    while (disk.count)
        fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    a.aio_cb = count_call;
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(a.result, -EIO);
    assert_int_equal(calls, 1);

    /* pieces are whole granules; a granule larger than a piece is sent whole */
    disk.dev->limits.discard_granularity = 3ULL << 20;
    a = discard(0, 8ULL << 30);
    assert_int_equal(push(&a), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    assert_int_equal(disk.taken[0].sectors, 1365 * 6144);
    while (disk.count)
        fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    disk.dev->limits.discard_granularity = UINT32_MAX & ~511u;
    a.aio_cb = count_call;
    fdisk_publish(&disk);
    thread_poll_events();
    a = discard(0, 16ULL << 30);
    a.aio_cb = count_call;
    assert_int_equal(push(&a), 0);
    assert_int_equal(fdisk_take(&disk), 4);
    assert_int_equal(disk.taken[0].sectors, UINT32_MAX / 512);
    while (disk.count)
        fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    fdisk_close(&disk);
}

/* With a ring too short for its pieces it waits for slots as any other. */
static void pieces_wait_for_slots(void **state)
{
    struct blkfront_aiocb a;
    struct blkfront_stats s;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512});
    disk.sectors = disk.dev->limits.sectors = 1ULL << 35;
    a = discard(0, 40ULL << 32);
    a.aio_cb = count_call;
    assert_int_equal(push(&a), 0);
    assert_int_equal(fdisk_take(&disk), 32);
    while (fdisk_take(&disk)) {
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY + (disk.discards < 40 ? BLKIF_RSP_ERROR : 0));
        fdisk_publish(&disk);
        thread_poll_events();
    }
    assert_int_equal(calls, 1);
    assert_int_equal(a.result, -EIO);
    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.waited_slot, 1);
    fdisk_close(&disk);
}

static void what_is_not_accepted(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.flush = true});
    a = discard(0, 512);
    assert_int_equal(push(&a), -EOPNOTSUPP);
    fdisk_close(&disk);

    fdisk_open(&disk, &(struct fake_options){.discard = 512, .readonly = true});
    a = discard(0, 512);
    assert_int_equal(push(&a), -EROFS);
    fdisk_close(&disk);

    fdisk_open(&disk, &(struct fake_options){.discard = 512});
    a = discard(-512, 512);
    assert_int_equal(push(&a), -EINVAL);
    a = discard(0, 2049 * 512);
    assert_int_equal(push(&a), -EINVAL);
    a = discard(2048 * 512, 512);
    assert_int_equal(push(&a), -EINVAL);
    a = discard(2047 * 512, 512);
    a.aio_flags = BLKFRONT_SECURE;
    assert_int_equal(push(&a), -EOPNOTSUPP);
    assert_int_equal(fdisk_take(&disk), 0);
    fdisk_close(&disk);
}

static void secure_is_asked_for(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512, .discard_secure = true});
    a = discard(0, 512);
    a.aio_flags = BLKFRONT_SECURE;
    assert_int_equal(push(&a), 0);
    a.aio_flags = 0; /* the driver has its own */
    fdisk_take(&disk);
    assert_int_equal(disk.taken[0].flag, BLKIF_DISCARD_SECURE);

    /* refused: plain discards continue; refused, too: none */
    disk.discard_status = BLKIF_RSP_EOPNOTSUPP;
    a.aio_cb = count_call;
    fdisk_drain(&disk);
    assert_int_equal(a.result, -EOPNOTSUPP);
    assert_false(disk.dev->limits.discard_secure);
    assert_int_equal(push(&a), 0);
    fdisk_drain(&disk);
    assert_int_equal(a.result, -EOPNOTSUPP);
    assert_int_equal(push(&a), -EOPNOTSUPP);
    assert_int_equal(calls, 2);
    fdisk_close(&disk);
}

static void refused_is_off(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512, .discard_secure = true});
    disk.discard_status = BLKIF_RSP_EOPNOTSUPP;
    a = discard(0, 512);
    a.aio_cb = count_call;
    assert_int_equal(push(&a), 0);
    fdisk_drain(&disk);
    assert_int_equal(a.result, -EOPNOTSUPP);
    assert_false(disk.dev->limits.discard || disk.dev->limits.discard_secure);
    fdisk_close(&disk);
}

/* A write to a part of a sector reads, merges and writes: a discard in between would be undone. */
static void a_discard_waits_for_merges(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb w, d, other;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512});
    memset(p, 0x33, 100);
    w = request(p, 600, 100);
    assert_int_equal(blkfront_aio(&w, 1), 0);
    d = discard(0, 4096);
    assert_int_equal(push(&d), 0);
    other = discard(8192, 512); /* behind it, in order */
    assert_int_equal(push(&other), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].op, BLKIF_OP_READ);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].op, BLKIF_OP_WRITE);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    for (unsigned i = 0; i < 4096; i++)
        assert_int_equal(disk.data[i], FDISK_DISCARDED);

    /* elsewhere it does not wait */
    assert_int_equal(blkfront_aio(&w, 1), 0);
    assert_int_equal(push(&other), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_drain(&disk);
    fdisk_close(&disk);
    page_free(p, 1);
}

static void a_merge_waits_for_discards(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb w, d;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512, .queues = 2});
    memset(p, 0x33, 100);
    d = discard(0, 4096);
    d.aio_queue = 1;
    assert_int_equal(push(&d), 0);
    w = request(p, 600, 100);
    w.aio_queue = 2;
    assert_int_equal(blkfront_aio(&w, 1), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_int_equal(disk.data[599], FDISK_DISCARDED);
    assert_int_equal(disk.data[600], 0x33);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* A barrier is a barrier for discards of other queues too. */
static void a_barrier_orders_discards(void **state)
{
    struct blkfront_aiocb d, b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512, .queues = 2, .barrier = true});
    d = discard(0, 512);
    d.aio_queue = 1;
    b = request(NULL, 0, 0);
    b.aio_queue = 2;
    assert_int_equal(push(&d), 0);
    assert_int_equal(blkfront_aio_push_operation(&b, BLKIF_OP_WRITE_BARRIER), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_drain(&disk);
    assert_int_equal(disk.barriers, 1);
    fdisk_close(&disk);
}

static void a_lost_device_ends_them(void **state)
{
    struct blkfront_aiocb a[40];

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512});
    for (unsigned i = 0; i < 40; i++) {
        a[i] = discard(0, 512);
        a[i].aio_cb = count_call;
        assert_int_equal(push(&a[i]), 0);
    }
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 40);
    assert_int_equal(a[0].result, -EIO);
    assert_int_equal(a[39].result, -ENODEV);
    fdisk_close(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_disk_forgets_that_and_nothing_else),
        TEST(whole_granules_only),
        TEST(what_is_no_granule_is_dropped),
        TEST(long_ones_are_split),
        TEST(pieces_wait_for_slots),
        TEST(what_is_not_accepted),
        TEST(secure_is_asked_for),
        TEST(refused_is_off),
        TEST(a_discard_waits_for_merges),
        TEST(a_merge_waits_for_discards),
        TEST(a_barrier_orders_discards),
        TEST(a_lost_device_ends_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
