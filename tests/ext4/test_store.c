/* SPDX-License-Identifier: MIT */
/* lib/fs/ext4/store on a disk in memory, judged by e2fsck and debugfs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <kernel/event_channel.h>

#include "host/seam.h"
#include "lib/fs/ext4/store/store.h"
#include "memory_disk.h"

#define SIZE (8u << 20)

static struct memory_disk disk;

static struct store *open_store(void)
{
    struct store *s;

    assert_int_equal(store_open(&disk.disk, NULL, &s), 0);
    return s;
}

/* A file in the root directory, with its inode but without blocks. */
static ext2_ino_t make_file(struct store *s, const char *name)
{
    ext2_filsys fs = store_fs(s);
    struct ext2_inode_large inode = {.i_mode = LINUX_S_IFREG | 0644, .i_links_count = 1};
    ext2_extent_handle_t extents;
    ext2_ino_t ino;

    assert_int_equal(ext2fs_new_inode(fs, EXT2_ROOT_INO, 0, NULL, &ino), 0);
    inode.i_extra_isize = sizeof(inode) - EXT2_GOOD_OLD_INODE_SIZE;
    inode.i_flags = EXT4_EXTENTS_FL;
    assert_int_equal(ext2fs_write_new_inode(fs, ino, (struct ext2_inode *)&inode), 0);
    assert_int_equal(ext2fs_extent_open2(fs, ino, (struct ext2_inode *)&inode, &extents), 0);
    ext2fs_extent_free(extents);
    assert_int_equal(ext2fs_write_inode_full(fs, ino, (struct ext2_inode *)&inode, sizeof(inode)),
                     0);
    ext2fs_inode_alloc_stats2(fs, ino, 1, 0);
    assert_int_equal(ext2fs_link(fs, EXT2_ROOT_INO, name, ino, EXT2_FT_REG_FILE), 0);
    return ino;
}

static void append(struct store *s, ext2_ino_t ino, const char *text)
{
    ext2_filsys fs = store_fs(s);
    struct blkfront_iovec iov = {(void *)(uintptr_t)text, strlen(text)};
    struct ext2_inode inode;
    blk64_t block = 0;

    assert_int_equal(ext2fs_read_inode(fs, ino, &inode), 0);
    assert_int_equal(ext2fs_bmap2(fs, ino, &inode, NULL, BMAP_ALLOC, 0, NULL, &block), 0);
    assert_int_equal(store_data_write(s, block, 0, &iov, 1, iov.len, STORE_DATA_NEW), 0);
    assert_int_equal(ext2fs_inode_size_set(fs, &inode, (ext2_off64_t)iov.len), 0);
    assert_int_equal(ext2fs_write_inode(fs, ino, &inode), 0);
}

static void a_file_is_there_after_close(void **state)
{
    struct store *s = open_store();
    ext2_ino_t ino;

    (void)state;
    assert_int_equal(store_begin(s), 0);
    ino = make_file(s, "hello");
    append(s, ino, "hello, disk\n");
    store_end(s);
    assert_int_equal(store_close(s), 0);
    assert_int_equal(image_check(disk.content, SIZE), 0);
    assert_int_equal(
        image_run(disk.content, SIZE, "debugfs -R 'cat /hello' $IMAGE | grep 'hello, disk'", false),
        0);
}

