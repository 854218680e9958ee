/* SPDX-License-Identifier: MIT */
/* blkfront when the device is lost or closed with requests in flight, and when memory is short:
 * each request completes exactly once, nothing leaks, nothing hangs. */
#include "host/fake_disk.h"

#include <kernel/heap.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N     8
#define PAGES 20

static struct fake_disk disk;
static struct blkfront_aiocb aiocb[N];
static unsigned calls[N];
static int results[N];
static uint8_t *buffer;

static void done(struct blkfront_aiocb *a, int ret)
{
    unsigned i = (unsigned)(a - aiocb);

    assert_true(i < N);
    assert_null(a->request);
    calls[i]++;
    results[i] = ret;
}

static int setup(void **state)
{
    (void)state;
    fdisk_init(16 << 20);
    buffer = page_alloc_zeroed(PAGES, MEM_APP);
    memset(calls, 0, sizeof(calls));
    memset(results, 0x55, sizeof(results));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (buffer)
        page_free(buffer, PAGES);
    fdisk_exit();
    return 0;
}

static int start(unsigned i, bool write)
{
    aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                       .aio_buf = buffer + i * 4096,
                                       .aio_nbytes = 4096,
                                       .aio_offset = i * 4096,
                                       .aio_cb = done};
    return blkfront_aio(&aiocb[i], write);
}

/* ---- loss and closing ---- */

/* Requests 0 to 3 are merges in either phase, 4 to 6 plain writes, 7 was only enqueued. */
static void loss_completes_everything_once(void **state)
{
    grant_ref_t ref;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < N; i++) {
        aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                           .aio_buf = buffer + i * 4096,
                                           .aio_nbytes = i < 4 ? 100 : 4096,
                                           .aio_offset = i * 4096,
                                           .aio_cb = done};
        assert_int_equal(i == 7 ? blkfront_aio_enqueue(&aiocb[i], 1) : blkfront_aio(&aiocb[i], 1),
                         0);
    }
    assert_int_equal(fdisk_take(&disk), 7);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events(); /* two merges are now writing */
    ref = disk.taken[3].seg[0].gref;
    fdisk_map(ref, true);
    lifecycle_close(disk.dev);
    assert_int_equal(blkfront_in_flight(disk.dev), 1); /* its page is still being used */
    assert_int_equal(calls[5], 0);
    assert_int_equal(start(0, true), -ENODEV);
    lifecycle_release(disk.dev);
    assert_int_equal(blkfront_in_flight(disk.dev), 0);
    assert_true(page_is_pinned(buffer + 5 * 4096));
    assert_int_equal(blkfront_sync(disk.dev), -ENODEV);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(calls[i], 1);
        assert_int_equal(results[i], i == 7 ? -ENODEV : -EIO);
    }
    assert_true(list_empty(&disk.dev->path.rmw_active));
    fdisk_map(ref, false);
    thread_sleep(NSEC_PER_SEC);
    fdisk_close(&disk);
}

static void waiting_requests_are_lost_too(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.budget = 4});
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(start(i, false), 0);
    assert_int_equal(fdisk_take(&disk), 4);
    fdisk_close(&disk);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(calls[i], 1);
        assert_int_equal(results[i], i < 4 ? -EIO : -ENODEV);
    }
}

/* A request of which one ring request failed and the rest waits completes when its ring requests
 * in flight have ended. */
static void big_request_fails_while_it_waits(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.budget = 2, .max_segments = 1});
    aiocb[0] = (struct blkfront_aiocb){
        .aio_dev = disk.dev, .aio_buf = buffer, .aio_nbytes = N * 4096, .aio_cb = done};
    assert_int_equal(blkfront_aio(&aiocb[0], 0), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_answer(&disk, 1, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls[0], 0);
    assert_int_equal(fdisk_take(&disk), 1); /* nothing more is sent for it */
    fdisk_drain(&disk);
    assert_int_equal(calls[0], 1);
    assert_int_equal(results[0], -EIO);
    assert_int_equal(disk.requests, 2);
    fdisk_close(&disk);
}

