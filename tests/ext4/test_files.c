/* SPDX-License-Identifier: MIT */
/* Files and directories of ext4 one by one: what a crash leaves, what is refused, what e2fsck sees. */
#include "files_test.h"

#include "lib/fs/ext4/files/node.h"

#define SIZE (32u << 20)

static void *crash_copy;

/* As if the guest were gone now, after all was committed: the next mount sees what the disk has. */
static void crash(void)
{
    crash_copy = malloc(image.size);
    assert_non_null(crash_copy);
    assert_int_equal(fs_sync(), 0);
    memcpy(crash_copy, image.disk.content, image.size);
}

static void mount_crashed(void)
{
    assert_int_equal(fs_unmount("/data"), 0);
    memcpy(image.disk.content, crash_copy, image.size);
    free(crash_copy);
    assert_int_equal(image_mount(), 0);
}

static uint64_t blocks_free(void)
{
    struct fs_stat st = {0};

    assert_int_equal(path_statfs(NULL, "/data", &st), 0);
    return st.blocks_free;
}

static uint64_t files_free(void)
{
    struct fs_stat st = {0};

    assert_int_equal(path_statfs(NULL, "/data", &st), 0);
    return st.files_free;
}

static void fill_file(const char *path, size_t len, char byte)
{
    struct file *f = must_open(path, FILE_WRONLY | FILE_CREAT);
    char *bytes = malloc(len);

    memset(bytes, byte, len);
    assert_int_equal(file_write(f, bytes, len), len);
    file_put(f);
    free(bytes);
}

static struct file_stat stat_of(const char *path)
{
    struct file_stat st;

    assert_int_equal(path_stat(NULL, path, PATH_NOFOLLOW, &st), 0);
    return st;
}

static int setup(void **state)
{
    (void)state;
    image_begin("-t ext4 -b 4096", SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    image_end();
    return 0;
}

static void a_file_without_names_lives_while_it_is_open(void **state)
{
    uint64_t before = blocks_free(), files = files_free();
    struct file *f;
    char buf[4];

    (void)state;
    fill_file("/data/f", 1 << 20, 'x');
    f = must_open("/data/f", FILE_RDWR);
    assert_int_equal(path_unlink(NULL, "/data/f"), 0);
    assert_int_equal(file_pread(f, buf, 4, 1000), 4);
    assert_memory_equal(buf, "xxxx", 4);
    assert_int_equal(file_pwrite(f, "new", 3, 2 << 20), 3);
    assert_true(blocks_free() < before);
    file_put(f);
    assert_int_equal(blocks_free(), before);
    assert_int_equal(files_free(), files);
}

static void a_crash_frees_files_without_names(void **state)
{
    uint64_t before = blocks_free(), files = files_free();
    struct file *f[3], *dir;
    char name[16];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "/data/%u", i);
        fill_file(name, 100000, 'x');
        f[i] = must_open(name, FILE_RDWR);
        assert_int_equal(path_unlink(NULL, name), 0);
    }
    assert_int_equal(path_mkdir(NULL, "/data/d", 0755), 0);
    dir = must_open("/data/d", FILE_RDONLY);
    assert_int_equal(path_rmdir(NULL, "/data/d"), 0);
    assert_int_equal(try_open("/data/d", FILE_RDONLY), -ENOENT);
    file_put(f[1]); /* from the middle of the list */
    crash();
    file_put(f[0]);
    file_put(f[2]);
    file_put(dir);
    assert_int_equal(blocks_free(), before);
    mount_crashed();
    assert_int_equal(blocks_free(), before);
    assert_int_equal(files_free(), files);
}

