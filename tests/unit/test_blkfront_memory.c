/* SPDX-License-Identifier: MIT */
/* The memory of requests: buffers in place, bounce pages when the backend is lost, and accounts
 * that start from zero with each connection. */
#include "disk_test.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/page.h>
#include <ringlet/thread.h>

static const struct blkfront_stats *now(void)
{
    return &disk.dev->stats;
}

static void run_one(struct blkfront_aiocb a, bool write)
{
    assert_int_equal(blkfront_aio(&a, write), 0);
    fdisk_drain(&disk);
}

/* The domain is resumed on another host: grants and ports do not exist any more. */
static void lose_all(void)
{
    memset(seam_grants, 0, 4 * PAGE_SIZE);
    evtchn_resume();
    gnttab_resume();
    requeue_all(disk.dev, true);
}

/* Registered, but no sector of 4096 bytes lies within a page of it: it goes through bounce
 * pages, which are independent of the buffer's grants. */
static void large_sectors_need_whole_pages(bool persistent)
{
    uint8_t *b, *copy = malloc(8192);

    fdisk_open(&disk, &(struct fake_options){.sector_size = 4096, .persistent = persistent});
    b = blkfront_buf_alloc(disk.dev, 3 * 4096);
    assert_non_null(b);
    fill(b, 3 * 4096, 1);
    memcpy(copy, b + 512, 8192);
    run_one(request(b + 512, 4096, 8192), true);
    assert_memory_equal(disk.data + 4096, copy, 8192);
    assert_int_equal(now()->bytes_copied, 8192);
    assert_int_equal(now()->grants_made, 3 + 2);
    memset(b, 0, 3 * 4096);
    run_one(request(b + 512, 4096, 8192), false);
    assert_memory_equal(b + 512, copy, 8192);
    assert_int_equal(now()->bytes_copied, 2 * 8192);
    assert_int_equal(now()->grants_made, persistent ? 3 + 2 : 3 + 4);
    assert_int_equal(now()->grants_kept, persistent ? 3 + 2 : 3);
    fdisk_unmap(&disk);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
    free(copy);
}

static void large_sectors_need_pages_of_their_own(void **state)
{
    (void)state;
    large_sectors_need_whole_pages(false);
    large_sectors_need_whole_pages(true);
}

/* A buffer is never granted to a backend that is not trusted, nor to a later one. */
static void no_grants_for_the_untrusted(void **state)
{
    struct gnttab_stats before, after;
    uint8_t *b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.untrusted = true});
    b = blkfront_buf_alloc(disk.dev, 4 * 4096);
    assert_non_null(b);
    gnttab_get_stats(&before);
    requeue_all(disk.dev, false);
    fdisk_reconnect(&disk);
    gnttab_get_stats(&after);
    assert_int_equal(after.in_use, before.in_use);
    assert_int_equal(now()->grants_made, 0);
    fdisk_close(&disk);
    blkfront_buf_free(NULL, b);
}

/* But a later, trusted one gets grants of all buffers. */
static void buffers_are_granted_again(void **state)
{
    uint8_t *b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    b = blkfront_buf_alloc(disk.dev, 4 * 4096);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(now()->grants_made, 4 * i);
        assert_int_equal(now()->grants_kept, 4);
        if (i & 1)
            requeue_all(disk.dev, false);
        else
            lose_all();
        assert_int_equal(now()->grants_kept, 0);
        assert_int_equal(now()->grants_ended, 4 * i);
        fdisk_reconnect(&disk);
    }
    run_one(request(b, 0, 4 * 4096), true);
    assert_int_equal(now()->bytes_copied, 0);
    assert_int_equal(now()->grants_made, 16);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
}

/* Looking once more changes nothing as long as the backend has the page. */
static void a_mapped_page_is_not_given_up(bool registered)
{
    struct blkfront_aiocb a;
    grant_ref_t ref;
    uint8_t *p;

    fdisk_open(&disk, &(struct fake_options){0});
    calls = 0;
    p = registered ? blkfront_buf_alloc(disk.dev, 8192) : pages(2);
    a = request(p, 0, 8192);
    a.aio_cb = count_call;
    assert_int_equal(blkfront_aio_read(&a), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    ref = disk.taken[0].seg[1].gref;
    fdisk_map(ref, true);
    for (unsigned i = 0; i < 3; i++) {
        lifecycle_close(disk.dev);
        assert_int_equal(calls, 0);
        assert_non_null(a.request);
    }
    fdisk_map(ref, false);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 1);
    assert_int_equal(a.result, -EIO);
    assert_int_equal(now()->grants_made, now()->grants_ended);
    if (registered)
        blkfront_buf_free(disk.dev, p);
    fdisk_close(&disk);
    if (!registered)
        page_free(p, 2);
}

static void a_mapped_page_stays(void **state)
{
    (void)state;
    a_mapped_page_is_not_given_up(false);
    a_mapped_page_is_not_given_up(true);
}

