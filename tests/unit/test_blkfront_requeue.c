/* SPDX-License-Identifier: MIT */
/* blkfront when its connection is invalidated (requeue_all): requests in flight are resubmitted
 * to the next backend, in order, split to its limits, and complete exactly once. */
#include "host/fake_disk.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N     12
#define PAGES 64

static struct fake_disk disk;
static struct blkfront_aiocb aiocb[N];
static unsigned calls[N], finished, order[N];
static int results[N];
static uint8_t *buffer;

static void done(struct blkfront_aiocb *a, int ret)
{
    unsigned i = (unsigned)(a - aiocb);

    assert_true(i < N);
    assert_null(a->request);
    calls[i]++;
    results[i] = ret;
    order[finished++] = i;
}

static int setup(void **state)
{
    (void)state;
    fdisk_init(16 << 20);
    buffer = page_alloc_zeroed(PAGES, MEM_APP);
    memset(calls, 0, sizeof(calls));
    memset(results, 0x55, sizeof(results));
    finished = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fdisk_close(&disk);
    page_free(buffer, PAGES);
    fdisk_exit();
    return 0;
}

static void start(unsigned i, bool write, size_t from, size_t bytes, int64_t offset)
{
    aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                       .aio_buf = buffer + from,
                                       .aio_nbytes = bytes,
                                       .aio_offset = offset,
                                       .aio_cb = done};
    assert_int_equal(blkfront_aio(&aiocb[i], write), 0);
}

/* Everything the old domain's Xen knew is gone. */
static void lose_all(void)
{
    memset(seam_grants, 0, 4 * PAGE_SIZE);
    evtchn_resume();
    gnttab_resume();
    requeue_all(disk.dev, true);
    assert_int_equal(disk.dev->path.queues[0].port, 0);
}

/* Another backend with the same medium. */
static void reconnect(unsigned max_segments, unsigned sector_size)
{
    struct blkfront_limits *l = &disk.dev->limits;

    l->max_segments = max_segments;
    l->sector_size = sector_size;
    l->ring_pages = 1;
    fdisk_reconnect(&disk);
}

static void completed_once(unsigned count)
{
    assert_int_equal(finished, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(calls[i], 1);
        assert_int_equal(results[i], 0);
    }
    assert_int_equal(blkfront_in_flight(disk.dev), 0);
}

static void fill(size_t from, size_t bytes, uint8_t seed)
{
    for (size_t i = 0; i < bytes; i++)
        buffer[from + i] = (uint8_t)(seed + i * 7 + (i >> 9));
}

/* Some answered, some taken, some waiting: all are resubmitted in the order of submission. */
static void requests_are_asked_again_in_order(void **state)
{
    struct gnttab_stats grants;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 11, .budget = 8});
    fill(0, N * 4096, 3);
    for (unsigned i = 0; i < N; i++)
        start(i, true, i * 4096, 4096, i * 4096);
    assert_int_equal(fdisk_take(&disk), 8); /* the budget */
    fdisk_answer(&disk, 2, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_yield();
    assert_int_equal(finished, 1);
    lose_all();
    gnttab_get_stats(&grants);
    assert_int_equal(grants.in_use, 0);
    assert_int_equal(disk.dev->stats.grants_made, disk.dev->stats.grants_ended);
    thread_yield();
    assert_int_equal(finished, 1); /* and nothing is lost or failed meanwhile */
    reconnect(11, 512);
    fdisk_drain(&disk);
    completed_once(N);
    for (unsigned i = 1, want = 0; i < N; i++, want++) {
        want += want == 2;
        assert_int_equal(order[i], want);
    }
    assert_memory_equal(disk.data, buffer, N * 4096);
}

/* A request of several indirect ring requests, half of it done; afterwards there are fewer
 * segments and larger sectors, or more segments. */
static void other_limits(unsigned max_segments, unsigned sector_size)
{
    fdisk_open(&disk, &(struct fake_options){.max_segments = 32, .sectors = 4096});
    fill(0, 50 * 4096, 9);
    start(0, true, 0, 50 * 4096, 0);
    start(1, true, 100, 5000, 50 * 4096 + 100); /* merges, bounces */
    assert_true(fdisk_take(&disk) >= 3);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_yield();
    lose_all();
    reconnect(max_segments, sector_size);
    fdisk_drain(&disk);
    completed_once(2);
    assert_memory_equal(disk.data, buffer, 50 * 4096);
    assert_memory_equal(disk.data + 50 * 4096 + 100, buffer + 100, 5000);
    assert_int_equal(disk.data[50 * 4096 + 99], 0);
    assert_int_equal(disk.data[50 * 4096 + 5100], 0);
}

static void limits_may_be_smaller(void **state)
{
    (void)state;
    other_limits(11, 4096);
}

