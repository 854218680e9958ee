/* SPDX-License-Identifier: MIT */
/* The watchdog at its edges: many queues, the very moment, and devices that are no more. */
#include "watchdog_test.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>

/* The request of one queue is reported, and its own backend's thread is notified, none of the
 * others. */
static void each_queue_is_looked_at(void **state)
{
    uint8_t *p = pages(1);
    uint64_t sends;

    (void)state;
    for (unsigned queue = 0; queue < QUEUES_MAX; queue += QUEUES_MAX - 1) {
        open_queues(QUEUES_MAX, SEC, 2 * SEC);
        disk.dev->path.next_queue = queue;
        for (unsigned i = 0; i < queue; i++) /* the queues before it are busy when it is chosen */
            submit(1, p, 0, 0);
        submit(0, p, 0, 0);
        while (disk.count > 1) {
            fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
            fdisk_publish(&disk);
            thread_poll_events();
        }
        assert_int_equal(disk.taken[0].queue, queue);
        sends = seam_sends;
        thread_sleep(SEC + MS);
        assert_int_equal(stats().rekicks, 1);
        assert_int_equal(seam_sends, sends + 1);
        assert_int_equal(seam_last_send, disk.dev->path.queues[queue].port);
        assert_int_equal(lines(queue ? "(queue 15, 1 requests" : "(queue 0, 1 requests"), 1);
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        disk.queue[queue].ring->rsp_prod = disk.queue[queue].rsp_prod; /* and no event */
        thread_sleep(2 * SEC);
        assert_int_equal(stats().lost_events, 1);
        assert_int_equal(req[0].result, 0);
        assert_true(device_active(disk.dev));
        fdisk_close(&disk);
    }
    page_free(p, 1);
}

/* Many that come due one after the other: the second check is an eighth later, not at once. */
static void late_by_an_eighth(void **state)
{
    uint8_t *p = pages(1);
    uint64_t begin;

    (void)state;
    open_disk(800 * MS, 0);
    begin = seam_now;
    submit(0, p, 0, 0);
    assert_int_equal(disk.dev->path.watchdog.deadline, begin + 800 * MS);
    seam_now += MS;
    submit(1, p, 0, 0);
    thread_sleep(begin + 800 * MS - seam_now);
    assert_int_equal(stats().rekicks, 1); /* at that very moment */
    assert_int_equal(lines("\n"), 1);
    assert_int_equal(disk.dev->path.watchdog.deadline, begin + 900 * MS);
    fdisk_drain(&disk);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* One notification is enough for all that come due in the next eighth, and not for later ones. */
static void one_notification_for_an_eighth(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        open_disk(800 * MS, 0);
        submit(0, p, 0, 0);
        seam_now += 100 * MS + more;
        submit(1, p, 0, 0);
        thread_sleep(710 * MS);
        assert_int_equal(stats().rekicks, 1);
        thread_sleep(100 * MS);
        assert_int_equal(stats().rekicks, 1 + more);
        fdisk_drain(&disk);
        fdisk_close(&disk);
    }
    page_free(p, 1);
}

/* ... and the line names the request that has waited longest, in any slot. */
static void the_oldest_is_named(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 0);
    for (unsigned i = 0; i < 3; i++) {
        submit(i, p, 0, 0);
        seam_now += MS;
    }
    for (unsigned turn = 0; turn < 2; turn++) {
        seam_console_clear();
        seam_now += 10 * SEC;
        thread_poll_events();
        assert_int_equal(lines("\n"), 1);
        assert_int_equal(lines(turn ? "of sector 8 + 8 for" : "of sector 0 + 8 for"), 1);
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_poll_events();
        submit(3, p, 0, 0); /* in the slot that is free now */
    }
    fdisk_drain(&disk);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Another check meanwhile delays the next line no more than the one before. */
static void each_line_in_time(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 0);
    submit(0, p, 0, 0);
    thread_sleep(SEC / 2);
    submit(1, p, 0, 0);
    thread_sleep(SEC + 100 * MS);
    assert_int_equal(stats().rekicks, 2); /* the second one has its own notification */
    assert_int_equal(lines("\n"), 1);
    thread_sleep(SEC / 2);
    assert_int_equal(lines("\n"), 2);
    fdisk_drain(&disk);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* The second half of a merge, which cannot be sent. */
