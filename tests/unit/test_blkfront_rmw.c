/* SPDX-License-Identifier: MIT */
/* Writes to a part of a sector: read, merged, written, and the requests that wait meanwhile. */
#include "host/fake_disk.h"

#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fake_disk disk;
static unsigned calls;

static uint8_t *buffer;

static int setup(void **state)
{
    (void)state;
    fdisk_init(24 << 20);
    calls = 0;
    buffer = page_alloc_zeroed(4, MEM_APP);
    fdisk_open(&disk, &(struct fake_options){.barrier = true});
    memset(disk.data, 0xee, 2048 * 512);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fdisk_close(&disk);
    page_free(buffer, 4);
    fdisk_exit();
    return 0;
}

static void done(struct blkfront_aiocb *a, int ret)
{
    assert_int_equal(ret, (intptr_t)a->data);
    calls++;
}

static struct blkfront_aiocb writer(unsigned place, int64_t offset, size_t bytes)
{
    return (struct blkfront_aiocb){.aio_dev = disk.dev,
                                   .aio_buf = buffer + place,
                                   .aio_offset = offset,
                                   .aio_nbytes = bytes,
                                   .aio_cb = done};
}

/* One step of the backend: answers all that is on the ring, and the frontend sees it. */
static unsigned step(void)
{
    unsigned n = fdisk_run(&disk);

    thread_poll_events();
    return n;
}

static void two_writers_of_one_sector_both_win(void **state)
{
    struct blkfront_aiocb a = writer(0, 512 + 10, 20), b = writer(100, 512 + 200, 30);

    (void)state;
    memset(buffer, 1, 20);
    memset(buffer + 100, 2, 30);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio(&b, 1), 0);
    assert_int_equal(step(), 1); /* a reads */
    assert_int_equal(calls, 0);
    assert_int_equal(step(), 1); /* a writes; only then b begins */
    assert_int_equal(calls, 1);
    assert_int_equal(step(), 1);
    assert_int_equal(step(), 1);
    assert_int_equal(calls, 2);
    for (unsigned i = 0; i < 512; i++)
        assert_int_equal(disk.data[512 + i], i >= 10 && i < 30     ? 1
                                             : i >= 200 && i < 230 ? 2
                                                                   : 0xee);
    assert_int_equal(disk.data[511], 0xee);
    assert_int_equal(disk.data[1024], 0xee);
    assert_int_equal(disk.dev->stats.read_merged_writes, 2);
}

static void write_and_merge_keep_their_order(void **state)
{
    struct blkfront_aiocb whole = writer(0, 512, 512), part = writer(1024, 512, 8);

    (void)state;
    memset(buffer, 3, 512);
    memset(buffer + 1024, 4, 8);
    assert_int_equal(blkfront_aio(&whole, 1), 0);
    assert_int_equal(blkfront_aio(&part, 1), 0);
    assert_int_equal(fdisk_take(&disk), 1); /* the merge waits for the write */
    fdisk_drain(&disk);
    assert_int_equal(disk.data[512], 4);
    assert_int_equal(disk.data[520], 3);

    memset(buffer, 5, 512);
    assert_int_equal(blkfront_aio(&part, 1), 0);
    assert_int_equal(blkfront_aio(&whole, 1), 0);
    assert_int_equal(fdisk_take(&disk), 1); /* the write waits for the merge */
    step();
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].op, BLKIF_OP_WRITE);
    fdisk_drain(&disk);
    assert_int_equal(disk.data[512], 5);
    assert_int_equal(calls, 4);
}

static void merges_elsewhere_do_not_wait(void **state)
{
    struct blkfront_aiocb a = writer(0, 10, 20), b = writer(100, 5120 + 5, 30),
                          c = writer(512, 8192, 512), d = writer(1024, 0, 512);

    (void)state;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio(&b, 1), 0);
    assert_int_equal(blkfront_aio(&c, 1), 0);
    assert_int_equal(blkfront_aio(&d, 0), 0); /* reads wait for nothing */
    assert_int_equal(fdisk_take(&disk), 4);
    fdisk_drain(&disk);
    assert_int_equal(calls, 4);
}

/* Nor do writes to the sectors just before and just behind. */
static void neighbours_of_a_merge_do_not_wait(void **state)
{
    struct blkfront_aiocb a = writer(0, 4096 + 10, 20), before = writer(512, 4096 - 512, 512),
                          behind = writer(1024, 4096 + 512, 512), same = writer(2048, 4096, 512);

    (void)state;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio(&before, 1), 0);
    assert_int_equal(blkfront_aio(&behind, 1), 0);
    assert_int_equal(fdisk_take(&disk), 3);
    assert_int_equal(blkfront_aio(&same, 1), 0);
    assert_int_equal(fdisk_take(&disk), 3);
    fdisk_drain(&disk);
    assert_int_equal(calls, 4);
}

static void unaligned_write_merges_its_ends(void **state)
{
    struct blkfront_aiocb a = writer(100, 100, 8000);

    (void)state;
    for (unsigned i = 0; i < 8000; i++)
        buffer[100 + i] = (uint8_t)(i * 7);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(fdisk_take(&disk), 3);
    fdisk_drain(&disk);
    assert_memory_equal(disk.data + 100, buffer + 100, 8000);
    assert_int_equal(disk.data[99], 0xee);
    assert_int_equal(disk.data[8100], 0xee);
    assert_int_equal(calls, 1);
    assert_int_equal(disk.dev->stats.read_merged_writes, 1);
    assert_int_equal(disk.dev->stats.reads, 2);
    assert_int_equal(disk.dev->stats.writes, 3);
    assert_int_equal(disk.dev->stats.bytes_copied, 8000 - 7168);
}

static void barrier_comes_after_merges(void **state)
{
    struct blkfront_aiocb a = writer(0, 10, 20), b = writer(0, 0, 0);

    (void)state;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio_push_operation(&b, BLKIF_OP_WRITE_BARRIER), 0);
    assert_int_equal(step(), 1);
    assert_int_equal(disk.barriers, 0);
    assert_int_equal(step(), 1);
    assert_int_equal(disk.barriers, 0);
    assert_int_equal(step(), 1);
    assert_int_equal(disk.barriers, 1);
    assert_int_equal(calls, 2);
}

static void merge_that_cannot_read_writes_nothing(void **state)
{
    struct blkfront_aiocb a = writer(0, 10, 20), b = writer(0, 30, 5);

    (void)state;
    a.data = (void *)(intptr_t)-EIO;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio(&b, 1), 0);
    fdisk_take(&disk);
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls, 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_int_equal(disk.data[10], 0xee);
    assert_int_equal(disk.data[30], 0);
    assert_int_equal(disk.dev->stats.writes, 1);
}

static void merge_that_cannot_write_says_so(void **state)
{
    struct blkfront_aiocb a = writer(0, 10, 20);

    (void)state;
    a.data = (void *)(intptr_t)-EIO;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    step();
    fdisk_take(&disk);
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls, 1);
    assert_true(list_empty(&disk.dev->path.rmw_active));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(two_writers_of_one_sector_both_win),    TEST(write_and_merge_keep_their_order),
        TEST(merges_elsewhere_do_not_wait),          TEST(neighbours_of_a_merge_do_not_wait),
        TEST(unaligned_write_merges_its_ends),       TEST(barrier_comes_after_merges),
        TEST(merge_that_cannot_read_writes_nothing), TEST(merge_that_cannot_write_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