static void limits_may_be_larger(void **state)
{
    (void)state;
    other_limits(64, 512);
}

/* Interrupted at each step of a write to a part of a sector, which is a read and a write. */
static void merges_begin_again(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 3; steps++) {
        fdisk_open(&disk, &(struct fake_options){.max_segments = 11});
        finished = 0;
        memset(calls, 0, sizeof(calls));
        fill(0, 300, (uint8_t)(11 * steps));
        start(0, true, 0, 300, 1000);
        start(1, true, 0, 100, 1100); /* waits for the first */
        for (unsigned i = 0; i < steps; i++) {
            fdisk_take(&disk);
            if (disk.count)
                fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
            fdisk_publish(&disk);
            if (i + 1 < steps)
                thread_yield();
        }
        lose_all();
        assert_true(list_empty(&disk.dev->path.rmw_active));
        assert_true(list_empty(&disk.dev->path.rmw_ready));
        reconnect(11, 512);
        fdisk_drain(&disk);
        completed_once(2);
        assert_memory_equal(disk.data + 1000, buffer, 100);
        assert_memory_equal(disk.data + 1100, buffer, 100);
        assert_memory_equal(disk.data + 1200, buffer + 200, 100);
        if (steps < 2)
            fdisk_close(&disk);
    }
}

static void push(unsigned i, uint8_t op, int64_t offset, size_t bytes)
{
    aiocb[i] = (struct blkfront_aiocb){
        .aio_dev = disk.dev, .aio_nbytes = bytes, .aio_offset = offset, .aio_cb = done};
    assert_int_equal(blkfront_aio_push_operation(&aiocb[i], op), 0);
}

/* The next disk's granules are others, and then it has none. */
static void discards_are_cut_anew(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 512});
    push(0, BLKIF_OP_DISCARD, 512, 3 * 4096);
    push(1, BLKIF_OP_DISCARD, 512, 512);
    assert_int_equal(aiocb[0].total_bytes, 3 * 4096);
    assert_int_equal(fdisk_take(&disk), 2);
    lose_all();
    disk.dev->limits.discard_granularity = 4096;
    reconnect(11, 4096);
    fdisk_drain(&disk);
    completed_once(2);
    assert_int_equal(disk.data[4095], 0);
    assert_int_equal(disk.data[4096], FDISK_DISCARDED);
    assert_int_equal(disk.data[3 * 4096 - 1], FDISK_DISCARDED);
    assert_int_equal(disk.data[3 * 4096], 0);

    push(2, BLKIF_OP_DISCARD, 0, 4096);
    fdisk_take(&disk);
    lose_all();
    disk.dev->limits.discard = false;
    reconnect(11, 4096);
    fdisk_drain(&disk);
    assert_int_equal(calls[2], 1);
    assert_int_equal(results[2], -EOPNOTSUPP);
}

/* Prepared for one of them, not submitted yet; and one that waits in another. */
static void queues_may_be_fewer(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.queues = 3});
    dev = disk.dev;
    fill(0, 4 * 4096, 9);
    for (unsigned i = 0; i < 3; i++) {
        aiocb[i] = (struct blkfront_aiocb){.aio_dev = dev,
                                           .aio_buf = buffer + i * 4096,
                                           .aio_nbytes = 4096,
                                           .aio_offset = (int64_t)i * 8192,
                                           .aio_queue = i + 1,
                                           .aio_cb = done};
        if (i < 2)
            assert_int_equal(blkfront_aio(&aiocb[i], 1), 0);
        else
            assert_int_equal(blkfront_aio_enqueue(&aiocb[i], 1), 0);
    }
    dev->path.pump_first = 1;
    lose_all();
    dev->limits.queues = 1;
    reconnect(11, 512);
    assert_int_equal(dev->path.pump_first, 0);
    assert_ptr_equal(aiocb[1].request->queue, &dev->path.queues[0]);
    assert_ptr_equal(aiocb[2].request->queue, &dev->path.queues[0]);
    assert_int_equal(blkfront_aio_submit(dev), 1);
    fdisk_drain(&disk);
    completed_once(3);
    for (unsigned i = 0; i < 3; i++)
        assert_memory_equal(disk.data + (size_t)i * 8192, buffer + (size_t)i * 4096, 4096);
}

/* Requests that named a queue stay on it. */
static void queues_may_be_as_many(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.queues = 2});
    dev = disk.dev;
    aiocb[0] = (struct blkfront_aiocb){
        .aio_dev = dev, .aio_buf = buffer, .aio_nbytes = 512, .aio_queue = 2, .aio_cb = done};
    assert_int_equal(blkfront_aio_enqueue(&aiocb[0], 0), 0);
    dev->path.pump_first = 1;
    lose_all();
    reconnect(11, 512);
    assert_int_equal(dev->path.pump_first, 1);
    assert_ptr_equal(aiocb[0].request->queue, &dev->path.queues[1]);
    blkfront_aio_submit(dev);
    fdisk_drain(&disk);
    completed_once(1);
}

