/* SPDX-License-Identifier: MIT */
/* Requests that share ring requests: which ones do, the result of each, and the effects of
 * errors and reconnects. */
#include "disk_test.h"

#include <kernel/heap.h>
#include <ringlet/thread.h>

#define N 256

static struct blkfront_aiocb a[N];
static int results[N];
static unsigned order[N];
static uint8_t *p;

static void done(struct blkfront_aiocb *x, int ret)
{
    unsigned i = (unsigned)(x - a);

    assert_int_equal(results[i], 1); /* once */
    assert_null(x->request);
    results[i] = ret;
    order[calls++] = i;
}

static void open_disk(const struct fake_options *o)
{
    fdisk_open(&disk, o);
    p = pages(64);
    fill(p, 64 * 4096, 7);
    fill(disk.data, 64 * 4096, 8);
    for (unsigned i = 0; i < N; i++)
        results[i] = 1;
    calls = 0;
}

static void close_disk(void)
{
    fdisk_close(&disk);
    page_free(p, 64);
}

/* Request i of bytes at the i-th such place of the disk and of the memory. */
static struct blkfront_aiocb *prepare(unsigned i, size_t bytes)
{
    a[i] = request(p + i * bytes, (int64_t)(i * bytes), bytes);
    a[i].aio_cb = done;
    return &a[i];
}

static void enqueue(unsigned i, bool write)
{
    assert_int_equal(blkfront_aio_enqueue(&a[i], write), 0);
}

static void send(unsigned count, size_t bytes, bool write)
{
    for (unsigned i = 0; i < count; i++) {
        prepare(i, bytes);
        enqueue(i, write);
    }
    assert_int_equal(blkfront_aio_submit(disk.dev), count);
}

static void all_ended(unsigned count, int result)
{
    assert_int_equal(calls, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(results[i], result);
    assert_int_equal(blkfront_in_flight(disk.dev), 0);
}

static const struct blkfront_stats *now(void)
{
    return &disk.dev->stats;
}

/* Answers the i-th request that the backend has, and lets the answer be seen. */
static void answer(unsigned i, int16_t status)
{
    fdisk_answer(&disk, i, status);
    fdisk_publish(&disk);
    thread_poll_events();
}

static void neighbours_share(bool write, const struct fake_options *o)
{
    open_disk(o);
    send(8, 4096, write);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].segments, 8);
    assert_int_equal(disk.taken[0].sectors, 64);
    answer(0, BLKIF_RSP_OKAY);
    all_ended(8, 0);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(order[i], i);
    assert_memory_equal(p, disk.data, 8 * 4096);
    assert_int_equal(now()->joined, 8);
    assert_int_equal(now()->aiocbs, 8);
    assert_int_equal(now()->completed, 8);
    assert_int_equal(now()->reads + now()->writes, 1);
    assert_int_equal(now()->notifications, 1);
    close_disk();
}

static void neighbours_share_a_request(void **state)
{
    (void)state;
    neighbours_share(false, &(struct fake_options){0});
    neighbours_share(true, &(struct fake_options){0});
    neighbours_share(false, &(struct fake_options){.persistent = true});
    neighbours_share(true, &(struct fake_options){.untrusted = true});
    neighbours_share(true, &(struct fake_options){.sector_size = 4096, .max_segments = 256});
}

/* Memory here and there, in the other order, and not even of whole sectors. */
static void memory_may_be_anywhere(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.max_segments = 32});
    for (unsigned i = 0; i < 6; i++) {
        prepare(i, 2048);
        a[i].aio_buf = p + (20 - 3 * i) * 4096 + 1000 * i;
        enqueue(i, false);
    }
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_drain(&disk);
    all_ended(6, 0);
    for (unsigned i = 0; i < 6; i++)
        assert_memory_equal(a[i].aio_buf, disk.data + 2048 * i, 2048);
    close_disk();
}

static void requests_get_as_large_as_they_may(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){0});
    send(23, 4096, false);
    assert_int_equal(fdisk_take(&disk), 3);
    assert_int_equal(disk.taken[0].segments, 11);
    assert_int_equal(disk.taken[2].segments, 1);
    fdisk_drain(&disk);
    all_ended(23, 0);
    close_disk();

    open_disk(&(struct fake_options){.max_segments = 64});
    send(64, 4096, false);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].segments, 64);
    fdisk_drain(&disk);
    all_ended(64, 0);
    close_disk();

    /* eight in each page of contiguous memory; and the number of riders has a limit */
    open_disk(&(struct fake_options){.max_segments = 256});
    send(200, 512, true);
    assert_int_equal(fdisk_take(&disk), 2);
    assert_int_equal(disk.taken[0].segments, 24);
    assert_int_equal(disk.taken[1].segments, 1);
    fdisk_drain(&disk);
    all_ended(200, 0);
    assert_memory_equal(p, disk.data, 200 * 512);
    close_disk();
}

