/* SPDX-License-Identifier: MIT */
/* Registered buffers that are freed while they are used, at each stage of a request; and the
 * limit of registered pages. */
#include "disk_test.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/page.h>
#include <ringlet/thread.h>

static unsigned in_use(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return (unsigned)s.in_use[MEM_APP];
}

/* The sector was read, and its write waits: the domain is about to be suspended. */
static void freed_between_read_and_write(void **state)
{
    struct blkfront_aiocb a;
    unsigned before;
    uint8_t *b;

    (void)state;
    before = in_use();
    fdisk_open(&disk, &(struct fake_options){0});
    b = blkfront_buf_alloc(disk.dev, 4096);
    memset(b, 7, 4096);
    a = request(b, 5, 100);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    fdisk_take(&disk);
    device_freeze(disk.dev, FREEZE_SUSPEND);
    fdisk_run(&disk);
    thread_poll_events();
    assert_false(list_empty(&disk.dev->path.rmw_ready));
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(in_use() - before, 1);
    assert_int_equal(disk.dev->memory.registered.dying, 1);
    device_thaw(disk.dev, FREEZE_SUSPEND);
    complete_reap(disk.dev, NULL);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    assert_int_equal(in_use() - before, 0);
    assert_int_equal(disk.dev->memory.registered.dying, 0);
    assert_int_equal(disk.data[5], 7);
    fdisk_close(&disk);
}

/* The caller that frees it need not know that its disk has gone, nor which disk that was. */
static void freed_after_its_disk(void **state)
{
    unsigned before;
    uint8_t *b;

    (void)state;
    before = in_use();
    fdisk_open(&disk, &(struct fake_options){0});
    b = blkfront_buf_alloc(disk.dev, 2 * 4096);
    fdisk_close(&disk);
    assert_int_equal(in_use() - before, 2);
    fdisk_open(&disk, &(struct fake_options){0});
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(in_use() - before, 0);
    assert_null(strstr(seam_console(), "is freed, which is no registered buffer"));
    fdisk_close(&disk);
}

static uint8_t *other;
static unsigned left;

static void free_other(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    if (other)
        blkfront_buf_free(a->aio_dev, other);
    other = NULL;
    left = in_use();
}

/* Both are answered; the first callback frees the second's buffer before the second callback has
 * run. */
static void freed_before_its_callback(void **state)
{
    struct blkfront_aiocb a[2];
    unsigned before;
    uint8_t *b[2];

    (void)state;
    before = in_use();
    fdisk_open(&disk, &(struct fake_options){.nomerges = true});
    for (unsigned i = 0; i < 2; i++) {
        b[i] = blkfront_buf_alloc(disk.dev, 4096);
        a[i] = request(b[i], 8192 * i, 4096);
        a[i].aio_cb = free_other;
        assert_int_equal(blkfront_aio(&a[i], 0), 0);
    }
    other = b[1];
    fdisk_run(&disk);
    thread_poll_events();
    assert_int_equal(calls, 2);
    assert_int_equal(left - before, 2); /* until its callback ran */
    assert_int_equal(in_use() - before, 1);
    blkfront_buf_free(disk.dev, b[0]);
    assert_int_equal(in_use(), before);
    fdisk_close(&disk);
}

/* A buffer that a request only touches at its border is not used by it. */
static void neighbours_are_not_in_use(void **state)
{
    struct blkfront_aiocb a;
    unsigned before;
    uint8_t *b[3];

    (void)state;
    before = in_use();
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < 3; i++)
        b[i] = blkfront_buf_alloc(disk.dev, 4096);
    a = request(b[1], 0, 4096);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    blkfront_buf_free(disk.dev, b[0]);
    blkfront_buf_free(disk.dev, b[2]);
    assert_int_equal(in_use() - before, 1);
    blkfront_buf_free(disk.dev, b[1]);
    assert_int_equal(in_use() - before, 1);
    fdisk_drain(&disk);
    assert_int_equal(in_use(), before);
    fdisk_close(&disk);
}

