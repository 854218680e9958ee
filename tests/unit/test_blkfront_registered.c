/* SPDX-License-Identifier: MIT */
/* Registered buffers: no copy and no grant operation for I/O on them, and their special cases:
 * exhaustion, freeing at a bad time, a device that goes, comes back or is another one. */
#include "disk_test.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/clock.h>
#include <ringlet/page.h>
#include <ringlet/thread.h>

static struct fake_disk second;
static struct blkfront_stats stats;

static const struct blkfront_stats *now(void)
{
    blkfront_get_stats(disk.dev, &stats);
    return &stats;
}

static void open_disk(const struct fake_options *o)
{
    fdisk_open(&disk, o);
    fill(disk.data, disk.sectors * 512, 1);
}

static void run_one(struct blkfront_aiocb a, bool write)
{
    assert_int_equal(blkfront_aio(&a, write), 0);
    fdisk_drain(&disk);
}

static bool is_zero(const uint8_t *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (p[i])
            return false;
    return true;
}

static unsigned said(const char *text)
{
    unsigned n = 0;

    for (const char *s = seam_console(); (s = strstr(s, text)); s++)
        n++;
    return n;
}

static void costs_nothing(bool persistent)
{
    uint8_t *b;

    open_disk(&(struct fake_options){.persistent = persistent, .max_segments = 32});
    b = blkfront_buf_alloc(disk.dev, 16 * 4096 + 1);
    assert_non_null(b);
    assert_int_equal((uintptr_t)b & PAGE_MASK, 0);
    assert_true(is_zero(b, 17 * 4096));
    assert_int_equal(now()->grants_made, 17);
    assert_int_equal(stats.grants_kept, 17);
    /* whole, and from the middle of a page to the middle of another */
    run_one(request(b, 4096, 16 * 4096), false);
    assert_memory_equal(b, disk.data + 4096, 16 * 4096);
    run_one(request(b + 512, 3 * 512, 3 * 4096), false);
    assert_memory_equal(b + 512, disk.data + 3 * 512, 3 * 4096);
    fill(b, 17 * 4096, 2);
    run_one(request(b + 1024, 512, 5 * 512), true);
    assert_memory_equal(b + 1024, disk.data + 512, 5 * 512);
    run_one(request(b, 0, 17 * 4096), true);
    assert_memory_equal(b, disk.data, 17 * 4096);
    assert_int_equal(now()->grants_made, 17);
    assert_int_equal(stats.grants_ended, 0);
    assert_int_equal(stats.bytes_copied, 0);
    fdisk_unmap(&disk);
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(now()->grants_ended, 17);
    assert_int_equal(stats.grants_kept, 0);
    assert_int_equal(disk.dev->memory.registered.pages, 0);
    fdisk_close(&disk);
}

static void costs_nothing_with_persistent_grants(void **state)
{
    (void)state;
    costs_nothing(true);
}

static void costs_nothing_without(void **state)
{
    (void)state;
    costs_nothing(false);
}

/* Parts that are not whole sectors at a multiple of 512 go through a bounce page, the rest does
 * not. */
static void misaligned_parts_are_bounced(void **state)
{
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){.persistent = true});
    b = blkfront_buf_alloc(disk.dev, 4 * 4096);
    run_one(request(b + 1, 0, 4096), false); /* no byte of it can be in place */
    assert_memory_equal(b + 1, disk.data, 4096);
    assert_int_equal(now()->bytes_copied, 4096);
    run_one(request(b + 512, 512 + 100, 4096 - 200), false); /* nor here: sectors begin elsewhere */
    assert_memory_equal(b + 512, disk.data + 612, 4096 - 200);
    run_one(request(b + 412, 1024 + 412, 4096 + 100), false);
    assert_memory_equal(b + 412, disk.data + 1436, 4196);
    assert_int_equal(now()->bytes_copied, 4096 + 3896 + 100);
    fdisk_close(&disk);
    blkfront_buf_free(NULL, b);
}