/* Of larger ones as many as fit, so that none is cut; and all are counted. */
static void none_is_cut_by_joining(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){0});
    send(10, 8192, false);
    assert_int_equal(fdisk_take(&disk), 2);
    assert_int_equal(disk.taken[0].segments, 10);
    assert_int_equal(disk.taken[1].segments, 10);
    assert_int_equal(now()->joined, 10);
    fdisk_drain(&disk);
    all_ended(10, 0);
    for (unsigned i = 0; i < 2; i++)
        results[i] = 1;
    calls = 0;
    send(2, 4096, false);
    fdisk_drain(&disk);
    all_ended(2, 0);
    assert_int_equal(now()->joined, 12);
    close_disk();
}

static unsigned sent_by(const struct fake_options *o, void (*change)(void), bool second_writes)
{
    unsigned n;

    open_disk(o);
    prepare(0, 4096);
    prepare(1, 4096);
    if (change)
        change();
    enqueue(0, true);
    enqueue(1, second_writes);
    blkfront_aio_submit(disk.dev);
    n = fdisk_take(&disk);
    fdisk_drain(&disk);
    all_ended(2, 0);
    close_disk();
    return n;
}

static struct blkfront_iovec iov;

static void leave_a_gap(void)
{
    a[1].aio_offset += 512;
}
static void go_backwards(void)
{
    a[0].aio_offset = 4096;
    a[1].aio_offset = 0;
}
static void set_timeout(void)
{
    a[1].aio_timeout_ns = NSEC_PER_SEC;
}
static void set_timeout_of_first(void)
{
    a[0].aio_timeout_ns = NSEC_PER_SEC;
}
static void make_stable(void)
{
    a[1].aio_flags = BLKFRONT_FUA;
}
static void use_a_vector(void)
{
    iov = (struct blkfront_iovec){p + 4096, 4096};
    a[1].aio_iov = &iov;
    a[1].aio_iovcnt = 1;
}
static void end_within_a_sector(void)
{
    a[1].aio_nbytes = 4000;
}
static void end_with_a_byte_more(void)
{
    a[1].aio_nbytes = 4097;
}
static void begin_within_a_sector(void)
{
    a[0].aio_nbytes = 4000;
    a[1].aio_offset = 4000;
}
static void use_other_queues(void)
{
    a[0].aio_queue = 1;
    a[1].aio_queue = 2;
}

static void others_go_alone(void **state)
{
    const struct fake_options plain = {0};

    (void)state;
    assert_int_equal(sent_by(&plain, NULL, true), 1);
    assert_int_equal(sent_by(&plain, NULL, false), 2);
    assert_int_equal(sent_by(&(struct fake_options){.nomerges = true}, NULL, true), 2);
    assert_int_equal(sent_by(&plain, leave_a_gap, true), 2);
    assert_int_equal(sent_by(&plain, go_backwards, true), 2);
    assert_int_equal(sent_by(&plain, set_timeout, true), 2);
    assert_int_equal(sent_by(&plain, set_timeout_of_first, true), 2);
    assert_int_equal(sent_by(&plain, make_stable, true), 2);
    assert_int_equal(sent_by(&plain, use_a_vector, true), 2);
    assert_int_equal(sent_by(&plain, end_within_a_sector, true), 3); /* the rest is a merge */
    assert_int_equal(sent_by(&plain, end_with_a_byte_more, true), 3);
    assert_int_equal(sent_by(&plain, begin_within_a_sector, true), 2); /* a merge comes first */
    assert_int_equal(sent_by(&(struct fake_options){.queues = 2}, use_other_queues, true), 2);
}

/* Requests that have waited for a slot are merged when one is free. */
static void waiting_requests_are_joined(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.max_segments = 64});
    for (unsigned i = 0; i < 40; i++) {
        prepare(i, 4096);
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    assert_int_equal(fdisk_take(&disk), 32);
    answer(0, BLKIF_RSP_OKAY);
    assert_int_equal(fdisk_take(&disk), 32);
    assert_int_equal(disk.taken[31].segments, 8);
    fdisk_drain(&disk);
    all_ended(40, 0);
    close_disk();
}

