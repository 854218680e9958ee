/* SPDX-License-Identifier: MIT */
/* Shared by tests of blkfront on the fake disk: a disk for each test, requests that count their
 * completions. */
#ifndef RINGLET_TESTS_DISK_TEST_H
#define RINGLET_TESTS_DISK_TEST_H

#include "host/fake_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct fake_disk disk;
static unsigned calls;

static inline int setup(void **state)
{
    (void)state;
    fdisk_init(24 << 20);
    calls = 0;
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    fdisk_exit();
    return 0;
}

static inline void count_call(struct blkfront_aiocb *a, int ret)
{
    assert_int_equal(a->result, ret);
    assert_null(a->request);
    calls++;
}

static inline void count_good(struct blkfront_aiocb *a, int ret)
{
    assert_int_equal(ret, 0);
    count_call(a, ret);
}

/* A request that must end well. */
static inline struct blkfront_aiocb request(uint8_t *buf, int64_t offset, size_t bytes)
{
    return (struct blkfront_aiocb){.aio_dev = disk.dev,
                                   .aio_buf = buf,
                                   .aio_offset = offset,
                                   .aio_nbytes = bytes,
                                   .aio_cb = count_good};
}

static inline uint8_t *pages(unsigned n)
{
    uint8_t *p = page_alloc_zeroed(n, MEM_APP);

    assert_non_null(p);
    return p;
}

static inline void fill(uint8_t *p, size_t bytes, unsigned seed)
{
    struct random r = {seed};

    for (size_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)random_u64(&r);
}

#endif
