/* SPDX-License-Identifier: MIT */
/* Disks as files: data, ends, flags, sharing; and /dev, which shows them. */
#include "fake_vbd.h"
#include "fs_test.h"

#include "lib/fs/blockdev.h"

#define SIZE (4096 * 512) /* of vbd_configure's disks */

static uint8_t buf[16384], got[16384];

static int setup(void **state)
{
    if (vbd_setup(state))
        return -1;
    fs_forget();
    fake_text(FRONT, ""); /* so that it can be listed */
    blockdev_configure(NULL);
    for (size_t i = 0; i < sizeof(buf); i++)
        buf[i] = (uint8_t)(i * 11 + i / 300);
    return 0;
}

static int teardown(void **state)
{
    fd_reset();
    return vbd_teardown(state);
}

static struct file *open_disk(unsigned flags)
{
    struct file *f = NULL;

    assert_int_equal(path_open(NULL, "/dev/xvda", flags, 0, &f), 0);
    if (!attached[0]) {
        fdisk_detach(&disk[0]); /* what an earlier open has left */
        vbd_attach(0, blockdev_handle(f));
    }
    return f;
}

static void reads_and_writes_anywhere(void **state)
{
    struct file *f = open_disk(FILE_RDWR);
    struct file_iovec iov[3] = {{got, 100}, {got + 100, 0}, {got + 100, 5000}};

    (void)state;
    assert_int_equal(file_pwrite(f, buf, sizeof(buf), 12345), sizeof(buf));
    assert_memory_equal(disk[0].data + 12345, buf, sizeof(buf));
    assert_int_equal(file_seek(f, 12346, 0), 12346);
    assert_int_equal(file_read(f, got, 1000), 1000);
    assert_memory_equal(got, buf + 1, 1000);
    assert_int_equal(file_seek(f, 0, 1), 13346);
    assert_int_equal(file_preadv(f, iov, 3, 12345), 5100);
    assert_memory_equal(got, buf, 5100);
    assert_int_equal(file_seek(f, 0, 2), SIZE);
    file_put(f);
}

static void the_end(void **state)
{
    struct file *f = open_disk(FILE_RDWR);
    struct file_iovec iov[3] = {{got, 300}, {got + 300, 300}, {got + 600, 300}};

    (void)state;
    assert_int_equal(file_pwrite(f, buf, 1000, SIZE - 500), 500);
    assert_int_equal(file_pwrite(f, buf, 1, SIZE), -ENOSPC);
    assert_int_equal(file_pread(f, got, 1000, SIZE - 500), 500);
    assert_memory_equal(got, buf, 500);
    assert_int_equal(file_pread(f, got, 1000, SIZE), 0);
    assert_int_equal(file_pread(f, got, 1000, SIZE + (1LL << 50)), 0);
    memset(got, 0, 1000);
    assert_int_equal(file_preadv(f, iov, 3, SIZE - 500), 500);
    assert_memory_equal(got, buf, 500);
    assert_int_equal(got[500], 0);
    mem_fail_nth(1); /* a vector that must be cut takes memory */
    assert_int_equal(file_preadv(f, iov, 3, SIZE - 500), -ENOMEM);
    mem_fail_nth(0);
    file_put(f);
}

static void stable_storage(void **state)
{
    struct file *f = open_disk(FILE_RDWR);

    (void)state;
    file_pwrite(f, buf, 4096, 0);
    assert_int_equal(disk[0].flushes, 0);
    assert_int_equal(file_sync(f, true), 0);
    assert_int_equal(disk[0].flushes, 1);
    file_set_flags(f, FILE_DSYNC);
    file_pwrite(f, buf, 4096, 0);
    assert_int_equal(disk[0].flushes, 2);
    file_pread(f, got, 4096, 0);
    assert_int_equal(disk[0].flushes, 2);
    file_set_flags(f, FILE_SYNC);
    file_pwrite(f, buf, 4096, 0);
    assert_int_equal(file_ioctl(f, BLOCK_FLUSH, NULL), 0);
    assert_int_equal(disk[0].flushes, 4);
    file_put(f);
}

static void errors_of_the_disk(void **state)
{
    struct file *f = open_disk(FILE_RDWR);

    (void)state;
    disk[0].error_every = 1;
    assert_int_equal(file_read(f, got, 4096), -EIO);
    assert_int_equal(file_write(f, buf, 4096), -EIO);
    assert_int_equal(file_seek(f, 0, 1), 0);
    disk[0].flush_status = BLKIF_RSP_ERROR;
    assert_int_equal(file_sync(f, false), -EIO);
    file_put(f);
}

