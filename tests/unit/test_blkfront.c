/* SPDX-License-Identifier: MIT */
/* blkfront with a backend with a RAM disk: which requests and notifications are sent. */
#include "disk_test.h"

#include <kernel/heap.h>
#include <ringlet/thread.h>

#include <string.h>

static void aligned_page_goes_in_place(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;
    struct blkfront_stats s;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    fill(p, 4096, 1);
    a = request(p, 8192, 4096);
    assert_int_equal(blkfront_aio_write(&a), 0);
    assert_int_equal(blkfront_in_flight(disk.dev), 1);
    assert_int_equal(calls, 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    assert_memory_equal(disk.data + 8192, p, 4096);
    memset(p, 0, 4096);
    assert_int_equal(blkfront_aio_read(&a), 0);
    fdisk_drain(&disk);
    assert_memory_equal(disk.data + 8192, p, 4096);
    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.reads, 1);
    assert_int_equal(s.writes, 1);
    assert_int_equal(s.read_sectors, 8);
    assert_int_equal(s.written_sectors, 8);
    assert_int_equal(s.segments, 2);
    assert_int_equal(s.bytes_copied, 0);
    assert_int_equal(s.grants_made, 2);
    assert_int_equal(s.grants_ended, 2);
    assert_int_equal(s.aiocbs, 2);
    assert_int_equal(s.completed, 2);
    assert_int_equal(s.notifications, 2);
    assert_int_equal(s.events, 2);
    assert_int_equal(s.spurious, 0);
    assert_int_equal(s.ring_high_water, 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

static void batch_is_one_push_and_one_notification(void **state)
{
    uint8_t *p = pages(8);
    struct blkfront_aiocb a[8];
    struct blkfront_stats s;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.nomerges = true});
    for (unsigned i = 0; i < 8; i++) {
        a[i] = request(p + i * 4096, i * 4096, 4096);
        assert_int_equal(blkfront_aio_enqueue(&a[i], 0), 0);
    }
    assert_int_equal(fdisk_take(&disk), 0);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 0);
    assert_int_equal(blkfront_in_flight(disk.dev), 8);
    assert_int_equal(blkfront_aio_submit(disk.dev), 8);
    assert_int_equal(seam_sends, 1);
    assert_int_equal(fdisk_take(&disk), 8);
    assert_int_equal(blkfront_aio_submit(disk.dev), 0);
    assert_int_equal(seam_sends, 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 8);
    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.notifications, 1);
    assert_int_equal(s.events, 1);
    assert_int_equal(s.ring_high_water, 8);
    fdisk_close(&disk);
    page_free(p, 8);
}

/* A busy backend that has not yet requested an event is not notified again. */
static void no_notification_for_a_busy_backend(void **state)
{
    uint8_t *p = pages(2);
    struct blkfront_aiocb a = request(p, 0, 4096), b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(p, 0, 4096);
    b = request(p + 4096, 4096, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(blkfront_aio(&b, 0), 0);
    assert_int_equal(seam_sends, 1);
    fdisk_drain(&disk);
    fdisk_close(&disk);
    page_free(p, 2);
}

static unsigned resubmissions;

static void resubmit(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    if (resubmissions) {
        resubmissions--;
        assert_int_equal(blkfront_aio(a, 0), 0);
        assert_int_equal(fdisk_take(&disk), 0); /* not pushed from within the callback */
        assert_int_equal(blkfront_aio_poll(disk.dev), 0);
        assert_int_equal(blkfront_io(a, 0), -EDEADLK);
        assert_int_equal(blkfront_sync(disk.dev), -EDEADLK);
        assert_int_equal(blkfront_aio_wait(disk.dev, DEADLINE_NEVER), 0);
    }
}

static void callbacks_submissions_are_one_batch(void **state)
{
    uint8_t *p = pages(16);
    struct blkfront_aiocb a[16];

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.nomerges = true});
    resubmissions = 40;
    for (unsigned i = 0; i < 16; i++) {
        a[i] = request(p + i * 4096, i * 4096, 4096);
        a[i].aio_cb = resubmit;
        assert_int_equal(blkfront_aio_enqueue(&a[i], 0), 0);
    }
    assert_int_equal(blkfront_aio_submit(disk.dev), 16);
    for (unsigned round = 1; round <= 4; round++) {
        assert_int_equal(seam_sends, MIN(round, 4));
        assert_int_equal(fdisk_run(&disk), round < 4 ? 16 : 8);
        thread_poll_events();
    }
    assert_int_equal(calls, 56);
    assert_int_equal(seam_sends, 4);
    assert_int_equal(blkfront_in_flight(disk.dev), 0);
    fdisk_close(&disk);
    page_free(p, 16);
}