/* Registered and plain memory in one vector, in pieces of one page. */
static void vectors_mix(bool persistent)
{
    uint8_t *b, *plain, *all;
    struct blkfront_iovec iov[4];
    struct blkfront_aiocb a;

    open_disk(&(struct fake_options){.persistent = persistent});
    b = blkfront_buf_alloc(disk.dev, 2 * 4096);
    plain = pages(2);
    all = pages(4);
    fill(all, 4 * 4096, 5);
    iov[0] = (struct blkfront_iovec){b, 4096};
    iov[1] = (struct blkfront_iovec){plain, 512};
    iov[2] = (struct blkfront_iovec){b + 4096 + 512, 1024};
    iov[3] = (struct blkfront_iovec){plain + 1024, 4096};
    memcpy(b, all, 4096);
    memcpy(plain, all + 4096, 512);
    memcpy(b + 4096 + 512, all + 4608, 1024);
    memcpy(plain + 1024, all + 5632, 4096);
    a = request(NULL, 8192, 4096 + 512 + 1024 + 4096);
    a.aio_iov = iov;
    a.aio_iovcnt = 4;
    run_one(a, true);
    assert_memory_equal(disk.data + 8192, all, 9728);
    fill(disk.data + 8192, 9728, 6);
    run_one(a, false);
    memcpy(all, b, 4096);
    memcpy(all + 4096, plain, 512);
    memcpy(all + 4608, b + 4608, 1024);
    memcpy(all + 5632, plain + 1024, 4096);
    assert_memory_equal(disk.data + 8192, all, 9728);
    assert_int_equal(now()->bytes_copied, persistent ? 2 * (512 + 4096) : 0);
    assert_int_equal(stats.grants_made, persistent ? 2 + 2 : 2 + 2 * 3);
    page_free(plain, 2);
    page_free(all, 4);
    fdisk_unmap(&disk);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
}

static void vectors_mix_both(void **state)
{
    (void)state;
    vectors_mix(true);
    vectors_mix(false);
}

/* Many buffers, in any order of addresses: each page is found, and no other one. */
static void each_buffer_is_found(void **state)
{
    uint8_t *b[40];
    uint64_t made;

    (void)state;
    open_disk(&(struct fake_options){0});
    for (unsigned i = 0; i < 40; i++) {
        b[i] = blkfront_buf_alloc(disk.dev, 4096 * (1 + i % 3));
        assert_non_null(b[i]);
    }
    for (unsigned i = 0; i < 40; i += 2)
        blkfront_buf_free(disk.dev, b[i]);
    made = now()->grants_made;
    for (unsigned i = 1; i < 40; i += 2) {
        size_t last = (i % 3) * 4096;

        run_one(request(b[i] + last, 0, 4096), false);
        run_one(request(b[i], 512 * i, 512), false);
        assert_int_not_equal(registered_ref(&disk.dev->memory.registered, b[i] + last), 0);
        assert_int_equal(registered_ref(&disk.dev->memory.registered, b[i - 1]), 0);
    }
    assert_int_equal(now()->grants_made, made);
    for (unsigned i = 1; i < 40; i += 2)
        blkfront_buf_free(disk.dev, b[i]);
    assert_int_equal(disk.dev->memory.registered.count, 0);
    fdisk_close(&disk);
}

/* The budget ends with NULL, and one line. */
static void exhaustion(void **state)
{
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){.registered_pages = 10});
    assert_null(blkfront_buf_alloc(NULL, 4096));
    assert_null(blkfront_buf_alloc(disk.dev, 0));
    assert_int_equal(said("registered"), 0);
    b = blkfront_buf_alloc(disk.dev, 8 * 4096);
    assert_non_null(b);
    assert_null(blkfront_buf_alloc(disk.dev, 2 * 4096 + 1));
    assert_null(blkfront_buf_alloc(disk.dev, SIZE_MAX));
    assert_int_equal(said("no registered buffer of 3 pages: ENOSPC, with 8 of 10 pages taken"), 1);
    assert_int_equal(said("no registered buffer"), 1);
    blkfront_buf_free(disk.dev, b);
    b = blkfront_buf_alloc(disk.dev, 10 * 4096);
    assert_non_null(b);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
}

