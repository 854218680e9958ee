/* SPDX-License-Identifier: MIT */
/* blkfront with scarce resources: bounce pages, grants, memory for a large request's
 * descriptors. Requests are split further, nothing is lost, and reserved resources are released. */
#include "disk_test.h"

#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/thread.h>

static struct blkfront_stats stats(void)
{
    struct blkfront_stats s;

    blkfront_get_stats(disk.dev, &s);
    return s;
}

/* After a burst of bounced requests 128 pages are cached, not all. */
static void bounce_pages_are_given_back(void **state)
{
    static struct blkfront_aiocb a[200];
    uint8_t *p = pages(200);
    struct page_stats before, after;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.ring_pages = 8, .untrusted = true});
    page_get_stats(&before);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 200; i++) {
            a[i] = request(p + i * 4096, (int64_t)i * 4096, 4096);
            assert_int_equal(blkfront_aio_enqueue(&a[i], 1), 0);
        }
        assert_int_equal(blkfront_aio_submit(disk.dev), 200);
        page_get_stats(&after);
        assert_int_equal(after.in_use[MEM_BLOCK], before.in_use[MEM_BLOCK] + 200);
        fdisk_drain(&disk);
        page_get_stats(&after);
        assert_int_equal(after.in_use[MEM_BLOCK], before.in_use[MEM_BLOCK] + 128);
        assert_int_equal(disk.dev->memory.free_page_count, 128);
    }
    assert_int_equal(stats().bytes_copied, 2 * 200 * 4096);
    fdisk_close(&disk);
    page_free(p, 200);
}

/* Without memory for all bounce pages a request is cut where they end, and none is lost. */
static void few_bounce_pages(void **state)
{
    uint8_t *p = pages(8), *q = malloc(8 * 4096);
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    a = request(p, 0, 8 * 4096); /* from now on only pages are allocated */
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    for (uint64_t nth = 2; nth < 9; nth++) {
        fill(p, 8 * 4096, (unsigned)nth);
        memcpy(q, p, 8 * 4096);
        a = request(p, 0, 8 * 4096);
        disk.requests = 0;
        map_destroy(disk.dev);
        mem_fail_nth(nth);
        assert_int_equal(blkfront_aio(&a, 1), 0);
        mem_fail_nth(0);
        fdisk_drain(&disk);
        assert_memory_equal(disk.data, q, 8 * 4096);
        assert_int_equal(disk.requests, 2); /* nothing is sent twice */
        memset(p, 0, 8 * 4096);
        map_destroy(disk.dev);
        mem_fail_nth(nth);
        assert_int_equal(blkfront_aio(&a, 0), 0);
        mem_fail_nth(0);
        fdisk_drain(&disk);
        assert_memory_equal(p, q, 8 * 4096);
    }
    assert_int_equal(stats().read_sectors, 8 * 64);
    assert_int_equal(stats().written_sectors, 7 * 64);
    fdisk_close(&disk);
    free(q);
    page_free(p, 8);
}

/* Uses up grants until n are left. */
static unsigned leave_grants(uint8_t *page, unsigned n)
{
    unsigned taken = 0;

    while (gnttab_available() > n) {
        assert_true(gnttab_grant(9, page, true) > 0);
        taken++;
    }
    return taken;
}

static void return_grants(unsigned count)
{
    for (grant_ref_t ref = 8; count; ref++)
        if (seam_grants[ref].domid == 9 && !gnttab_end(ref))
            count--;
}

/* Grants for three of eight bounce pages: the others go back to the pool, and the rest follows. */
static void few_grants(void **state)
{
    uint8_t *p = pages(8), *q = malloc(8 * 4096);
    struct blkfront_aiocb a;
    struct page_stats before, after;
    unsigned taken;

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    fdisk_open(&disk, &(struct fake_options){.untrusted = true, .budget = 20});
    fill(p, 8 * 4096, 1);
    memcpy(q, p, 8 * 4096);
    a = request(p, 0, 8 * 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0); /* fills the pool */
    fdisk_drain(&disk);
    memcpy(p, q, 8 * 4096);
    page_get_stats(&before);
    taken = leave_grants(p, 3);
    disk.requests = 0;
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(disk.dev->memory.free_page_count, 5);
    fdisk_drain(&disk);
    assert_int_equal(disk.requests, 3);
    assert_memory_equal(disk.data, q, 8 * 4096);
    page_get_stats(&after);
    assert_int_equal(after.in_use[MEM_BLOCK], before.in_use[MEM_BLOCK]);
    assert_int_equal(disk.dev->memory.free_page_count, 8);
    return_grants(taken);
    fdisk_close(&disk);
    free(q);
    page_free(p, 8);
}

