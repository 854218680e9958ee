/* SPDX-License-Identifier: MIT */
/* Waiting for blkfront: flush, barrier and sync, polling, and threads that share devices. */
#include "disk_test.h"

#include <ringlet/thread.h>

#include <string.h>

static struct fake_disk second;
static void flush_and_barrier(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.flush = true, .barrier = true});
    fdisk_run_when_idle(&disk, NULL);
    a = request(NULL, 0, 0);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_FLUSH_DISKCACHE), 0);
    fdisk_drain(&disk);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_WRITE_BARRIER), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_int_equal(disk.flushes, 1);
    assert_int_equal(disk.barriers, 1);
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(disk.flushes, 2);
    assert_int_equal(disk.barriers, 1);

    disk.flush_status = BLKIF_RSP_ERROR;
    assert_int_equal(blkfront_sync(disk.dev), -EIO);

    disk.flush_status = BLKIF_RSP_EOPNOTSUPP; /* the offer is taken back: a barrier does it */
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(disk.flushes, 4);
    assert_int_equal(disk.barriers, 2);
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(disk.flushes, 4);
    assert_int_equal(disk.barriers, 3);

    disk.barrier_status = BLKIF_RSP_EOPNOTSUPP;
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(disk.barriers, 4);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_FLUSH_DISKCACHE), -EOPNOTSUPP);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_WRITE_BARRIER), -EOPNOTSUPP);
    fdisk_close(&disk);
}

/* sync waits for all earlier requests, also those only enqueued. */
static void sync_comes_after_writes(void **state)
{
    uint8_t *p = pages(2);
    struct blkfront_aiocb a, b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.flush = true});
    fdisk_run_when_idle(&disk, NULL);
    a = request(p, 0, 4096);
    b = request(p + 4096, 4096, 4096);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio_enqueue(&b, 1), 0);
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(calls, 2);
    assert_int_equal(disk.flushes, 1);
    fdisk_close(&disk);
    page_free(p, 2);
}

