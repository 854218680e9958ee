/* SPDX-License-Identifier: MIT */
/* Polled mode: the driver requests no event and needs none, and every waiting caller makes
 * progress. */
#include "disk_test.h"

#include <ringlet/event_channel.h>
#include <ringlet/thread.h>

static uint8_t *p;

static void open_polled(unsigned queues)
{
    fdisk_open(&disk, &(struct fake_options){.polled = true, .queues = queues, .flush = true});
    p = pages(8);
}

static void close_polled(void)
{
    struct blkfront_stats s;

    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.events, 0);
    for (unsigned i = 0; i < disk.dev->limits.queues; i++)
        assert_int_equal(disk.queue[i].ring->rsp_event, 0);
    fdisk_run_when_idle(NULL, NULL);
    fdisk_close(&disk);
    page_free(p, 8);
}

static void who_polls_gets_them(void **state)
{
    struct blkfront_aiocb a[6];

    (void)state;
    open_polled(3);
    for (unsigned i = 0; i < 6; i++) {
        a[i] = request(p, 4096 * i, 4096);
        a[i].aio_queue = i + 1;
        assert_int_equal(blkfront_aio(&a[i], i & 1), 0);
    }
    assert_int_equal(blkfront_aio_poll(disk.dev), 0);
    assert_int_equal(fdisk_run(&disk), 6);
    /* a backend that raises events nevertheless: they are masked */
    for (unsigned i = 0; i < 3; i++)
        seam_raise(disk.dev->path.queues[i].port);
    thread_poll_events();
    assert_int_equal(calls, 0);
    assert_int_equal(blkfront_aio_poll(disk.dev), 6);
    assert_int_equal(calls, 6);
    close_polled();
}

/* More responses than the ring has slots, so that the index runs round: never an event. */
static void no_event_is_ever_asked_for(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_polled(1);
    a = request(p, 0, 4096);
    for (unsigned i = 0; i < 100; i++) {
        uint32_t old = disk.queue[0].rsp_prod;

        assert_int_equal(blkfront_aio(&a, 0), 0);
        assert_int_equal(fdisk_run(&disk), 1);
        assert_false(disk.queue[0].rsp_prod - disk.queue[0].ring->rsp_event <
                     disk.queue[0].rsp_prod - old);
        assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    }
    close_polled();
}

static void who_waits_polls(void **state)
{
    struct blkfront_aiocb a, b;

    (void)state;
    open_polled(2);
    fdisk_run_when_idle(&disk, NULL);
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_io(&a, 1), 0);
    b = request(p, 4096, 4096);
    b.aio_queue = 2;
    assert_int_equal(blkfront_aio_enqueue(&b, 0), 0);
    assert_int_equal(blkfront_aio_wait(disk.dev, DEADLINE_NEVER), 1);
    assert_int_equal(blkfront_aio(&b, 0), 0);
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(calls, 2);
    assert_int_equal(disk.flushes, 1);
    close_polled();
}

static void answer(void *arg)
{
    (void)arg;
    seam_now += 500;
    assert_int_equal(fdisk_run(&disk), 1);
}

/* Only the scheduler reads the clock, between two threads. */
static void waiting_needs_no_clock(void **state)
{
    struct blkfront_aiocb a;
    uint64_t before;

    (void)state;
    open_polled(1);
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(thread_create(NULL, "backend", answer, NULL, 0), 0);
    before = seam_clock_reads;
    assert_int_equal(blkfront_aio_wait(disk.dev, DEADLINE_NEVER), 1);
    assert_int_equal(seam_clock_reads, before + 2);
    assert_int_equal(blkfront_get_latency(disk.dev, BLKFRONT_READ)->max, 500);
    close_polled();
}

/* A backend that does not answer: the deadline holds, and the pauses grow, so that there are few
 * polls. */