/* Each crash during the truncation of a file, which takes several operations, ends with it truncated. */
static void a_crash_completes_a_truncation(void **state)
{
    struct ext4_node *n;
    struct ext4_fs *fs;
    struct file *f;
    struct node *node;

    (void)state;
    fill_file("/data/f", 2 << 20, 'x');
    assert_int_equal(path_lookup(NULL, "/data/f", 0, &node), 0);
    n = ext4_node_of(node);
    fs = ext4_fs_of(n);
    /* the first of the operations */
    assert_int_equal(ext4_begin(fs), 0);
    assert_int_equal(ext2fs_inode_size_set(fs->ext2, ext4_inode(n), 5000), 0);
    assert_int_equal(ext4_orphan_add(n), 0);
    assert_int_equal(ext4_node_write(n), 0);
    ext4_end(fs, 0);
    crash();
    assert_int_equal(ext4_cut(n, 2), 0);
    assert_int_equal(ext4_begin(fs), 0);
    assert_int_equal(ext4_end(fs, ext4_orphan_remove(n)), 0);
    node_put(node);
    mount_crashed();
    assert_int_equal(stat_of("/data/f").size, 5000);
    assert_int_equal(stat_of("/data/f").blocks, 16);
    f = must_open("/data/f", FILE_RDONLY);
    file_put(f);
}

static void a_list_of_orphans_that_makes_no_sense_is_left(void **state)
{
    struct node *node;
    struct ext4_fs *fs;

    (void)state;
    put_text("/data/f", "text");
    assert_int_equal(path_lookup(NULL, "/data/f", 0, &node), 0);
    fs = ext4_fs_of(ext4_node_of(node));
    for (unsigned i = 0; i < 2; i++) {
        uint32_t last[] = {0xfffffff0u, (uint32_t)node->ino};

        /* a number that is none; an inode that is its own successor */
        assert_int_equal(ext4_begin(fs), 0);
        fs->ext2->super->s_last_orphan = last[i];
        ext4_node_of(node)->inode.i_dtime = i ? last[i] : 0;
        assert_int_equal(ext4_node_write(ext4_node_of(node)), 0);
        ext2fs_mark_super_dirty(fs->ext2);
        ext4_end(fs, 0);
        node_put(node);
        assert_int_equal(fs_unmount("/data"), 0);
        assert_int_equal(image_mount(), 0);
        assert_text("/data/f", "text");
        assert_int_equal(path_lookup(NULL, "/data/f", 0, &node), 0);
        fs = ext4_fs_of(ext4_node_of(node));
    }
    assert_int_equal(ext4_begin(fs), 0);
    fs->ext2->super->s_last_orphan = 0;
    ext4_node_of(node)->inode.i_dtime = 0;
    assert_int_equal(ext4_node_write(ext4_node_of(node)), 0);
    ext2fs_mark_super_dirty(fs->ext2);
    ext4_end(fs, 0);
    node_put(node);
}

static void renaming_replaces(void **state)
{
    uint64_t before;

    (void)state;
    assert_int_equal(path_mkdir(NULL, "/data/a", 0755), 0);
    before = blocks_free();
    fill_file("/data/a/old", 100000, 'o');
    put_text("/data/new", "new");
    assert_int_equal(path_rename(NULL, "/data/new", NULL, "/data/a/old"), 0);
    assert_text("/data/a/old", "new");
    assert_false(exists("/data/new"));
    assert_int_equal(blocks_free(), before - 1);
    assert_int_equal(path_mkdir(NULL, "/data/a/sub", 0755), 0);
    assert_int_equal(path_mkdir(NULL, "/data/empty", 0755), 0);
    assert_int_equal(stat_of("/data").nlink, 5); /* lost+found, a, empty */
    assert_int_equal(path_rename(NULL, "/data/empty", NULL, "/data/a"), -ENOTEMPTY);
    assert_int_equal(path_rename(NULL, "/data/a/sub", NULL, "/data/empty"), 0);
    assert_int_equal(stat_of("/data/a").nlink, 2);
    assert_int_equal(stat_of("/data/empty").nlink, 2);
    assert_int_equal(path_rename(NULL, "/data/empty", NULL, "/data/a/moved"), 0);
    assert_int_equal(stat_of("/data").nlink, 4);
    assert_int_equal(stat_of("/data/a").nlink, 3);
    assert_int_equal(stat_of("/data/a/moved/..").ino, stat_of("/data/a").ino);
}

