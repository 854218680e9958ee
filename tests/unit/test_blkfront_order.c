/* SPDX-License-Identifier: MIT */
/* The requests that barriers and flushes wait for: the caller's barriers and flushes, and those
 * of stable writes. */
#include "disk_test.h"

#include <ringlet/thread.h>

static struct blkfront_aiocb a[8];
static uint8_t *p;

static void open_disk(const struct fake_options *o)
{
    fdisk_open(&disk, o);
    p = pages(8);
    fill(p, 8 * 4096, 1);
    for (unsigned i = 0; i < ARRAY_SIZE(a); i++)
        a[i] = request(p + 4096 * i, 4096 * i, 4096);
}

static void close_disk(void)
{
    fdisk_close(&disk);
    page_free(p, 8);
}

static void write_in(unsigned i, uint8_t queue, unsigned flags)
{
    a[i].aio_queue = queue;
    a[i].aio_flags = flags;
    assert_int_equal(blkfront_aio_write(&a[i]), 0);
}

static void barrier_in(unsigned i, uint8_t queue)
{
    a[i] = request(NULL, 0, 0);
    a[i].aio_queue = queue;
    assert_int_equal(blkfront_aio_push_operation(&a[i], BLKIF_OP_WRITE_BARRIER), 0);
}

/* Answers the first request of this kind in this queue (from 1 on). */
static void answer(uint8_t queue, uint8_t op)
{
    unsigned i = 0;

    fdisk_take(&disk);
    while (i < disk.count && (disk.taken[i].queue != queue - 1u || disk.taken[i].op != op))
        i++;
    assert_true(i < disk.count);
    fdisk_answer(&disk, i, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    fdisk_take(&disk);
}

/* One ring preserves its order by itself. */
static void barriers_of_one_ring_wait_for_nothing(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.barrier = true});
    write_in(0, 0, 0);
    barrier_in(1, 0);
    write_in(2, 0, 0);
    barrier_in(3, 0);
    assert_int_equal(fdisk_take(&disk), 4);
    assert_int_equal(disk.taken[1].op, BLKIF_OP_WRITE_BARRIER);
    assert_int_equal(disk.taken[3].op, BLKIF_OP_WRITE_BARRIER);
    fdisk_drain(&disk);
    assert_int_equal(calls, 4);
    close_disk();
}

/* Writes that share a request may have to be sent again, so a barrier waits for them: for each. */
static void a_barrier_waits_for_joined_writes(void **state)
{
    (void)state;
    for (unsigned last = 0; last < 2; last++) {
        open_disk(&(struct fake_options){.barrier = true});
        calls = 0;
        for (unsigned i = 0; i < 5; i++) {
            if (i != 2) /* a gap, so there are two of them */
                assert_int_equal(blkfront_aio_enqueue(&a[i], 1), 0);
        }
        assert_int_equal(blkfront_aio_submit(disk.dev), 4);
        barrier_in(5, 0);
        assert_int_equal(fdisk_take(&disk), 2);
        fdisk_answer(&disk, !last, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_poll_events();
        assert_int_equal(calls, 2);
        assert_int_equal(fdisk_take(&disk), 1);
        assert_int_equal(disk.barriers, 0);
        answer(1, BLKIF_OP_WRITE);
        assert_int_equal(calls, 4);
        assert_int_equal(disk.barriers, 1);
        fdisk_drain(&disk);
        assert_int_equal(calls, 5);
        close_disk();
    }
}

/* Reads that share a request have no part in it. */
static void a_barrier_does_not_wait_for_joined_reads(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.barrier = true});
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(blkfront_aio_enqueue(&a[i], 0), 0);
    assert_int_equal(blkfront_aio_submit(disk.dev), 2);
    barrier_in(2, 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_drain(&disk);
    close_disk();
}

/* Without barriers the backend may choose the order on the ring. */
static void a_stable_writes_flush_waits_for_no_queue(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.flush = true, .queues = 2});
    write_in(0, 1, BLKFRONT_FUA);
    write_in(1, 2, 0);
    answer(1, BLKIF_OP_WRITE);
    assert_int_equal(disk.flushes, 1);
    write_in(2, 2, 0); /* and none waits for it */
    assert_int_equal(fdisk_take(&disk), 3);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    close_disk();
}

