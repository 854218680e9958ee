/* SPDX-License-Identifier: MIT */
/* blkfront with a backend that lies, or keeps pages mapped, or is not trusted. In all cases each
 * request completes exactly once and nothing leaks. */
#include "host/fake_disk.h"

#include <ringlet/heap.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N 8

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
    buffer = page_alloc_zeroed(N + 2, MEM_APP);
    memset(calls, 0, sizeof(calls));
    memset(results, 0x55, sizeof(results));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (buffer)
        page_free(buffer, N + 2);
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

static void start_all(bool write)
{
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(start(i, write), 0);
    assert_int_equal(fdisk_take(&disk), N);
}

static unsigned lines_with(const char *text)
{
    unsigned n = 0;

    for (const char *p = seam_console(); (p = strstr(p, text)); p++)
        n++;
    return n;
}

/* ---- a backend that breaks the protocol ---- */

static int submit_fresh(void)
{
    struct blkfront_aiocb fresh = {
        .aio_dev = disk.dev, .aio_buf = buffer, .aio_nbytes = 512, .aio_cb = done};

    return blkfront_aio(&fresh, 0);
}

/* The device stops at once, prints one line, completes all requests with an error when it is
 * lost, and accepts no response any more. */
static void assert_contained(unsigned answered, const char *message)
{
    assert_true(disk.dev->state >= DEVICE_FAILED);
    assert_true(disk.dev->fe.fail_wanted);
    assert_int_equal(disk.dev->fe.fail_reason, -EPROTO);
    assert_int_equal(lines_with(message), 1);
    assert_int_equal(lines_with("error: "), 1);
    assert_int_equal(submit_fresh(), -ENODEV);
    assert_int_equal(blkfront_aio_submit(disk.dev), -ENODEV);
    assert_int_equal(blkfront_in_flight(disk.dev), N - answered);

    /* honest answers come too late */
    while (disk.count)
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    disk.queue[0].ring->rsp_prod = disk.queue[0].rsp_prod;
    seam_raise(disk.dev->path.queues[0].port);
    thread_poll_events();
    assert_int_equal(blkfront_aio_poll(disk.dev), 0);
    assert_int_equal(blkfront_in_flight(disk.dev), N - answered);

    lifecycle_close(disk.dev);
    assert_int_equal(blkfront_in_flight(disk.dev), 0);
    assert_int_equal(lines_with("error: "), 1);
    assert_int_equal(blkfront_aio_poll(disk.dev), 0);
    fdisk_close(&disk);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(calls[i], 1);
        assert_true(results[i] == 0 || results[i] == -EIO);
    }
}

static void open_and_start(void)
{
    fdisk_open(&disk, &(struct fake_options){0});
    start_all(false);
}

static void respond_and_look(uint64_t id, uint8_t op, int16_t status)
{
    seam_console_clear();
    fdisk_respond(&disk, id, op, status);
    fdisk_publish(&disk);
    thread_poll_events();
}

static void id_out_of_range(void **state)
{
    (void)state;
    open_and_start();
    respond_and_look(disk.taken[0].id | 0x20, BLKIF_OP_READ, 0);
    assert_contained(0, "response id out of range");
}

static void id_not_in_flight(void **state)
{
    (void)state;
    open_and_start();
    respond_and_look(disk.taken[0].id + (1ULL << 40), BLKIF_OP_READ, 0);
    assert_contained(0, "response id not in flight");
}

static void answered_twice(void **state)
{
    uint64_t id;

    (void)state;
    open_and_start();
    id = disk.taken[0].id;
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    respond_and_look(id, BLKIF_OP_READ, 0);
    assert_contained(1, "response id not in flight");
}

static void other_operation(void **state)
{
    (void)state;
    open_and_start();
    respond_and_look(disk.taken[3].id, BLKIF_OP_WRITE, 0);
    assert_contained(0, "response to another operation");
}

static void unknown_status(void **state)
{
    (void)state;
    open_and_start();
    respond_and_look(disk.taken[3].id, BLKIF_OP_READ, 1);
    assert_contained(0, "unknown response status");
}

static void too_many_responses(void **state)
{
    (void)state;
    open_and_start();
    seam_console_clear();
    disk.queue[0].ring->rsp_prod = N + 1;
    seam_raise(disk.dev->path.queues[0].port);
    thread_poll_events();
    assert_contained(0, "rsp_prod");
}

static void responses_taken_back(void **state)
{
    (void)state;
    open_and_start();
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    seam_console_clear();
    disk.queue[0].ring->rsp_prod = 0;
    seam_raise(disk.dev->path.queues[0].port);
    thread_poll_events();
    assert_contained(1, "rsp_prod");
}

/* ---- pages that stay mapped ---- */

static void callers_page_kept_fails_the_device(void **state)
{
    grant_ref_t ref;

    (void)state;
    open_and_start();
    ref = disk.taken[2].seg[0].gref;
    fdisk_map(ref, true);
    seam_console_clear();
    fdisk_answer(&disk, 2, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls[2], 1);
    assert_int_equal(results[2], -EIO);
    assert_int_equal(disk.dev->stats.grants_quarantined, 1);
    assert_true(page_is_pinned(buffer + 2 * 4096));
    assert_contained(1, "stays mapped");
    fdisk_map(ref, false);
    thread_sleep(NSEC_PER_SEC);
    assert_false(page_is_pinned(buffer + 2 * 4096));
}