static void the_end_of_the_last_block_is_zero_after_a_cut(void **state)
{
    struct file *f;
    char buf[8192];

    (void)state;
    fill_file("/data/f", 8192, 'x');
    f = must_open("/data/f", FILE_RDWR);
    assert_int_equal(file_truncate(f, 100), 0);
    assert_int_equal(file_truncate(f, 8192), 0);
    assert_int_equal(file_pread(f, buf, sizeof(buf), 0), 8192);
    for (unsigned i = 0; i < sizeof(buf); i++)
        assert_int_equal(buf[i], i < 100 ? 'x' : 0);
    file_put(f);
}

static void allocated_blocks_read_as_zeroes_and_are_kept(void **state)
{
    uint64_t before = blocks_free();
    struct file *f = must_open("/data/f", FILE_RDWR | FILE_CREAT);
    char buf[4096] = "";

    (void)state;
    assert_int_equal(file_allocate(f, ALLOCATE_KEEP_SIZE, 0, 1 << 20), 0);
    assert_int_equal(stat_of("/data/f").size, 0);
    assert_int_equal(blocks_free(), before - 256);
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 0, 1 << 20), 0);
    assert_int_equal(blocks_free(), before - 256);
    assert_int_equal(file_pwrite(f, "text", 4, 500000), 4);
    assert_int_equal(file_pread(f, buf, 4096, 499000), 4096);
    for (int i = 0; i < 4096; i++)
        assert_int_equal(buf[i], i >= 1000 && i < 1004 ? "text"[i - 1000] : 0);
    assert_int_equal(file_allocate(f, ALLOCATE_PUNCH, 400000, 200000), 0);
    assert_true(blocks_free() > before - 256);
    assert_int_equal(file_pread(f, buf, 4, 500000), 4);
    assert_int_equal(buf[0], 0);
    file_put(f);
    image_again();
}

/* With both ends within a block, and within one block. */
static void a_hole_reads_as_zeroes_and_its_neighbours_stay(void **state)
{
    static const unsigned ranges[][2] = {
        {100, 200}, {5000, 15000}, {4096, 8192}, {16000, 16384}, {20000, 40000}};
    static char buf[40000];
    struct file *f;

    (void)state;
    for (unsigned r = 0; r < ARRAY_SIZE(ranges); r++) {
        fill_file("/data/f", sizeof(buf), 'x');
        f = must_open("/data/f", FILE_RDWR);
        assert_int_equal(file_allocate(f, r % 2 ? ALLOCATE_PUNCH : ALLOCATE_ZERO, ranges[r][0],
                                       ranges[r][1] - ranges[r][0]),
                         0);
        assert_int_equal(file_pread(f, buf, sizeof(buf), 0), sizeof(buf));
        for (unsigned i = 0; i < sizeof(buf); i++)
            assert_int_equal(buf[i], i >= ranges[r][0] && i < ranges[r][1] ? 0 : 'x');
        file_put(f);
    }
}

/* Of each file name-N there is only one, whatever was removed meanwhile. */
static void a_directory_is_read_while_it_changes(void **state)
{
    struct file_dirent e;
    struct file *dir;
    unsigned seen = 0, n;
    char path[300];

    (void)state;
    for (n = 0; n < 500; n++) {
        snprintf(path, sizeof(path), "/data/%0150u", n);
        put_text(path, "");
    }
    dir = must_open("/data", FILE_RDONLY);
    while (file_readdir(dir, &e) > 0) {
        if (e.name_len != 150)
            continue;
        seen++;
        assert_int_equal(e.type, 8);
        snprintf(path, sizeof(path), "/data/%s", e.name);
        assert_int_equal(path_unlink(NULL, path), 0);
        snprintf(path, sizeof(path), "/data/%0150u", n++);
        put_text(path, "");
    }
    assert_int_equal(seen, 500);
    file_put(dir);
    dir = must_open("/data", FILE_RDONLY);
    for (seen = 0; file_readdir(dir, &e) > 0;)
        seen += e.name_len == 150;
    assert_int_equal(seen, 500);
    file_put(dir);
    image_again();
}