/* A vector's pieces are checked one by one, and requests that are only enqueued count as well. */
static void only_its_own_requests_hold_it(void **state)
{
    struct blkfront_aiocb a;
    struct blkfront_iovec iov[2];
    unsigned before;
    uint8_t *b[3];

    (void)state;
    before = in_use();
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < 3; i++)
        b[i] = blkfront_buf_alloc(disk.dev, 4096);
    iov[0] = (struct blkfront_iovec){b[0], 2048};
    iov[1] = (struct blkfront_iovec){b[1], 2048};
    a = request(NULL, 0, 4096);
    a.aio_iov = iov;
    a.aio_iovcnt = 2;
    assert_int_equal(blkfront_aio_enqueue(&a, 0), 0);
    blkfront_buf_free(disk.dev, b[2]);
    assert_int_equal(in_use() - before, 2);
    blkfront_buf_free(disk.dev, b[1]);
    assert_int_equal(in_use() - before, 2);
    assert_int_equal(blkfront_aio_submit(disk.dev), 1);
    blkfront_buf_free(disk.dev, b[0]);
    assert_int_equal(in_use() - before, 2);
    fdisk_drain(&disk);
    assert_int_equal(in_use(), before);
    fdisk_close(&disk);
}

static void look(const uint8_t *at, const uint8_t *low, const uint8_t *high, bool registered)
{
    struct registered *g = &disk.dev->memory.registered;

    registered_look(g, (uintptr_t)at);
    assert_int_equal(g->low, (uintptr_t)low);
    assert_int_equal(g->high, (uintptr_t)high);
    assert_int_equal(g->ref != NULL, registered);
}

/* The range around a page: its buffer, or the range without buffers. */
static void ranges(void **state)
{
    uint8_t *b[2], *low, *high, *end = (uint8_t *)UINTPTR_MAX;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    look(disk.data, NULL, end, false);
    for (unsigned i = 0; i < 2; i++)
        b[i] = blkfront_buf_alloc(disk.dev, 3 * 4096);
    low = MIN(b[0], b[1]);
    high = MAX(b[0], b[1]);
    for (unsigned turn = 0; turn < 2; turn++) {
        look(high + 3 * 4096, high + 3 * 4096, end, false);
        look(low - 4096, NULL, low, false);
        for (unsigned i = 0; i < 3; i++) {
            look(low + 4096 * i, low, low + 3 * 4096, true);
            look(high + 4096 * i, high, high + 3 * 4096, true);
        }
        if (low + 3 * 4096 != high)
            look(low + 3 * 4096, low + 3 * 4096, high, false);
    }
    blkfront_buf_free(disk.dev, low);
    look(low, NULL, high, false);
    look(high, high, high + 3 * 4096, true);
    blkfront_buf_free(disk.dev, high);
    look(high, NULL, end, false);
    fdisk_close(&disk);
}

static uint64_t copied(uint8_t *p)
{
    struct blkfront_aiocb a = request(p, 0, 4096);
    struct blkfront_stats before, after;

    blkfront_get_stats(disk.dev, &before);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    blkfront_get_stats(disk.dev, &after);
    return after.bytes_copied - before.bytes_copied;
}

/* A cached lookup is made again after a buffer was added or removed. */
static void memory_changes_its_kind(void **state)
{
    static uint8_t *taken[4096];
    uint8_t *b, *plain = pages(1);
    unsigned n = 0;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.persistent = true});
    assert_int_equal(copied(plain), 4096);
    b = blkfront_buf_alloc(disk.dev, 4096);
    assert_int_equal(copied(b), 0);
    fdisk_unmap(&disk);
    blkfront_buf_free(disk.dev, b);
    while (n < ARRAY_SIZE(taken) && (taken[n] = page_alloc(1, MEM_APP)) && taken[n] != b)
        n++;
    assert_ptr_equal(taken[n], b); /* the same page, for something else */
    while (n--)
        page_free(taken[n], 1);
    assert_int_equal(copied(b), 4096);
    page_free(b, 1);
    page_free(plain, 1);
    fdisk_close(&disk);
}