static void each_allocation_fails_once(void **state)
{
    uint8_t *b = NULL;

    (void)state;
    open_disk(&(struct fake_options){0});
    for (unsigned i = 1; !b; i++) {
        assert_true(i < 10);
        mem_fail_nth(i);
        b = blkfront_buf_alloc(disk.dev, 4096);
        mem_fail_nth(0);
        assert_int_equal(disk.dev->memory.registered.pages, b != NULL);
        assert_int_equal(now()->grants_kept, b != NULL);
    }
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
}

/* Grants run out in the middle: nothing of it stays. */
static void grants_run_out(void **state)
{
    static grant_ref_t all[64 * 512];
    uint8_t *p = pages(1);
    unsigned n = 0;
    int ref;

    (void)state;
    open_disk(&(struct fake_options){0});
    while ((ref = gnttab_grant(1, p, true)) > 0)
        all[n++] = (grant_ref_t)ref;
    for (unsigned i = 0; i < 3; i++)
        gnttab_end(all[--n]);
    assert_null(blkfront_buf_alloc(disk.dev, 4 * 4096));
    assert_int_equal(gnttab_available(), 3);
    assert_int_equal(said("ENOSPC"), 1);
    assert_int_equal(now()->grants_made, 3);
    assert_int_equal(stats.grants_ended, 3);
    while (n)
        gnttab_end(all[--n]);
    page_free(p, 1);
    fdisk_close(&disk);
}

static void wrong_frees_are_reported(void **state)
{
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){0});
    fdisk_open(&second, &(struct fake_options){0});
    b = blkfront_buf_alloc(disk.dev, 2 * 4096);
    blkfront_buf_free(disk.dev, NULL);
    blkfront_buf_free(NULL, NULL);
    assert_int_equal(said("no registered buffer"), 0);
    blkfront_buf_free(disk.dev, b + 4096);
    blkfront_buf_free(second.dev, b);
    blkfront_buf_free(NULL, &b);
    assert_int_equal(said("no registered buffer"), 3);
    blkfront_buf_free(NULL, b); /* the device is not needed to find it */
    assert_int_equal(said("no registered buffer"), 3);
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(said("no registered buffer"), 4);
    fdisk_close(&second);
    fdisk_close(&disk);
}

/* Another device's registered buffer is plain memory. */
static void two_devices(void **state)
{
    struct blkfront_aiocb a;
    uint8_t *b;

    (void)state;
    for (unsigned persistent = 0; persistent < 2; persistent++) {
        open_disk(&(struct fake_options){.persistent = persistent});
        fdisk_open(&second, &(struct fake_options){.persistent = persistent});
        fill(second.data, 4096, 9);
        b = blkfront_buf_alloc(disk.dev, 4096);
        a = request(b, 0, 4096);
        a.aio_dev = second.dev;
        assert_int_equal(blkfront_aio_read(&a), 0);
        fdisk_drain(&second);
        assert_memory_equal(b, second.data, 4096);
        blkfront_get_stats(second.dev, &stats);
        assert_int_equal(stats.grants_made, 1);
        assert_int_equal(stats.grants_ended, !persistent);
        assert_int_equal(stats.bytes_copied, persistent ? 4096 : 0);
        run_one(request(b, 512, 4096), true);
        assert_memory_equal(disk.data + 512, second.data, 4096);
        fdisk_close(&second);
        fdisk_close(&disk);
        blkfront_buf_free(NULL, b);
    }
}

static unsigned in_use(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return (unsigned)s.in_use[MEM_APP];
}