static void features_are_refused_by_name(void **state)
{
    static const struct {
        const char *options, *name;
    } refused[] = {
        {"-t ext4 -O inline_data", "inline_data"},
        {"-t ext4 -O encrypt", "encrypt"},
        {"-t ext4 -O casefold", "casefold"},
        {"-t ext4 -O mmp", "mmp"},
        {"-t ext4 -O bigalloc", "bigalloc"},
        {"-O journal_dev", "journal_dev"},
        {"-t ext4 -O quota", "quota"},
        {"-t ext4 -O ea_inode", "ea_inode"},
        {"-t ext4 -O verity", "verity"},
        {"-t ext4 -I 256 -O project,quota", "project"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(refused); i++) {
        struct store *s;
        uint8_t *image = image_make(refused[i].options, SIZE);
        char text[64];

        snprintf(text, sizeof(text), "has the feature %s (", refused[i].name);
        seam_console_clear();
        memory_disk_init(&disk, image, SIZE);
        assert_int_equal(store_open(&disk.disk, NULL, &s), -EOPNOTSUPP);
        assert_non_null(strstr(seam_console(), text));
        assert_int_equal(disk.writes, 0);
        free(image);
    }
    disk.content = NULL;
}

static void what_matters_only_for_writing_can_be_read(void **state)
{
    static const struct store_config config = {.flags = STORE_READ_ONLY};
    struct store *s;
    uint8_t *image = image_make("-t ext4 -O quota", SIZE);

    (void)state;
    memory_disk_init(&disk, image, SIZE);
    assert_int_equal(store_open(&disk.disk, &config, &s), 0);
    assert_true(store_read_only(s));
    assert_int_equal(store_begin(s), -EROFS);
    assert_int_equal(store_lock(s), 0);
    store_unlock(s);
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(store_close(s), 0);
    assert_int_equal(disk.writes, 0);
    free(image);
    disk.content = NULL;
}

static unsigned lines_of(const char *text)
{
    unsigned n = 0;

    for (const char *p = seam_console(); (p = strstr(p, text)); p++)
        n++;
    return n;
}

static void an_error_in_the_journal_ends_writing(void **state)
{
    struct store *s = open_store();

    (void)state;
    assert_int_equal(store_begin(s), 0);
    make_file(s, "lost");
    store_end(s);
    disk.fail_write = disk.writes + 1;
    assert_int_equal(store_commit(s), -EIO);
    assert_true(store_aborted(s));
    assert_int_equal(store_begin(s), -EROFS);
    assert_int_equal(store_commit(s), -EROFS);
    assert_int_equal(lines_of("nothing is written any more"), 1);
    assert_int_equal(lines_of("writing the journal: EIO"), 1);
    disk.fail_write = 0;
    assert_int_not_equal(store_close(s), 0);
    assert_int_equal(image_run(disk.content, SIZE,
                               "e2fsck -fy -E journal_only $IMAGE; e2fsck -fn $IMAGE", false),
                     0);
}

static void an_error_in_data_is_reported_once(void **state)
{
    struct store *s = open_store();
    ext2_ino_t ino;

    (void)state;
    assert_int_equal(store_begin(s), 0);
    ino = make_file(s, "file");
    append(s, ino, "data");
    store_end(s);
    disk.fail_write = disk.writes + 1;
    disk.fail_count = 1;
    assert_int_equal(store_commit(s), -EIO);
    assert_false(store_aborted(s));
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(store_close(s), 0);
    assert_int_equal(image_check(disk.content, SIZE), 0);
}

/* ---- commits ---- */

static struct store *shared;

static void change_and_commit(void *arg)
{
    char name[16];

    snprintf(name, sizeof(name), "file%u", (unsigned)(uintptr_t)arg);
    assert_int_equal(store_begin(shared), 0);
    make_file(shared, name);
    store_end(shared);
    thread_yield(); /* until all have changed something */
    assert_int_equal(store_commit(shared), 0);
}

static void threads_share_a_commit(void **state)
{
    struct store_stats stats;
    struct thread *t[4];

    (void)state;
    shared = open_store();
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(
            thread_create(&t[i], "committer", change_and_commit, (void *)i, 256 * 1024), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(thread_join(t[i]), 0);
    store_get_stats(shared, &stats);
    assert_int_equal(stats.commits, 1);
    assert_int_equal(store_close(shared), 0);
    assert_int_equal(image_check(disk.content, SIZE), 0);
}

static void a_change_is_committed_after_some_time(void **state)
{
    static const struct store_config config = {.commit_ms = 200};
    struct store_stats stats;
    struct store *s;

    (void)state;
    assert_int_equal(store_open(&disk.disk, &config, &s), 0);
    assert_int_equal(store_begin(s), 0);
    make_file(s, "file");
    store_end(s);
    thread_sleep(150 * NSEC_PER_MSEC);
    store_get_stats(s, &stats);
    assert_int_equal(stats.commits, 0);
    thread_sleep(100 * NSEC_PER_MSEC);
    store_get_stats(s, &stats);
    assert_int_equal(stats.commits, 1);
    assert_int_equal(store_close(s), 0);
}

static void within_an_operation_nobody_commits(void **state)
{
    struct store *s = open_store();

    (void)state;
    assert_int_equal(store_begin(s), 0);
    assert_int_equal(store_begin(s), -EDEADLK);
    assert_int_equal(store_lock(s), -EDEADLK);
    assert_int_equal(store_commit(s), -EDEADLK);
    store_end(s);
    assert_int_equal(store_close(s), 0);
}

/* ---- data ---- */

/* A file of n consecutive blocks. The first of them. */
static blk64_t make_blocks(struct store *s, unsigned n)
{
    ext2_filsys fs = store_fs(s);
    blk64_t block = 0, found;

    assert_int_equal(store_begin(s), 0);
    assert_int_equal(ext2fs_new_range(fs, EXT2_NEWRANGE_FIXED_GOAL, 4000, n, NULL, &block, &found),
                     0);
    ext2fs_block_alloc_stats_range(fs, block, (blk_t)n, 1);
    store_end(s);
    return block;
}

static void what_is_not_written_of_a_new_block_is_zero(void **state)
{
    struct store *s = open_store();
    char text[] = "text", got[1024];
    struct blkfront_iovec out = {text, 4}, in = {got, sizeof(got)};
    blk64_t block = 5000;

    (void)state;
    memset(disk.content + 5000 * 1024, 0xee, 1024);
    assert_int_equal(store_begin(s), 0);
    /* read before it was anybody's */
    assert_int_equal(store_data_read(s, block, 0, &in, 1, 1024, 0), 0);
    ext2fs_block_alloc_stats2(store_fs(s), block, 1);
    assert_int_equal(store_data_write(s, block, 100, &out, 1, 4, STORE_DATA_NEW), 0);
    store_end(s);
    assert_int_equal(store_data_read(s, block, 0, &in, 1, 1024, 0), 0);
    for (unsigned i = 0; i < 1024; i++)
        assert_int_equal(got[i], i >= 100 && i < 104 ? text[i - 100] : 0);
    assert_int_equal(store_close(s), 0);
    assert_memory_equal(disk.content + 5000 * 1024, got, 1024);
}

/* A block that was verified for one inode is not for another, nor after it has become something else. */
static void what_was_verified_is_known_until_it_changes_its_owner(void **state)
{
    static uint8_t content[4096];
    struct store *s = open_store();
    blk64_t block;

    (void)state;
    assert_int_equal(store_begin(s), 0);
    assert_int_equal(ext2fs_alloc_block2(store_fs(s), 0, NULL, &block), 0);
    assert_int_equal(io_channel_write_blk64(store_fs(s)->io, block, 1, content), 0);
    assert_null(store_meta_known(s, block, 2));
    store_meta_know(s, block, 2);
    assert_non_null(store_meta_known(s, block, 2));
    assert_null(store_meta_known(s, block, 3));
    assert_null(store_meta_known(s, block, 0));
    content[0] = 1;
    assert_int_equal(io_channel_write_blk64(store_fs(s)->io, block, 1, content), 0);
    assert_memory_equal(store_meta_known(s, block, 2), content, store_fs(s)->blocksize);
    store_end(s);
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(store_begin(s), 0);
    assert_non_null(store_meta_known(s, block, 2));
    ext2fs_block_alloc_stats2(store_fs(s), block, -1);
    assert_null(store_meta_known(s, block, 2));
    store_meta_know(s, block, 2);
    assert_null(store_meta_known(s, block, 2));
    store_end(s);
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(store_begin(s), 0);
    assert_int_equal(ext2fs_alloc_block2(store_fs(s), block, NULL, &block), 0);
    assert_int_equal(io_channel_write_blk64(store_fs(s)->io, block, 1, content), 0);
    store_meta_know(s, block, 2);
    assert_int_equal(store_data_zero(s, block, 1, STORE_DATA_NEW), 0);
    assert_null(store_meta_known(s, block, 2));
    store_meta_know(s, block, 2);
    assert_null(store_meta_known(s, block, 2));
    ext2fs_block_alloc_stats2(store_fs(s), block, -1);
    store_end(s);
    assert_int_equal(store_close(s), 0);
    assert_int_equal(image_check(disk.content, SIZE), 0);
}

/* The cache, and around it: both see what the other has written. */
static void direct_and_cached_data_agree(void **state)
{
    enum { N = 40 };
    struct store *s = open_store();
    uint8_t *a = aligned_alloc(4096, N * 1024), *b = aligned_alloc(4096, N * 1024);
    struct blkfront_iovec out[2] = {{a, 512}, {a + 512, N * 1024 - 512}}, in = {b, N * 1024};
    blk64_t block = make_blocks(s, N);

    (void)state;
    for (unsigned round = 0; round < 16; round++) {
        unsigned write = round & 1 ? STORE_DATA_DIRECT : 0;
        unsigned read = round & 2 ? STORE_DATA_DIRECT : 0;
        unsigned offset = round & 4 ? 1024 * 3 : round & 8 ? 100 : 0;

        for (unsigned i = 0; i < N * 1024; i++)
            a[i] = (uint8_t)(i * 7 + round + i / 1000);
        assert_int_equal(store_data_write(s, block, offset, out, 2, N * 1024 - offset, write), 0);
        memset(b, 0, N * 1024);
        assert_int_equal(store_data_read(s, block, offset, &in, 1, N * 1024 - offset, read), 0);
        assert_memory_equal(a, b, N * 1024 - offset);
    }
    assert_int_equal(store_data_read(s, 8191, 0, &in, 1, 1025, 0), -EINVAL);
    assert_int_equal(store_data_write(s, 8192, 0, &in, 1, 1, 0), -EINVAL);
    assert_int_equal(store_close(s), 0);
    assert_memory_equal(disk.content + (block + 3) * 1024, a, (N - 3) * 1024);
    free(a);
    free(b);
}

static void readahead_is_read_once(void **state)
{
    enum { N = 40 };
    struct store *s = open_store();
    blk64_t block = make_blocks(s, N);
    static uint8_t got[N * 1024];
    struct blkfront_iovec in = {got, sizeof(got)};
    uint64_t before;

    (void)state;
    memset(disk.content + block * 1024, 0x5a, N * 1024);
    before = disk.reads;
    store_data_readahead(s, block, N);
    store_data_readahead(s, block, N);
    assert_int_equal(disk.reads, before + 2); /* 32 blocks and 8 */
    assert_int_equal(store_data_read(s, block, 0, &in, 1, sizeof(got), 0), 0);
    assert_int_equal(disk.reads, before + 2);
    for (unsigned i = 0; i < sizeof(got); i++)
        assert_int_equal(got[i], 0x5a);
    store_data_readahead(s, 8191, 100);
    store_data_readahead(s, 9000, 100);
    assert_int_equal(store_close(s), 0);
}

static void freed_blocks_are_discarded_after_the_commit(void **state)
{
    static const struct store_config config = {.flags = STORE_DISCARD};
    struct store *s;
    blk64_t block;

    (void)state;
    assert_int_equal(store_open(&disk.disk, &config, &s), 0);
    block = make_blocks(s, 10);
    assert_int_equal(store_commit(s), 0);
    assert_int_equal(store_begin(s), 0);
    ext2fs_block_alloc_stats_range(store_fs(s), block + 2, 5, -1);
    assert_true(store_pending_free(s));
    assert_true(ext2fs_test_block_bitmap2(store_fs(s)->block_map, block + 2)); /* held */
    store_end(s);
    assert_int_equal(disk.discards, 0);
    assert_int_equal(store_commit(s), 0);
    assert_false(store_pending_free(s));
    assert_false(ext2fs_test_block_bitmap2(store_fs(s)->block_map, block + 2));
    assert_int_equal(disk.discards, 1);
    assert_int_equal(disk.discarded, 5 * 1024);
    assert_int_equal(disk.last_discard, (block + 2) * 1024);
    assert_int_equal(store_close(s), 0);
}

/* ---- memory of the device ---- */

static unsigned device_chunks;

static void *alloc(struct ext4_disk *d, size_t bytes)
{
    (void)d;
    device_chunks++;
    return malloc(bytes);
}

static void release(struct ext4_disk *d, void *memory, size_t bytes)
{
    (void)d;
    (void)bytes;
    free(memory);
}

/* Blocks that share pages are not kept in it: a page can be in one transfer at a time. */
static void device_memory_is_for_blocks_of_a_page(void **state)
{
    static const struct {
        const char *options;
        bool used;
    } images[] = {
        {"-t ext4 -b 1024", false}, {"-t ext4 -b 2048", false}, {"-t ext4 -b 4096", true}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(images); i++) {
        uint8_t *image = image_make(images[i].options, SIZE);
        struct ext4_disk_ops ops;
        struct store *s;
        ext2_ino_t ino;

        memory_disk_init(&disk, image, SIZE);
        ops = *disk.disk.ops;
        ops.alloc = alloc;
        ops.free = release;
        disk.disk.ops = &ops;
        device_chunks = 0;
        s = open_store();
        assert_int_equal(store_begin(s), 0);
        ino = make_file(s, "hello");
        append(s, ino, "hello, disk\n");
        store_end(s);
        assert_int_equal(store_close(s), 0);
        assert_int_equal(device_chunks > 0, images[i].used);
        assert_int_equal(image_check(image, SIZE), 0);
        free(image);
    }
    disk.content = NULL;
}

/* ---- a large disk ---- */

static void a_large_disk_takes_little_memory(void **state)
{
    const uint64_t size = 15ull << 40;
    char *name = image_name(), command[256];
    int fd = mkstemp(name);
    struct store_stats stats;
    struct store *s;
    ext2_ino_t ino;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    snprintf(command, sizeof(command),
             "PATH=/usr/sbin:/sbin:/usr/bin:/bin mke2fs -q -F -t ext4 -J size=4 -N 1000000 "
             "-E lazy_itable_init=1 -O sparse_super2,^resize_inode %s",
             name);
    assert_int_equal(system(command), 0);
    memory_disk_init_file(&disk, fd, size);
    assert_int_equal(store_open(&disk.disk, NULL, &s), 0); /* 16 MiB of memory: see setup */
    assert_int_equal(store_begin(s), 0);
    ino = make_file(s, "hello");
    append(s, ino, "hello, disk\n");
    store_end(s);
    assert_int_equal(store_commit(s), 0);
    store_get_stats(s, &stats);
    assert_true(stats.bitmap_groups <= 4);
    assert_int_equal(store_close(s), 0);
    snprintf(command, sizeof(command),
             "PATH=/usr/sbin:/sbin:/usr/bin:/bin debugfs -R 'cat /hello' %s 2>&1 | grep -q hello",
             name);
    assert_int_equal(system(command), 0);
    close(fd);
    unlink(name);
    free(name);
}

static int setup_without_disk(void **state)
{
    (void)state;
    seam_init(16 << 20);
    return evtchn_init();
}

static int setup(void **state)
{
    setup_without_disk(state);
    memory_disk_init(&disk, image_make("-t ext4 -b 1024", SIZE), SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(disk.content);
    seam_exit();
    return 0;
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_BARE(name) cmocka_unit_test_setup_teardown(name, setup_without_disk, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_there_after_close),
        TEST_BARE(features_are_refused_by_name),
        TEST_BARE(device_memory_is_for_blocks_of_a_page),
        TEST_BARE(what_matters_only_for_writing_can_be_read),
        TEST(an_error_in_the_journal_ends_writing),
        TEST(an_error_in_data_is_reported_once),
        TEST(threads_share_a_commit),
        TEST(a_change_is_committed_after_some_time),
        TEST(within_an_operation_nobody_commits),
        TEST(what_is_not_written_of_a_new_block_is_zero),
        TEST(what_was_verified_is_known_until_it_changes_its_owner),
        TEST(direct_and_cached_data_agree),
        TEST(readahead_is_read_once),
        TEST(freed_blocks_are_discarded_after_the_commit),
        TEST_BARE(a_large_disk_takes_little_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