static void opens_share_the_device(void **state)
{
    struct file *f = open_disk(FILE_RDWR), *g = open_disk(FILE_RDONLY), *h;
    const int64_t *size = NULL;

    (void)state;
    assert_ptr_equal(blockdev_handle(f), blockdev_handle(g));
    assert_ptr_equal(blockdev_disk(f, &size), blockdev_handle(f));
    assert_int_equal(*size, file_seek(f, 0, 2));
    assert_int_equal(path_open(NULL, "/tmp/no-disk", FILE_RDWR | FILE_CREAT, 0644, &h), 0);
    assert_null(blockdev_disk(h, &size));
    file_put(h);
    assert_int_equal(path_open(NULL, "/dev/xvda", FILE_RDONLY | FILE_EXCL, 0, &h), -EBUSY);
    assert_int_equal(file_write(g, buf, 1), -EBADF);
    file_put(f);
    assert_int_equal(file_pread(g, got, 512, 0), 512);
    file_put(g);
    /* closed with the last: the backend has seen it */
    assert_false(attached[0]);
    vbd_fresh(0);
    f = open_disk(FILE_RDWR | FILE_EXCL);
    assert_int_equal(path_open(NULL, "/dev/xvda", FILE_RDONLY, 0, &h), -EBUSY);
    file_put(f);
    vbd_fresh(0);
    f = open_disk(FILE_RDWR);
    file_put(f);
}

static struct file *shared;
static int64_t results[2];

static void read_half(void *arg)
{
    unsigned i = (unsigned)(uintptr_t)arg;

    results[i] = file_read(shared, got + i * 8192, 8192);
}

/* While one waits for the disk, the other waits for the position. */
static void two_threads_share_a_position(void **state)
{
    struct thread *t[2];

    (void)state;
    shared = open_disk(FILE_RDWR);
    file_pwrite(shared, buf, sizeof(buf), 0);
    for (uintptr_t i = 0; i < 2; i++)
        assert_int_equal(thread_create(&t[i], "reader", read_half, (void *)i, 65536), 0);
    thread_join(t[0]);
    thread_join(t[1]);
    assert_true(results[0] == 8192 && results[1] == 8192);
    assert_memory_equal(got, buf, sizeof(buf));
    assert_int_equal(file_seek(shared, 0, 1), 16384);
    file_put(shared);
}

static struct file *opened[2];

static void open_one(void *arg)
{
    unsigned i = (unsigned)(uintptr_t)arg;

    results[i] = path_open(NULL, "/dev/xvda", FILE_RDWR, 0, &opened[i]);
}

/* The second waits until the first has connected the disk, instead of finding it in use. */
static void two_threads_open_a_disk(void **state)
{
    struct thread *t[2];

    (void)state;
    for (uintptr_t i = 0; i < 2; i++)
        assert_int_equal(thread_create(&t[i], "opener", open_one, (void *)i, 65536), 0);
    thread_join(t[0]);
    thread_join(t[1]);
    assert_true(results[0] == 0 && results[1] == 0);
    assert_ptr_equal(blockdev_handle(opened[0]), blockdev_handle(opened[1]));
    file_put(opened[0]);
    file_put(opened[1]);
}

static void which_disks_there_are(void **state)
{
    struct file *f;
    struct file_stat st;

    (void)state;
    assert_int_equal(try_open("/dev/xvdb", FILE_RDONLY), -ENOENT);
    assert_int_equal(try_open("/dev/51712", FILE_RDONLY), -ENOENT); /* no second name */
    assert_int_equal(blockdev_open("xvdb", FILE_RDONLY, &f), -ENXIO);
    assert_int_equal(blockdev_open("x", FILE_RDONLY, &f), -ENXIO);
    assert_int_equal(path_stat(NULL, "/dev/xvda", 0, &st), 0);
    assert_int_equal(st.mode, MODE_BLOCK | 0600);
    assert_int_equal(st.rdev, 51712);
    refuses = true;
    assert_int_equal(try_open("/dev/xvda", FILE_RDONLY), -ENODEV);
}

static void a_read_only_disk(void **state)
{
    struct file *f;
    int ro = 0;

    (void)state;
    vbd_set(0, true, "info", "4");
    vbd_set(0, true, "mode", "r");
    assert_int_equal(try_open("/dev/xvda", FILE_RDWR), -EROFS);
    vbd_fresh(0);
    f = open_disk(FILE_RDONLY);
    assert_int_equal(file_ioctl(f, BLOCK_READ_ONLY, &ro), 0);
    assert_int_equal(ro, 1);
    assert_int_equal(path_open(NULL, "/dev/xvda", FILE_WRONLY, 0, &f), -EROFS);
    assert_int_equal(file_pread(f, got, 512, 0), 512);
    file_put(f);
}

