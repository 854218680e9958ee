/* SPDX-License-Identifier: MIT */
/* The ring in the layout of 32-bit x86: each byte of each kind of request, and traffic. */
#include "disk_test.h"

#include <stdlib.h>

static uint8_t *p;

static uint64_t little(const uint8_t *at, unsigned bytes)
{
    uint64_t n = 0;

    while (bytes--)
        n = n << 8 | at[bytes];
    return n;
}

/* The layout of a read of one page; nothing is written behind it. */
static void the_bytes_of_a_request(void **state)
{
    struct blkfront_aiocb a;
    const uint8_t *ring, *e;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.abi = 32});
    p = pages(1);
    ring = (uint8_t *)disk.queue[0].ring;
    for (unsigned i = 0; i < 3; i++) {
        a = request(p, 4096 * (i + 1), 2048);
        assert_int_equal(blkfront_aio(&a, 0), 0);
        e = ring + 64 + 108 * i;
        assert_int_equal(e[0], BLKIF_OP_READ);
        assert_int_equal(e[1], 1);
        assert_int_equal(little(e + 2, 2), (uint16_t)51712);
        assert_int_equal(little(e + 4, 8), (uint64_t)(i + 1) << 32); /* always the first slot */
        assert_int_equal(little(e + 12, 8), 8 * (i + 1));
        assert_int_not_equal(little(e + 20, 4), 0);
        assert_int_equal(e[24], 0);
        assert_int_equal(e[25], 3);
        assert_int_equal(little(e + 26, 2), 0);
        for (unsigned k = 28; k < 108; k++)
            assert_int_equal(e[k], 0);
        fdisk_drain(&disk);
        /* 12 bytes of an answer */
        assert_int_equal(e[8], BLKIF_OP_READ);
        assert_int_equal(little(e + 10, 2), 0);
    }
    assert_int_equal(calls, 3);
    fdisk_close(&disk);
    page_free(p, 1);
}

static void the_bytes_of_a_discard(void **state)
{
    struct blkfront_aiocb a;
    const uint8_t *e;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.abi = 32, .discard = 512, .discard_secure = true});
    a = request(NULL, 1024, 5 * 512);
    a.aio_flags = BLKFRONT_SECURE;
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_DISCARD), 0);
    e = (uint8_t *)disk.queue[0].ring + 64;
    assert_int_equal(e[0], BLKIF_OP_DISCARD);
    assert_int_equal(e[1], BLKIF_DISCARD_SECURE);
    assert_int_equal(little(e + 12, 8), 2);
    assert_int_equal(little(e + 20, 8), 5);
    for (unsigned k = 28; k < 108; k++)
        assert_int_equal(e[k], 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    fdisk_close(&disk);
}

static void the_bytes_of_an_indirect_request(void **state)
{
    struct blkfront_aiocb a;
    const uint8_t *e;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.abi = 32, .max_segments = 20});
    p = pages(20);
    a = request(p, 512, 20 * 4096);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    e = (uint8_t *)disk.queue[0].ring + 64;
    assert_int_equal(e[0], BLKIF_OP_INDIRECT);
    assert_int_equal(e[1], BLKIF_OP_WRITE);
    assert_int_equal(little(e + 2, 2), 20);
    assert_int_equal(little(e + 12, 8), 1);
    assert_int_equal(little(e + 20, 2), (uint16_t)51712);
    assert_int_not_equal(little(e + 24, 4), 0);
    for (unsigned k = 28; k < 108; k++)
        assert_int_equal(e[k], 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    fdisk_close(&disk);
    page_free(p, 20);
}

/* Everything at once, many times round the ring, on rings of one and of more pages. */
static void traffic(unsigned abi, unsigned ring_pages, unsigned queues)
{
    static struct blkfront_aiocb a[200];
    uint8_t *shadow = calloc(2048, 512);
    struct random r = {ring_pages + queues};

    fdisk_open(&disk, &(struct fake_options){.abi = abi,
                                             .ring_pages = ring_pages,
                                             .queues = queues,
                                             .max_segments = 40,
                                             .flush = true,
                                             .discard = 4096});
    disk.random = &r;
    p = pages(256);
    fill(p, 256 * 4096, abi);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 200; i++) {
            size_t bytes = 1 + random_below(&r, round % 2 ? 5000 : 512);
            int64_t offset = (int64_t)i * 5120 + random_below(&r, 100);

            a[i] = request(p + 5120 * i, offset, bytes);
            assert_int_equal(blkfront_aio(&a[i], 1), 0);
            memcpy(shadow + offset, p + 5120 * i, bytes);
        }
        fdisk_drain(&disk);
    }
    assert_int_equal(calls, 20 * 200);
    assert_memory_equal(shadow, disk.data, 2048 * 512);
    a[0] = request(p, 0, 2048 * 512);
    assert_int_equal(blkfront_aio(&a[0], 0), 0);
    fdisk_drain(&disk);
    assert_memory_equal(shadow, p, 2048 * 512);
    assert_true(disk.largest > 11);
    fdisk_close(&disk);
    page_free(p, 256);
    free(shadow);
    calls = 0;
}

static void traffic_in_both(void **state)
{
    (void)state;
    traffic(32, 1, 1);
    traffic(64, 1, 1);
    traffic(32, 4, 3);
    traffic(32, 16, 1);
    traffic(64, 16, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_bytes_of_a_request),
        TEST(the_bytes_of_a_discard),
        TEST(the_bytes_of_an_indirect_request),
        TEST(traffic_in_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
