/* SPDX-License-Identifier: MIT */
/* Several queues: how requests are assigned, that queues do not block each other, and their
 * shared resources: budget, read-modify-write, barriers. */
#include "disk_test.h"

#include <kernel/grant_table.h>
#include <ringlet/thread.h>

static uint8_t *p;

static void open_queues(unsigned queues)
{
    fdisk_open(&disk, &(struct fake_options){.queues = queues, .barrier = true, .flush = true});
    p = pages(8);
}

static void close_queues(void)
{
    fdisk_close(&disk);
    page_free(p, 8);
}

/* How many requests the backend has from a queue. */
static unsigned in_queue(unsigned queue)
{
    unsigned n = 0;

    fdisk_take(&disk);
    for (unsigned i = 0; i < disk.count; i++)
        n += disk.taken[i].queue == queue;
    return n;
}

/* Answers the oldest request of a queue. */
static void answer_of(unsigned queue)
{
    fdisk_take(&disk);
    for (unsigned i = 0; i < disk.count; i++) {
        if (disk.taken[i].queue == queue) {
            fdisk_answer(&disk, i, BLKIF_RSP_OKAY);
            break;
        }
    }
    fdisk_publish(&disk);
    thread_poll_events();
}

/* A batch stays in one queue and needs one notification; the next batch goes to the next queue. */
static void a_batch_takes_a_queue(void **state)
{
    struct blkfront_aiocb a[12];
    struct blkfront_stats s;

    (void)state;
    open_queues(3);
    for (unsigned b = 0; b < 4; b++) {
        for (unsigned i = 0; i < 3; i++) {
            a[3 * b + i] = request(p, 4096 * i, 512);
            assert_int_equal(blkfront_aio_enqueue(&a[3 * b + i], 0), 0);
        }
        assert_int_equal(blkfront_aio_submit(disk.dev), 3);
        assert_int_equal(blkfront_aio_submit(disk.dev), 0); /* nothing: no turn is lost */
        blkfront_get_stats(disk.dev, &s);
        assert_int_equal(s.notifications, MIN(b + 1, 3u));
    }
    assert_int_equal(in_queue(0), 6);
    assert_int_equal(in_queue(1), 3);
    assert_int_equal(in_queue(2), 3);
    fdisk_drain(&disk);
    assert_int_equal(calls, 12);
    close_queues();
}

static struct blkfront_aiocb follow_up[2];

static void submit_more(struct blkfront_aiocb *x, int ret)
{
    unsigned i = calls;

    count_good(x, ret);
    if (i < 2)
        assert_int_equal(blkfront_aio_read(&follow_up[i]), 0);
}

/* The first queue is used while it has room; requests from callbacks stay in the queue that
 * called. */
static void an_idle_queue_is_enough(void **state)
{
    struct blkfront_aiocb a[6];

    (void)state;
    open_queues(3);
    for (unsigned i = 0; i < 6; i++)
        a[i] = request(p, 4096 * i, 512);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
        assert_int_equal(in_queue(0), 1);
        answer_of(0);
    }
    assert_int_equal(blkfront_aio_read(&a[0]), 0);
    a[1].aio_cb = a[2].aio_cb = submit_more;
    assert_int_equal(blkfront_aio_enqueue(&a[1], 0), 0);
    assert_int_equal(blkfront_aio_enqueue(&a[2], 0), 0);
    assert_int_equal(blkfront_aio_submit(disk.dev), 2);
    assert_int_equal(in_queue(1), 2);
    calls = 0;
    for (unsigned i = 0; i < 2; i++)
        follow_up[i] = request(p, 8192 * i, 512);
    answer_of(1);
    answer_of(1);
    assert_int_equal(calls, 2);
    assert_int_equal(in_queue(1), 2);
    /* the third is idle, and then the first again */
    assert_int_equal(blkfront_aio_read(&a[3]), 0);
    assert_int_equal(in_queue(2), 1);
    answer_of(0);
    assert_int_equal(blkfront_aio_read(&a[4]), 0);
    assert_int_equal(in_queue(0), 1);
    fdisk_drain(&disk);
    close_queues();
}

