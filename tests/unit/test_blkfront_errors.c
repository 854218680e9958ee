/* SPDX-License-Identifier: MIT */
/* Requests that blkfront refuses, and the errors of accepted ones. */
#include "disk_test.h"

#include <ringlet/heap.h>
#include <ringlet/thread.h>

#include <string.h>

static void what_is_not_accepted(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_iovec v[2] = {{p, 100}, {p + 100, 412}};
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){.readonly = true});
    assert_int_equal(blkfront_aio(NULL, 0), -EINVAL);
    assert_int_equal(blkfront_io(NULL, 0), -EINVAL);
    a = request(p, 0, 512);
    a.aio_dev = NULL;
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    assert_int_equal(blkfront_io(&a, 0), -EINVAL);
    a = request(p, 0, 512);
    a.aio_cb = NULL;
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, -512, 512);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, INT64_MIN, 512);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, 2048 * 512, 1);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, 2048 * 512 - 511, 512);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, 0, SIZE_MAX);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, INT64_MAX, SIZE_MAX);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(NULL, 0, 512);
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a = request(p, 0, 512);
    assert_int_equal(blkfront_aio(&a, 1), -EROFS);
    assert_int_equal(blkfront_io(&a, 1), -EROFS);

    a = request(NULL, 0, 513);
    a.aio_iov = v;
    a.aio_iovcnt = 2;
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL); /* not the sum */
    a.aio_nbytes = 512;
    a.aio_iovcnt = -1;
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    a.aio_iovcnt = 2;
    v[0].base = NULL;
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    v[0] = (struct blkfront_iovec){p, SIZE_MAX};
    v[1].len = 513;
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL); /* the sum wraps */

    a = request(p, 0, 512);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_FLUSH_DISKCACHE), -EOPNOTSUPP);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_WRITE_BARRIER), -EOPNOTSUPP);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_DISCARD), -EOPNOTSUPP);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_INDIRECT), -EINVAL);
    assert_int_equal(blkfront_aio_push_operation(&a, 200), -EINVAL);
    assert_int_equal(blkfront_aio_push_operation(NULL, 0), -EINVAL);
    assert_int_equal(blkfront_aio_push_operation(NULL, BLKIF_OP_FLUSH_DISKCACHE), -EINVAL);
    a.aio_dev = NULL;
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_FLUSH_DISKCACHE), -EINVAL);
    assert_int_equal(blkfront_aio_push_operation(&a, BLKIF_OP_DISCARD), -EINVAL);
    a.aio_dev = disk.dev;
    assert_int_equal(blkfront_aio_submit(NULL), -EINVAL);

    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(blkfront_aio(&a, 0), -EBUSY);
    assert_int_equal(blkfront_io(&a, 0), -EBUSY);
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    fdisk_close(&disk);
    page_free(p, 1);
}

static void errors_arrive(void **state)
{
    uint8_t *p = pages(64);
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(p, 0, 64 * 4096); /* six requests */
    a.aio_cb = count_call;
    assert_int_equal(blkfront_aio(&a, 0), 0);
    assert_int_equal(fdisk_take(&disk), 6);
    fdisk_answer(&disk, 2, BLKIF_RSP_ERROR);
    fdisk_publish(&disk);
    thread_poll_events();
    assert_int_equal(calls, 0); /* others are still in flight */
    fdisk_drain(&disk);
    assert_int_equal(calls, 1);
    assert_int_equal(a.result, -EIO);
    assert_int_equal(disk.dev->stats.errors, 1);

    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_take(&disk);
    fdisk_answer(&disk, 0, BLKIF_RSP_EOPNOTSUPP);
    fdisk_drain(&disk);
    assert_int_equal(a.result, -EOPNOTSUPP);
    fdisk_close(&disk);
    page_free(p, 64);
}

/* Regardless of later errors. */
static void the_first_error_is_told(void **state)
{
    static const int16_t status[] = {BLKIF_RSP_ERROR, BLKIF_RSP_EOPNOTSUPP};
    uint8_t *p = pages(33);
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < 2; i++) {
        a = request(p, 0, 33 * 4096); /* three requests */
        a.aio_cb = count_call;
        assert_int_equal(blkfront_aio(&a, 1), 0);
        assert_int_equal(fdisk_take(&disk), 3);
        fdisk_answer(&disk, 1, status[i]);
        fdisk_answer(&disk, 0, status[!i]);
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        thread_poll_events();
        assert_int_equal(calls, i + 1);
        assert_int_equal(a.result, i ? -EOPNOTSUPP : -EIO);
    }
    assert_int_equal(disk.dev->stats.errors, 2);
    fdisk_close(&disk);
    page_free(p, 33);
}

/* Nothing at the very end of the disk, the last byte of it, and vectors of nothing. */
static void what_is_just_accepted(void **state)
{
    uint8_t *p = pages(1);
    struct blkfront_iovec v[3] = {{NULL, 0}, {p, 512}, {NULL, 0}};
    struct blkfront_aiocb a;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    a = request(NULL, 2048 * 512, 0);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    fdisk_drain(&disk);
    assert_int_equal(disk.requests, 0);
    a.aio_offset++;
    assert_int_equal(blkfront_aio(&a, 0), -EINVAL);
    disk.data[2048 * 512 - 1] = 9;
    a = request(p, 2048 * 512 - 1, 1);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(p[0], 9);
    a = request(NULL, 2047 * 512, 512);
    a.aio_iov = v;
    a.aio_iovcnt = 3;
    assert_int_equal(blkfront_aio(&a, 0), 0);
    fdisk_drain(&disk);
    assert_int_equal(p[511], 9);
    assert_int_equal(calls, 4);
    fdisk_close(&disk);
    page_free(p, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(what_is_not_accepted),
        TEST(errors_arrive),
        TEST(the_first_error_is_told),
        TEST(what_is_just_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