static void answer_discard(unsigned i)
{
    fdisk_respond(&disk, disk.taken[i].id, BLKIF_OP_DISCARD, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    blkfront_aio_poll(disk.dev);
}

/* Pieces that are done are not repeated, as their sectors may have been written since. (The fake
 * disk discards nothing: this one is too large for it.) */
static void discards_go_on_where_they_were(void **state)
{
    const uint64_t piece = (UINT32_MAX & ~(uint64_t)PAGE_MASK) / 512, all = 3 * piece - 8;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 4096});
    disk.sectors = disk.dev->limits.sectors = 3 * piece; /* more than there are data of */
    push(0, BLKIF_OP_DISCARD, 0, all * 512);
    assert_int_equal(fdisk_take(&disk), 3);
    answer_discard(0);
    answer_discard(2);
    lose_all();
    reconnect(11, 512);
    submit_pump(disk.dev);
    send_push(disk.dev);
    assert_int_equal(fdisk_take(&disk), 2);
    assert_int_equal(disk.taken[0].sector, piece);
    assert_int_equal(disk.taken[0].sectors, piece);
    assert_int_equal(disk.taken[1].sectors, piece - 8);
    answer_discard(0);
    answer_discard(1);
    completed_once(1);
}

/* Of one that found no place on the ring for all of its pieces nothing is left out. */
static void a_discard_half_sent_goes_on(void **state)
{
    const uint64_t piece = (UINT32_MAX & ~(uint64_t)PAGE_MASK) / 512, all = 3 * piece - 8;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.discard = 4096, .nomerges = true});
    disk.sectors = disk.dev->limits.sectors = 3 * piece;
    for (unsigned i = 0; i < 5; i++)
        start(i, false, 0, 64 * 4096, 0); /* six slots each */
    start(5, false, 0, 4096, 0);
    push(6, BLKIF_OP_DISCARD, 0, all * 512);
    assert_int_equal(fdisk_take(&disk), 32);
    lose_all();
    reconnect(11, 512);
    submit_pump(disk.dev);
    send_push(disk.dev);
    assert_int_equal(fdisk_take(&disk), 32);
    for (unsigned i = 0; i < 31; i++)
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    blkfront_aio_poll(disk.dev);
    assert_int_equal(finished, 6);
    assert_int_equal(fdisk_take(&disk), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(disk.taken[i].sector, i * piece);
        assert_int_equal(disk.taken[i].sectors, i < 2 ? piece : piece - 8);
        answer_discard(i);
    }
    completed_once(7);
}

/* The backend that flushes after the resume may never have had the data: they are written again.
 * One is flushing, one waits for its flush. */
static void stable_writes_begin_again(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.barrier = true, .queues = 2});
    fill(0, 3 * 4096, 5);
    for (unsigned i = 0; i < 3; i++) {
        aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                           .aio_buf = buffer + i * 4096,
                                           .aio_nbytes = 4096,
                                           .aio_offset = i * 4096,
                                           .aio_flags = BLKFRONT_FUA,
                                           .aio_queue = i % 2 + 1,
                                           .aio_cb = done};
        assert_int_equal(blkfront_aio(&aiocb[i], 1), 0);
    }
    assert_int_equal(fdisk_take(&disk), 3);
    while (disk.count)
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.barriers, 1);
    memset(disk.data, 0, 3 * 4096); /* power failed there */
    lose_all();
    reconnect(11, 512);
    fdisk_drain(&disk);
    completed_once(3);
    assert_memory_equal(disk.data, buffer, 3 * 4096);
    assert_int_equal(disk.barriers, 3);
}

static void reads_flushes_and_barriers(void **state)
{
    static const uint8_t ops[] = {BLKIF_OP_READ, BLKIF_OP_FLUSH_DISKCACHE, BLKIF_OP_WRITE_BARRIER,
                                  BLKIF_OP_READ};

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 11, .flush = true, .barrier = true});
    memset(disk.data, 0x5a, 8192);
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        aiocb[i] = (struct blkfront_aiocb){
            .aio_dev = disk.dev, .aio_buf = buffer + i * 4096, .aio_nbytes = 4096, .aio_cb = done};
        if (ops[i] != BLKIF_OP_READ)
            aiocb[i].aio_nbytes = 0;
        assert_int_equal(blkfront_aio_push_operation(&aiocb[i], ops[i]), 0);
    }
    assert_int_equal(fdisk_take(&disk), 4);
    lose_all();
    lose_all(); /* again before it was connected */
    reconnect(11, 512);
    fdisk_drain(&disk);
    completed_once(4);
    assert_int_equal(disk.flushes, 1);
    assert_int_equal(disk.barriers, 1);
    assert_int_equal(buffer[0], 0x5a);
    assert_int_equal(buffer[3 * 4096 + 4095], 0x5a);
}

