/* SPDX-License-Identifier: MIT */
/* lib/fs/ext4/store on a disk in memory, judged by e2fsck and debugfs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static int setup(void **state)
{
    (void)state;
    seam_init(16 << 20);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_there_after_close, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
