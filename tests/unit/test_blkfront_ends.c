/* SPDX-License-Identifier: MIT */
/* The end of a device or of a connection: the calls that callbacks may make then; it reaches all
 * queues, grants and ports. And the start of a request's time. */
#include "disk_test.h"

#include <ringlet/clock.h>
#include <ringlet/event_channel.h>
#include <ringlet/thread.h>

static struct blkfront_aiocb a[4];
static unsigned depth;

static void asks_again(struct blkfront_aiocb *x, int ret)
{
    struct blkfront_aiocb more = request(x->aio_buf, 0, 512);

    assert_int_equal(depth++, 0);
    count_call(x, ret);
    assert_int_equal(blkfront_io(&more, 0), -EDEADLK);
    assert_int_equal(blkfront_sync(x->aio_dev), -EDEADLK);
    assert_int_equal(blkfront_aio_poll(x->aio_dev), 0);
    depth--;
}

/* As ever: they do not wait, and are called one after the other. */
static void callbacks_of_a_lost_device(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    depth = 0;
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < 4; i++) {
        a[i] = request(p, 1024 * i, 512);
        a[i].aio_cb = asks_again;
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 4);
    fdisk_close(&disk);
    page_free(p, 1);
}

static void frees_all(struct blkfront_aiocb *x, int ret)
{
    struct blkfront_dev *dev = x->aio_dev;
    uint8_t *buf = x->aio_buf;

    count_call(x, ret);
    free(x);
    blkfront_buf_free(dev, buf);
    assert_int_equal(dev->memory.registered.dying, 0); /* it was not in use any more */
}

/* A request that has ended is of no interest to the device, not even while others end. */
static void a_callback_may_free_its_request(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < 3; i++) {
        struct blkfront_aiocb *x = malloc(sizeof(*x));

        *x = request(blkfront_buf_alloc(disk.dev, 4096), 8192 * i, 4096);
        assert_non_null(x->aio_buf);
        x->aio_cb = frees_all;
        assert_int_equal(blkfront_aio(x, 0), 0);
    }
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 3);
    fdisk_close(&disk);
}

static unsigned closed;

static long count_closed(unsigned nr, const unsigned long *arg)
{
    closed += nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_close;
    return SEAM_DEFAULT;
}

static void each_queue_closes_its_port(void **state)
{
    (void)state;
    closed = 0;
    fdisk_open(&disk, &(struct fake_options){.queues = 3});
    seam_hypercall = count_closed;
    fdisk_close(&disk);
    assert_int_equal(closed, 3);
}

/* While the backend is away its events are not listened to, whichever queue they are for. */
static void a_pause_is_for_all_queues(void **state)
{
    struct blkfront_stats s;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.queues = 3});
    lifecycle_stop(disk.dev);
    for (unsigned i = 0; i < 3; i++)
        seam_raise(disk.dev->path.queues[i].port);
    thread_poll_events();
    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.events, 0);
    fdisk_close(&disk);
}

/* All that waits begins to wait, in every queue. */
static void a_wait_begins_anew_in_all_queues(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.queues = 3});
    lifecycle_stop(disk.dev);
    for (unsigned i = 0; i < 3; i++) {
        a[i] = request(p, 0, 512);
        a[i].aio_queue = i + 1;
        a[i].aio_cb = count_call;
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    seam_now += 5 * NSEC_PER_SEC;
    watchdog_begin(disk.dev);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(a[i].request->submitted, seam_now);
    fdisk_close(&disk);
    assert_int_equal(calls, 3);
    page_free(p, 1);
}

/* The previous backend may still write to it, so the request is not resubmitted. */
static void registered_memory_that_stays_mapped(void **state)
{
    uint8_t *b;
    grant_ref_t ref;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    b = blkfront_buf_alloc(disk.dev, 2 * 4096);
    ref = registered_ref(&disk.dev->memory.registered, b);
    for (unsigned i = 0; i < 2; i++) {
        a[i] = request(b + 4096 * (size_t)i, 8192 * i, 4096);
        a[i].aio_cb = count_call;
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    fdisk_map(ref, true);
    requeue_all(disk.dev, false);
    assert_int_equal(disk.dev->stats.grants_quarantined, 1);
    thread_poll_events();
    assert_int_equal(calls, 1);
    assert_int_equal(a[0].result, -EIO);
    assert_int_equal(blkfront_in_flight(disk.dev), 1); /* the other page is free again */
    fdisk_map(ref, false);
    seam_now += 10 * NSEC_PER_SEC;
    thread_poll_events();
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
    assert_int_equal(calls, 2);
}

/* Another connection: grants to the last one's backend are no use to it. */
static void each_connection_has_its_own_grants(void **state)
{
    uint8_t *b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    b = blkfront_buf_alloc(disk.dev, 2 * 4096);
    assert_int_equal(disk.dev->stats.grants_made, 2);
    map_regrant(disk.dev);
    assert_int_equal(disk.dev->stats.grants_ended, 2);
    assert_int_equal(disk.dev->stats.grants_made, 4);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
}

static int submits(unsigned how)
{
    switch (how) {
    case 0:
        return blkfront_sync(disk.dev);
    case 1:
        return blkfront_aio_wait(disk.dev, DEADLINE_NEVER) - 1;
    case 2:
        a[1] = request(a[0].aio_buf, 8192, 512);
        return blkfront_aio(&a[1], 0);
    case 3:
        a[1] = (struct blkfront_aiocb){.aio_dev = disk.dev, .aio_cb = count_good};
        return blkfront_aio_push_operation(&a[1], BLKIF_OP_FLUSH_DISKCACHE);
    default:
        return blkfront_aio_submit(disk.dev) - 1;
    }
}

/* The time of an enqueued request begins with the call that submits it. */
static void a_requests_time_begins_when_it_is_submitted(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    for (unsigned how = 0; how < 5; how++) {
        fdisk_open(&disk, &(struct fake_options){.flush = true});
        fdisk_run_when_idle(&disk, NULL);
        a[0] = request(p, 0, 512);
        assert_int_equal(blkfront_aio_enqueue(&a[0], 0), 0);
        seam_now += NSEC_PER_SEC;
        assert_int_equal(submits(how), 0);
        fdisk_drain(&disk);
        assert_true(blkfront_get_latency(disk.dev, BLKFRONT_READ)->count > 0);
        assert_true(blkfront_get_latency(disk.dev, BLKFRONT_READ)->max < NSEC_PER_MSEC);
        fdisk_close(&disk);
    }
    page_free(p, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(callbacks_of_a_lost_device),         TEST(a_callback_may_free_its_request),
        TEST(each_queue_closes_its_port),         TEST(a_pause_is_for_all_queues),
        TEST(a_wait_begins_anew_in_all_queues),   TEST(registered_memory_that_stays_mapped),
        TEST(each_connection_has_its_own_grants), TEST(a_requests_time_begins_when_it_is_submitted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