/* Only those fail that the backend refuses: each is resubmitted alone, before later requests. */
static void a_failure_is_its_own(bool write)
{
    open_disk(&(struct fake_options){0});
    send(8, 4096, write);
    fdisk_take(&disk);
    prepare(9, 4096);
    enqueue(9, write);
    prepare(10, 4096);
    enqueue(10, write);
    answer(0, BLKIF_RSP_ERROR);
    assert_int_equal(calls, 0);
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), 9);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(disk.taken[i].sector, 8 * i);
        assert_int_equal(disk.taken[i].sectors, 8);
    }
    assert_int_equal(disk.taken[8].sectors, 16);
    for (unsigned i = 0; i < 9; i++)
        fdisk_answer(&disk, 0, i == 5 ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls, 10);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(results[i], i == 5 ? -EIO : 0);
    assert_int_equal(now()->errors, 1);
    assert_int_equal(now()->completed, 10);
    assert_memory_equal(p, disk.data, 5 * 4096);
    assert_memory_not_equal(p + 5 * 4096, disk.data + 5 * 4096, 4096);
    close_disk();
}

static void only_what_is_broken_fails(void **state)
{
    (void)state;
    a_failure_is_its_own(false);
    a_failure_is_its_own(true);
}

static void they_end_with_the_device(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.max_segments = 16});
    send(40, 4096, true);
    assert_int_equal(fdisk_take(&disk), 3);
    fdisk_unmap(&disk);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 40);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(results[i], -EIO);
    close_disk();

    /* nothing of it is sent yet */
    open_disk(&(struct fake_options){.max_segments = 64, .budget = 8});
    prepare(2, 8 * 4096);
    assert_int_equal(blkfront_aio_read(&a[2]), 0);
    send(2, 4096, true);
    assert_int_equal(now()->joined, 2);
    assert_int_equal(fdisk_take(&disk), 1);
    fdisk_unmap(&disk);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 3);
    assert_int_equal(results[0], -ENODEV);
    assert_int_equal(results[1], -ENODEV);
    close_disk();
}

/* The disk has shrunk: requests that still fit succeed. */
static void the_disk_may_become_another(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){0});
    send(8, 4096, false);
    fdisk_take(&disk);
    disk.dev->limits.sectors = 5 * 8;
    answer(0, BLKIF_RSP_ERROR);
    assert_int_equal(calls, 3);
    assert_int_equal(fdisk_take(&disk), 5);
    fdisk_drain(&disk);
    assert_int_equal(calls, 8);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(results[i], i < 5 ? 0 : -EIO);
    close_disk();
}

/* An earlier backend may still write there: this request cannot be resubmitted. */
static void pinned_memory_is_not_used_again(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){0});
    send(4, 4096, false);
    fdisk_take(&disk);
    assert_int_equal(page_pin(p + 2 * 4096), 0);
    answer(0, BLKIF_RSP_ERROR);
    assert_int_equal(calls, 1);
    assert_int_equal(results[2], -EIO);
    page_unpin(p + 2 * 4096);
    fdisk_drain(&disk);
    assert_int_equal(calls, 4);
    assert_int_equal(results[3], 0);
    close_disk();
}

/* The same, where the page is not the first of several. */
static void any_page_may_be_pinned(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.max_segments = 32});
    for (unsigned i = 0; i < 3; i++) {
        prepare(i, 2 * 4096);
        a[i].aio_buf = p + 4 * 4096 * i + 512;
        enqueue(i, false);
    }
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(page_pin(p + 6 * 4096), 0); /* the end of the second */
    answer(0, BLKIF_RSP_ERROR);
    assert_int_equal(calls, 1);
    assert_int_equal(results[1], -EIO);
    page_unpin(p + 6 * 4096);
    fdisk_drain(&disk);
    assert_int_equal(calls, 3);
    assert_int_equal(results[0], 0);
    assert_int_equal(results[2], 0);
    close_disk();
}

/* Wherever in the page its memory begins. */
static void pinned_memory_may_begin_late_in_its_page(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){0});
    for (unsigned i = 0; i < 2; i++) {
        prepare(i, 512);
        a[i].aio_buf = p + 8 * 4096 * i + 3584;
        enqueue(i, false);
    }
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(page_pin(p + 8 * 4096), 0);
    answer(0, BLKIF_RSP_ERROR);
    assert_int_equal(calls, 1);
    assert_int_equal(results[1], -EIO);
    page_unpin(p + 8 * 4096);
    fdisk_drain(&disk);
    assert_int_equal(results[0], 0);
    close_disk();
}

