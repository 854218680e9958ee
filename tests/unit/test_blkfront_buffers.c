/* SPDX-License-Identifier: MIT */
/* Registered buffers that are freed while they are used, wherever the request is; and how many
 * pages may be registered. */
#include "disk_test.h"

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
    disk.dev->held = true;
    fdisk_run(&disk);
    thread_poll_events();
    assert_false(list_empty(&disk.dev->merge_ready));
    blkfront_buf_free(disk.dev, b);
    assert_int_equal(in_use() - before, 1);
    assert_int_equal(disk.dev->registry.dying, 1);
    disk.dev->held = false;
    dev_reap(disk.dev, NULL);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    assert_int_equal(in_use() - before, 0);
    assert_int_equal(disk.data[5], 7);
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

/* Both are answered; the first callback frees what the second has not been told of yet. */
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
    assert_int_equal(left - before, 2); /* until it was told */
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

/* Three eighths of the grant table, or as many as were asked for. */
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
        TEST(freed_before_its_callback),
        TEST(neighbours_are_not_in_use),
        TEST(how_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
