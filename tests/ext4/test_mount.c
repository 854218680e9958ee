/* SPDX-License-Identifier: MIT */
/* What is mounted of what is on a disk, and the words of a command line. */
#include "files_test.h"

#include <ringlet/mount.h>
#include <ringlet/shutdown.h>

#include "lib/fs/ext4/mount/mount.h"
#include "lib/fs/ext4/mount/words.h"
#include "lib/fs/romfs.h"

#define SIZE (8u << 20)

static struct memory_disk disk;

static int begin(void **state)
{
    (void)state;
    fs_start(64 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(disk.content);
    disk.content = NULL;
    fs_end();
    return 0;
}

/* The content of a file that the command writes to $IMAGE. */
static void disk_of(const char *command)
{
    disk.content = calloc(1, SIZE);
    assert_int_equal(image_run(disk.content, SIZE, command, true), 0);
    memory_disk_init(&disk, disk.content, SIZE);
}

static void ext4_is_mounted_and_unmounted(void **state)
{
    (void)state;
    disk.content = image_make("-t ext4", SIZE);
    memory_disk_init(&disk, disk.content, SIZE);
    assert_int_equal(ext4_mount_disk(&disk.disk, "/a/long/path", 0), 0);
    put_text("/a/long/path/file", "text");
    assert_int_equal(ringlet_unmount("/a/long"), -EINVAL);
    assert_int_equal(path_chdir(NULL, "/a/long/path"), 0);
    assert_int_equal(ringlet_unmount("/a/long/path"), -EBUSY);
    assert_int_equal(path_chdir(NULL, "/"), 0);
    assert_int_equal(ringlet_unmount("/a/long/path"), 0);
    assert_false(exists("/a/long/path/file"));
    assert_int_equal(image_check(disk.content, SIZE), 0);
    assert_int_equal(ringlet_unmount("/a/long/path"), -EINVAL);
    memory_disk_init(&disk, disk.content, SIZE);
    assert_int_equal(ext4_mount_disk(&disk.disk, "/a/long/path", RINGLET_MOUNT_READ_ONLY), 0);
    assert_text("/a/long/path/file", "text");
    assert_int_equal(ringlet_unmount("/a/long/path"), 0);
}

static void an_archive_is_mounted(void **state)
{
    (void)state;
    disk_of(
        "mkdir $IMAGE.d && echo text >$IMAGE.d/file && mkdir $IMAGE.d/sub && head -c 100000 "
        "/dev/zero >$IMAGE.d/sub/large &&"
        " tar -C $IMAGE.d --sort=name -cf $IMAGE.tar . && dd if=$IMAGE.tar of=$IMAGE conv=notrunc "
        "2>/dev/null; s=$?; rm -r $IMAGE.d $IMAGE.tar; exit $s");
    assert_int_equal(ext4_mount_disk(&disk.disk, "/data", 0), 0);
    assert_text("/data/file", "text\n");
    assert_true(exists("/data/sub/large"));
    assert_int_equal(try_open("/data/file", FILE_RDWR), -EROFS);
    assert_int_equal(ringlet_unmount("/data"), 0);
    /* one that ends with the disk, one that goes beyond it, one that claims all there is */
    memory_disk_init(&disk, disk.content, 2048);
    assert_int_equal(ext4_mount_disk(&disk.disk, "/data", 0), 0);
    assert_text("/data/file", "text\n");
    assert_int_equal(ringlet_unmount("/data"), 0);
    memory_disk_init(&disk, disk.content, 1024);
    assert_int_equal(ext4_mount_disk(&disk.disk, "/data", 0), -EINVAL);
    memset(disk.content + 124, 0xff, 12);
    memory_disk_init(&disk, disk.content, SIZE);
    assert_int_equal(ext4_mount_disk(&disk.disk, "/data", 0), -EINVAL);
    assert_int_equal(ringlet_unmount("/data"), -EINVAL);
}

static void others_are_refused_and_left_alone(void **state)
{
    static const struct {
        size_t at;
        const char *bytes;
    } others[] = {{0, ""},           {0, "XFSB"},   {0, "\x1f\x8b\x08"},
                  {510, "\x55\xaa"}, {54, "FAT16"}, {2000, "x"}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        disk.content = calloc(1, SIZE);
        memcpy(disk.content + others[i].at, others[i].bytes, strlen(others[i].bytes));
        memory_disk_init(&disk, disk.content, SIZE);
        assert_int_equal(ext4_mount_disk(&disk.disk, "/data", 0), -EINVAL);
        assert_int_equal(disk.writes, 0);
        free(disk.content);
    }
    disk.content = NULL;
}

/* Disks of several sizes, with one group and with many; what is there afterwards is e2fsck's to judge. */
static void a_file_system_is_made_on_an_empty_disk(void **state)
{
    static const uint64_t sizes[] = {8 << 20, (8 << 20) + 12345 * 512, 128 << 20,
                                     (129 << 20) + 4096, (390 << 20) + 512};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        disk.content = calloc(1, sizes[i]);
        memory_disk_init(&disk, disk.content, sizes[i]);
        assert_int_equal(ext4_mount_disk(&disk.disk, "/data", 0), -EINVAL);
        memory_disk_init(&disk, disk.content, sizes[i]);
        assert_int_equal(ext4_mount_disk(&disk.disk, "/data", RINGLET_MOUNT_MAKE), 0);
        put_text("/data/file", "text");
        assert_int_equal(ringlet_unmount("/data"), 0);
        assert_int_equal(image_check(disk.content, sizes[i]), 0);
        memory_disk_init(&disk, disk.content, sizes[i]); /* it is not made again */
        assert_int_equal(ext4_mount_disk(&disk.disk, "/data", RINGLET_MOUNT_MAKE), 0);
        assert_text("/data/file", "text");
        assert_int_equal(ringlet_unmount("/data"), 0);
        free(disk.content);
    }
    disk.content = calloc(1, SIZE);
    disk.content[(1 << 20) - 1] = 1;
    memory_disk_init(&disk, disk.content, SIZE);
    assert_int_equal(ext4_mount_disk(&disk.disk, "/data", RINGLET_MOUNT_MAKE), -EINVAL);
    assert_int_equal(disk.writes, 0);
    memory_disk_init(&disk, disk.content, SIZE - 4096);
    assert_int_equal(ext4_mount_disk(&disk.disk, "/data", RINGLET_MOUNT_MAKE), -ENOSPC);
    assert_int_equal(disk.writes, 0);
}