/* Freed while requests use it, sent or waiting: it is freed with the last one. */
/* Reads the buffer's pages, each in a request of its own; returns the number of bytes copied. */
static uint64_t copied_for(uint8_t *b, unsigned n)
{
    uint64_t before = now()->bytes_copied;
    struct blkfront_aiocb x;

    for (unsigned i = 0; i < n; i++) {
        x = request(b + 4096 * i, 4096 * i, 4096);
        assert_int_equal(blkfront_aio_read(&x), 0);
        fdisk_drain(&disk);
    }
    assert_memory_equal(b, disk.data, 4096 * n);
    return now()->bytes_copied - before;
}

/* 40 are 10 for descriptors and 30 for data, of which 21 may be registered. More are treated as
 * ordinary memory, for which the other 9 remain. */
static void a_backend_keeps_only_so_many(void **state)
{
    struct blkfront_aiocb v;
    uint8_t *b[3];

    (void)state;
    open_disk(&(struct fake_options){
        .persistent = true, .persistent_grants = 40, .max_segments = 64, .budget = 100});
    fill(disk.data, 24 * 4096, 3);
    assert_int_equal(disk.dev->limits.max_segments, 9);
    b[0] = blkfront_buf_alloc(disk.dev, 15 * 4096);
    b[1] = blkfront_buf_alloc(disk.dev, 15 * 4096);
    b[2] = blkfront_buf_alloc(disk.dev, 15 * 4096);
    assert_int_equal(now()->grants_kept, 21);
    assert_int_equal(copied_for(b[0], 15), 0);
    assert_int_equal(copied_for(b[1], 15), 9 * 4096);
    assert_int_equal(copied_for(b[2], 15), 15 * 4096);
    assert_false(disk.dev->memory.registered.affine);
    /* a large request on granted and on other memory */
    v = request(b[1], 0, 15 * 4096);
    assert_int_equal(blkfront_aio_read(&v), 0);
    fdisk_drain(&disk);
    assert_memory_equal(b[1], disk.data, 15 * 4096);
    assert_int_equal(disk.largest, 9);
    assert_int_equal(persistent_limit(disk.dev, &disk.dev->path.queues[0]), 9);
    /* one goes, and there is room again */
    blkfront_buf_free(disk.dev, b[0]);
    b[0] = blkfront_buf_alloc(disk.dev, 15 * 4096);
    assert_int_equal(copied_for(b[0], 15), 0);
    for (unsigned i = 0; i < 3; i++)
        blkfront_buf_free(disk.dev, b[i]);
    assert_int_equal(disk.dev->memory.registered.granted, 0);
    fdisk_close(&disk);
}