static void a_budget_of_nothing_is_one(void **state)
{
    uint8_t *p = pages(2);
    struct blkfront_aiocb a;
    unsigned taken;

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    taken = leave_grants(p, 2); /* one is for the ring */
    fdisk_open(&disk, &(struct fake_options){0});
    assert_int_equal(disk.dev->limits.grant_budget, 1);
    a = request(p, 0, 8192);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(disk.requests, 2);
    return_grants(taken);
    fdisk_close(&disk);
    page_free(p, 2);
}

/* No memory for the large kind of part: a small one does. */
static void small_parts_will_do(void **state)
{
    uint8_t *p = pages(12);
    struct blkfront_aiocb a;

    (void)state;
    for (uint64_t nth = 2; nth <= 3; nth++) {
        fdisk_open(&disk, &(struct fake_options){.max_segments = 32});
        a = request(p, 0, 12 * 4096);
        mem_fail_nth(nth); /* after the request: the part, then its indirect page */
        assert_int_equal(blkfront_aio(&a, 0), 0);
        mem_fail_nth(0);
        fdisk_drain(&disk);
        assert_int_equal(disk.requests, 2);
        assert_int_equal(disk.largest, 11);
        fdisk_close(&disk);
    }
    page_free(p, 12);
}

/* No grant for the page that describes a large request: a small part does, when there are some. */
static void no_grant_for_a_description(void **state)
{
    uint8_t *p = pages(12);
    struct blkfront_aiocb a;
    unsigned taken;

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    fdisk_open(&disk, &(struct fake_options){.max_segments = 32, .budget = 40});
    taken = leave_grants(p, 0);
    a = request(p, 0, 12 * 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(fdisk_take(&disk), 0);
    assert_null(disk.dev->memory.pool.large);
    return_grants(taken);
    thread_poll_events();
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    fdisk_close(&disk);
    page_free(p, 12);
}

/* An unused small one exists: none is allocated. */
static void a_small_part_at_hand_will_do(void **state)
{
    uint8_t *p = pages(24);
    struct blkfront_aiocb a;
    uint64_t before;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 32});
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    a = request(p, 0, 24 * 4096);
    before = mem_allocations();
    mem_fail_nth(1);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    mem_fail_nth(0);
    /* the one that failed, and then a large part, with a page */
    assert_int_equal(mem_allocations() - before, 3);
    assert_int_equal(fdisk_take(&disk), 2);
    assert_int_equal(disk.taken[0].segments, 11);
    assert_int_equal(disk.taken[1].segments, 13);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    fdisk_close(&disk);
    page_free(p, 24);
}

static long no_ports(unsigned nr, const unsigned long *arg)
{
    return nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_alloc_unbound ? -ENOSPC
                                                                                   : SEAM_DEFAULT;
}

static void ring_without_a_port_is_none(void **state)
{
    struct blkfront_config config;
    struct blkfront_dev *dev;

    (void)state;
    assert_int_equal(negotiate_config(NULL, &config), 0);
    dev = lifecycle_create(51712, &config);
    assert_non_null(dev);
    dev->limits.queues = 2;
    dev->limits.ring_pages = 4;
    seam_hypercall = no_ports;
    assert_int_equal(lifecycle_make_rings(dev), -ENOSPC);
    assert_null(dev->path.queues[0].pages);
    lifecycle_destroy(dev); /* the teardown sees that nothing is left */
}

/* A device that ends while it waits for grants of others is not called when they are freed. */
static void waits_for_grants_and_goes(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;
    unsigned taken;

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    for (unsigned lost_first = 0; lost_first < 2; lost_first++) {
        calls = 0;
        fdisk_open(&disk, &(struct fake_options){.budget = 5});
        taken = leave_grants(p, 0);
        a = request(p, 0, 4096);
        a.aio_cb = count_call;
        assert_int_equal(blkfront_aio(&a, 0), 0);
        assert_true(disk.dev->path.grants_wanted);
        assert_int_equal(fdisk_take(&disk), 0);
        if (lost_first) {
            lifecycle_close(disk.dev);
            assert_false(disk.dev->path.grants_wanted);
            assert_int_equal(calls, 1);
        }
        fdisk_close(&disk);
        assert_int_equal(calls, 1);
        assert_int_equal(a.result, -ENODEV);
        return_grants(taken);
        thread_poll_events(); /* no waiter is left */
    }
    page_free(p, 1);
}