/* A request without data is done but not delivered yet when the device goes. */
static void empty_request_is_not_forgotten(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    aiocb[0] = (struct blkfront_aiocb){.aio_dev = disk.dev, .aio_cb = done};
    assert_int_equal(blkfront_aio(&aiocb[0], 0), 0);
    assert_int_equal(calls[0], 0);
    fdisk_close(&disk);
    assert_int_equal(calls[0], 1);
    assert_int_equal(results[0], 0);
}

static struct blkfront_dev *resubmit_dev;

static void resubmit(struct blkfront_aiocb *a, int ret)
{
    assert_int_equal(ret, -EIO);
    calls[0]++;
    assert_int_equal(blkfront_aio(a, 0), -ENODEV);
    assert_ptr_equal(a->aio_dev, resubmit_dev);
}

static void nothing_is_accepted_during_the_loss(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    resubmit_dev = disk.dev;
    assert_int_equal(start(0, false), 0);
    aiocb[0].aio_cb = resubmit;
    fdisk_close(&disk);
    assert_int_equal(calls[0], 1);
}

static void shutdown_waits_for_what_is_in_flight(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(start(i, true), 0);
    fdisk_run_when_idle(&disk, NULL);
    assert_int_equal(shutdown_blkfront(disk.dev), 0);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(calls[i], 1);
        assert_int_equal(results[i], 0);
    }
    fdisk_run_when_idle(NULL, NULL);
    fdisk_detach(&disk);
    assert_int_equal(shutdown_blkfront(NULL), 0);
}

static int io_result;

static void io_thread(void *arg)
{
    struct blkfront_aiocb a = {.aio_dev = arg, .aio_buf = buffer, .aio_nbytes = 512};

    io_result = blkfront_io(&a, 0);
}

static void shutdown_gives_up_in_time(void **state)
{
    struct thread *t;
    uint64_t begin = seam_now;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    assert_int_equal(thread_create(&t, "io", io_thread, disk.dev, 64 * 1024), 0);
    for (unsigned i = 1; i < N; i++)
        assert_int_equal(start(i, true), 0);
    thread_yield();
    assert_int_equal(fdisk_take(&disk), N);
    assert_int_equal(shutdown_blkfront(disk.dev), -ETIMEDOUT);
    assert_int_equal(seam_now - begin, 10 * NSEC_PER_SEC);
    for (unsigned i = 1; i < N; i++) {
        assert_int_equal(calls[i], 1);
        assert_int_equal(results[i], -ETIMEDOUT);
    }
    thread_join(t);
    assert_int_equal(io_result, -ETIMEDOUT);
    fdisk_detach(&disk);
}

/* ---- no memory ---- */

static void no_memory_to_open(void **state)
{
    struct blkfront_config config;

    (void)state;
    assert_int_equal(negotiate_config(NULL, &config), 0);
    for (uint64_t n = 1;; n++) {
        uint64_t begin = mem_allocations();
        struct blkfront_dev *dev;
        int ret = -ENOMEM;

        mem_fail_nth(n);
        dev = lifecycle_create(51712, &config);
        if (dev) {
            dev->peer = 7;
            dev->limits.queues = dev->limits.ring_pages = 1;
            wait_queue_init(&dev->fe.events);
            ret = lifecycle_make_rings(dev);
            lifecycle_release(dev);
            lifecycle_destroy(dev);
        }
        mem_fail_nth(0);
        if (mem_allocations() - begin < n) {
            assert_int_equal(ret, 0);
            assert_true(n > 4);
            return;
        }
        assert_int_equal(ret, -ENOMEM);
    }
}