static void only_its_own_words_are_taken(void **state)
{
    char word[] = "mount=/dev/xvda:/data", other[] = "mounted=1", env[] = "env.A=b";

    (void)state;
    assert_int_equal(mount_take_word(word), 1);
    assert_int_equal(mount_take_word(other), 0);
    assert_int_equal(mount_take_word(env), 0);
    assert_int_equal(ringlet_mount("xvda", "data", 0), -EINVAL);
}

static void options_become_flags(void **state)
{
    static const struct {
        const char *text;
        int ret;
        unsigned flags;
    } cases[] = {
        {"ro", 0, RINGLET_MOUNT_READ_ONLY},
        {"mkfs:cache=64", 0, RINGLET_MOUNT_MAKE | RINGLET_MOUNT_CACHE(64)},
        {"cache=16777215:ro", 0, RINGLET_MOUNT_CACHE(16777215) | RINGLET_MOUNT_READ_ONLY},
        {"cache=8:cache=9", 0, RINGLET_MOUNT_CACHE(9)},
        {"cache=16777216", -EINVAL, 0},
        {"cache=99999999999999999999999", -EINVAL, 0},
        {"cache=0", -EINVAL, 0},
        {"cache=", -EINVAL, 0},
        {"cache=4k", -EINVAL, 0},
        {"cache=-1", -EINVAL, 0},
        {"cached", -EINVAL, 0},
        {"", -EINVAL, 0},
    };
    unsigned flags;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[64];

        snprintf(text, sizeof(text), "%s", cases[i].text);
        assert_int_equal(mount_options("xvda", text, &flags), cases[i].ret);
        if (cases[i].ret == 0)
            assert_int_equal(flags, cases[i].flags);
    }
    assert_int_equal(mount_options("xvda", NULL, &flags), 0);
    assert_int_equal(flags, 0);
}

/* The file stays in memory as a whole only if the cache has room for it. */
static void the_cache_has_the_size_that_was_asked_for(void **state)
{
    static char data[6 << 20];
    static const unsigned mib[] = {4, 16};

    (void)state;
    disk.content = image_make("-t ext4", SIZE);
    memset(data, 'x', sizeof(data));
    for (unsigned i = 0; i < ARRAY_SIZE(mib); i++) {
        uint64_t reads;
        struct file *f;

        memory_disk_init(&disk, disk.content, SIZE);
        assert_int_equal(ext4_mount_disk(&disk.disk, "/data", RINGLET_MOUNT_CACHE(mib[i])), 0);
        assert_int_equal(path_open(NULL, "/data/f", FILE_RDWR | FILE_CREAT, 0644, &f), 0);
        for (unsigned at = 0; at < sizeof(data); at += 1 << 20)
            assert_int_equal(file_pwrite(f, data + at, 1 << 20, at), 1 << 20);
        reads = disk.reads;
        assert_int_equal(file_pread(f, data, sizeof(data), 0), sizeof(data));
        assert_int_equal(disk.reads == reads, mib[i] == 16);
        if (mib[i] == 16) { /* but for what is told to go, and is on the disk */
            assert_int_equal(f->ops->forget(f, 0, 0), 0);
            memset(data, 0, 8192);
            assert_int_equal(file_pread(f, data, 8192, 1 << 20), 8192);
            assert_true(data[0] == 'x' && data[8191] == 'x');
            assert_int_equal(file_sync(f, false), 0);
            assert_int_equal(f->ops->forget(f, 8192, 1 << 20), 0);
            reads = disk.reads;
            assert_int_equal(file_pread(f, data, 4096, 0), 4096);
            assert_int_equal(disk.reads, reads);
            assert_int_equal(file_pread(f, data, 4096, 1 << 20), 4096);
            assert_true(disk.reads > reads);
            assert_int_equal(f->ops->forget(f, 100 << 20, 1), 0);
        }
        assert_int_equal(file_put(f), 0);
        assert_int_equal(ringlet_unmount("/data"), 0);
    }
    assert_int_equal(image_check(disk.content, SIZE), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(ext4_is_mounted_and_unmounted),
        TEST(an_archive_is_mounted),
        TEST(others_are_refused_and_left_alone),
        TEST(a_file_system_is_made_on_an_empty_disk),
        TEST(only_its_own_words_are_taken),
        TEST(options_become_flags),
        TEST(the_cache_has_the_size_that_was_asked_for),
    };

    return cmocka_run_group_tests_name("mount", tests, NULL, NULL);
}