/* A page that the previous backend still maps keeps its grant, and gets no second one. */
static void granted_once(void **state)
{
    unsigned available;
    grant_ref_t ref;
    uint8_t *b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    available = gnttab_available();
    b = blkfront_buf_alloc(disk.dev, 3 * 4096);
    assert_int_equal(gnttab_available(), available - 3);
    registered_look(&disk.dev->memory.registered, (uintptr_t)b);
    ref = disk.dev->memory.registered.ref[1];
    fdisk_map(ref, true);
    registered_end(disk.dev, false);
    assert_int_equal(gnttab_available(), available - 1);
    assert_int_equal(disk.dev->stats.grants_kept, 1);
    registered_grant(disk.dev);
    assert_int_equal(gnttab_available(), available - 3);
    assert_int_equal(disk.dev->stats.grants_kept, 3);
    assert_int_equal(disk.dev->stats.grants_made, 5);
    registered_look(&disk.dev->memory.registered, (uintptr_t)b);
    assert_int_equal(disk.dev->memory.registered.ref[1], ref);
    fdisk_map(ref, false);
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(gnttab_available(), available);
    assert_int_equal(disk.dev->stats.grants_kept, 0);
    assert_int_equal(disk.dev->stats.grants_ended, 5);
    fdisk_close(&disk);
}

/* In another domain all grants are gone, and those that never were have not ended. */
static void void_grants(void **state)
{
    struct blkfront_stats *s;
    unsigned kept;
    uint8_t *b;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.persistent = true, .persistent_grants = 8});
    s = &disk.dev->stats;
    b = blkfront_buf_alloc(disk.dev, 6 * 4096);
    kept = (unsigned)s->grants_kept;
    assert_in_range(kept, 1, 5);
    assert_int_equal(kept, disk.dev->memory.registered_max);
    memset(seam_grants, 0, 4 * PAGE_SIZE);
    evtchn_resume();
    gnttab_resume();
    requeue_all(disk.dev, true);
    assert_int_equal(s->grants_kept, 0);
    assert_int_equal(s->grants_ended, kept);
    assert_int_equal(disk.dev->memory.registered.granted, 0);
    fdisk_reconnect(&disk);
    assert_int_equal(s->grants_kept, kept);
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(s->grants_ended, 2 * kept);
    fdisk_close(&disk);
}

static size_t block_bytes(void)
{
    struct heap_stats s;

    heap_get_stats(&s);
    return s.in_use[MEM_BLOCK];
}

/* There is a first one, so that the list has room; a failure leaves nothing behind. */
static void each_allocation_of_another_fails_once(void **state)
{
    uint8_t *first, *b = NULL;
    unsigned failed = 0;
    size_t before;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    first = blkfront_buf_alloc(disk.dev, 4096);
    before = block_bytes();
    for (unsigned i = 1; !b; i++) {
        assert_true(i < 10);
        disk.dev->memory.registered.reported = false;
        seam_console_clear();
        mem_fail_nth(i);
        b = blkfront_buf_alloc(disk.dev, 4096);
        mem_fail_nth(0);
        if (b)
            break;
        failed++;
        assert_non_null(strstr(seam_console(), "buffer of 1 pages: ENOMEM, with 1 of"));
        assert_int_equal(disk.dev->memory.registered.pages, 1);
        assert_int_equal(block_bytes(), before);
        blkfront_buf_free(disk.dev, &before); /* searched for among all, and not found */
    }
    assert_true(failed >= 2);
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(block_bytes(), before);
    blkfront_buf_free(disk.dev, first);
    fdisk_close(&disk);
}

/* Three eighths of the grant table, or the configured number. */
static void how_many(void **state)
{
    unsigned available;

    (void)state;
    available = gnttab_available();
    fdisk_open(&disk, &(struct fake_options){.ring_pages = 1});
    available--; /* the ring's page */
    assert_int_equal(disk.dev->limits.registered_budget, available / 8 * 3);
    assert_int_equal(disk.dev->limits.grant_budget, available / 2);
    fdisk_close(&disk);
    fdisk_open(&disk, &(struct fake_options){.registered_pages = 5});
    assert_int_equal(disk.dev->limits.registered_budget, 5);
    fdisk_close(&disk);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(freed_between_read_and_write),
        TEST(freed_after_its_disk),
        TEST(freed_before_its_callback),
        TEST(neighbours_are_not_in_use),
        TEST(only_its_own_requests_hold_it),
        TEST(ranges),
        TEST(memory_changes_its_kind),
        TEST(granted_once),
        TEST(void_grants),
        TEST(each_allocation_of_another_fails_once),
        TEST(how_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
