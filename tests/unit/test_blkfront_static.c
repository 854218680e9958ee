/* SPDX-License-Identifier: MIT */
/* The contract holds for each kind of memory that a caller may use, also when the backend goes
 * and keeps it mapped: no request succeeds with pages that the old backend may write to. */
#include "disk_test.h"

#include <kernel/page.h>
#include <ringlet/heap.h>
#include <ringlet/thread.h>

#define BYTES 4096

static uint8_t fixed[3 * BYTES] __attribute__((aligned(4096)));
static int result;

static void done(struct blkfront_aiocb *a, int ret)
{
    count_call(a, ret);
    result = ret;
}

/* Reads into where; the backend goes with each page mapped for writing, and another one answers. */
static void goes(uint8_t *where, bool granted)
{
    struct blkfront_aiocb a;
    struct blkfront_stats s;
    grant_ref_t ref[4];
    unsigned n;

    result = 1;
    calls = 0;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(where, 0, BYTES);
    a.aio_cb = done;
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(fdisk_take(&disk), 1);
    n = disk.taken[0].segments;
    assert_in_range(n, 1, ARRAY_SIZE(ref));
    for (unsigned i = 0; i < n; i++)
        fdisk_map(ref[i] = disk.taken[0].seg[i].gref, true);
    requeue_all(disk.dev, false);
    fdisk_reconnect(&disk);
    for (unsigned i = 0; i < 3; i++) {
        fdisk_run(&disk);
        thread_poll_events();
    }
    assert_int_equal(calls, 1);
    blkfront_get_stats(disk.dev, &s);
    if (granted) { /* the old backend maps the caller's own page: no other result is possible */
        assert_int_equal(result, -EIO);
        assert_true(page_is_pinned(where));
    } else { /* a page of the driver's is */
        assert_int_equal(result, 0);
        assert_int_equal(s.bytes_copied, BYTES);
        assert_memory_equal(where, disk.data, BYTES);
    }
    assert_int_equal(s.grants_quarantined, n);
    for (unsigned i = 0; i < n; i++)
        fdisk_map(ref[i], false);
    fdisk_close(&disk);
}

static void memory_of_pages(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    goes(p, true);
    page_free(p, 1);
}

static void memory_of_the_heap(void **state)
{
    uint8_t *p = heap_alloc(3 * BYTES, MEM_APP);

    (void)state;
    goes((uint8_t *)ROUND_UP((uintptr_t)p, (uintptr_t)BYTES), true);
    heap_free(p);
}

static void on_a_stack(void *arg)
{
    uint8_t buffer[2 * BYTES];

    (void)arg;
    goes((uint8_t *)ROUND_UP((uintptr_t)buffer, (uintptr_t)BYTES), true);
}

static void memory_of_a_stack(void **state)
{
    struct thread *t;

    (void)state;
    assert_int_equal(thread_create(&t, "stack", on_a_stack, NULL, 64 << 10), 0);
    thread_join(t);
}

static void memory_of_the_image(void **state)
{
    (void)state;
    goes(fixed, false);
    goes(fixed + 512, false); /* across two pages */
    goes(fixed + 5, false);   /* bounced anyhow */
}

/* Vectors have both kinds, and only the necessary parts are copied. */
static void both_kinds(void **state)
{
    struct blkfront_stats s;
    struct blkfront_aiocb a;
    uint8_t *p = pages(2);
    struct blkfront_iovec v[] = {
        {p, BYTES}, {fixed, 2 * BYTES}, {p + BYTES, 512}, {fixed + 2 * BYTES, 3584}};

    (void)state;
    for (int write = 0; write < 2; write++) {
        fdisk_open(&disk, &(struct fake_options){0});
        fill(disk.data, 4 * BYTES, 3);
        fill(fixed, sizeof(fixed), 4);
        fill(p, 2 * BYTES, 5);
        a = request(NULL, 0, 4 * BYTES);
        a.aio_iov = v;
        a.aio_iovcnt = ARRAY_SIZE(v);
        assert_int_equal(blkfront_aio(&a, write), 0);
        fdisk_drain(&disk);
        for (size_t i = 0, at = 0; i < ARRAY_SIZE(v); at += v[i++].len)
            assert_memory_equal(v[i].base, disk.data + at, v[i].len);
        blkfront_get_stats(disk.dev, &s);
        assert_int_equal(s.bytes_copied, 2 * BYTES + 3584);
        fdisk_close(&disk);
    }
    page_free(p, 2);
}

/* Only pages that the allocator has are its: no hole between, nothing before or behind. */
static void what_is_the_allocators(void **state)
{
    uint8_t *p = pages(1);

    (void)state;
    assert_true(page_map_has(&page_map, p));
    assert_true(page_map_has(&page_map, p + 4095));
    assert_false(page_map_has(&page_map, fixed));
    assert_false(page_map_has(&page_map, NULL));
    assert_false(page_map_has(&page_map, (void *)(page_map.base * 4096 - 1)));
    assert_false(page_map_has(&page_map, (void *)((page_map.base + page_map.count) * 4096)));
    page_free(p, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory_of_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_of_the_heap, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_of_a_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_of_the_image, setup, teardown),
        cmocka_unit_test_setup_teardown(both_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_the_allocators, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