/* It was submitted before the caller's barrier, which is therefore second; but not before the
 * write in the other queue. */
static void a_stable_writes_barrier_has_its_writes_place(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.barrier = true, .queues = 2});
    write_in(0, 2, 0);
    write_in(1, 1, BLKFRONT_FUA);
    barrier_in(2, 2);
    answer(1, BLKIF_OP_WRITE);
    assert_int_equal(disk.barriers, 0); /* a[0] is on its way */
    answer(2, BLKIF_OP_WRITE);
    assert_int_equal(disk.barriers, 1);
    assert_int_equal(disk.count, 1);
    assert_int_equal(disk.taken[0].queue, 0);
    answer(1, BLKIF_OP_WRITE_BARRIER);
    assert_int_equal(disk.barriers, 2);
    assert_int_equal(disk.taken[0].queue, 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    close_disk();
}

/* Behind a barrier that was submitted before it, it is second. */
static void a_stable_writes_barrier_stays_behind(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.barrier = true, .queues = 2});
    write_in(0, 2, 0);
    barrier_in(1, 1);
    assert_int_equal(fdisk_take(&disk), 1);
    write_in(2, 1, BLKFRONT_FUA);
    write_in(3, 2, BLKFRONT_FUA);
    assert_int_equal(fdisk_take(&disk), 1);
    answer(2, BLKIF_OP_WRITE);
    assert_int_equal(disk.barriers, 1);
    answer(1, BLKIF_OP_WRITE_BARRIER);
    assert_int_equal(calls, 2);
    fdisk_drain(&disk);
    assert_int_equal(calls, 4);
    assert_int_equal(disk.barriers, 3);
    close_disk();
}

/* Other fields of the aiocb are ignored: they concern the whole disk. */
static void flushes_and_barriers_have_no_range(void **state)
{
    static const uint8_t ops[] = {BLKIF_OP_FLUSH_DISKCACHE, BLKIF_OP_WRITE_BARRIER};

    (void)state;
    open_disk(&(struct fake_options){.flush = true, .barrier = true});
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        a[i] = request(p, 1 << 30, 8192);
        a[i].aio_flags = BLKFRONT_FUA | BLKFRONT_SECURE;
        assert_int_equal(blkfront_aio_push_operation(&a[i], ops[i]), 0);
        assert_int_equal(a[i].total_bytes, 0);
        assert_int_equal(a[i].is_write, 0);
        assert_int_equal(fdisk_take(&disk), 1);
        assert_int_equal(disk.taken[0].op, ops[i]);
        assert_int_equal(disk.taken[0].sector, 0);
        fdisk_drain(&disk);
        assert_int_equal(calls, i + 1);
    }
    assert_int_equal(disk.requests, 2);
    close_disk();
}

/* Also when it is not the device's first: requests are resubmitted in their order. */
static void the_order_outlasts_a_backend(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    open_disk(&(struct fake_options){.nomerges = true});
    dev = disk.dev;
    assert_int_equal(blkfront_sync(dev), 0);
    for (unsigned i = 0; i < 6; i++)
        write_in(i, 0, 0);
    assert_int_equal(fdisk_take(&disk), 6);
    fdisk_answer(&disk, 3, BLKIF_RSP_OKAY);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    write_in(6, 0, 0);
    assert_int_equal(calls, 2);
    requeue_all(dev, false);
    fdisk_reconnect(&disk);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 5);
    for (unsigned i = 1, n = 0; i < 7; i++) {
        if (i != 3)
            assert_int_equal(disk.taken[n++].sector, 8 * i);
    }
    fdisk_drain(&disk);
    assert_int_equal(calls, 7);
    close_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(barriers_of_one_ring_wait_for_nothing),
        TEST(a_barrier_waits_for_joined_writes),
        TEST(a_barrier_does_not_wait_for_joined_reads),
        TEST(a_stable_writes_flush_waits_for_no_queue),
        TEST(a_stable_writes_barrier_has_its_writes_place),
        TEST(a_stable_writes_barrier_stays_behind),
        TEST(the_order_outlasts_a_backend),
        TEST(flushes_and_barriers_have_no_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
