/* SPDX-License-Identifier: MIT */
/* Direct and cached writes of one file: what was committed is on the disk, also while others are in flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/seam.h"
#include "lib/fs/ext4/store/store.h"
#include "memory_disk.h"

#define SIZE  (8u << 20)
#define BLOCK 1024u
#define AT    7000u /* a free block, as if a file had it */

static struct memory_disk disk;
static struct ext4_disk_ops ops;
static void (*memory_submit)(struct ext4_disk *disk, struct ext4_disk_io *io);
static struct store *committed_by; /* in the middle of the next write of AT */
static uint8_t seen;               /* what is on the disk after that */

static void submit(struct ext4_disk *d, struct ext4_disk_io *io)
{
    struct store *s = committed_by;

    if (s && io->write && io->offset == AT * BLOCK) {
        committed_by = NULL;
        assert_int_equal(store_commit(s), 0);
        seen = disk.content[AT * BLOCK];
    }
    memory_submit(d, io);
}

static void write_block(struct store *s, char with, unsigned flags)
{
    static uint8_t block[BLOCK] __attribute__((aligned(BLOCK)));
    struct blkfront_iovec iov = {block, BLOCK};

    memset(block, with, BLOCK);
    assert_int_equal(store_data_write(s, AT, 0, &iov, 1, BLOCK, flags), 0);
}

/* The first write has ended before the commit begins: the second one, which is in flight, must not have
 * taken it away. */
static void a_commit_has_what_a_direct_write_replaces(void **state)
{
    struct store *s;

    (void)state;
    assert_int_equal(store_open(&disk.disk, NULL, &s), 0);
    write_block(s, '1', 0);
    assert_int_equal(store_commit(s), 0);
    write_block(s, '2', 0);
    committed_by = s;
    write_block(s, '3', STORE_DATA_DIRECT);
    committed_by = NULL;
    assert_true(seen == 0 || seen == '2');
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(disk.content[AT * BLOCK], '3');
    assert_int_equal(store_close(s), 0);
}

static int setup(void **state)
{
    (void)state;
    seam_init(16 << 20);
    memory_disk_init(&disk, image_make("-t ext4 -b 1024", SIZE), SIZE);
    ops = *disk.disk.ops;
    memory_submit = ops.submit;
    ops.submit = submit;
    disk.disk.ops = &ops;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(disk.content);
    seam_exit();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_has_what_a_direct_write_replaces, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
