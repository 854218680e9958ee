/* SPDX-License-Identifier: MIT */
/*
 * Limits for the cost of a request, by count: hypercalls, notifications, events, ring slots, grant
 * operations, bytes copied, in the steady state of two loads, 4 KiB 32 deep and 1 MiB 8 deep.
 * (Instructions are tests/cost's, loads from shared pages tests/loads'.)
 */
#include "host/fake_disk.h"

#include <ringlet/page.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define WARM_UP  8
#define BATCHES  16
#define SEGMENTS 256

enum memory { REGISTERED, COPIED, GRANTED };

static struct fake_disk disk;
static struct blkfront_aiocb aiocb[32];
static unsigned failed;

/* The cost of BATCHES batches of a load. */
struct cost {
    uint64_t requests, bytes;
    uint64_t hypercalls, notifications, events, ring_requests, indirect, grants, copied;
};

static void done(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    failed += ret != 0;
}

static void batch(unsigned depth, bool write)
{
    for (unsigned i = 0; i < depth; i++)
        assert_int_equal(blkfront_aio_enqueue(&aiocb[i], write), 0);
    assert_int_equal(blkfront_aio_submit(disk.dev), depth);
    while (blkfront_in_flight(disk.dev))
        assert_true(blkfront_aio_wait(disk.dev, DEADLINE_NEVER) > 0);
}

static void add(struct cost *c, int sign)
{
    struct blkfront_stats s;

    blkfront_get_stats(disk.dev, &s);
    c->requests += sign * s.completed;
    c->bytes += sign * (s.read_sectors + s.written_sectors) * 512;
    c->hypercalls += sign * seam_hypercalls;
    c->notifications += sign * s.notifications;
    c->events += sign * s.events;
    c->ring_requests += sign * (s.reads + s.writes);
    c->indirect += sign * s.indirect;
    c->grants += sign * (s.grants_made + s.grants_ended);
    c->copied += sign * s.bytes_copied;
}

/* Requests of this many bytes, with gaps of the same size, so that each is one on the ring;
 * `misalign` bytes into a page. */
static struct cost measure(enum memory memory, size_t bytes, unsigned depth, bool write,
                           size_t misalign)
{
    const struct fake_options o = {.sectors = 65536,
                                   .ring_pages = 16,
                                   .max_segments = SEGMENTS,
                                   .persistent = memory != GRANTED,
                                   .persistent_grants = 4096};
    struct cost cost = {0};

    fdisk_init(64 << 20);
    fdisk_open(&disk, &o);
    fdisk_run_when_idle(&disk, NULL);
    for (unsigned i = 0; i < depth; i++) {
        uint8_t *buf = memory == REGISTERED
                           ? blkfront_buf_alloc(disk.dev, bytes + misalign)
                           : page_alloc_zeroed((unsigned)(bytes / PAGE_SIZE) + 1, MEM_APP);

        assert_non_null(buf);
        aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                           .aio_buf = buf + misalign,
                                           .aio_nbytes = bytes,
                                           .aio_offset = (int64_t)(2 * i * bytes),
                                           .aio_cb = done};
    }
    failed = 0;
    for (unsigned i = 0; i < WARM_UP; i++)
        batch(depth, write);
    add(&cost, -1);
    for (unsigned i = 0; i < BATCHES; i++)
        batch(depth, write);
    add(&cost, 1);
    assert_int_equal(failed, 0);
    assert_int_equal(cost.requests, BATCHES * depth);
    assert_int_equal(cost.bytes, BATCHES * depth * bytes);
    for (unsigned i = 0; i < depth; i++) {
        if (memory == REGISTERED)
            blkfront_buf_free(disk.dev, aiocb[i].aio_buf - misalign);
        else
            page_free(aiocb[i].aio_buf - misalign, (unsigned)(bytes / PAGE_SIZE) + 1);
    }
    fdisk_close(&disk);
    fdisk_exit();
    return cost;
}

/* In each mode a batch causes one notification and one event. */
static void check_batches(const struct cost *c, unsigned rounds)
{
    assert_in_range(c->notifications, 1, rounds * BATCHES);
    assert_in_range(c->events, 1, rounds * BATCHES);
}

static void small_requests(void **state)
{
    (void)state;
    for (int write = 0; write < 2; write++) {
        for (enum memory m = REGISTERED; m <= GRANTED; m++) {
            struct cost c = measure(m, 4096, 32, write, 0);

            check_batches(&c, 1);
            assert_int_equal(c.ring_requests, c.requests);
            assert_in_range(c.copied, 0, m == COPIED ? c.bytes : 0);
            assert_in_range(c.grants, 0, m == GRANTED ? 2 * c.requests : 0);
            /* 0.1 a request: one to notify, one to wait */
            assert_in_range(c.hypercalls * 10, 0, c.requests);
        }
    }
}

static void large_requests(void **state)
{
    (void)state;
    for (int write = 0; write < 2; write++) {
        for (enum memory m = REGISTERED; m <= GRANTED; m++) {
            struct cost c = measure(m, 1 << 20, 8, write, 0);

            /* there are fewer persistent pages for copies: such a batch goes in two */
            check_batches(&c, m == COPIED ? 2 : 1);
            /* one slot for 256 segments */
            assert_int_equal(c.ring_requests, c.requests);
            assert_int_equal(c.indirect, c.ring_requests);
            assert_in_range(c.copied, 0, m == COPIED ? c.bytes : 0);
            assert_in_range(c.grants, 0, m == GRANTED ? 2 * 256 * c.requests : 0);
            assert_in_range(c.hypercalls, 1, (m == COPIED ? 4 : 2) * BATCHES);
        }
    }
}

/* Data that no backend can take in place are copied, once. */
static void unaligned_requests(void **state)
{
    (void)state;
    for (int write = 0; write < 2; write++) {
        for (enum memory m = REGISTERED; m <= GRANTED; m++) {
            struct cost c = measure(m, 4096, 32, write, 3);

            check_batches(&c, 1);
            assert_in_range(c.copied, 1, c.bytes);
            assert_int_equal(c.ring_requests, c.requests);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_requests),
        cmocka_unit_test(large_requests),
        cmocka_unit_test(unaligned_requests),
    };

    return cmocka_run_group_tests_name("budgets", tests, NULL, NULL);
}
