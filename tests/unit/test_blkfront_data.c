/* SPDX-License-Identifier: MIT */
/* blkfront's data paths: random requests against a reference. */
#include "host/fake_disk.h"

#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fake_disk disk;
static unsigned calls;

static int setup(void **state)
{
    (void)state;
    fdisk_init(24 << 20);
    calls = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fdisk_exit();
    return 0;
}

#define SECTORS  4096
#define LANES    24
#define LANE_MAX 40000

static struct lane {
    struct blkfront_aiocb a;
    struct blkfront_iovec v[6];
    uint8_t *memory; /* LANE_MAX bytes and room for odd starts */
    uint8_t copy[LANE_MAX];
    bool busy, write;
} lanes[LANES];
static uint8_t reference[SECTORS * 512];
static struct random *rnd;

static bool conflicts(int64_t offset, size_t bytes)
{
    for (unsigned i = 0; i < LANES; i++) {
        const struct blkfront_aiocb *a = &lanes[i].a;

        if (lanes[i].busy && a->aio_offset < offset + (int64_t)bytes &&
            offset < a->aio_offset + (int64_t)a->aio_nbytes)
            return true;
    }
    return false;
}

/* Copies between the lane's memory, flat or a vector, and flat bytes. */
static void gather(struct lane *l, uint8_t *flat, bool out)
{
    struct blkfront_iovec whole = {l->a.aio_buf, l->a.aio_nbytes};
    unsigned n = l->a.aio_iovcnt ? (unsigned)l->a.aio_iovcnt : 1;
    const struct blkfront_iovec *v = l->a.aio_iovcnt ? l->v : &whole;

    for (unsigned i = 0; i < n; flat += v[i++].len) {
        if (out)
            memcpy(v[i].base, flat, v[i].len);
        else
            memcpy(flat, v[i].base, v[i].len);
    }
}

static void lane_done(struct blkfront_aiocb *a, int ret)
{
    struct lane *l = a->data;

    assert_true(l->busy);
    l->busy = false;
    calls++;
    if (ret) {
        assert_int_equal(ret, -EIO);
        assert_true(disk.error_every > 0);
        /* an error leaves the range in any state */
        memcpy(reference + a->aio_offset, disk.data + a->aio_offset, a->aio_nbytes);
    } else if (l->write) {
        memcpy(reference + a->aio_offset, l->copy, a->aio_nbytes);
    } else {
        gather(l, l->copy, false);
        assert_memory_equal(l->copy, reference + a->aio_offset, a->aio_nbytes);
    }
}

static size_t random_length(void)
{
    switch (random_below(rnd, 4)) {
    case 0:
        return 1 + random_below(rnd, 700);
    case 1:
        return 512 * (1 + random_below(rnd, 30));
    case 2:
        return 4096 * (1 + random_below(rnd, 9));
    default:
        return 1 + random_below(rnd, LANE_MAX - 1);
    }
}

static void make_vector(struct lane *l, size_t start, size_t bytes)
{
    size_t left = bytes;
    int n = 0;

    while (left) {
        size_t len = n == 5 ? left : random_below(rnd, (unsigned)left + 1);

        if (n < 5 && random_below(rnd, 2))
            len &= ~(size_t)511;
        l->v[n++] = (struct blkfront_iovec){l->memory + start, len};
        start += len + random_below(rnd, 2) * random_below(rnd, 600);
        left -= len;
    }
    l->a.aio_iov = l->v;
    l->a.aio_iovcnt = n;
}

static void start_lane(struct lane *l)
{
    size_t bytes = random_length(), start = random_below(rnd, 4096);
    int64_t offset = (int64_t)random_below(rnd, (unsigned)(SECTORS * 512 - bytes));

    if (random_below(rnd, 2))
        start &= ~(size_t)511;
    if (random_below(rnd, 2))
        offset &= random_below(rnd, 2) ? ~511 : ~4095;
    if (random_below(rnd, 3) == 0)
        offset &= 0xffff; /* a crowd */
    if (conflicts(offset, bytes))
        return;
    l->a = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                   .aio_buf = l->memory + start,
                                   .aio_nbytes = bytes,
                                   .aio_offset = offset,
                                   .aio_cb = lane_done,
                                   .data = l};
    if (random_below(rnd, 3) == 0)
        make_vector(l, start, bytes);
    l->write = random_below(rnd, 2);
    if (l->write) {
        for (size_t i = 0; i < bytes; i++)
            l->copy[i] = (uint8_t)random_u64(rnd);
        gather(l, l->copy, true);
    }
    l->busy = true;
    if (random_below(rnd, 2))
        assert_int_equal(blkfront_aio(&l->a, l->write), 0);
    else
        assert_int_equal(blkfront_aio_enqueue(&l->a, l->write), 0);
}

static void random_requests(struct random *r)
{
    static const unsigned segments[] = {11, 12, 32, 3, 1};
    struct fake_options o = {.sectors = SECTORS};

    rnd = r;
    o.sector_size = 512u << random_below(r, 4);
    o.ring_pages = 1u << random_below(r, 3);
    o.max_segments = segments[random_below(r, ARRAY_SIZE(segments))];
    o.budget = random_below(r, 2) ? 1 + random_below(r, 40) : 0;
    o.untrusted = random_below(r, 3) == 0;
    fdisk_open(&disk, &o);
    disk.random = random_below(r, 4) ? r : NULL;
    disk.error_every = random_below(r, 4) ? 0 : 5 + random_below(r, 20);
    for (size_t i = 0; i < sizeof(reference); i++)
        reference[i] = disk.data[i] = (uint8_t)random_u64(r);

    for (unsigned step = 0; step < 1500; step++) {
        struct lane *l = &lanes[random_below(r, LANES)];

        if (!l->busy)
            start_lane(l);
        if (random_below(r, 6) == 0)
            blkfront_aio_submit(disk.dev);
        for (unsigned n = random_below(r, 4); n && fdisk_take(&disk); n--)
            fdisk_answer(&disk, random_below(r, disk.count),
                         disk.error_every && random_below(r, disk.error_every) == 0
                             ? BLKIF_RSP_ERROR
                             : BLKIF_RSP_OKAY);
        if (random_below(r, 2))
            fdisk_publish(&disk);
        if (random_below(r, 3) == 0)
            thread_poll_events();
        else if (random_below(r, 3) == 0)
            blkfront_aio_poll(disk.dev);
    }
    blkfront_aio_submit(disk.dev);
    fdisk_drain(&disk);
    for (unsigned i = 0; i < LANES; i++)
        assert_false(lanes[i].busy);
    assert_memory_equal(reference, disk.data, sizeof(reference));
    assert_int_equal(disk.dev->stats.completed, disk.dev->stats.aiocbs);
    assert_int_equal(disk.dev->stats.grants_made, disk.dev->stats.grants_ended);
    assert_true(disk.granted_max <= disk.dev->limits.grant_budget);
    assert_true(disk.dev->state < DEVICE_FAILED);
    fdisk_close(&disk);
}

static void random_requests_match_a_reference(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LANES; i++)
        assert_non_null(lanes[i].memory = page_alloc(13, MEM_APP));
    random_runs("random_requests_match_a_reference", 40, random_requests);
    for (unsigned i = 0; i < LANES; i++)
        page_free(lanes[i].memory, 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_requests_match_a_reference, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