static void bounce_page_kept_is_given_up(void **state)
{
    struct page_stats s;
    grant_ref_t refs[2];

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    memset(disk.data, 7, 65536);
    assert_int_equal(start(0, false), 0);
    assert_int_equal(start(1, true), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    for (unsigned i = 0; i < 2; i++)
        fdisk_map(refs[i] = disk.taken[i].seg[0].gref, true);
    fdisk_drain(&disk);
    assert_int_equal(results[0], -EIO); /* data that may still change are not accepted */
    assert_int_equal(buffer[0], 0);
    assert_int_equal(results[1], 0); /* the writes had been completed */
    assert_false(disk.dev->state >= DEVICE_FAILED);
    assert_int_equal(disk.dev->stats.grants_quarantined, 2);
    page_get_stats(&s);
    assert_int_equal(s.quarantined, 2);
    for (unsigned i = 0; i < 2; i++)
        fdisk_map(refs[i], false);
    thread_sleep(NSEC_PER_SEC);
    page_get_stats(&s);
    assert_int_equal(s.quarantined, 0);
    fdisk_close(&disk);
}

static void keeping_many_bounce_pages_fails_the_device(void **state)
{
    unsigned rounds = 0;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    while (disk.dev->state < DEVICE_FAILED && rounds++ < 100) {
        assert_int_equal(start(0, true), 0);
        fdisk_take(&disk);
        fdisk_map(disk.taken[0].seg[0].gref, true);
        fdisk_run(&disk);
        thread_poll_events();
    }
    assert_int_equal(rounds, 65);
    assert_int_equal(lines_with("too many pages"), 1);
    fdisk_close(&disk);
    assert_int_equal(calls[0], 65);
    for (unsigned ref = 8; ref < 200; ref++)
        fdisk_map(ref, false);
    thread_sleep(20 * NSEC_PER_SEC);
}

/* A backend that is late each time is slow: pages that it has unmapped do not count any more. */
static void unmapping_late_again_and_again_is_no_fault(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    for (unsigned round = 0; round < 200; round++) {
        grant_ref_t ref;

        assert_int_equal(start(0, true), 0);
        fdisk_take(&disk);
        ref = disk.taken[0].seg[0].gref;
        fdisk_map(ref, true);
        fdisk_run(&disk);
        thread_poll_events();
        fdisk_map(ref, false);
        thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(disk.dev->state, DEVICE_OPEN);
    assert_int_equal(disk.dev->stats.grants_quarantined, 200);
    fdisk_close(&disk);
}

/* A page in quarantine outlives its device, whose count is not touched any more. */
static void a_page_outlives_the_count(void **state)
{
    grant_ref_t ref;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    assert_int_equal(start(0, true), 0);
    fdisk_take(&disk);
    ref = disk.taken[0].seg[0].gref;
    fdisk_map(ref, true);
    fdisk_run(&disk);
    thread_poll_events();
    assert_int_equal(disk.dev->memory.pages_held_back, 1);
    fdisk_close(&disk);
    fdisk_map(ref, false);
    thread_sleep(20 * NSEC_PER_SEC);
}

/* ---- an untrusted backend sees only the data ---- */

static bool all_zero(const uint8_t *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (p[i])
            return false;
    }
    return true;
}

static void untrusted_backend_sees_zeroed_pages_of_the_drivers(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < N; i++) {
            aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                               .aio_buf = buffer + i * 4096 + 100,
                                               .aio_nbytes = 1024,
                                               .aio_offset = i * 4096,
                                               .aio_cb = done};
            memset(aiocb[i].aio_buf, 0xaa, 1024);
            assert_int_equal(blkfront_aio(&aiocb[i], i % 2), 0);
        }
        assert_int_equal(fdisk_take(&disk), N);
        for (unsigned i = 0; i < N; i++) {
            uint8_t *page = seam_page(seam_grants[disk.taken[i].seg[0].gref].frame);

            assert_true(page < buffer || page >= buffer + (N + 2) * 4096);
            assert_true(all_zero(page + (i % 2 ? 1024 : 0), i % 2 ? 3072 : 4096));
            memset(page + 2048, 0xbb, 2048); /* its writes there are never read */
        }
        fdisk_drain(&disk);
    }
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(calls[i], 3);
        assert_int_equal(results[i], 0);
    }
    fdisk_close(&disk);
}

static void failed_read_leaves_the_buffer_alone(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    memset(buffer, 0x33, 4096);
    assert_int_equal(start(0, false), 0);
    fdisk_take(&disk);
    memset(seam_page(seam_grants[disk.taken[0].seg[0].gref].frame), 0x44, 4096);
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(results[0], -EIO);
    assert_int_equal(buffer[0], 0x33);
    fdisk_close(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(id_out_of_range),
        TEST(id_not_in_flight),
        TEST(answered_twice),
        TEST(other_operation),
        TEST(unknown_status),
        TEST(too_many_responses),
        TEST(responses_taken_back),
        TEST(callers_page_kept_fails_the_device),
        TEST(bounce_page_kept_is_given_up),
        TEST(keeping_many_bounce_pages_fails_the_device),
        TEST(unmapping_late_again_and_again_is_no_fault),
        TEST(a_page_outlives_the_count),
        TEST(untrusted_backend_sees_zeroed_pages_of_the_drivers),
        TEST(failed_read_leaves_the_buffer_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