static void a_merge_that_waits(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;

    (void)state;
    open_disk(SEC, 0);
    a = request(p, 5, 100);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    fdisk_take(&disk);
    device_freeze(disk.dev, FREEZE_SUSPEND);
    fdisk_run(&disk);
    thread_poll_events();
    thread_sleep(2 * SEC);
    assert_int_equal(lines("xvda: a write at byte 5 has waited for a ring slot, a grant or memory"),
                     2);
    device_thaw(disk.dev, FREEZE_SUSPEND);
    complete_reap(disk.dev, NULL);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Each is reported with its kind and its start, whether the backend has it or it waits. */
static void each_kind_is_named(void **state)
{
    static const struct {
        uint8_t op;
        const char *asked, *waits;
    } kinds[] = {
        {BLKIF_OP_READ, "answered a read of sector 8 + 8 ", "a read at byte 4096 "},
        {BLKIF_OP_WRITE, "answered a write of sector 8 + 8 ", "a write at byte 4096 "},
        {BLKIF_OP_DISCARD, "answered a discard of sector 8 + 8 ", "a discard at byte 4096 "},
        {BLKIF_OP_FLUSH_DISKCACHE, "answered a flush of sector 0 + 0 ", "a flush at byte 0 "},
        {BLKIF_OP_WRITE_BARRIER, "answered a barrier of sector 0 + 0 ", "a barrier at byte 0 "},
    };
    uint8_t *p = pages(1);

    (void)state;
    for (unsigned i = 0; i < 2 * ARRAY_SIZE(kinds); i++) {
        const bool waits = i % 2;
        struct blkfront_aiocb a;

        fdisk_open(&disk, &(struct fake_options){.flush = true, .barrier = true, .discard = 4096});
        a = request(p, 4096, 4096);
        a.aio_cb = count_call;
        disk.dev->config.watchdog_ns = SEC;
        seam_console_clear();
        disk.dev->frozen = waits ? FREEZE_SUSPEND : 0;
        assert_int_equal(blkfront_aio_push_operation(&a, kinds[i / 2].op), 0);
        fdisk_take(&disk);
        thread_sleep(SEC + SEC / 8);
        assert_int_equal(lines(waits ? kinds[i / 2].waits : kinds[i / 2].asked), 1);
        device_thaw(disk.dev, FREEZE_SUSPEND);
        fdisk_close(&disk);
    }
    page_free(p, 1);
}

/* A timeout is over when it has passed, not later, and not without a notification before. */
static void fails_at_its_time(void **state)
{
    uint8_t *p = pages(1);
    uint64_t begin;

    (void)state;
    open_disk(30 * SEC, 2 * SEC);
    begin = seam_now;
    submit(0, p, 0, 0);
    thread_sleep(SEC);
    assert_int_equal(stats().rekicks, 1);
    assert_int_equal(disk.dev->path.watchdog.deadline, begin + 2 * SEC);
    thread_sleep(SEC - 1);
    assert_true(device_active(disk.dev));
    thread_sleep(1);
    assert_false(device_active(disk.dev));
    assert_int_equal(lines("for 2.000 s (queue 0, 1 requests in flight): the device fails"), 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Its failure is the only message at that moment. */
static void fails_when_a_report_is_due(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 2 * SEC);
    submit(0, p, 0, 0);
    thread_sleep(2 * SEC);
    assert_false(device_active(disk.dev));
    assert_int_equal(lines("\n"), 2);
    assert_int_equal(lines("the device fails\n"), 1);
    assert_int_equal(stats().rekicks, 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* A guest that did not run: a quarter of the timeout more, exactly. */
static void grace_to_the_moment(void **state)
{
    uint8_t *p = pages(1);
    uint64_t begin;

    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        open_disk(30 * SEC, 8 * SEC);
        begin = seam_now;
        submit(0, p, 0, 0);
        seam_now = begin + 8 * SEC + over * SEC; /* at the end, or behind it */
        thread_poll_events();
        assert_int_equal(stats().rekicks, 1);
        assert_int_equal(disk.dev->path.watchdog.deadline, seam_now + SEC);
        thread_sleep(SEC - 1);
        assert_true(device_active(disk.dev));
        thread_sleep(1);
        assert_false(device_active(disk.dev));
        fdisk_close(&disk);
    }
    page_free(p, 1);
}

/* No extra time for a request that was checked before its timeout ended. */
static void late_but_in_time(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 8 * SEC);
    submit(0, p, 0, 0);
    seam_now += 8 * SEC - MS;
    thread_poll_events();
    assert_int_equal(stats().rekicks, 1);
    assert_true(device_active(disk.dev));
    thread_sleep(SEC / 2 + MS); /* an eighth */
    assert_false(device_active(disk.dev));
    fdisk_close(&disk);
    page_free(p, 1);
}

/* A guest that stood still gets its extra time, whatever else is due meanwhile. */
static void grace_stays(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(30 * SEC, 8 * SEC);
    submit(0, p, 0, 0);
    seam_now += 100 * SEC;
    thread_poll_events();
    submit(1, p, 0, 200 * MS);
    thread_sleep(150 * MS);
    assert_int_equal(stats().rekicks, 2);
    fdisk_answer(&disk, 1, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    thread_sleep(800 * MS);
    assert_true(device_active(disk.dev));
    thread_sleep(300 * MS);
    assert_false(device_active(disk.dev));
    fdisk_close(&disk);
    page_free(p, 1);
}

/* A device that has failed for another reason is reported no more. */
static void violated_device(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 2 * SEC);
    submit(0, p, 0, 0);
    fdisk_respond(&disk, 4711, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_false(device_active(disk.dev));
    seam_console_clear();
    thread_sleep(10 * SEC);
    assert_string_equal(seam_console(), "");
    assert_int_equal(stats().rekicks, 0);
    assert_int_equal(stats().timeouts, 0);
    fdisk_close(&disk);
    assert_int_equal(calls, 1);
    page_free(p, 1);
}

/* ... also when it was the watchdog itself that found the answer. */
static void violation_is_found_by_the_look(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 0);
    submit(0, p, 0, 0);
    fdisk_respond(&disk, 4711, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    disk.queue[0].ring->rsp_prod = disk.queue[0].rsp_prod; /* and no event */
    thread_sleep(10 * SEC);
    assert_false(device_active(disk.dev));
    assert_int_equal(lines("has not answered"), 0);
    assert_int_equal(stats().rekicks, 0);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Two periods, two lines. */
static void lost_events_are_reported_each_period(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 0);
    for (unsigned i = 0; i < 3; i++) {
        submit(0, p, 0, 0);
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        disk.queue[0].ring->rsp_prod = disk.queue[0].rsp_prod;
        thread_sleep(SEC);
        assert_int_equal(lines("but no event came"), i + 1);
    }
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Events that are lost again and again are a line for each period, and counted all. */
static void lost_events_are_not_reported_each_time(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_disk(SEC, 0);
    for (unsigned i = 0; i < 4; i++) {
        submit(0, p, 0, 200 * MS); /* is checked after half of it */
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        disk.queue[0].ring->rsp_prod = disk.queue[0].rsp_prod;
        thread_sleep(150 * MS);
        assert_int_equal(stats().lost_events, i + 1);
        assert_int_equal(lines("but no event came"), 1);
    }
    thread_sleep(SEC);
    submit(0, p, 0, 200 * MS);
    fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    disk.queue[0].ring->rsp_prod = disk.queue[0].rsp_prod;
    thread_sleep(150 * MS);
    assert_int_equal(lines("but no event came"), 2);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* The domain is suspended, and resumed on a host whose clock is earlier. */
static void another_domain(uint64_t earlier)
{
    struct blkfront_dev *dev = disk.dev;

    memset(seam_grants, 0, 4 * PAGE_SIZE);
    evtchn_resume();
    gnttab_resume();
    seam_now -= earlier;
    requeue_all(dev, true);
    assert_true(!dev->path.watchdog.armed || dev->path.watchdog.deadline > seam_now);
    fdisk_reconnect(&disk);
}

/* A resumed domain's clock may be behind: earlier reports and waits do not count any more. */
static void a_clock_that_went_back(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    open_queues(QUEUES_MAX, SEC, 8 * SEC);
    seam_now += 1000 * SEC;
    submit(0, p, 0, 8 * SEC);
    seam_now += 100 * SEC; /* reported, notified, and given some time */
    thread_poll_events();
    assert_int_equal(stats().rekicks, 1);
    another_domain(1000 * SEC);
    seam_console_clear();
    thread_sleep(SEC + SEC / 8);
    assert_int_equal(stats().rekicks, 2);
    assert_int_equal(lines("has not answered"), 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A backend that keeps answering others is not late for those that wait for a slot. */
static void waiting_behind_others_is_no_fault(void **state)
{
    static struct blkfront_aiocb many[70];
    uint8_t *p = pages(1);

    (void)state;
    open_disk(10 * SEC, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(many); i++) {
        many[i] = request(p, 8192 * (i % 50), 512);
        assert_int_equal(blkfront_aio(&many[i], 0), 0);
    }
    seam_now += 8 * SEC;
    assert_int_equal(fdisk_run(&disk), 32);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 32);
    seam_now += 5 * SEC; /* those that wait have waited for 13 s, the others for 5 */
    thread_poll_events();
    assert_int_equal(lines("has waited"), 0);
    assert_int_equal(lines("has not answered"), 0);
    assert_int_equal(stats().rekicks, 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, ARRAY_SIZE(many));
    fdisk_close(&disk);
    page_free(p, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_queue_is_looked_at),
        TEST(late_by_an_eighth),
        TEST(one_notification_for_an_eighth),
        TEST(the_oldest_is_named),
        TEST(each_line_in_time),
        TEST(a_merge_that_waits),
        TEST(each_kind_is_named),
        TEST(fails_at_its_time),
        TEST(fails_when_a_report_is_due),
        TEST(grace_to_the_moment),
        TEST(late_but_in_time),
        TEST(grace_stays),
        TEST(violated_device),
        TEST(violation_is_found_by_the_look),
        TEST(lost_events_are_reported_each_period),
        TEST(lost_events_are_not_reported_each_time),
        TEST(a_clock_that_went_back),
        TEST(waiting_behind_others_is_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
