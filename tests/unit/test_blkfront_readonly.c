/* SPDX-License-Identifier: MIT */
/* A read-only disk has nothing to flush, and its backend may refuse anything but reads. */
#include "disk_test.h"

#include <ringlet/thread.h>

static void push(struct blkfront_aiocb *a, uint8_t op)
{
    *a = request(NULL, 0, 0);
    a->aio_cb = count_call;
    a->result = 1;
    assert_int_equal(blkfront_aio_push_operation(a, op), 0);
}

static void open_disk(const struct fake_options *o)
{
    fdisk_open(&disk, o);
    disk.flush_status = disk.barrier_status = BLKIF_RSP_ERROR;
    fdisk_run_when_idle(&disk, NULL);
}

static void nothing_is_sent(void **state)
{
    static const struct fake_options options[] = {
        {.readonly = true},
        {.readonly = true, .flush = true},
        {.readonly = true, .barrier = true},
        {.readonly = true, .flush = true, .barrier = true, .queues = 3},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(options); i++) {
        open_disk(&options[i]);
        assert_int_equal(blkfront_sync(disk.dev), 0);
        assert_int_equal(disk.flushes + disk.barriers, 0);
        fdisk_close(&disk);
    }
}

/* Both operations are accepted if they are offered, complete once, and keep their order. */
static void operations_complete(void **state)
{
    struct blkfront_aiocb reads[2], flush, barrier;
    uint8_t *p = pages(2);

    (void)state;
    open_disk(&(struct fake_options){.readonly = true, .flush = true, .barrier = true});
    reads[0] = request(p, 0, 4096);
    reads[1] = request(p + 4096, 4096, 4096);
    assert_int_equal(blkfront_aio(&reads[0], 0), 0);
    push(&flush, BLKIF_OP_FLUSH_DISKCACHE);
    push(&barrier, BLKIF_OP_WRITE_BARRIER);
    assert_int_equal(blkfront_aio(&reads[1], 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 4);
    assert_int_equal(flush.result, 0);
    assert_int_equal(barrier.result, 0);
    assert_int_equal(disk.flushes + disk.barriers, 0);
    fdisk_close(&disk);
    page_free(p, 2);
}

/* Data written while the disk was writable are still flushed. */
static void written_before(void **state)
{
    struct blkfront_aiocb a;
    uint8_t *p = pages(1);

    (void)state;
    open_disk(&(struct fake_options){.flush = true});
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    fdisk_drain(&disk);
    disk.dev->limits.readonly = true;
    assert_int_equal(blkfront_sync(disk.dev), -EIO);
    assert_int_equal(disk.flushes, 1);
    disk.flush_status = BLKIF_RSP_OKAY;
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(disk.flushes, 2);
    disk.flush_status = BLKIF_RSP_ERROR;
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(disk.flushes, 2);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* A barrier does not complete before a write that was sent while the disk could be written; and
 * then there is something to flush. */
static void a_barrier_waits_for_writes(void **state)
{
    struct blkfront_aiocb write, barrier;
    uint8_t *p = pages(1);

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.barrier = true});
    write = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&write, 1), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    disk.dev->limits.readonly = true;
    push(&barrier, BLKIF_OP_WRITE_BARRIER);
    thread_poll_events();
    assert_int_equal(calls, 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_int_equal(barrier.result, 0);
    assert_int_equal(disk.barriers, 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Lost writes that were not reported yet are reported, also by a disk that is read-only now. */
static void a_loss_is_told(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.readonly = true, .flush = true});
    disk.dev->path.writes.lost = true;
    assert_int_equal(blkfront_sync(disk.dev), -EIO);
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(disk.flushes, 0);
    fdisk_close(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(operations_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(written_before, setup, teardown),
        cmocka_unit_test_setup_teardown(a_barrier_waits_for_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_loss_is_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