/* Should writes before a barrier fail together they would be sent again: the barrier waits. */
static void a_barrier_waits_for_joined_writes(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.barrier = true});
    send(4, 4096, true);
    a[10] = request(NULL, 0, 0);
    a[10].aio_cb = done;
    assert_int_equal(blkfront_aio_push_operation(&a[10], BLKIF_OP_WRITE_BARRIER), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    answer(0, BLKIF_RSP_ERROR);
    assert_int_equal(fdisk_take(&disk), 5);
    assert_int_equal(disk.taken[3].op, BLKIF_OP_WRITE);
    assert_int_equal(disk.taken[4].op, BLKIF_OP_WRITE_BARRIER);
    /* and while it is in flight no requests are joined that could have it in their middle */
    for (unsigned i = 4; i < 8; i++)
        enqueue((unsigned)(prepare(i, 4096) - a), true);
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), 5 + 4);
    fdisk_drain(&disk);
    assert_int_equal(calls, 9);
    close_disk();
}

/* Reads do not delay a barrier, which is sent at once when joined writes have completed. */
static void a_barrier_does_not_wait_for_reads(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.barrier = true});
    send(4, 4096, false);
    a[10] = request(NULL, 0, 0);
    a[10].aio_cb = done;
    assert_int_equal(blkfront_aio_push_operation(&a[10], BLKIF_OP_WRITE_BARRIER), 0);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_drain(&disk);
    assert_int_equal(calls, 5);
    close_disk();
}

/* Two more neighbours, elsewhere. */
static void send_more(void)
{
    prepare(20, 4096);
    prepare(21, 4096);
    enqueue(20, true);
    enqueue(21, true);
    assert_int_equal(blkfront_aio_submit(disk.dev), 2);
}

/* Nor for later writes: a stable write becomes a barrier in its old place. */
static void a_barrier_does_not_wait_for_later_writes(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){.barrier = true});
    a[10] = request(p + 32 * 4096, 64 * 4096, 4096);
    a[10].aio_cb = done;
    a[10].aio_flags = BLKFRONT_FUA;
    assert_int_equal(blkfront_aio_write(&a[10]), 0);
    send(4, 4096, true);
    send_more();
    assert_int_equal(fdisk_take(&disk), 3);
    answer(0, BLKIF_RSP_OKAY);
    assert_int_equal(fdisk_take(&disk), 3);
    assert_int_equal(disk.taken[2].op, BLKIF_OP_WRITE_BARRIER);
    fdisk_drain(&disk);
    assert_int_equal(calls, 7);
    close_disk();
}

static void submits_another(struct blkfront_aiocb *x, int ret)
{
    unsigned i = (unsigned)(x - a);

    done(x, ret);
    prepare(20 + i, 4096);
    assert_int_equal(blkfront_aio_read(&a[20 + i]), 0);
}

/* A request from a callback takes the place of the request that has just completed. */
static void callbacks_may_submit(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){0});
    for (unsigned i = 0; i < 4; i++) {
        prepare(i, 4096);
        a[i].aio_cb = submits_another;
        enqueue(i, false);
    }
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), 1);
    answer(0, BLKIF_RSP_OKAY);
    assert_int_equal(calls, 4);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].segments, 4);
    fdisk_drain(&disk);
    assert_int_equal(calls, 8);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(results[20 + i], 0);
    close_disk();
}

static unsigned freed_in_callback;

static void frees_the_others(struct blkfront_aiocb *x, int ret)
{
    done(x, ret);
    if (!freed_in_callback++)
        blkfront_buf_free(disk.dev, x->data);
}

/* A callback may free memory that those before it and behind it have used. */
static void callbacks_may_free_memory(void **state)
{
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){.persistent = true});
    b = blkfront_buf_alloc(disk.dev, 4 * 4096);
    assert_non_null(b);
    freed_in_callback = 0;
    for (unsigned i = 0; i < 4; i++) {
        prepare(i, 4096);
        a[i].aio_buf = b + 4096 * i;
        a[i].data = b;
        a[i].aio_cb = frees_the_others;
        enqueue(i, false);
    }
    blkfront_aio_submit(disk.dev);
    fdisk_take(&disk);
    disk.dev->limits.sectors = 3 * 8; /* the fourth fails when they are tried alone */
    answer(0, BLKIF_RSP_ERROR);
    assert_int_equal(calls, 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 4);
    assert_int_equal(now()->grants_kept, 0);
    close_disk();
}

/* Joined requests that have failed and still have to be resubmitted one by one preserve a
 * registered buffer that is freed meanwhile: before any callback, or in the callback of another
 * one. */