static void big_ring_shrinks_when_memory_is_short(void **state)
{
    struct blkfront_config config;
    struct blkfront_dev *dev;

    (void)state;
    assert_int_equal(negotiate_config(NULL, &config), 0);
    dev = lifecycle_create(51712, &config);
    assert_non_null(dev);
    dev->peer = 7;
    dev->limits.queues = 1;
    dev->limits.ring_pages = 16;
    mem_fail_nth(1);
    assert_int_equal(lifecycle_make_rings(dev), 0);
    assert_int_equal(dev->limits.ring_pages, 8);
    assert_int_equal(dev->limits.ring_slots, 256);
    assert_int_equal(dev->path.queues[0].ring.slots, 256);
    lifecycle_release(dev);
    lifecycle_destroy(dev);
}

static bool flush_done;

static void flushed(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    assert_true(ret == 0 || ret == -ENOMEM);
    assert_false(flush_done);
    flush_done = true;
}

static const struct {
    unsigned place, offset, bytes;
    bool write;
} kinds[N] = {
    {0, 0, 4096, false},        {1, 8192, 9000, false},    {512, 20480, 512, true},
    {4096, 40960, 20000, true}, {0, 65537, 3, true},       {3, 131073, 30000, true},
    {0, 0, 69632, false},       {7, 200000, 65000, false},
};

/* Every kind of request, with the n-th allocation failing. Was there an n-th? */
static bool nth_allocation_fails(uint64_t n, bool large, bool untrusted)
{
    struct blkfront_aiocb flush = {.aio_cb = flushed};
    uint64_t begin;
    bool hit;

    fdisk_open(&disk, &(struct fake_options){
                          .flush = true, .max_segments = large ? 64 : 11, .untrusted = untrusted});
    flush.aio_dev = disk.dev;
    memset(calls, 0, sizeof(calls));
    begin = mem_allocations();
    mem_fail_nth(n);
    flush_done = blkfront_aio_push_operation(&flush, BLKIF_OP_FLUSH_DISKCACHE) != 0;
    for (unsigned i = 0; i < N; i++) {
        int ret;

        aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                           .aio_buf = buffer + kinds[i].place,
                                           .aio_nbytes = kinds[i].bytes,
                                           .aio_offset = kinds[i].offset,
                                           .aio_cb = done};
        ret = blkfront_aio(&aiocb[i], kinds[i].write);
        assert_true(ret == 0 || ret == -ENOMEM);
        if (ret) {
            assert_null(aiocb[i].request);
            calls[i] = 1;
        }
    }
    fdisk_drain(&disk);
    mem_fail_nth(0);
    hit = mem_allocations() - begin >= n;
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(calls[i], 1);
    assert_true(flush_done);
    /* and it works as before */
    assert_int_equal(start(0, true), 0);
    fdisk_drain(&disk);
    assert_int_equal(results[0], 0);
    fdisk_close(&disk);
    return hit;
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 4; variant++) {
        uint64_t n = 1;

        while (nth_allocation_fails(n, variant & 1, variant & 2))
            n++;
        assert_true(n > 10);
    }
}

/* No memory at all for a while: requests that need some fail, nothing hangs. */
static void memory_is_gone_for_a_while(void **state)
{
    static void *hog[4096];
    unsigned n = 0;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    assert_int_equal(start(0, false), 0);
    while (n < ARRAY_SIZE(hog) && (hog[n] = page_alloc(1, MEM_APP)))
        n++;
    assert_true(n < ARRAY_SIZE(hog));
    for (unsigned i = 1; i < N; i++) {
        if (start(i, i % 2))
            calls[i]++;
    }
    fdisk_drain(&disk);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(calls[i], 1);
    assert_int_equal(results[0], 0);
    while (n)
        page_free(hog[--n], 1);
    fdisk_close(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(loss_completes_everything_once),
        TEST(waiting_requests_are_lost_too),
        TEST(big_request_fails_while_it_waits),
        TEST(empty_request_is_not_forgotten),
        TEST(nothing_is_accepted_during_the_loss),
        TEST(shutdown_waits_for_what_is_in_flight),
        TEST(shutdown_gives_up_in_time),
        TEST(no_memory_to_open),
        TEST(big_ring_shrinks_when_memory_is_short),
        TEST(each_allocation_fails_once),
        TEST(memory_is_gone_for_a_while),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