static void empty_request_completes_later(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(NULL, 512, 0);
    resubmissions = 5;
    a.aio_cb = resubmit;
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(calls, 0); /* not from within blkfront_aio */
    for (unsigned i = 1; i <= 6; i++) {
        thread_poll_events();
        assert_int_equal(calls, i);
    }
    a.aio_cb = count_good;
    assert_int_equal(blkfront_io(&a, 0), 0);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    assert_int_equal(calls, 7);
    fdisk_close(&disk);
}

static void vectors(void **state)
{
    uint8_t *p = pages(16);
    struct blkfront_iovec v[] = {{p + 5, 100},         {p + 4096, 4096},        {NULL, 0},
                                 {p + 8192 + 1, 6000}, {p + 16384 + 512, 1024}, {p + 20480, 7}};
    uint8_t expect[100 + 4096 + 6000 + 1024 + 7];
    struct blkfront_aiocb a;
    size_t at = 0;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    fill(p, 65536, 3);
    for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
        if (v[i].len)
            memcpy(expect + at, v[i].base, v[i].len);
        at += v[i].len;
    }
    a = request(NULL, 1000, at);
    a.aio_iov = v;
    a.aio_iovcnt = ARRAY_SIZE(v);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    fdisk_drain(&disk);
    assert_memory_equal(disk.data + 1000, expect, at);
    memset(p, 0, 65536);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    at = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
        if (v[i].len)
            assert_memory_equal(expect + at, v[i].base, v[i].len);
        at += v[i].len;
    }
    assert_int_equal(p[0], 0); /* nothing beside them was touched */
    assert_int_equal(p[105], 0);
    assert_int_equal(p[20487], 0);
    assert_int_equal(calls, 2);
    fdisk_close(&disk);
    page_free(p, 16);
}

/* An event without a response is counted; a response without an event, because the frontend was
 * still working, is never missed. */
static void spurious_events_are_counted(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    seam_raise(disk.dev->path.queues[0].port);
    thread_poll_events();
    assert_int_equal(disk.dev->stats.events, 1);
    assert_int_equal(disk.dev->stats.spurious, 1);
    fdisk_close(&disk);
}

static void late_answer(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    if (calls == 1) { /* while the frontend reaps, without an event */
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        disk.queue[0].ring->rsp_prod = disk.queue[0].rsp_prod;
    }
}

static void response_during_the_reap_is_seen(void **state)
{
    uint8_t *p = pages(2);
    struct blkfront_aiocb a, b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(p, 0, 4096);
    b = request(p + 4096, 0, 4096);
    a.aio_cb = b.aio_cb = late_answer;
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(blkfront_aio(&b, 0), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls, 2);
    assert_int_equal(disk.queue[0].ring->rsp_event, 3);
    fdisk_close(&disk);
    page_free(p, 2);
}

static void steady_state_allocates_nothing(void **state)
{
    uint8_t *p = pages(64);
    struct blkfront_aiocb a[8];
    uint64_t before = 0;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 32});
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 8; i++) {
            a[i] = request(p + i * 32768 + (i & 1) * 77, i * 32768 + (i & 2) * 50, 31000);
            assert_int_equal(blkfront_aio(&a[i], round & 1), 0);
        }
        fdisk_drain(&disk);
        if (round == 1)
            before = mem_allocations();
    }
    assert_int_equal(mem_allocations(), before);
    fdisk_close(&disk);
    page_free(p, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(aligned_page_goes_in_place),         TEST(batch_is_one_push_and_one_notification),
        TEST(no_notification_for_a_busy_backend), TEST(callbacks_submissions_are_one_batch),
        TEST(empty_request_completes_later),      TEST(vectors),
        TEST(spurious_events_are_counted),        TEST(response_during_the_reap_is_seen),
        TEST(steady_state_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