/* Unused bounce pages are reused by the next request, separately for each connection. */
static void bounce_pages_are_used_again(void **state)
{
    uint8_t *p = pages(130);
    struct page_stats none, some;
    size_t used = 0;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 130, .sectors = 4096});
    for (unsigned i = 0; i < 3; i++) {
        page_get_stats(&none);
        run_one(request(p + 1, 0, 128 * 4096), i & 1);
        page_get_stats(&some);
        if (!i)
            used = some.in_use[MEM_BLOCK] - none.in_use[MEM_BLOCK];
        assert_true(used >= 128);
        assert_int_equal(some.in_use[MEM_BLOCK] - none.in_use[MEM_BLOCK], used);
        run_one(request(p + 1, 0, 128 * 4096), i & 1);
        page_get_stats(&some);
        assert_int_equal(some.in_use[MEM_BLOCK] - none.in_use[MEM_BLOCK], used);
        if (i & 1)
            requeue_all(disk.dev, false);
        else
            lose_all();
        fdisk_reconnect(&disk);
        page_get_stats(&some);
        assert_int_equal(some.in_use[MEM_BLOCK], none.in_use[MEM_BLOCK]);
    }
    fdisk_close(&disk);
    page_free(p, 130);
}

/* Only segments that do not fit in a ring entry are described by a page. */
static void small_requests_have_no_description(void **state)
{
    uint8_t *p = pages(12);
    struct page_stats before, after;
    struct blkfront_aiocb a[8];

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.max_segments = 256, .nomerges = true});
    page_get_stats(&before);
    for (unsigned i = 0; i < ARRAY_SIZE(a); i++) {
        a[i] = request(p, 0, i & 1 ? 4096 : 11 * 4096);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
    }
    page_get_stats(&after);
    assert_int_equal(after.in_use[MEM_BLOCK], before.in_use[MEM_BLOCK]);
    run_one(request(p, 0, 12 * 4096), false);
    page_get_stats(&after);
    assert_true(after.in_use[MEM_BLOCK] > before.in_use[MEM_BLOCK]);
    fdisk_close(&disk);
    page_free(p, 12);
}

/* A backend that keeps the descriptor pages mapped has these, and no others. */
static void mapped_descriptions_stay(void **state)
{
    uint8_t *p = pages(600);
    struct page_stats stats;
    grant_ref_t ref[2];
    struct wire_segment *description;

    (void)state;
    fdisk_open(&disk,
               &(struct fake_options){.max_segments = 600, .budget = 1000, .sectors = 16384});
    run_one(request(p, 0, 600 * 4096), false);
    assert_non_null(disk.dev->memory.pool.large);
    assert_int_equal(disk.dev->memory.pool.large->indirect_pages, 2);
    description = disk.dev->memory.pool.large->indirect;
    for (unsigned i = 0; i < 2; i++) {
        ref[i] = disk.dev->memory.pool.large->indirect_ref[i];
        fdisk_map(ref[i], true);
    }
    fdisk_close(&disk);
    page_get_stats(&stats);
    assert_int_equal(stats.quarantined, 2);
    assert_true(page_is_pinned(description));
    assert_true(page_is_pinned(description + WIRE_SEGMENTS_PER_PAGE));
    for (unsigned i = 0; i < 2; i++)
        fdisk_map(ref[i], false);
    seam_now += 10 * NSEC_PER_SEC;
    thread_poll_events();
    page_get_stats(&stats);
    assert_int_equal(stats.quarantined, 0);
    page_free(p, 600);
}

/* A bounce page contains no pointer of the driver's for a trusted backend, and none of its
 * earlier content for an untrusted one. */
