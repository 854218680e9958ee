/* SPDX-License-Identifier: MIT */
/* The maximum number of queues, all of them busy: each operation covers all queues, and nothing
 * behind the last. */
#include "disk_test.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <ringlet/thread.h>

#define QUEUES QUEUES_MAX
#define SLOTS  32u
#define EACH   (SLOTS + 1) /* one more than a queue's ring has slots */

static struct blkfront_aiocb a[QUEUES * EACH];
static uint8_t *p;

static void open_disk(struct fake_options o)
{
    o.queues = QUEUES;
    fdisk_open(&disk, &o);
    assert_int_equal(disk.dev->limits.queues, QUEUES);
    p = pages(QUEUES);
    fill(p, QUEUES * 4096, 1);
}

static void close_disk(void)
{
    fdisk_close(&disk);
    page_free(p, QUEUES);
}

static struct blkfront_aiocb in_queue(unsigned queue, int64_t offset, size_t bytes)
{
    struct blkfront_aiocb x = request(p + 4096 * queue, offset, bytes);

    x.aio_queue = queue + 1;
    x.aio_cb = count_call;
    return x;
}

/* Every ring is full, and one request more waits for each. */
static void fill_rings(bool write)
{
    for (unsigned i = 0; i < QUEUES * EACH; i++) {
        unsigned queue = i % QUEUES, nth = i / QUEUES;

        a[i] = in_queue(queue, 4096 * queue + 512 * (nth % 8), 512);
        a[i].aio_buf += 512 * (nth % 8);
        assert_int_equal(blkfront_aio(&a[i], write), 0);
    }
    assert_int_equal(fdisk_take(&disk), QUEUES * SLOTS);
}

static bool is_over(const struct blkfront_aiocb *x)
{
    return !x->request;
}

static void each_queue_works(void **state)
{
    (void)state;
    open_disk((struct fake_options){.nomerges = true});
    fill_rings(true);
    assert_int_equal(disk.dev->stats.waited_slot, QUEUES);
    assert_int_equal(disk.dev->stats.ring_high_water, SLOTS);
    fdisk_drain(&disk);
    assert_int_equal(calls, QUEUES * EACH);
    for (unsigned i = 0; i < QUEUES * EACH; i++)
        assert_int_equal(a[i].result, 0);
    assert_memory_equal(disk.data, p, QUEUES * 4096);
    close_disk();
}

/* Each is woken by its own event, and by no other. */
static void each_queue_is_notified(void **state)
{
    (void)state;
    open_disk((struct fake_options){0});
    for (unsigned i = 0; i < QUEUES; i++) {
        a[i] = in_queue(i, 0, 512);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
        assert_int_equal(disk.dev->stats.notifications, i + 1);
        assert_int_equal(seam_last_send, disk.dev->path.queues[i].port);
    }
    assert_int_equal(fdisk_take(&disk), QUEUES);
    for (unsigned i = QUEUES; i--;) {
        fdisk_answer(&disk, i, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_poll_events();
        assert_true(is_over(&a[i]));
        assert_int_equal(calls, QUEUES - i);
    }
    assert_int_equal(disk.dev->stats.spurious, 0);
    close_disk();
}

static void each_queue_is_polled(void **state)
{
    (void)state;
    open_disk((struct fake_options){.polled = true});
    for (unsigned i = 0; i < QUEUES; i++) {
        a[i] = in_queue(i, 0, 512);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
    }
    assert_int_equal(fdisk_run(&disk), QUEUES);
    assert_int_equal(blkfront_aio_poll(disk.dev), QUEUES);
    assert_int_equal(calls, QUEUES);
    close_disk();
}

/* While all are busy batches take turns, once round and on. */
static void batches_take_turns(void **state)
{
    unsigned count[QUEUES] = {0};

    (void)state;
    open_disk((struct fake_options){0});
    for (unsigned i = 0; i < 3 * QUEUES; i++) {
        a[i] = request(p, 0, 512);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
        fdisk_take(&disk);
        assert_int_equal(disk.count, i + 1);
    }
    for (unsigned i = 0; i < disk.count; i++)
        count[disk.taken[i].queue]++;
    for (unsigned i = 0; i < QUEUES; i++)
        assert_int_equal(count[i], 3);
    fdisk_drain(&disk);
    close_disk();
}

/* Requests complete in each queue, whether sent or waiting. */
static void all_end_with_the_device(void **state)
{
    (void)state;
    open_disk((struct fake_options){.nomerges = true});
    fill_rings(false);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, QUEUES * EACH);
    for (unsigned i = 0; i < QUEUES * EACH; i++)
        assert_int_equal(a[i].result, i / QUEUES < SLOTS ? -EIO : -ENODEV);
    assert_int_equal(disk.dev->stats.grants_made, disk.dev->stats.grants_ended);
    close_disk();
}