static void the_caller_chooses(void **state)
{
    struct blkfront_aiocb a[4];

    (void)state;
    open_queues(3);
    for (unsigned i = 0; i < 4; i++) {
        a[i] = request(p, 0, 512);
        a[i].aio_queue = i < 3 ? i + 1 : 5; /* 5 modulo 3 queues is the second */
        assert_int_equal(blkfront_aio_enqueue(&a[i], 0), 0);
    }
    assert_int_equal(blkfront_aio_submit(disk.dev), 4);
    assert_int_equal(in_queue(0), 1);
    assert_int_equal(in_queue(1), 2);
    assert_int_equal(in_queue(2), 1);
    fdisk_drain(&disk);
    close_queues();
}

/* A queue whose ring is full does not block the others, and an event is for its queue only. */
static void a_full_queue_waits_alone(void **state)
{
    static struct blkfront_aiocb a[40], other;
    struct blkfront_stats s;

    (void)state;
    open_queues(2);
    for (unsigned i = 0; i < 40; i++) {
        a[i] = request(p, 0, 512);
        a[i].aio_queue = 1;
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    other = request(p, 4096, 512);
    other.aio_queue = 2;
    assert_int_equal(blkfront_aio(&other, 0), 0);
    assert_int_equal(in_queue(0), 32);
    assert_int_equal(in_queue(1), 1);
    answer_of(1);
    assert_int_equal(calls, 1);
    assert_null(other.request);
    answer_of(0);
    assert_int_equal(calls, 2);
    assert_int_equal(in_queue(0), 32); /* one more came in */
    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.spurious, 0);
    assert_int_equal(s.ring_high_water, 32);
    fdisk_drain(&disk);
    assert_int_equal(calls, 41);
    close_queues();
}

/* The budget is shared: a request that waits for a large part of it is not overtaken by small ones
 * of other queues. */