static void what_is_in_bounce_pages(bool untrusted)
{
    uint8_t *p = pages(4);
    struct blkfront_aiocb a;
    const uint8_t *page;
    size_t dirty = 0;

    fdisk_open(&disk, &(struct fake_options){.untrusted = untrusted});
    memset(disk.data, 0x5a, 8192);
    run_one(request(p + 1, 0, 8192), false);
    a = request(p + 1, 4096, 8192);
    assert_int_equal(blkfront_aio_read(&a), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    for (unsigned i = 0; i < 2; i++) {
        page = seam_page(seam_grants[disk.taken[0].seg[i].gref].frame);
        for (unsigned k = 0; k < PAGE_SIZE; k++) {
            if (k < sizeof(void *))
                assert_int_equal(page[k], 0);
            dirty += page[k] != 0;
        }
    }
    if (untrusted)
        assert_int_equal(dirty, 0);
    fdisk_drain(&disk);
    fdisk_close(&disk);
    page_free(p, 4);
}

static void bounce_pages_tell_nothing(void **state)
{
    (void)state;
    what_is_in_bounce_pages(false);
    what_is_in_bounce_pages(true);
}

static unsigned heard;

static bool hear(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    heard++;
    return true;
}

static evtchn_port_t old_port;

static long same_port(unsigned nr, const unsigned long *arg)
{
    if (nr != __HYPERVISOR_event_channel_op || arg[0] != EVTCHNOP_alloc_unbound)
        return SEAM_DEFAULT;
    ((struct evtchn_alloc_unbound *)arg[1])->port = old_port;
    return 0;
}

/* After a resume the number of an old port or grant may belong to another driver and must not be
 * used, for a request in flight, a completed one, or a buffer. */
static void others_are_left_alone(const struct fake_options *o)
{
    uint8_t *p = pages(64), *b;
    struct blkfront_aiocb a[4];
    evtchn_port_t port;
    int ref[128];

    fdisk_open(&disk, o);
    calls = 0;
    b = blkfront_buf_alloc(disk.dev, 4 * 4096);
    for (unsigned i = 0; i < 2; i++) { /* two of which one is not used again */
        a[i] = request(p + i * 20 * 4096, 0, 20 * 4096);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
    }
    fdisk_drain(&disk);
    assert_non_null(disk.dev->memory.pool.large); /* whose description stays granted */
    a[0] = request(p + 30 * 4096, 0, 20 * 4096);
    a[1] = request(p + 1, 40 * 4096, 4096);
    a[2] = request(b, 41 * 4096, 4 * 4096);
    a[3] = request(p, 100 * 4096 + 10, 10); /* has read, and will write */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(blkfront_aio_write(&a[i]), 0);
    fdisk_take(&disk);
    fdisk_answer(&disk, disk.count - 1, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    device_freeze(disk.dev, FREEZE_SUSPEND);
    thread_poll_events();
    assert_false(list_empty(&disk.dev->path.rmw_ready));
    device_thaw(disk.dev, FREEZE_SUSPEND);
    old_port = disk.dev->path.queues[0].port;
    memset(seam_grants, 0, 4 * PAGE_SIZE);
    evtchn_resume();
    gnttab_resume();
    seam_hypercall = same_port;
    assert_int_equal(evtchn_alloc_unbound(1, hear, NULL, &port), 0);
    seam_hypercall = NULL;
    assert_int_equal(port, old_port);
    evtchn_unmask(port);
    for (unsigned i = 0; i < ARRAY_SIZE(ref); i++)
        assert_true((ref[i] = gnttab_grant(1, p, true)) > 0);
    requeue_all(disk.dev, true);
    for (unsigned i = 0; i < ARRAY_SIZE(ref); i++)
        assert_true(seam_grants[ref[i]].flags & GTF_permit_access);
    assert_int_equal(now()->grants_made, now()->grants_ended);
    assert_int_equal(now()->grants_kept, 0);
    heard = 0;
    seam_raise(port);
    thread_poll_events();
    assert_int_equal(heard, 1);
    evtchn_close(port);
    fdisk_reconnect(&disk);
    fdisk_drain(&disk);
    assert_int_equal(calls, 6);
    for (unsigned i = 0; i < ARRAY_SIZE(ref); i++)
        assert_int_equal(gnttab_end((grant_ref_t)ref[i]), 0);
    fdisk_unmap(&disk);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
    page_free(p, 64);
}

static void what_others_have_now_is_theirs(void **state)
{
    struct fake_options o = {.max_segments = 32, .sectors = 4096};

    (void)state;
    others_are_left_alone(&o);
    o.persistent = true;
    others_are_left_alone(&o);
    o.persistent = false;
    o.untrusted = true;
    others_are_left_alone(&o);
}

/* One segment of a request could not be granted: the others are not leaked. */
static void books_balance_when_memory_is_short(void **state)
{
    uint8_t *p = pages(5);
    struct blkfront_aiocb a;

    (void)state;
    for (unsigned persistent = 0; persistent < 2; persistent++) {
        for (unsigned nth = 1; nth < 8; nth++) {
            calls = 0;
            fdisk_open(&disk, &(struct fake_options){.persistent = persistent, .budget = 8});
            a = request(p + 1, 0, 4 * 4096);
            a.aio_cb = count_call;
            mem_fail_nth(nth);
            assert_int_equal(blkfront_aio_write(&a) != 0, nth == 1); /* no request */
            mem_fail_nth(0);
            fdisk_drain(&disk);
            thread_poll_events();
            assert_int_equal(calls, nth > 1);
            assert_true(a.result == 0 || a.result == -ENOMEM);
            assert_int_equal(disk.dev->memory.grants_left + now()->grants_kept, 8);
            assert_int_equal(now()->grants_made, now()->grants_ended + now()->grants_kept);
            run_one(request(p + 1, 0, 4 * 4096), true);
            assert_memory_equal(disk.data, p + 1, 4 * 4096);
            fdisk_close(&disk);
        }
    }
    page_free(p, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(large_sectors_need_pages_of_their_own),
        TEST(no_grants_for_the_untrusted),
        TEST(buffers_are_granted_again),
        TEST(a_mapped_page_stays),
        TEST(bounce_pages_are_used_again),
        TEST(small_requests_have_no_description),
        TEST(bounce_pages_tell_nothing),
        TEST(mapped_descriptions_stay),
        TEST(what_others_have_now_is_theirs),
        TEST(books_balance_when_memory_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