/* A backend that maps pages has them until the device is gone. */
static void mapped_pages_stay_until_the_end(void **state)
{
    grant_ref_t ref[QUEUES];

    (void)state;
    open_disk((struct fake_options){0});
    for (unsigned i = 0; i < QUEUES; i++) {
        a[i] = in_queue(i, 0, 4096);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
    }
    assert_int_equal(fdisk_take(&disk), QUEUES);
    for (unsigned i = 0; i < QUEUES; i++) {
        ref[i] = disk.taken[i].seg[0].gref;
        fdisk_map(ref[i], true);
    }
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 0);
    lifecycle_release(disk.dev);
    assert_int_equal(calls, QUEUES);
    assert_int_equal(disk.dev->stats.grants_quarantined, QUEUES);
    for (unsigned i = 0; i < QUEUES; i++)
        fdisk_map(ref[i], false);
    seam_now += 10 * NSEC_PER_SEC;
    thread_poll_events();
    close_disk();
}

static void all_is_asked_again(bool invalidated)
{
    open_disk((struct fake_options){.nomerges = true});
    calls = 0;
    fill_rings(true);
    if (invalidated) {
        memset(seam_grants, 0, 4 * PAGE_SIZE);
        evtchn_resume();
        gnttab_resume();
    }
    requeue_all(disk.dev, invalidated);
    assert_int_equal(disk.dev->stats.grants_made, disk.dev->stats.grants_ended);
    for (unsigned i = 0; i < QUEUES; i++) {
        assert_int_equal(disk.dev->path.queues[i].port, 0);
        assert_int_equal(disk.dev->path.queues[i].page_ref[0], 0);
    }
    fdisk_reconnect(&disk);
    fdisk_drain(&disk);
    assert_int_equal(calls, QUEUES * EACH);
    for (unsigned i = 0; i < QUEUES * EACH; i++)
        assert_int_equal(a[i].result, 0);
    assert_memory_equal(disk.data, p, QUEUES * 4096);
    close_disk();
}

static void all_is_asked_again_of_the_next(void **state)
{
    (void)state;
    all_is_asked_again(true);
    all_is_asked_again(false);
}

/* Requests that wait in any queue, or are only prepared, fail when the disk becomes too small
 * for them. */
static void all_must_fit_another_disk(void **state)
{
    struct blkfront_aiocb late[QUEUES], prepared[QUEUES];

    (void)state;
    open_disk((struct fake_options){.nomerges = true});
    fill_rings(false);
    for (unsigned i = 0; i < QUEUES; i++) {
        late[i] = in_queue(i, 2047 * 512, 512);
        assert_int_equal(blkfront_aio_read(&late[i]), 0);
    }
    for (unsigned i = 0; i < QUEUES; i++) {
        prepared[i] = in_queue(i, 2047 * 512, 512);
        assert_int_equal(blkfront_aio_enqueue(&prepared[i], 0), 0);
    }
    disk.dev->limits.sectors = 2047;
    fit_requests(disk.dev);
    thread_poll_events();
    assert_int_equal(calls, 2 * QUEUES);
    for (unsigned i = 0; i < QUEUES; i++) {
        assert_true(is_over(&late[i]) && is_over(&prepared[i]));
        assert_int_equal(late[i].result, -EIO);
        assert_int_equal(prepared[i].result, -EIO);
    }
    fdisk_drain(&disk);
    assert_int_equal(calls, QUEUES * (EACH + 2));
    close_disk();
}

