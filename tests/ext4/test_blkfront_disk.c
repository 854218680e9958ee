/* SPDX-License-Identifier: MIT */
/* disk/blkfront.c on a driver that is played: what its flush makes of a backend without a cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <ringlet/errno.h>

#include "host/seam.h"

/* The driver's functions, under other names. */
#define blkfront_aio                played_aio
#define blkfront_aio_push_operation played_operation
#define blkfront_buf_alloc          played_buf_alloc
#define blkfront_buf_free           played_buf_free
#define blkfront_get_limits         played_limits
#define blkfront_open_device        played_open
#define blkfront_sync               played_sync
#define shutdown_blkfront           played_shutdown
#define ext4_disk_blkfront          tested_open
#include "lib/fs/ext4/disk/blkfront.c"

static struct blkfront_limits offered;
static int flush_result, sync_result;
static unsigned flushes, syncs;

int played_aio(struct blkfront_aiocb *aio, int write)
{
    (void)write;
    aio->aio_cb(aio, 0);
    return 0;
}

int played_operation(struct blkfront_aiocb *aio, uint8_t op)
{
    assert_int_equal(op, offered.flush ? BLKIF_OP_FLUSH_DISKCACHE : BLKIF_OP_WRITE_BARRIER);
    flushes++;
    aio->aio_cb(aio, flush_result);
    return 0;
}

void *played_buf_alloc(struct blkfront_dev *dev, size_t bytes)
{
    (void)dev;
    (void)bytes;
    return NULL;
}

void played_buf_free(struct blkfront_dev *dev, void *buf)
{
    (void)dev;
    (void)buf;
}

void played_limits(const struct blkfront_dev *dev, struct blkfront_limits *out)
{
    (void)dev;
    *out = offered;
}

int played_open(const char *name, const struct blkfront_config *config, struct blkfront_info *info,
                struct blkfront_dev **out)
{
    (void)name;
    (void)config;
    *info = (struct blkfront_info){.sectors = 64, .sector_size = 512, .mode = 1};
    *out = NULL;
    return 0;
}

int played_sync(struct blkfront_dev *dev)
{
    (void)dev;
    syncs++;
    return sync_result;
}

int played_shutdown(struct blkfront_dev *dev)
{
    (void)dev;
    return 0;
}

static int result(bool has_flush, bool has_barrier, int flushed, int synced)
{
    struct ext4_disk *disk;
    int ret;

    offered = (struct blkfront_limits){.flush = has_flush, .barrier = has_barrier};
    flush_result = flushed;
    sync_result = synced;
    flushes = syncs = 0;
    assert_int_equal(ext4_disk_blkfront("xvda", false, &disk), 0);
    ret = ext4_disk_flush(disk);
    disk->ops->close(disk);
    return ret;
}

static void a_flush_of_a_cache(void **state)
{
    (void)state;
    assert_int_equal(result(true, true, 0, -EIO), 0);
    assert_int_equal(flushes, 1);
    assert_int_equal(result(false, true, -EIO, 0), -EIO);
    assert_int_equal(syncs, 0);
}

static void a_cache_that_is_there_no_more(void **state)
{
    (void)state;
    assert_int_equal(result(false, false, 0, -EIO), -EIO);
    assert_int_equal(result(false, false, 0, 0), 0);
    assert_int_equal(result(true, false, -EOPNOTSUPP, 0), 0);
    assert_int_equal(result(true, false, -EOPNOTSUPP, -EIO), -EIO);
    assert_int_equal(syncs, 1);
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
