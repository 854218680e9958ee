/* SPDX-License-Identifier: MIT */
/* apps/nbdserver/disk.c on a driver that is played: what a flush makes of a backend without a cache. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/seam.h"

/* The driver's functions, under other names; it has pools, too. */
#define blkfront_aio_push_operation played_operation
#define blkfront_get_limits         played_limits
#define pool_init                   nbd_pool_init
#define pool_destroy                nbd_pool_destroy
#define pool_is_whole               nbd_pool_is_whole
#include "apps/nbdserver/disk.c"
#include "apps/nbdserver/pool.c"

static struct blkfront_limits offered;
static int begun, result; /* of a flush: at once, and when it ends */
static unsigned flushes;
static int told;
static unsigned calls;

/* As the driver: what is not offered is not begun. */
int played_operation(struct blkfront_aiocb *aio, uint8_t op)
{
    if (!(op == BLKIF_OP_FLUSH_DISKCACHE ? offered.flush : offered.barrier))
        return begun;
    flushes++;
    if (result == -EOPNOTSUPP)
        offered.flush = offered.barrier = false;
    aio->aio_cb(aio, result);
    return 0;
}

void played_limits(const struct blkfront_dev *dev, struct blkfront_limits *out)
{
    (void)dev;
    *out = offered;
}

static void done(struct disk_io *io, int ret)
{
    (void)io;
    calls++;
    told = ret;
}

static int flush(bool has_flush, bool has_barrier)
{
    struct disk d = {.dev = (struct blkfront_dev *)&d};
    struct disk_io io = {.disk = &d, .op = DISK_FLUSH, .done = done};

    offered = (struct blkfront_limits){.flush = has_flush, .barrier = has_barrier};
    flushes = calls = 0;
    told = 1;
    disk_start(&io);
    assert_int_equal(calls, 0);
    assert_true(disk_has_completed());
    disk_complete();
    assert_int_equal(calls, 1);
    return told;
}

static void a_flush_of_a_cache(void **state)
{
    (void)state;
    begun = -EOPNOTSUPP;
    result = 0;
    assert_int_equal(flush(true, true), 0);
    assert_int_equal(flushes, 1);
    assert_int_equal(flush(false, true), 0);
    assert_int_equal(flushes, 1);
    result = -EIO;
    assert_int_equal(flush(true, false), -EIO);
}

static void a_cache_that_is_there_no_more(void **state)
{
    (void)state;
    result = 0;
    begun = -EOPNOTSUPP;
    assert_int_equal(flush(false, false), 0);
    begun = -EIO; /* the backend that went has lost writes */
    assert_int_equal(flush(false, false), -EIO);
    assert_int_equal(flushes, 0);
    result = -EOPNOTSUPP; /* the offer is withdrawn */
    assert_int_equal(flush(true, false), -EIO);
    begun = -EOPNOTSUPP;
    assert_int_equal(flush(true, false), 0);
    assert_int_equal(flushes, 1);
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flush_of_a_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cache_that_is_there_no_more, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