/* A waiter that stays continues as soon as one grant is free. */
static void waits_for_grants_and_gets_one(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a;
    unsigned taken;

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    fdisk_open(&disk, &(struct fake_options){.budget = 5});
    taken = leave_grants(p, 0);
    a = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 0);
    return_grants(1);
    thread_poll_events();
    assert_int_equal(fdisk_take(&disk), 1);
    assert_false(disk.dev->path.grants_wanted);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    return_grants(taken - 1);
    thread_poll_events();
    fdisk_close(&disk);
    page_free(p, 1);
}

/* A refused operation does not push requests that others have only enqueued. */
static void refused_flush_submits_nothing(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_aiocb a, flush;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(p, 0, 4096);
    flush = request(NULL, 0, 0);
    assert_int_equal(blkfront_aio_enqueue(&a, 1), 0);
    assert_int_equal(blkfront_aio_push_operation(&flush, BLKIF_OP_FLUSH_DISKCACHE), -EOPNOTSUPP);
    assert_int_equal(fdisk_take(&disk), 0);
    assert_int_equal(blkfront_aio_submit(disk.dev), 1);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

/* Fewer queues first, then shorter rings; and a ring that lacks a grant is none. */
static void grants_for_few_ring_pages(void **state)
{
    static const struct {
        unsigned queues, pages, grants, queues_got, pages_got;
    } cases[] = {
        {1, 2, 1, 1, 1}, {2, 2, 2, 1, 2}, {3, 4, 9, 2, 4}, {2, 4, 3, 1, 2}, {1, 1, 1, 1, 1}};
    uint8_t *p = pages(1);

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned taken = leave_grants(p, cases[i].grants);

        fdisk_open(&disk, &(struct fake_options){.queues = cases[i].queues,
                                                 .ring_pages = cases[i].pages,
                                                 .budget = 5});
        assert_int_equal(disk.dev->limits.queues, cases[i].queues_got);
        assert_int_equal(disk.dev->limits.ring_pages, cases[i].pages_got);
        for (unsigned page = 0; page < cases[i].pages_got; page++)
            assert_true(disk.dev->path.queues[0].page_ref[page] > 0);
        fdisk_close(&disk);
        return_grants(taken);
    }
    page_free(p, 1);
}

/* A request that ended in another way is not queued any more, nor is one that waits for a
 * response. */
static void nobody_waits_for_grants_in_vain(void **state)
{
    uint8_t *p = pages(4);
    struct blkfront_aiocb a[2];
    unsigned taken;

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    fdisk_open(&disk, &(struct fake_options){.budget = 5});
    taken = leave_grants(p, 0);
    a[0] = request(p, 0, 4096);
    assert_int_equal(blkfront_aio(&a[0], 0), 0);
    assert_true(disk.dev->path.grants_wanted);
    assert_false(list_empty(&disk.dev->path.grants.link));
    return_grants(1);
    a[1] = request(p + 4096, 8192, 4096);
    assert_int_equal(blkfront_aio(&a[1], 0), 0); /* asks before the wait is over */
    assert_int_equal(fdisk_take(&disk), 1);
    assert_false(disk.dev->path.grants_wanted);
    assert_true(list_empty(&disk.dev->path.grants.link));
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    return_grants(taken - 1);
    thread_poll_events();
    fdisk_close(&disk);
    page_free(p, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bounce_pages_are_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(few_bounce_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(few_grants, setup, teardown),
        cmocka_unit_test_setup_teardown(a_budget_of_nothing_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(small_parts_will_do, setup, teardown),
        cmocka_unit_test_setup_teardown(no_grant_for_a_description, setup, teardown),
        cmocka_unit_test_setup_teardown(a_small_part_at_hand_will_do, setup, teardown),
        cmocka_unit_test_setup_teardown(ring_without_a_port_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_for_grants_and_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_for_grants_and_gets_one, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_flush_submits_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(grants_for_few_ring_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_waits_for_grants_in_vain, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