static void many_names_in_an_indexed_directory(void **state)
{
    char path[300];

    (void)state;
    image_unmount();
    /* e2fsck makes the index, as Linux does when a directory grows */
    assert_int_equal(
        image_run(
            image.disk.content, image.size,
            "i=0; echo mkdir /d >$IMAGE.cmd; echo cd /d >>$IMAGE.cmd; while [ $i -lt 1500 ]; do"
            " echo \"write /dev/null linux-$i-with-a-name-that-takes-some-room\";"
            " i=$((i + 1)); done >>$IMAGE.cmd; debugfs -w -f $IMAGE.cmd $IMAGE >/dev/null;"
            " e2fsck -fyD $IMAGE; [ $? -le 1 ]; rm -f $IMAGE.cmd; "
            "debugfs -R 'htree_dump /d' $IMAGE | grep -q 'Root node dump'",
            true),
        0);
    assert_int_equal(image_mount(), 0);
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(path, sizeof(path), "/data/d/linux-%u-with-a-name-that-takes-some-room", i);
        assert_true(exists(path));
        assert_int_equal(i % 3 ? 0 : path_unlink(NULL, path), 0);
    }
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(path, sizeof(path), "/data/d/ours-%u-and-of-these-there-are-more-than-of-those",
                 i);
        put_text(path, "");
        assert_false(exists("/data/d/absent"));
    }
    image_again();
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(path, sizeof(path), "/data/d/linux-%u-with-a-name-that-takes-some-room", i);
        assert_int_equal(exists(path), i % 3 != 0);
        snprintf(path, sizeof(path), "/data/d/ours-%u-and-of-these-there-are-more-than-of-those",
                 i);
        assert_true(exists(path));
    }
}

static void a_directory_that_grows_gets_an_index(void **state)
{
    char path[300];

    (void)state;
    assert_int_equal(path_mkdir(NULL, "/data/d", 0755), 0);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(path, sizeof(path), "/data/d/%u-%.*s", i, (int)(i * 37 % 200),
                 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabc"
                 "defghijk"
                 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabc"
                 "defghijklmnopqrstuvwxyz");
        put_text(path, "");
        assert_true(exists(path));
        if (i == 100)
            image_again();
    }
    image_again();
    image_unmount();
    assert_int_equal(image_run(image.disk.content, image.size,
                               "debugfs -R 'htree_dump /d' $IMAGE 2>/dev/null | grep -q 'Number of "
                               "entries (count): [1-9]'",
                               false),
                     0);
    assert_int_equal(image_mount(), 0);
}

/* Blocks up to the disk's last one are used, and freed. */
static void the_last_block_of_the_disk(void **state)
{
    uint64_t before = blocks_free();
    struct file *f = must_open("/data/f", FILE_RDWR | FILE_CREAT);
    static char piece[1 << 16];
    int64_t ret;

    (void)state;
    while ((ret = file_write(f, piece, sizeof(piece))) > 0)
        ;
    assert_int_equal(ret, -ENOSPC);
    assert_true(blocks_free() < 20);
    assert_int_equal(file_allocate(f, ALLOCATE_PUNCH, 8192, 4096), 0);
    file_put(f);
    image_again();
    assert_int_equal(path_unlink(NULL, "/data/f"), 0);
    assert_int_equal(blocks_free(), before);
}

static void too_large(void **state)
{
    struct file *f = must_open("/data/f", FILE_RDWR | FILE_CREAT);

    (void)state;
    assert_int_equal(file_pwrite(f, "x", 1, INT64_MAX - 10), -EFBIG);
    assert_int_equal(file_truncate(f, INT64_MAX), -EFBIG);
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 0, 1ll << 40), -ENOSPC);
    assert_int_equal(stat_of("/data/f").size, 0);
    assert_int_equal(file_truncate(f, 1ll << 43), 0); /* 8 TiB of nothing */
    assert_int_equal(file_pwrite(f, "x", 1, 1ll << 42), 1);
    file_put(f);
    image_again();
    assert_int_equal(stat_of("/data/f").size, 1ll << 43);
}