static void is_fair(unsigned registered)
{
    struct blkfront_aiocb first, big, small;
    uint8_t *b;

    fdisk_open(&disk, &(struct fake_options){.queues = 2, .budget = 8, .persistent_grants = 40});
    b = blkfront_buf_alloc(disk.dev, registered * PAGE_SIZE);
    assert_int_equal(b != NULL, registered != 0);
    p = pages(8);
    calls = 0;
    first = request(p, 0, 4 * 4096);
    first.aio_queue = 1;
    big = request(p, 0, 8 * 4096);
    big.aio_queue = 2;
    small = request(p, 0, 4096);
    small.aio_queue = 1;
    assert_int_equal(blkfront_aio(&first, 0), 0);
    assert_int_equal(blkfront_aio(&big, 0), 0);
    assert_int_equal(blkfront_aio(&small, 0), 0);
    assert_int_equal(in_queue(0), 1);
    assert_int_equal(in_queue(1), 0);
    answer_of(0);
    assert_int_equal(in_queue(1), 1);
    assert_int_equal(in_queue(0), 0);
    answer_of(1);
    assert_int_equal(in_queue(0), 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    blkfront_buf_free(disk.dev, b);
    close_queues();
}

/* Registered buffers have no part in it, as without persistent grants nothing stays mapped. */
static void the_budget_is_fair(void **state)
{
    (void)state;
    is_fair(0);
    is_fair(28);
}

static struct blkfront_aiocb beside;

/* Meanwhile the backend also answers on the other queue, which was reaped before. */
static void looks_for_events(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_non_null(beside.request);
}

/* An event that comes while completions are delivered is not lost by the check that preceded it. */
static void an_event_in_a_callback_is_kept(void **state)
{
    struct blkfront_aiocb a;

    (void)state;
    open_queues(2);
    beside = request(p, 0, 512);
    beside.aio_queue = 1;
    a = request(p, 0, 512);
    a.aio_queue = 2;
    a.aio_cb = looks_for_events;
    assert_int_equal(blkfront_aio_read(&beside), 0);
    assert_int_equal(blkfront_aio_read(&a), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_answer(&disk, 1, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    assert_int_equal(blkfront_aio_poll(disk.dev), 1);
    assert_int_equal(blkfront_aio_wait(disk.dev, clock_deadline(NSEC_PER_MSEC)), 1);
    assert_int_equal(calls, 2);
    /* neither event found anything: a poll and the check at its end had taken the responses */
    assert_int_equal(disk.dev->stats.events, 2);
    assert_int_equal(disk.dev->stats.spurious, 2);
    close_queues();
}

/* Two writes to parts of one sector from two queues: neither undoes the other. */
static void merges_span_queues(void **state)
{
    struct blkfront_aiocb a, b, c;

    (void)state;
    open_queues(2);
    memset(p, 0x11, 4096);
    memset(p + 4096, 0x22, 4096);
    a = request(p, 0, 100);
    a.aio_queue = 1;
    b = request(p + 4096, 100, 100);
    b.aio_queue = 2;
    c = request(p + 4096, 512, 512); /* another sector: waits behind b only */
    c.aio_queue = 1;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio(&b, 1), 0);
    assert_int_equal(blkfront_aio(&c, 1), 0);
    assert_int_equal(in_queue(0), 2);
    assert_int_equal(in_queue(1), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(disk.data[i], i < 100 ? 0x11 : 0x22);
    assert_int_equal(disk.data[200], 0);
    close_queues();
}

/* And a write in flight in one queue holds up a merge in another. */
static void a_merge_waits_for_other_queues(void **state)
{
    struct blkfront_aiocb a, b;

    (void)state;
    open_queues(2);
    a = request(p, 0, 4096);
    a.aio_queue = 2;
    b = request(p, 10, 10);
    b.aio_queue = 1;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio(&b, 1), 0);
    assert_int_equal(in_queue(1), 1);
    assert_int_equal(in_queue(0), 0);
    answer_of(1);
    assert_int_equal(in_queue(0), 1);
    fdisk_drain(&disk);
    close_queues();
}

/* Requests submitted before a barrier, in any queue, complete before the barrier is sent, and
 * later ones in another queue wait for its end. */
static void a_barrier_spans_queues(void **state)
{
    struct blkfront_aiocb before[3], barrier, barrier2, after[2];

    (void)state;
    open_queues(3);
    for (unsigned i = 0; i < 3; i++) {
        before[i] = request(p, 4096 * i, 512);
        before[i].aio_queue = i + 1;
        assert_int_equal(blkfront_aio(&before[i], 1), 0);
    }
    barrier = request(NULL, 0, 0);
    barrier.aio_queue = 2;
    assert_int_equal(blkfront_aio_push_operation(&barrier, BLKIF_OP_WRITE_BARRIER), 0);
    for (unsigned i = 0; i < 2; i++) {
        after[i] = request(p, 4096 * i, 512);
        after[i].aio_queue = i + 1;
        assert_int_equal(blkfront_aio(&after[i], 1), 0);
    }
    barrier2 = request(NULL, 0, 0);
    barrier2.aio_queue = 1;
    assert_int_equal(blkfront_aio_push_operation(&barrier2, BLKIF_OP_WRITE_BARRIER), 0);

    assert_int_equal(in_queue(0), 1);
    assert_int_equal(in_queue(1), 1);
    assert_int_equal(in_queue(2), 1);
    assert_int_equal(disk.barriers, 0);
    answer_of(0);
    answer_of(1);
    assert_int_equal(disk.barriers, 0); /* the third queue has one yet */
    answer_of(2);
    fdisk_take(&disk);
    assert_int_equal(disk.barriers, 1);
    assert_int_equal(in_queue(0), 0);
    assert_int_equal(in_queue(1), 2); /* after[1] behind it: the ring's order is the backend's */
    answer_of(1);                     /* the barrier */
    assert_int_equal(barrier.result, 0);
    assert_null(barrier.request);
    assert_int_equal(in_queue(0), 1);
    assert_int_equal(disk.barriers, 1); /* after[1] is before the second one */
    answer_of(1);
    fdisk_take(&disk);
    assert_int_equal(disk.barriers, 2);
    fdisk_drain(&disk);
    assert_int_equal(calls, 7);
    close_queues();
}

/* Two barriers in one queue, and a write between them in another: it is before the second. */
static void one_barrier_at_a_time(void **state)
{
    struct blkfront_aiocb barrier[2], between;

    (void)state;
    open_queues(2);
    for (unsigned i = 0; i < 2; i++) {
        barrier[i] = request(NULL, 0, 0);
        barrier[i].aio_queue = 1;
    }
    between = request(p, 0, 512);
    between.aio_queue = 2;
    assert_int_equal(blkfront_aio_push_operation(&barrier[0], BLKIF_OP_WRITE_BARRIER), 0);
    assert_int_equal(blkfront_aio(&between, 1), 0);
    assert_int_equal(blkfront_aio_push_operation(&barrier[1], BLKIF_OP_WRITE_BARRIER), 0);
    assert_int_equal(in_queue(0), 1);
    assert_int_equal(in_queue(1), 0);
    answer_of(0);
    assert_int_equal(in_queue(0), 0);
    assert_int_equal(in_queue(1), 1);
    answer_of(1);
    assert_int_equal(in_queue(0), 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    close_queues();
}

/* One queue too many for the memory: fewer queues, then shorter rings. */
static void fewer_queues_when_memory_is_short(void **state)
{
    (void)state;
    seam_grant_max_frames = 1; /* 512 entries, 8 of them reserved */
    assert_int_equal(gnttab_init(), 0);
    fdisk_open(&disk, &(struct fake_options){.queues = 16, .ring_pages = 16, .budget = 1});
    assert_true(disk.dev->limits.queues >= 8);
    fdisk_close(&disk);
}

/* A backend that lies in one queue has lost the device, in all. */
static void a_lie_in_one_ends_all(void **state)
{
    struct blkfront_aiocb a[2];

    (void)state;
    open_queues(2);
    for (unsigned i = 0; i < 2; i++) {
        a[i] = request(p, 4096 * i, 512);
        a[i].aio_cb = count_call;
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    fdisk_take(&disk);
    /* an id that is in flight, but in the other queue */
    for (unsigned i = 0; i < 2; i++)
        if (disk.taken[i].queue == 1)
            fdisk_respond(&disk, disk.taken[i].id + 1, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_true(disk.dev->state >= DEVICE_FAILED);
    answer_of(1);
    assert_int_equal(calls, 0); /* nothing is believed any more */
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 2);
    close_queues();
}

/* While all are busy the batches go to one after the other. */
static void busy_queues_take_turns(void **state)
{
    struct blkfront_aiocb a[9];

    (void)state;
    open_queues(3);
    for (unsigned i = 0; i < 9; i++) {
        a[i] = request(p, 8192 * i, 512);
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
        fdisk_take(&disk);
        assert_int_equal(disk.taken[i].queue, i % 3);
    }
    fdisk_drain(&disk);
    assert_int_equal(calls, 9);
    close_queues();
}

/* A response in the wrong queue is none to a request of that queue: no two have the same id. */
static void ids_differ_between_queues(void **state)
{
    struct blkfront_aiocb a[8];

    (void)state;
    open_queues(4);
    for (unsigned i = 0; i < 8; i++) {
        a[i] = request(p + i * 4096, 4096 * i, 512);
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    assert_int_equal(fdisk_take(&disk), 8);
    for (unsigned i = 0; i < 8; i++)
        for (unsigned k = 0; k < i; k++)
            assert_true(disk.taken[i].id != disk.taken[k].id);
    fdisk_drain(&disk);
    close_queues();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_batch_takes_a_queue),
        TEST(an_idle_queue_is_enough),
        TEST(the_caller_chooses),
        TEST(a_full_queue_waits_alone),
        TEST(the_budget_is_fair),
        TEST(an_event_in_a_callback_is_kept),
        TEST(merges_span_queues),
        TEST(a_merge_waits_for_other_queues),
        TEST(a_barrier_spans_queues),
        TEST(one_barrier_at_a_time),
        TEST(fewer_queues_when_memory_is_short),
        TEST(a_lie_in_one_ends_all),
        TEST(busy_queues_take_turns),
        TEST(ids_differ_between_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