static void waiting_leaves_the_cpu(void **state)
{
    struct blkfront_aiocb a;
    uint64_t polls, begun;

    (void)state;
    open_polled(1);
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    polls = seam_polls;
    begun = seam_now;
    assert_int_equal(blkfront_aio_wait(disk.dev, seam_now + 100 * NSEC_PER_MSEC), 0);
    assert_true(seam_now >= begun + 100 * NSEC_PER_MSEC);
    assert_true(seam_now < begun + 102 * NSEC_PER_MSEC);
    assert_in_range(seam_polls - polls, 50, 120);
    assert_int_equal(blkfront_aio_wait(disk.dev, 0), 0); /* over already */
    fdisk_run(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    close_polled();
}

/* At first the pauses are short, as most backends do not need long. */
static void pauses_grow(void **state)
{
    struct blkfront_aiocb a;
    uint64_t polls;

    (void)state;
    open_polled(1);
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    polls = seam_polls;
    assert_int_equal(blkfront_aio_wait(disk.dev, seam_now + NSEC_PER_MSEC), 0);
    assert_in_range(seam_polls - polls, 5, 20);
    fdisk_run(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    close_polled();
}

/* A request that no thread polls or waits for completes within little more than 10 ms. */
static void in_the_background_too(void **state)
{
    struct blkfront_aiocb a;
    uint64_t polls;

    (void)state;
    open_polled(1);
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    thread_sleep(25 * NSEC_PER_MSEC); /* it polls until there is a response */
    fdisk_run(&disk);
    assert_int_equal(calls, 0);
    thread_sleep(11 * NSEC_PER_MSEC);
    assert_int_equal(calls, 1);
    polls = seam_polls;
    thread_sleep(NSEC_PER_SEC); /* and not with nothing in flight */
    assert_true(seam_polls - polls <= 2);
    close_polled();
}

static struct blkfront_aiocb shared;
static int other_result = 1;

static void other_thread(void *arg)
{
    (void)arg;
    other_result = blkfront_io(&shared, 0);
}

/* Two threads wait, and each may take the other's answer. */
static void threads_poll_for_each_other(void **state)
{
    struct blkfront_aiocb a;
    struct thread *t;

    (void)state;
    open_polled(2);
    fdisk_run_when_idle(&disk, NULL);
    shared = request(p, 0, 4096);
    assert_int_equal(thread_create(&t, "other", other_thread, NULL, 0), 0);
    for (unsigned i = 0; i < 50; i++) {
        a = request(p + 4096, 4096, 4096);
        assert_int_equal(blkfront_io(&a, 1), 0);
    }
    thread_join(t);
    assert_int_equal(other_result, 0);
    close_polled();
}

static void answer_one_by_one(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 2; i++) {
        fdisk_take(&disk);
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_yield();
        thread_yield();
    }
}

/* Another request's answer is not the one that is waited for. */
static void who_waits_gets_its_own(void **state)
{
    struct blkfront_aiocb a, b;

    (void)state;
    open_polled(1);
    disk.data[4096] = 9;
    a = request(p, 0, 512);
    b = request(p + 4096, 4096, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(thread_create(NULL, "backend", answer_one_by_one, NULL, 0), 0);
    assert_int_equal(blkfront_io(&b, 0), 0);
    assert_int_equal(calls, 1);
    assert_int_equal(p[4096], 9);
    assert_int_equal(blkfront_in_flight(disk.dev), 0);
    thread_sleep(NSEC_PER_MSEC);
    close_polled();
}

static void answer_all_one_by_one(void *arg)
{
    for (unsigned left = (unsigned)(uintptr_t)arg; left--;) {
        while (!fdisk_take(&disk))
            thread_yield();
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_yield();
    }
}

/* While responses are quick no thread sleeps, however many there are. */
static void quick_answers_need_no_pause(void **state)
{
    static struct blkfront_aiocb a[150];
    uint64_t begun;

    (void)state;
    open_polled(5);
    for (unsigned i = 0; i < ARRAY_SIZE(a); i++) {
        a[i] = request(p, 8192 * (i % 64), 512);
        a[i].aio_queue = i % 5 + 1;
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    begun = seam_now;
    assert_int_equal(
        thread_create(NULL, "backend", answer_all_one_by_one, (void *)(ARRAY_SIZE(a) + 1), 0), 0);
    assert_int_equal(blkfront_sync(disk.dev), 0);
    assert_int_equal(seam_now, begun);
    assert_int_equal(calls, ARRAY_SIZE(a));
    thread_sleep(NSEC_PER_MSEC);
    close_polled();
}

/* A device with events does not poll. */
static void with_events_nobody_looks(void **state)
{
    struct blkfront_aiocb a;
    uint64_t polls;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    p = pages(8);
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_false(disk.dev->path.kick.armed);
    polls = seam_polls;
    thread_sleep(100 * NSEC_PER_MSEC);
    assert_true(seam_polls - polls <= 3);
    fdisk_drain(&disk);
    fdisk_close(&disk);
    page_free(p, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(who_polls_gets_them),
        TEST(no_event_is_ever_asked_for),
        TEST(who_waits_polls),
        TEST(waiting_leaves_the_cpu),
        TEST(pauses_grow),
        TEST(waiting_needs_no_clock),
        TEST(in_the_background_too),
        TEST(threads_poll_for_each_other),
        TEST(who_waits_gets_its_own),
        TEST(quick_answers_need_no_pause),
        TEST(with_events_nobody_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