static void attributes_are_kept(void **state)
{
    struct node_attr attr = {.set = ATTR_MODE | ATTR_OWNER | ATTR_GROUP | ATTR_ATIME | ATTR_MTIME,
                             .mode = 0640,
                             .uid = 100000,
                             .gid = 200000,
                             .atime = 4000000000123456789ll,
                             .mtime = -123456789012ll};
    struct file_stat st;

    (void)state;
    put_text("/data/f", "text");
    assert_int_equal(path_setattr(NULL, "/data/f", 0, &attr), 0);
    image_again();
    st = stat_of("/data/f");
    assert_int_equal(st.mode, MODE_REGULAR | 0640);
    assert_int_equal(st.uid, 100000);
    assert_int_equal(st.gid, 200000);
    assert_int_equal(st.atime, attr.atime);
    assert_int_equal(st.mtime, attr.mtime);
}

static void nothing_changes_in_a_read_only_one(void **state)
{
    uint8_t *before = malloc(image.size);

    (void)state;
    put_text("/data/f", "text");
    image_unmount();
    image.config.flags = STORE_READ_ONLY;
    memcpy(before, image.disk.content, image.size);
    assert_int_equal(image_mount(), 0);
    assert_text("/data/f", "text");
    assert_int_equal(try_open("/data/f", FILE_RDWR), -EROFS);
    assert_int_equal(try_open("/data/g", FILE_RDWR | FILE_CREAT), -EROFS);
    assert_int_equal(path_mkdir(NULL, "/data/d", 0755), -EROFS);
    assert_int_equal(path_unlink(NULL, "/data/f"), -EROFS);
    assert_memory_equal(before, image.disk.content, image.size);
    free(before);
}

/* At the guest's end files are open, and one has no name. */
static void the_guest_ends(void **state)
{
    struct file *f = must_open("/data/f", FILE_RDWR | FILE_CREAT);
    struct file *g = must_open("/data/g", FILE_RDWR | FILE_CREAT);

    (void)state;
    assert_int_equal(file_write(f, "text", 4), 4);
    assert_int_equal(path_unlink(NULL, "/data/g"), 0);
    assert_int_equal(ext4_end_use(f->node->mount, DEADLINE_NEVER), 0);
    assert_int_equal(image_check(image.disk.content, image.size), 0);
    assert_int_equal(file_write(f, "more", 4), -EIO);
    assert_int_equal(file_sync(f, false), -EIO);
    assert_int_equal(path_mkdir(NULL, "/data/d", 0755), -EIO);
    file_put(f);
    file_put(g);
    assert_int_equal(fs_unmount("/data"), -EIO); /* it is there no more */
    mount_reset();
    fs_forget();
    assert_int_equal(path_mkdir(NULL, "/data", 0755), 0);
    assert_int_equal(image_mount(), 0);
    assert_text("/data/f", "text");
    image_unmount();
    free(image.disk.content);
    fs_end();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_without_names_lives_while_it_is_open),
        TEST(a_crash_frees_files_without_names),
        TEST(a_crash_completes_a_truncation),
        TEST(a_list_of_orphans_that_makes_no_sense_is_left),
        TEST(renaming_replaces),
        TEST(the_end_of_the_last_block_is_zero_after_a_cut),
        TEST(allocated_blocks_read_as_zeroes_and_are_kept),
        TEST(a_hole_reads_as_zeroes_and_its_neighbours_stay),
        TEST(a_directory_is_read_while_it_changes),
        TEST(many_names_in_an_indexed_directory),
        TEST(a_directory_that_grows_gets_an_index),
        TEST(the_last_block_of_the_disk),
        TEST(too_large),
        TEST(attributes_are_kept),
        TEST(nothing_changes_in_a_read_only_one),
    };
    const struct CMUnitTest end[] = {cmocka_unit_test_setup(the_guest_ends, setup)};

    return cmocka_run_group_tests_name("files", tests, NULL, NULL) +
           cmocka_run_group_tests_name("files_end", end, NULL, NULL);
}