/* One of its parts had failed and another was in flight: it has failed, and is not resubmitted. */
static void a_request_that_has_failed_is_over(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 11});
    start(0, true, 0, 20 * 4096, 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_yield();
    assert_int_equal(finished, 0);
    lose_all();
    thread_yield();
    assert_int_equal(finished, 1);
    assert_int_equal(calls[0], 1);
    assert_int_equal(results[0], -EIO);
    reconnect(11, 512);
    assert_int_equal(fdisk_take(&disk), 0);
}

/* Requests submitted in between wait, and complete after the earlier ones. */
static void new_requests_wait(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 11});
    fill(0, 8192, 1);
    start(0, true, 0, 4096, 0);
    lose_all();
    start(1, true, 4096, 4096, 4096);
    assert_int_equal(blkfront_aio_poll(disk.dev), 0);
    reconnect(11, 512);
    fdisk_drain(&disk);
    completed_once(2);
    assert_int_equal(order[0], 0);
    assert_memory_equal(disk.data, buffer, 8192);
}

/* A backend's persistent mappings do not exist any more; a device that was closing ends without
 * a hypercall. */
static void a_device_that_was_closing(void **state)
{
    struct gnttab_stats grants;
    int refs[64];

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 32});
    start(0, true, 0, 20 * 4096, 0); /* leaves its part with a granted page in the pool */
    fdisk_drain(&disk);
    start(1, true, 0, 20 * 4096, 0);
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_map(disk.taken[0].seg[0].gref, true);
    start(2, true, 0, 4096, 0);
    lifecycle_close(disk.dev);
    assert_int_equal(finished, 2); /* but not the request whose page is mapped */
    lose_all();
    /* others have the old numbers now */
    for (unsigned i = 0; i < ARRAY_SIZE(refs); i++)
        refs[i] = gnttab_grant(0, buffer, true);
    lifecycle_release(disk.dev);
    assert_int_equal(finished, 3);
    assert_int_equal(results[1], -EIO);
    gnttab_get_stats(&grants);
    assert_int_equal(grants.in_use, ARRAY_SIZE(refs));
    assert_int_equal(grants.quarantined, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(refs); i++)
        assert_int_equal(gnttab_end((grant_ref_t)refs[i]), 0);
}

/* Only the first queue is left, also for requests of the second one. */
static void the_last_queue_may_go(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.queues = 2});
    dev = disk.dev;
    aiocb[0] = (struct blkfront_aiocb){
        .aio_dev = dev, .aio_buf = buffer, .aio_nbytes = 512, .aio_queue = 2, .aio_cb = done};
    assert_int_equal(blkfront_aio_enqueue(&aiocb[0], 0), 0);
    lose_all();
    dev->limits.queues = 1;
    reconnect(11, 512);
    assert_ptr_equal(aiocb[0].request->queue, &dev->path.queues[0]);
    blkfront_aio_submit(dev);
    fdisk_drain(&disk);
    completed_once(1);
}

/* Requests that share a ring request move to another queue together, also when they must then be
 * sent alone. */
static void joined_requests_change_their_queue(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.queues = 2});
    dev = disk.dev;
    for (unsigned i = 0; i < 3; i++) {
        aiocb[i] = (struct blkfront_aiocb){.aio_dev = dev,
                                           .aio_buf = buffer + i * 4096,
                                           .aio_nbytes = 4096,
                                           .aio_offset = (int64_t)i * 4096,
                                           .aio_queue = 2,
                                           .aio_cb = done};
        assert_int_equal(blkfront_aio_enqueue(&aiocb[i], 0), 0);
    }
    blkfront_aio_submit(dev);
    assert_int_equal(fdisk_take(&disk), 1);
    lose_all();
    dev->limits.queues = 1;
    reconnect(11, 512);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_answer(&disk, 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 3);
    fdisk_drain(&disk);
    completed_once(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(requests_are_asked_again_in_order),
        TEST(limits_may_be_smaller),
        TEST(limits_may_be_larger),
        TEST(merges_begin_again),
        TEST(reads_flushes_and_barriers),
        TEST(queues_may_be_fewer),
        TEST(queues_may_be_as_many),
        TEST(discards_are_cut_anew),
        TEST(discards_go_on_where_they_were),
        TEST(a_discard_half_sent_goes_on),
        TEST(stable_writes_begin_again),
        TEST(a_request_that_has_failed_is_over),
        TEST(new_requests_wait),
        TEST(a_device_that_was_closing),
        TEST(the_last_queue_may_go),
        TEST(joined_requests_change_their_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