static void freed_memory_stays_until_they_are_through(void **state)
{
    uint8_t *b;

    (void)state;
    for (unsigned in_callback = 0; in_callback < 2; in_callback++) {
        open_disk(&(struct fake_options){.flush = true});
        b = blkfront_buf_alloc(disk.dev, 4 * 4096);
        assert_non_null(b);
        device_freeze(disk.dev, FREEZE_SUSPEND);
        a[10] = request(NULL, 63 * 4096, 0);
        a[10].aio_cb = frees_the_others;
        a[10].data = b;
        freed_in_callback = !in_callback;
        assert_int_equal(blkfront_aio_read(&a[10]), 0);
        for (unsigned i = 0; i < 4; i++) {
            prepare(i, 4096);
            a[i].aio_buf = b + 4096 * i;
            enqueue(i, false);
        }
        blkfront_aio_submit(disk.dev);
        device_thaw(disk.dev, FREEZE_SUSPEND);
        mem_fail_nth(2); /* the ring request's, after the shared part */
        submit_pump(disk.dev);
        mem_fail_nth(0);
        assert_int_equal(now()->joined, 4);
        assert_false(list_empty(&disk.dev->path.done));
        assert_int_equal(fdisk_take(&disk), 0);
        if (!in_callback)
            blkfront_buf_free(disk.dev, b);
        thread_poll_events();
        assert_int_equal(disk.dev->memory.registered.count, 1);
        fdisk_drain(&disk);
        assert_int_equal(calls, 5);
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(results[i], 0);
        assert_int_equal(disk.dev->memory.registered.count, 0);
        close_disk();
    }
}

/* Time without a backend does not count: after it a merged request starts again, and so do the
 * requests in it. */
static void time_away_does_not_count(void **state)
{
    uint64_t back;

    (void)state;
    open_disk(&(struct fake_options){.max_segments = 64, .budget = 8});
    disk.dev->config.watchdog_ns = disk.dev->config.request_timeout_ns = NSEC_PER_SEC;
    prepare(2, 8 * 4096);
    assert_int_equal(blkfront_aio_read(&a[2]), 0);
    send(2, 4096, true);
    assert_int_equal(now()->joined, 2);
    assert_int_equal(fdisk_take(&disk), 1);
    timer_stop(&disk.dev->path.watchdog);
    thread_sleep(100 * NSEC_PER_SEC);
    back = clock_now();
    watchdog_begin(disk.dev);
    answer(0, BLKIF_RSP_OKAY);
    assert_int_equal(fdisk_take(&disk), 1);
    device_freeze(disk.dev, FREEZE_SUSPEND);
    answer(0, BLKIF_RSP_ERROR);
    assert_true(a[0].request->submitted >= back);
    assert_true(a[1].request->submitted >= back);
    device_thaw(disk.dev, FREEZE_SUSPEND);
    fdisk_unmap(&disk);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 3);
    close_disk();
}

static void without_memory_they_go_alone(void **state)
{
    void **held = NULL, **page;

    (void)state;
    open_disk(&(struct fake_options){.max_segments = 256});
    for (unsigned i = 0; i < 2; i++) { /* there is memory for each by itself */
        prepare(2 * i, 4096);
        enqueue(2 * i, true);
    }
    blkfront_aio_submit(disk.dev);
    fdisk_drain(&disk);
    calls = 0;
    results[0] = 1;
    while ((page = page_alloc(1, MEM_APP)) != NULL) {
        *page = held;
        held = page;
    }
    send(2, 4096, true);
    assert_int_equal(fdisk_take(&disk), 2);
    fdisk_drain(&disk);
    all_ended(2, 0);
    assert_int_equal(now()->joined, 0);
    while ((page = held) != NULL) {
        held = *page;
        page_free(page, 1);
    }
    close_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(neighbours_share_a_request),
        TEST(memory_may_be_anywhere),
        TEST(requests_get_as_large_as_they_may),
        TEST(none_is_cut_by_joining),
        TEST(others_go_alone),
        TEST(any_page_may_be_pinned),
        TEST(a_barrier_does_not_wait_for_later_writes),
        TEST(waiting_requests_are_joined),
        TEST(only_what_is_broken_fails),
        TEST(they_end_with_the_device),
        TEST(the_disk_may_become_another),
        TEST(pinned_memory_is_not_used_again),
        TEST(a_barrier_waits_for_joined_writes),
        TEST(a_barrier_does_not_wait_for_reads),
        TEST(callbacks_may_submit),
        TEST(callbacks_may_free_memory),
        TEST(freed_memory_stays_until_they_are_through),
        TEST(time_away_does_not_count),
        TEST(without_memory_they_go_alone),
        TEST(pinned_memory_may_begin_late_in_its_page),
    };

    return cmocka_run_group_tests_name("blkfront: joined requests", tests, NULL, NULL);
}