static unsigned queue_of(uint8_t *b, unsigned wish)
{
    struct blkfront_aiocb x = request(b, 0, 4096);
    unsigned queue;

    x.aio_queue = wish;
    assert_int_equal(blkfront_aio_read(&x), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    queue = disk.taken[0].queue;
    fdisk_drain(&disk);
    return queue;
}

/* More than one queue's worth: each buffer has a queue. */
static void buffers_are_shared_out_to_queues(void **state)
{
    struct blkfront_iovec iov[2];
    struct blkfront_aiocb v;
    uint8_t *b[4];

    (void)state;
    open_disk(&(struct fake_options){.persistent = true,
                                     .persistent_grants = 40,
                                     .max_segments = 64,
                                     .queues = 3,
                                     .budget = 100});
    fill(disk.data, 24 * 4096, 3);
    b[0] = blkfront_buf_alloc(disk.dev, 21 * 4096);
    assert_int_equal(queue_of(b[0], 0), 0); /* an idle one */
    b[1] = blkfront_buf_alloc(disk.dev, 15 * 4096);
    b[2] = blkfront_buf_alloc(disk.dev, 15 * 4096);
    b[3] = blkfront_buf_alloc(disk.dev, 15 * 4096); /* 6 of which find room */
    assert_int_equal(now()->grants_kept, 21 + 15 + 15 + 6);
    assert_true(disk.dev->memory.registered.affine);
    assert_int_equal(queue_of(b[0], 0), 0);
    assert_int_equal(queue_of(b[1], 0), 1);
    assert_int_equal(queue_of(b[2], 0), 2);
    assert_int_equal(queue_of(b[2] + 5 * 4096 + 512, 0), 2);
    assert_int_equal(queue_of(b[2], 2), 1);
    assert_int_equal(queue_of(b[3], 0), 1);
    /* a vector is sent on the queue of its first buffer */
    iov[0] = (struct blkfront_iovec){b[2], 4096};
    iov[1] = (struct blkfront_iovec){b[1], 4096};
    v = request(NULL, 0, 8192);
    v.aio_iov = iov;
    v.aio_iovcnt = 2;
    assert_int_equal(blkfront_aio_read(&v), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    assert_int_equal(disk.taken[0].queue, 2);
    fdisk_drain(&disk);
    assert_int_equal(persistent_limit(disk.dev, &disk.dev->path.queues[1]), 30 - 21);
    assert_int_equal(persistent_limit(disk.dev, &disk.dev->path.queues[2]), 30 - 15);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(copied_for(b[i], 15), 0);
    blkfront_buf_free(disk.dev, b[1]);
    blkfront_buf_free(disk.dev, b[2]);
    blkfront_buf_free(disk.dev, b[3]);
    assert_false(disk.dev->memory.registered.affine);
    assert_int_equal(queue_of(b[0], 0), 0);
    blkfront_buf_free(disk.dev, b[0]);
    fdisk_close(&disk);
}

static void freed_in_flight(void **state)
{
    struct blkfront_aiocb a[3], v;
    struct blkfront_iovec iov[2];
    unsigned before;
    uint8_t *b;

    (void)state;
    before = in_use();
    open_disk(&(struct fake_options){.nomerges = true});
    b = blkfront_buf_alloc(disk.dev, 4 * 4096);
    for (unsigned i = 0; i < 3; i++) {
        a[i] = request(b + 4096 * i, 4096 * i, 4096);
        assert_int_equal(blkfront_aio_enqueue(&a[i], 0), 0);
    }
    blkfront_buf_free(disk.dev, b); /* only enqueued */
    assert_int_equal(in_use() - before, 4);
    blkfront_aio_submit(disk.dev);
    blkfront_buf_free(disk.dev, b); /* twice */
    assert_int_equal(said("no registered buffer"), 1);
    fdisk_take(&disk);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(in_use() - before, 4);
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_poll_events();
    }
    assert_int_equal(calls, 3);
    assert_int_equal(in_use() - before, 0);
    assert_int_equal(now()->grants_kept, 0);

    /* in the second piece of a vector, in the read of a merge, and behind it */
    b = blkfront_buf_alloc(disk.dev, 4096);
    iov[0] = (struct blkfront_iovec){b, 0};
    iov[1] = (struct blkfront_iovec){b + 100, 100};
    v = request(NULL, 5, 100);
    v.aio_iov = iov;
    v.aio_iovcnt = 2;
    memset(b, 7, 4096);
    assert_int_equal(blkfront_aio_write(&v), 0);
    a[0] = request(b, 0, 512);
    assert_int_equal(blkfront_aio_write(&a[0]), 0);
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(in_use() - before, 1);
    fdisk_drain(&disk);
    assert_int_equal(in_use() - before, 0);
    assert_int_equal(disk.data[5], 7);
    fdisk_close(&disk);
}

static void free_buffer(struct blkfront_aiocb *a, int ret)
{
    count_good(a, ret);
    blkfront_buf_free(a->aio_dev, a->aio_buf);
}

static void freed_by_its_callback(void **state)
{
    unsigned before = in_use();
    struct blkfront_aiocb a;

    (void)state;
    open_disk(&(struct fake_options){0});
    a = request(blkfront_buf_alloc(disk.dev, 4096), 0, 4096);
    a.aio_cb = free_buffer;
    run_one(a, false);
    assert_int_equal(calls, 1);
    assert_int_equal(in_use(), before);
    fdisk_close(&disk);
}

/* The backend still maps it: the memory is freed when it has unmapped. */
static void freed_while_mapped(void **state)
{
    struct page_stats s;
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){.persistent = true});
    b = blkfront_buf_alloc(disk.dev, 3 * 4096);
    run_one(request(b, 0, 2 * 4096), false);
    blkfront_buf_free(disk.dev, b);
    page_get_stats(&s);
    assert_int_equal(s.quarantined, 2);
    assert_int_equal(now()->grants_quarantined, 2);
    assert_int_equal(stats.grants_ended, 1);
    fdisk_unmap(&disk);
    seam_now += 10 * NSEC_PER_SEC;
    thread_poll_events();
    page_get_stats(&s);
    assert_int_equal(s.quarantined, 0);
    fdisk_close(&disk);
}

