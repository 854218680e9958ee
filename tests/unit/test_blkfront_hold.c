/* SPDX-License-Identifier: MIT */
/* blkfront before a suspend: it waits for requests in flight and sends no new ones; after a suspend
 * that was cancelled it continues. */
#include "fake_vbd.h"

#include <ringlet/suspend.h>

#define N 300 /* more than the ring's 128 slots */

static struct blkfront_dev *dev;
static struct blkfront_aiocb aiocb[N];
static unsigned finished, in_flight, at_stop, suspends;
static uint8_t *buffer;

static void done(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    assert_int_equal(ret, 0);
    finished++;
}

static void start(unsigned i)
{
    aiocb[i] = (struct blkfront_aiocb){.aio_dev = dev,
                                       .aio_buf = buffer,
                                       .aio_nbytes = 512,
                                       .aio_offset = 512 * (int64_t)i,
                                       .aio_cb = done};
    assert_int_equal(blkfront_aio_write(&aiocb[i]), 0);
}

/* The domain stops here; it was only a checkpoint. */
static int stop(void)
{
    suspends++;
    at_stop = finished;
    in_flight = ring_in_use(&dev->path.queues[0].ring);
    return 1;
}

static int setup(void **state)
{
    const struct blkfront_config config = {.ring_pages = 4};

    if (vbd_setup(state))
        return -1;
    assert_int_equal(blkfront_open_device("xvda", &config, NULL, &dev), 0);
    thread_sleep(NSEC_PER_MSEC);
    buffer = page_alloc_zeroed(1, MEM_APP);
    finished = suspends = 0;
    seam_suspend = stop;
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(shutdown_blkfront(dev), 0);
    page_free(buffer, 1);
    return vbd_teardown(state);
}

static void rings_are_empty_when_the_domain_stops(void **state)
{
    (void)state;
    vbd_attach(0, dev);
    for (unsigned i = 0; i < N; i++)
        start(i);
    assert_int_equal(ring_in_use(&dev->path.queues[0].ring), 128);
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(suspends, 1);
    assert_int_equal(in_flight, 0);
    assert_int_equal(at_stop, 128); /* the request that waited for a slot still waits */
    wait_event(&dev->path.completion, finished == N, clock_deadline(NSEC_PER_SEC));
    assert_int_equal(finished, N);
}

/* A backend that does not answer does not prevent the suspend. */
static void a_backend_that_hangs_is_left(void **state)
{
    uint64_t before;

    (void)state;
    start(0);
    before = clock_now();
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(in_flight, 1);
    assert_in_range(clock_now() - before, NSEC_PER_SEC, 4 * NSEC_PER_SEC);
    assert_int_equal(finished, 0);
    vbd_attach(0, dev);
    wait_event(&dev->path.completion, finished == 1, clock_deadline(NSEC_PER_SEC));
    assert_int_equal(finished, 1);
}

static struct blkfront_dev *other;
static unsigned others_in_flight;
static struct blkfront_aiocb others;

static int stop_both(void)
{
    others_in_flight = ring_in_use(&other->path.queues[0].ring);
    return stop();
}

/* Whichever of two disks has something to do. */
static void each_disk_is_waited_for(void **state)
{
    (void)state;
    vbd_configure(1);
    assert_int_equal(blkfront_open_device("xvdb", NULL, NULL, &other), 0);
    thread_sleep(NSEC_PER_MSEC);
    vbd_attach(0, dev);
    vbd_attach(1, other);
    seam_suspend = stop_both;
    for (unsigned i = 0; i < 3; i++) { /* the first, the second, both */
        uint64_t before = clock_now();

        finished = 0;
        if (i != 1)
            start(0);
        if (i != 0) {
            others = aiocb[0];
            others.request = NULL;
            others.aio_dev = other;
            assert_int_equal(blkfront_aio_write(&others), 0);
        }
        assert_int_equal(domain_suspend(), 1);
        assert_int_equal(in_flight, 0);
        assert_int_equal(others_in_flight, 0);
        assert_int_equal(at_stop, i == 2 ? 2 : 1);
        assert_true(clock_now() - before < NSEC_PER_SEC);
        assert_false((dev->frozen | other->frozen) & FREEZE_SUSPEND);
    }
    assert_int_equal(shutdown_blkfront(other), 0);
}

