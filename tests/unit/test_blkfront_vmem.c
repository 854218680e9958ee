/* SPDX-License-Identifier: MIT */
/* Requests whose memory is of vmem_alloc: its pages are granted, nothing is copied. */
#include "disk_test.h"

#include <ringlet/vmem.h>

#define BYTES (40 * 4096)

static void transfers_without_a_copy(void **state)
{
    struct blkfront_stats s;
    struct blkfront_aiocb a;
    uint8_t *m;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.persistent = false});
    m = vmem_alloc(BYTES, MEM_APP);
    assert_non_null(m);
    for (size_t i = 0; i < BYTES; i++)
        m[i] = (uint8_t)(i / 512 * 7 + i);
    a = request(m, 0, BYTES);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    assert_memory_equal(disk.data, m, BYTES);

    memset(m, 0, BYTES); /* from within a page, over the borders of pages */
    a = request(m + 1024, 512, BYTES - 2048);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(calls, 2);
    assert_memory_equal(disk.data + 512, m + 1024, BYTES - 2048);
    assert_int_equal(m[1023], 0);
    assert_int_equal(m[BYTES - 1024], 0);
    blkfront_get_stats(disk.dev, &s);
    assert_int_equal(s.bytes_copied, 0);
    vmem_free(m);
    fdisk_close(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transfers_without_a_copy, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