/* Closing with buffers, in use and not: requests end, grants end, the memory stays. */
static void closed_with_buffers(void **state)
{
    struct blkfront_aiocb a;
    uint8_t *b, *dying;

    (void)state;
    for (unsigned persistent = 0; persistent < 2; persistent++) {
        open_disk(&(struct fake_options){.persistent = persistent});
        b = blkfront_buf_alloc(disk.dev, 2 * 4096);
        dying = blkfront_buf_alloc(disk.dev, 4096);
        a = request(dying, 0, 4096);
        a.aio_cb = count_call;
        assert_int_equal(blkfront_aio_read(&a), 0);
        blkfront_buf_free(disk.dev, dying);
        fdisk_take(&disk);
        fdisk_close(&disk);
        assert_int_equal(calls, persistent + 1);
        assert_int_equal(a.result, -EIO);
        memset(b, 1, 2 * 4096);
        blkfront_buf_free(NULL, b);
    }
    assert_int_equal(said("no registered"), 0);
}

/* The backend holds a page when the device is lost: its request waits until the timeout, and the
 * others do not. */
static void lost_while_mapped(void **state)
{
    struct blkfront_aiocb a[2];
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){0});
    b = blkfront_buf_alloc(disk.dev, 2 * 4096);
    for (unsigned i = 0; i < 2; i++) {
        a[i] = request(b + 4096 * i, 0, 4096);
        a[i].aio_cb = count_call;
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
    }
    fdisk_take(&disk);
    fdisk_map(disk.taken[0].seg[0].gref, true);
    lifecycle_close(disk.dev);
    assert_int_equal(calls, 1);
    assert_int_equal(a[1].result, -EIO);
    lifecycle_release(disk.dev);
    assert_int_equal(calls, 2);
    assert_int_equal(now()->grants_quarantined, 1);
    assert_int_equal(stats.grants_ended, 1);
    fdisk_map(disk.taken[0].seg[0].gref, false);
    fdisk_close(&disk);
    blkfront_buf_free(NULL, b);
    seam_now += 10 * NSEC_PER_SEC;
    thread_poll_events();
}

/* An untrusted backend sees zeroed pages and no registered memory. */
static void untrusted(void **state)
{
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){.untrusted = true});
    b = blkfront_buf_alloc(disk.dev, 4096);
    assert_non_null(b);
    assert_int_equal(now()->grants_made, 0);
    fill(b, 4096, 3);
    run_one(request(b, 0, 4096), true);
    assert_memory_equal(b, disk.data, 4096);
    assert_int_equal(now()->grants_made, 1);
    assert_int_equal(stats.grants_ended, 1);
    assert_int_equal(stats.bytes_copied, 4096);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
}