static void sizes_and_discards(void **state)
{
    struct file *f;
    uint64_t size = 0, range[2] = {8192, 4096};
    struct file_stat st;
    int sector = 0;
    unsigned physical = 0;

    (void)state;
    vbd_set(0, true, "feature-discard", "1");
    vbd_set(0, true, "discard-granularity", "4096");
    f = open_disk(FILE_RDWR);
    assert_int_equal(file_stat(f, &st), 0);
    assert_true(st.size == SIZE && st.mode == (MODE_BLOCK | 0600) && st.rdev == 51712);
    assert_int_equal(file_ioctl(f, BLOCK_GET_SIZE, &size), 0);
    assert_int_equal(size, SIZE);
    assert_int_equal(file_ioctl(f, BLOCK_SECTOR, &sector), 0);
    assert_int_equal(sector, 512);
    assert_int_equal(file_ioctl(f, BLOCK_PHYSICAL, &physical), 0);
    assert_int_equal(physical, 512);
    assert_int_equal(file_ioctl(f, 1, NULL), -ENOTTY);
    file_pwrite(f, buf, sizeof(buf), 0);
    assert_int_equal(file_ioctl(f, BLOCK_DISCARD, range), 0);
    assert_int_equal(disk[0].data[8192], FDISK_DISCARDED);
    assert_int_equal(disk[0].data[12288], buf[12288]);
    assert_int_equal(file_allocate(f, ALLOCATE_PUNCH, 0, 4096), 0);
    assert_int_equal(disk[0].data[0], FDISK_DISCARDED);
    assert_int_equal(file_allocate(f, ALLOCATE_PUNCH, SIZE, 4096), 0);
    assert_int_equal(file_allocate(f, ALLOCATE_ZERO, 0, 4096), -EOPNOTSUPP);
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 0, 4096), -EOPNOTSUPP);
    range[0] = SIZE - 512; /* beyond the end, and no whole sectors */
    assert_int_equal(file_ioctl(f, BLOCK_DISCARD, range), -EINVAL);
    range[0] = 8192 - 1;
    assert_int_equal(file_ioctl(f, BLOCK_DISCARD, range), -EINVAL);
    range[0] = 8192;
    range[1]++;
    assert_int_equal(file_ioctl(f, BLOCK_DISCARD, range), -EINVAL);
    range[1]--;
    file_put(f);
    vbd_fresh(0);
    f = open_disk(FILE_RDONLY);
    range[0] = 0;
    assert_int_equal(file_ioctl(f, BLOCK_DISCARD, range), -EBADF);
    file_put(f);
}

static void a_disk_that_grows(void **state)
{
    struct file *f = open_disk(FILE_RDWR);

    (void)state;
    vbd_set(0, true, "sectors", "2048");
    backend_state(0, XenbusStateConnected);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(file_seek(f, 0, 2), 2048 * 512);
    assert_int_equal(file_pread(f, got, 512, 2048 * 512), 0);
    assert_int_equal(file_pwrite(f, buf, 1024, 2047 * 512), 512);
    file_put(f);
}

static void in_the_directory(void **state)
{
    struct file *f = must_open("/dev", FILE_RDONLY);
    struct file_dirent e;
    bool disk_seen = false, null_seen = false;
    unsigned n = 0;

    (void)state;
    while (file_readdir(f, &e) == 1) {
        struct file_stat st;
        char path[300];

        snprintf(path, sizeof(path), "/dev/%s", e.name);
        assert_int_equal(path_stat(NULL, path, 0, &st), 0);
        if (strncmp(e.name, "std", 3) && strcmp(e.name, ".."))
            assert_int_equal(st.ino, e.ino);
        disk_seen |= !strcmp(e.name, "xvda") && e.type == MODE_BLOCK >> 12;
        null_seen |= !strcmp(e.name, "null") && e.type == MODE_CHAR >> 12;
        n++;
    }
    assert_true(disk_seen && null_seen);
    assert_int_equal(n, 2 + 1 + 3 + 7 + 1);
    file_put(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(reads_and_writes_anywhere),
        TEST(the_end),
        TEST(stable_storage),
        TEST(errors_of_the_disk),
        TEST(opens_share_the_device),
        TEST(two_threads_share_a_position),
        TEST(two_threads_open_a_disk),
        TEST(which_disks_there_are),
        TEST(a_read_only_disk),
        TEST(sizes_and_discards),
        TEST(a_disk_that_grows),
        TEST(in_the_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