/* A device whose backend hangs uses up the time, but the other's responses are still taken. */
static void one_hangs_and_another_does_not(void **state)
{
    uint64_t before;

    (void)state;
    vbd_configure(1);
    assert_int_equal(blkfront_open_device("xvdb", NULL, NULL, &other), 0);
    thread_sleep(NSEC_PER_MSEC);
    vbd_attach(1, other);
    seam_suspend = stop_both;
    start(0);
    others = aiocb[0];
    others.request = NULL;
    others.aio_dev = other;
    assert_int_equal(blkfront_aio_write(&others), 0);
    before = clock_now();
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(in_flight, 1);
    assert_int_equal(others_in_flight, 0);
    assert_int_equal(finished, 1);
    assert_in_range(clock_now() - before, NSEC_PER_SEC, 4 * NSEC_PER_SEC);
    vbd_attach(0, dev);
    wait_event(&dev->path.completion, finished == 2, clock_deadline(NSEC_PER_SEC));
    assert_int_equal(finished, 2);
    assert_int_equal(shutdown_blkfront(other), 0);
}

/* Completions are delivered, but requests of their callbacks have to wait. */
static struct blkfront_aiocb late;

static void ask_more(struct blkfront_aiocb *a, int ret)
{
    done(a, ret);
    assert_int_equal(blkfront_aio_write(&late), 0);
}

static void nothing_new_is_sent(void **state)
{
    (void)state;
    vbd_attach(0, dev);
    start(0);
    late = aiocb[0];
    late.request = NULL;
    aiocb[0].aio_cb = ask_more;
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(in_flight, 0);
    assert_int_equal(at_stop, 1);
    assert_non_null(late.request);
    wait_event(&dev->path.completion, finished == 2, clock_deadline(NSEC_PER_SEC));
    assert_int_equal(finished, 2);
}

/* What was not sent because another disk was waited for is not its own backend's fault, however
 * short its time. */
static void submit_late(void *arg)
{
    (void)arg;
    thread_sleep(NSEC_PER_MSEC);
    assert_true(other->frozen & FREEZE_SUSPEND);
    others.aio_timeout_ns = NSEC_PER_SEC;
    assert_int_equal(blkfront_aio_write(&others), 0);
}

static void time_does_not_count(void **state)
{
    struct thread *t;

    (void)state;
    vbd_configure(1);
    assert_int_equal(blkfront_open_device("xvdb", NULL, NULL, &other), 0);
    thread_sleep(NSEC_PER_MSEC);
    seam_suspend = stop_both;
    start(0);
    others = aiocb[0];
    others.request = NULL;
    others.aio_dev = other;
    assert_int_equal(thread_create(&t, "late", submit_late, NULL, 0), 0);
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(thread_join(t), 0);
    assert_int_equal(other->state, DEVICE_OPEN);
    thread_sleep(100 * NSEC_PER_MSEC); /* it has time to answer then */
    vbd_attach(1, other);
    wait_event(&other->path.completion, finished == 1, clock_deadline(NSEC_PER_SEC));
    assert_int_equal(finished, 1);
    assert_int_equal(other->state, DEVICE_OPEN);
    vbd_attach(0, dev);
    wait_event(&dev->path.completion, finished == 2, clock_deadline(NSEC_PER_SEC));
    assert_int_equal(finished, 2);
    assert_int_equal(shutdown_blkfront(other), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(rings_are_empty_when_the_domain_stops),
        TEST(a_backend_that_hangs_is_left),
        TEST(each_disk_is_waited_for),
        TEST(one_hangs_and_another_does_not),
        TEST(nothing_new_is_sent),
        TEST(time_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