/* Tiny budgets are for plain memory only. */
static void budget_is_not_touched(void **state)
{
    struct blkfront_aiocb a[8];
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){.budget = 1});
    b = blkfront_buf_alloc(disk.dev, 8 * 4096);
    for (unsigned i = 0; i < 8; i++) {
        a[i] = request(b + 4096 * i, 4096 * i, 4096);
        assert_int_equal(blkfront_aio_read(&a[i]), 0);
    }
    assert_int_equal(fdisk_take(&disk), 8);
    assert_int_equal(now()->waited_grant, 0);
    assert_int_equal(disk.dev->memory.grants_left, 1);
    fdisk_drain(&disk);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
}

/* Connected again, perhaps to another backend: all buffers are granted again, and the old grants
 * have ended. */
static void connected_again(void **state)
{
    struct blkfront_dev *dev;
    uint8_t *b, *p;

    (void)state;
    for (unsigned persistent = 0; persistent < 2; persistent++) {
        open_disk(&(struct fake_options){.persistent = persistent});
        dev = disk.dev;
        p = pages(4);
        b = blkfront_buf_alloc(dev, 2 * 4096);
        run_one(request(b, 0, 8192), false);
        run_one(request(p, 0, 4 * 4096), false);
        lifecycle_close(dev);
        fdisk_unmap(&disk);
        lifecycle_release(dev);
        assert_int_equal(now()->grants_kept, 0);
        assert_int_equal(stats.grants_made, stats.grants_ended);
        assert_int_equal(registered_ref(&dev->memory.registered, b), 0);
        fdisk_detach(&disk);

        dev->state = DEVICE_CONNECTING;
        dev->peer = 9;
        assert_int_equal(lifecycle_make_rings(dev), 0);
        lifecycle_start(dev);
        fdisk_attach(&disk, dev);
        fill(disk.data, 4096, 8);
        assert_int_equal(now()->grants_kept, 2);
        assert_int_equal(seam_grants[registered_ref(&dev->memory.registered, b)].domid, 9);
        run_one(request(b, 0, 4096), false);
        assert_memory_equal(b, disk.data, 4096);
        run_one(request(p, 0, 4096), false);
        assert_memory_equal(p, disk.data, 4096);
        page_free(p, 4);
        fdisk_close(&disk);
        blkfront_buf_free(NULL, b);
    }
}

/* Resumed: the references are invalid, and ending them could end those of another driver. */
static void resumed(void **state)
{
    struct blkfront_aiocb a[2];
    struct gnttab_stats grants;
    struct blkfront_dev *dev;
    uint8_t *b, *p;

    (void)state;
    for (unsigned persistent = 0; persistent < 2; persistent++) {
        open_disk(&(struct fake_options){.persistent = persistent});
        dev = disk.dev;
        p = pages(4);
        b = blkfront_buf_alloc(dev, 2 * 4096);
        run_one(request(p, 0, 4 * 4096), false);
        a[0] = request(p, 0, 2 * 4096);
        a[1] = request(b, 512, 4096);
        assert_int_equal(blkfront_aio_read(&a[0]), 0);
        assert_int_equal(blkfront_aio_read(&a[1]), 0);
        fdisk_take(&disk);
        memset(seam_grants, 0, 4 * PAGE_SIZE);
        evtchn_resume();
        gnttab_resume();
        for (unsigned i = 0; i < 64; i++) /* with the numbers that were the device's */
            assert_true(gnttab_grant(1, p, true) > 0);
        calls = 0;
        requeue_all(dev, true);
        gnttab_get_stats(&grants);
        assert_int_equal(grants.in_use, 64);
        assert_int_equal(now()->grants_kept, 0);
        assert_true(stats.grants_made == stats.grants_ended);
        assert_int_equal(dev->memory.grants_left, dev->limits.grant_budget);
        assert_int_equal(registered_ref(&dev->memory.registered, b), 0);
        blkfront_buf_free(dev, b); /* is freed when its request has completed, with any backend */
        fdisk_detach(&disk);

        assert_int_equal(lifecycle_make_rings(dev), 0);
        lifecycle_start(dev);
        fdisk_attach(&disk, dev);
        fill(disk.data, 8192, 4);
        assert_int_equal(now()->grants_kept, 2);
        thread_poll_events();
        fdisk_drain(&disk);
        assert_int_equal(calls, 2);
        assert_memory_equal(p, disk.data, 8192);
        assert_int_equal(dev->memory.registered.count, 0);
        page_free(p, 4);
        fdisk_unmap(&disk);
        fdisk_close(&disk);
        seam_now += 10 * NSEC_PER_SEC;
        thread_poll_events();
        for (grant_ref_t ref = 8; ref < 512; ref++)
            gnttab_end(ref);
    }
}

