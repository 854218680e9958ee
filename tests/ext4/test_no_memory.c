/* SPDX-License-Identifier: MIT */
/* The store without memory in the middle of a commit: what it reports as stable is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ringlet/heap.h>

#include "host/seam.h"
#include "lib/fs/ext4/store/store.h"
#include "memory_disk.h"

#define SIZE   (8u << 20)
#define BLOCK  1024u
#define FIRST  7000u /* free blocks, as if they were metadata */
#define COUNT  40u
#define DATA   7100u
#define COMMIT 30u

static struct memory_disk disk;
static struct ext4_disk_ops ops;
static void (*memory_submit)(struct ext4_disk *disk, struct ext4_disk_io *io);
static bool is_short; /* the next write of DATA takes all memory */
static void *taken;

static void submit(struct ext4_disk *d, struct ext4_disk_io *io)
{
    if (is_short && io->write && io->offset == DATA * BLOCK) {
        is_short = false;
        for (size_t size = 1 << 20; size >= 16; size /= 2)
            for (void **p; (p = heap_alloc(size, MEM_APP));) {
                *p = taken;
                taken = p;
            }
    }
    memory_submit(d, io);
}

static void give_back(void)
{
    while (taken) {
        void *next = *(void **)taken;

        heap_free(taken);
        taken = next;
    }
}

static int change(struct store *s, char with)
{
    static char block[BLOCK];
    struct blkfront_iovec iov = {block, BLOCK};
    int ret = store_begin(s);

    if (ret)
        return ret;
    memset(block, with, BLOCK);
    for (unsigned i = 0; i < COUNT; i++)
        io_channel_write_blk64(store_fs(s)->io, FIRST + i, 1, block);
    ret = store_data_write(s, DATA, 0, &iov, 1, BLOCK, 0);
    store_end(s);
    return ret ? ret : store_commit(s);
}

static void begin(struct store **s)
{
    const struct store_config config = {.cache = 64 * BLOCK, .commit_ms = ~0u};

    seam_init(16 << 20);
    memory_disk_init(&disk, image_make("-t ext4 -b 1024", SIZE), SIZE);
    ops = *disk.disk.ops;
    memory_submit = ops.submit;
    ops.submit = submit;
    disk.disk.ops = &ops;
    assert_int_equal(store_open(&disk.disk, &config, s), 0);
}

static void end(void)
{
    free(disk.content);
    seam_exit();
}

/* The commit, of COMMIT, that writes in place to make room in the journal. */
static unsigned find_checkpoint(void)
{
    struct store_stats stats;
    struct store *s;
    unsigned n = 0;

    begin(&s);
    do {
        assert_true(n < COMMIT);
        assert_int_equal(change(s, (char)('a' + n++)), 0);
        store_get_stats(s, &stats);
    } while (!stats.checkpoints);
    assert_int_equal(store_close(s), 0);
    end();
    return n;
}

static void a_commit_needs_room_in_the_journal(void **state)
{
    unsigned last = find_checkpoint();
    struct store *s;
    int ret = 0;

    (void)state;
    begin(&s);
    for (unsigned n = 0; n < last; n++) {
        assert_int_equal(ret, 0);
        is_short = n + 1 == last;
        ret = change(s, (char)('a' + n));
    }
    assert_false(is_short);
    give_back();
    if (ret) { /* what was not logged never comes with a later commit, so there must be none */
        assert_int_equal(ret, -ENOMEM);
        assert_int_equal(store_commit(s), -EROFS);
        assert_true(store_aborted(s));
        store_close(s);
    } else {
        assert_int_equal(store_close(s), 0);
        for (unsigned i = 0; i < COUNT; i++)
            assert_int_equal(disk.content[(FIRST + i) * BLOCK], 'a' + last - 1);
    }
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_needs_room_in_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