static void waits(void **state)
{
    uint8_t *p = pages(4);
    struct blkfront_aiocb a, b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    assert_int_equal(blkfront_aio_wait(disk.dev, DEADLINE_NEVER), 0); /* nothing to wait for */
    a = request(p, 0, 4096);
    b = request(p + 4096, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(blkfront_aio(&b, 0), 0);
    assert_int_equal(blkfront_aio_wait(disk.dev, seam_now + 1000), 0);
    assert_int_equal(blkfront_aio_poll(disk.dev), 0);
    fdisk_take(&disk);
    fdisk_answer(&disk, 0, 0);
    fdisk_publish(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    fdisk_run_when_idle(&disk, NULL);
    assert_int_equal(blkfront_aio_wait(disk.dev, DEADLINE_NEVER), 1);
    assert_int_equal(calls, 2);

    a.data = &disk;
    assert_int_equal(blkfront_read(&a), 0);
    assert_ptr_equal(a.data, &disk); /* the caller's again */
    assert_ptr_equal(a.aio_cb, count_good);
    assert_int_equal(calls, 2);
    a.aio_cb = NULL; /* a caller that waits needs none */
    assert_int_equal(blkfront_write(&a), 0);
    fdisk_close(&disk);
    page_free(p, 4);
}

static unsigned told;

static void cannot_wait(struct blkfront_aiocb *a, int ret)
{
    struct blkfront_aiocb b = request(a->aio_buf, 0, 4096);

    count_good(a, ret);
    assert_int_equal(blkfront_sync(disk.dev), -EDEADLK);
    assert_int_equal(blkfront_io(&b, 0), -EDEADLK);
    assert_ptr_equal(b.aio_cb, count_good);
    assert_int_equal(blkfront_aio_wait(disk.dev, DEADLINE_NEVER), 0);
    told++;
}

/* With any other requests in flight: a callback would wait for itself. */
static void callbacks_cannot_wait(void **state)
{
    uint8_t *p = pages(2);
    struct blkfront_aiocb a, b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.flush = true});
    a = request(p, 0, 512);
    a.aio_cb = cannot_wait;
    b = request(p + 4096, 8192, 512);
    told = 0;
    assert_int_equal(blkfront_aio_read(&a), 0);
    assert_int_equal(blkfront_aio_read(&b), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1); /* called by a thread */
    assert_int_equal(told, 1);
    assert_int_equal(blkfront_aio_read(&a), 0);
    fdisk_take(&disk);
    fdisk_answer(&disk, 1, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events(); /* and by a handler */
    assert_int_equal(told, 2);
    assert_int_equal(disk.flushes, 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    fdisk_close(&disk);
    page_free(p, 2);
}

static void reader(void *arg)
{
    struct blkfront_aiocb *a = arg;

    assert_int_equal(blkfront_aio_wait(a->aio_dev, DEADLINE_NEVER), 1);
    told++;
}

/* Several threads may wait, for any completion, also of requests only enqueued. */
static void all_who_wait_are_woken(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;
    struct thread *t[3];

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(p, 0, 512);
    told = 0;
    assert_int_equal(blkfront_aio_enqueue(&a, 0), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(thread_create(&t[i], "reader", reader, &a, 0), 0);
    thread_yield();
    assert_int_equal(told, 0);
    assert_int_equal(fdisk_run(&disk), 1);
    for (unsigned i = 0; i < 3; i++)
        thread_join(t[i]);
    assert_int_equal(told, 3);
    assert_int_equal(calls, 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

static unsigned threads_done;

static void io_thread(void *arg)
{
    uint8_t *p = page_alloc(3, MEM_APP);
    unsigned number = (unsigned)(uintptr_t)arg;
    struct random r = {number};

    for (unsigned i = 0; i < 50; i++) {
        struct blkfront_aiocb a = {.aio_dev = number % 2 ? disk.dev : second.dev,
                                   .aio_buf = p + random_below(&r, 100),
                                   .aio_nbytes = 1 + random_below(&r, 8000),
                                   .aio_offset = number * 65536 + random_below(&r, 32768)};

        fill(a.aio_buf, a.aio_nbytes, i);
        assert_int_equal(blkfront_write(&a), 0);
        memset(p, 0, 3 * 4096);
        assert_int_equal(blkfront_read(&a), 0);
        assert_memory_equal(a.aio_buf, (number % 2 ? disk.data : second.data) + a.aio_offset,
                            a.aio_nbytes);
        if (i % 10 == 0)
            assert_int_equal(blkfront_sync(a.aio_dev), 0);
    }
    page_free(p, 3);
    threads_done++;
}

static void threads_share_two_devices(void **state)
{
    struct thread *t[8];
    struct random r = {7};

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.flush = true});
    fdisk_open(&second, &(struct fake_options){.sector_size = 4096, .barrier = true});
    disk.random = second.random = &r;
    fdisk_run_when_idle(&disk, &second);
    threads_done = 0;
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(thread_create(&t[i], "io", io_thread, (void *)(uintptr_t)i, 64 * 1024), 0);
    for (unsigned i = 0; i < 8; i++)
        thread_join(t[i]);
    assert_int_equal(threads_done, 8);
    fdisk_close(&disk);
    fdisk_close(&second);
}

static void no_device(void **state)
{
    struct blkfront_limits limits;
    struct blkfront_stats stats;

    (void)state;
    memset(&limits, 0xff, sizeof(limits));
    memset(&stats, 0xff, sizeof(stats));
    assert_int_equal(blkfront_aio_poll(NULL), -EINVAL);
    assert_int_equal(blkfront_aio_wait(NULL, DEADLINE_NEVER), -EINVAL);
    assert_int_equal(blkfront_aio_submit(NULL), -EINVAL);
    assert_int_equal(blkfront_sync(NULL), -EINVAL);
    assert_int_equal(blkfront_in_flight(NULL), 0);
    blkfront_get_limits(NULL, &limits);
    assert_int_equal(limits.sectors, 0);
    assert_string_equal(limits.name, "");
    blkfront_get_stats(NULL, &stats);
    assert_int_equal(stats.reads, 0);
    assert_int_equal(stats.ring_high_water, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(flush_and_barrier),
        TEST(sync_comes_after_writes),
        TEST(waits),
        TEST(callbacks_cannot_wait),
        TEST(all_who_wait_are_woken),
        TEST(threads_share_two_devices),
        TEST(no_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