/* All of several buffers' references are invalid after a resume. */
static void several_resumed(void **state)
{
    uint8_t *b[4];

    (void)state;
    open_disk(&(struct fake_options){.persistent = false});
    for (unsigned i = 0; i < ARRAY_SIZE(b); i++)
        b[i] = blkfront_buf_alloc(disk.dev, 2 * 4096);
    assert_int_equal(now()->grants_kept, 2 * ARRAY_SIZE(b));
    memset(seam_grants, 0, 4 * PAGE_SIZE);
    evtchn_resume();
    gnttab_resume();
    requeue_all(disk.dev, true);
    assert_int_equal(now()->grants_kept, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(b); i++) {
        assert_int_equal(registered_ref(&disk.dev->memory.registered, b[i]), 0);
        blkfront_buf_free(disk.dev, b[i]);
    }
    fdisk_close(&disk);
}

/* Without persistent grants nothing but the budget limits a buffer. */
static void a_large_buffer(void **state)
{
    const unsigned n = 1500;
    uint8_t *b;

    (void)state;
    open_disk(&(struct fake_options){.persistent = false, .registered_pages = n});
    b = blkfront_buf_alloc(disk.dev, n * 4096);
    assert_non_null(b);
    assert_int_equal(now()->grants_kept, n);
    blkfront_buf_free(disk.dev, b);
    fdisk_close(&disk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Each buffer counts for as long as it exists. */
static void buffers_share_a_budget(void **state)
{
    uint8_t *b[3];

    (void)state;
    open_disk(&(struct fake_options){.registered_pages = 6});
    for (unsigned i = 0; i < 3; i++)
        assert_non_null(b[i] = blkfront_buf_alloc(disk.dev, 2 * 4096));
    assert_null(blkfront_buf_alloc(disk.dev, 1));
    blkfront_buf_free(disk.dev, b[1]);
    assert_null(blkfront_buf_alloc(disk.dev, 3 * 4096));
    assert_non_null(b[1] = blkfront_buf_alloc(disk.dev, 2 * 4096));
    assert_null(blkfront_buf_alloc(disk.dev, 1));
    for (unsigned i = 0; i < 3; i++)
        blkfront_buf_free(disk.dev, b[i]);
    fdisk_close(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(costs_nothing_with_persistent_grants),
        TEST(costs_nothing_without),
        TEST(misaligned_parts_are_bounced),
        TEST(vectors_mix_both),
        TEST(each_buffer_is_found),
        TEST(exhaustion),
        TEST(each_allocation_fails_once),
        TEST(grants_run_out),
        TEST(wrong_frees_are_reported),
        TEST(two_devices),
        TEST(a_backend_keeps_only_so_many),
        TEST(buffers_are_shared_out_to_queues),
        TEST(freed_in_flight),
        TEST(freed_by_its_callback),
        TEST(freed_while_mapped),
        TEST(closed_with_buffers),
        TEST(lost_while_mapped),
        TEST(untrusted),
        TEST(budget_is_not_touched),
        TEST(connected_again),
        TEST(resumed),
        TEST(several_resumed),
        TEST(a_large_buffer),
        TEST(buffers_share_a_budget),
    };

    return cmocka_run_group_tests_name("blkfront: registered buffers", tests, NULL, NULL);
}