/* A barrier waits for each other queue, and each other queue for it. */
static void a_barrier_waits_for_all(void **state)
{
    struct blkfront_aiocb barrier, after;

    (void)state;
    open_disk((struct fake_options){.barrier = true});
    for (unsigned i = 1; i < QUEUES; i++) {
        a[i] = in_queue(i, 4096 * i, 4096);
        assert_int_equal(blkfront_aio_write(&a[i]), 0);
    }
    barrier = in_queue(0, 0, 0);
    assert_int_equal(blkfront_aio_push_operation(&barrier, BLKIF_OP_WRITE_BARRIER), 0);
    after = in_queue(QUEUES - 1, 0, 4096);
    assert_int_equal(blkfront_aio_write(&after), 0);
    assert_int_equal(fdisk_take(&disk), QUEUES - 1);
    for (unsigned i = 1; i < QUEUES; i++) {
        fdisk_take(&disk);
        assert_int_equal(disk.barriers, 0);
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_poll_events();
    }
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.barriers, 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, QUEUES + 1);
    close_disk();
}

/* A write of less than a sector waits for a write to it in the last queue, and for no other. */
static void a_merge_waits_for_all(void **state)
{
    struct blkfront_aiocb merge;

    (void)state;
    open_disk((struct fake_options){0});
    for (unsigned i = 0; i < QUEUES; i++) {
        a[i] = in_queue(i, 4096 * i, 4096);
        assert_int_equal(blkfront_aio_write(&a[i]), 0);
    }
    assert_int_equal(fdisk_take(&disk), QUEUES);
    merge = in_queue(0, 4096 * (QUEUES - 1) + 10, 10);
    assert_int_equal(blkfront_aio_write(&merge), 0);
    assert_int_equal(fdisk_take(&disk), QUEUES);
    fdisk_answer(&disk, QUEUES - 1, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), QUEUES);
    assert_int_equal(disk.taken[QUEUES - 1].op, BLKIF_OP_READ);
    merge.aio_cb = count_call;
    fdisk_drain(&disk);
    assert_int_equal(calls, QUEUES + 1);
    assert_memory_equal(disk.data + 4096 * (QUEUES - 1) + 10, p, 10);
    close_disk();
}

/* Idle persistent pages of the first queues serve the last one, and are freed with the
 * connection. */
static void the_last_queue_gets_idle_pages(void **state)
{
    (void)state;
    open_disk((struct fake_options){.persistent = true, .budget = QUEUES});
    for (unsigned i = 0; i < QUEUES; i++) {
        a[i] = in_queue(i, 4096 * i, 4096);
        assert_int_equal(blkfront_aio_write(&a[i]), 0);
    }
    fdisk_drain(&disk);
    assert_int_equal(disk.dev->memory.grants_left, 0);
    a[0] = in_queue(QUEUES - 1, 0, 4096);
    a[0].aio_nbytes = 2 * 4096;
    a[0].aio_buf = p;
    assert_int_equal(blkfront_aio_write(&a[0]), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].segments, 2);
    fdisk_drain(&disk);
    assert_int_equal(disk.dev->stats.grants_made, QUEUES);
    assert_int_equal(disk.dev->path.queues[QUEUES - 1].persistent.count, 2);
    assert_int_equal(disk.dev->path.queues[0].persistent.count, 0);
    assert_int_equal(calls, QUEUES + 1);
    fdisk_unmap(&disk);
    close_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(each_queue_works),
        TEST(each_queue_is_notified),
        TEST(each_queue_is_polled),
        TEST(batches_take_turns),
        TEST(all_end_with_the_device),
        TEST(mapped_pages_stay_until_the_end),
        TEST(all_is_asked_again_of_the_next),
        TEST(all_must_fit_another_disk),
        TEST(a_barrier_waits_for_all),
        TEST(a_merge_waits_for_all),
        TEST(the_last_queue_gets_idle_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
