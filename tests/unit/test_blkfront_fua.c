/* SPDX-License-Identifier: MIT */
/* Writes that are stable when they complete: with a flush, with a barrier, with neither. */
#include "disk_test.h"

#include <ringlet/thread.h>

static uint8_t *p;

static void open_disk(const struct fake_options *o)
{
    fdisk_open(&disk, o);
    p = pages(64);
    fill(p, 64 * 4096, 1);
}

static void close_disk(void)
{
    fdisk_close(&disk);
    page_free(p, 64);
}

static struct blkfront_aiocb stable(int64_t offset, size_t bytes)
{
    struct blkfront_aiocb a = request(p, offset, bytes);

    a.aio_flags = BLKFRONT_FUA;
    return a;
}

/* The backend has one request, of this kind; answers it. */
static void only(uint8_t op, int16_t status)
{
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].op, op);
    assert_int_equal(disk.taken[0].sector, op == BLKIF_OP_WRITE ? 8 : 0);
    fdisk_answer(&disk, 0, status);
    fdisk_publish(&disk);
    thread_poll_events();
}

static void a_flush_follows_the_data(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){.flush = true, .barrier = true});
    a = stable(4096, 4096);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    assert_int_equal(calls, 0);
    assert_int_equal(blkfront_in_flight(disk.dev), 1);
    only(BLKIF_OP_FLUSH_DISKCACHE, BLKIF_RSP_OKAY);
    assert_int_equal(calls, 1);
    assert_memory_equal(disk.data + 4096, p, 4096);

    /* not of reads, nor of nothing */
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    a.aio_nbytes = 0;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    assert_int_equal(disk.flushes, 1);
    close_disk();
}

/* After the last of its parts, whichever that is, and after the merges at its ends. */
static void after_all_of_it(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){.flush = true});
    a = stable(100, 50 * 4096);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    while (disk.requests < 8) { /* a read and a write at either end, and five between */
        fdisk_take(&disk);
        assert_int_equal(disk.flushes, 0);
        fdisk_answer(&disk, disk.count - 1, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_poll_events();
    }
    fdisk_drain(&disk);
    assert_int_equal(disk.flushes, 1);
    assert_int_equal(calls, 1);
    assert_memory_equal(disk.data + 100, p, 50 * 4096);
    close_disk();
}

static void a_barrier_where_only_that_is_offered(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){.barrier = true});
    a = stable(4096, 4096);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    only(BLKIF_OP_WRITE_BARRIER, BLKIF_RSP_OKAY);
    assert_int_equal(calls, 1);
    close_disk();
}

static void nothing_without_a_cache(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){0});
    a = stable(4096, 4096);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    assert_int_equal(calls, 1);
    assert_int_equal(disk.requests, 1);
    close_disk();
}

static void what_is_refused_is_replaced(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){.flush = true, .barrier = true});
    a = stable(4096, 4096);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    only(BLKIF_OP_FLUSH_DISKCACHE, BLKIF_RSP_EOPNOTSUPP);
    only(BLKIF_OP_WRITE_BARRIER, BLKIF_RSP_EOPNOTSUPP);
    assert_int_equal(calls, 1);
    assert_false(disk.dev->limits.flush || disk.dev->limits.barrier);

    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    assert_int_equal(calls, 2);
    close_disk();
}

static void errors_reach_the_caller(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){.flush = true});
    a = stable(4096, 4096);
    a.aio_cb = count_call;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_ERROR);
    assert_int_equal(calls, 1);
    assert_int_equal(a.result, -EIO);
    assert_int_equal(disk.requests, 1);

    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_EOPNOTSUPP);
    assert_int_equal(calls, 2);
    assert_int_equal(a.result, -EOPNOTSUPP);

    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    only(BLKIF_OP_FLUSH_DISKCACHE, BLKIF_RSP_ERROR);
    assert_int_equal(calls, 3);
    assert_int_equal(a.result, -EIO);

    assert_int_equal(blkfront_aio(&a, 1), 0);
    only(BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 4);
    assert_int_equal(a.result, -EIO);
    close_disk();
}

/* Barriers of two such writes, answered in reverse order; and one of the caller's own between
 * them, in another queue. */
static void their_barriers_are_in_order(void **state)
{
    struct blkfront_aiocb a[2], b, c;

    (void)state;
    open_disk(&(struct fake_options){.barrier = true, .queues = 2});
    for (unsigned i = 0; i < 2; i++) {
        a[i] = stable(4096 * i, 4096);
        a[i].aio_queue = 1;
        assert_int_equal(blkfront_aio(&a[i], 1), 0);
    }
    b = request(NULL, 0, 0);
    b.aio_queue = 2;
    assert_int_equal(blkfront_aio_push_operation(&b, BLKIF_OP_WRITE_BARRIER), 0);
    c = request(p, 65536, 4096);
    c.aio_queue = 1;
    assert_int_equal(blkfront_aio(&c, 1), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_answer(&disk, 1, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    fdisk_drain(&disk);
    assert_int_equal(calls, 4);
    assert_int_equal(disk.barriers, 3);
    close_disk();
}

static void many_at_once(void **state)
{
    static struct blkfront_aiocb a[300];
    struct random r = {1};

    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        open_disk(&(struct fake_options){.flush = way == 0, .barrier = way == 1, .queues = 3});
        disk.random = &r;
        calls = 0;
        for (unsigned i = 0; i < 300; i++) {
            a[i] = request(p, 512 * (int64_t)random_below(&r, 1500), 1 + random_below(&r, 9000));
            a[i].aio_flags = random_below(&r, 2) ? BLKFRONT_FUA : 0;
            assert_int_equal(blkfront_aio(&a[i], random_below(&r, 4) != 0), 0);
        }
        fdisk_drain(&disk);
        assert_int_equal(calls, 300);
        assert_int_equal(!!disk.flushes, way == 0);
        assert_int_equal(!!disk.barriers, way == 1);
        close_disk();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_flush_follows_the_data),
        TEST(after_all_of_it),
        TEST(a_barrier_where_only_that_is_offered),
        TEST(nothing_without_a_cache),
        TEST(what_is_refused_is_replaced),
        TEST(errors_reach_the_caller),
        TEST(their_barriers_are_in_order),
        TEST(many_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
