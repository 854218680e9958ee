/* SPDX-License-Identifier: MIT */
/* Errors of the disk and want of memory: nothing is said to be written that is not. */
#include <unistd.h>

#include "files_test.h"

#define SIZE  (16u << 20)
#define LARGE (3u << 20) /* more than one step of a write */

static char content[LARGE];

static struct file *make(const char *path, size_t len)
{
    struct file *f = must_open(path, FILE_RDWR | FILE_CREAT);

    memset(content, 'x', sizeof(content));
    assert_int_equal(file_pwrite(f, content, len, 0), len);
    assert_int_equal(file_sync(f, false), 0);
    return f;
}

/* Of files that were written before, each one's fsync says it, once. */
static void each_file_tells_of_an_error(void **state)
{
    struct file *a, *b, *c;

    (void)state;
    image_begin("-t ext4", SIZE);
    a = make("/data/a", 4096);
    b = make("/data/b", 4096);
    assert_int_equal(file_pwrite(a, "changed", 7, 0), 7);
    assert_int_equal(file_pwrite(b, "changed", 7, 0), 7);
    image.disk.fail_write = image.disk.writes + 1;
    image.disk.fail_count = 1;
    assert_int_equal(file_sync(a, false), -EIO);
    assert_int_equal(file_sync(a, false), 0);
    c = make("/data/c", 4096);
    assert_int_equal(file_sync(b, false), -EIO);
    assert_int_equal(file_sync(b, false), 0);
    file_put(a);
    file_put(b);
    file_put(c);
    image_end();
}

/* Also where a write takes several steps, of which the first one fails. */
static void a_write_that_fails_has_written_nothing(void **state)
{
    struct file *f, *direct;

    (void)state;
    image_begin("-t ext4", SIZE);
    f = make("/data/f", LARGE);
    direct = must_open("/data/f", FILE_RDWR | FILE_DIRECT);
    image.disk.fail_write = image.disk.writes + 1;
    image.disk.fail_count = 1;
    assert_int_equal(
        file_pwrite(direct, (char *)(((uintptr_t)content + 4095) & ~4095ul), 2 << 20, 0), -EIO);
    image.disk.fail_write = image.disk.writes + 1;
    image.disk.fail_count = 0;
    assert_int_equal(path_mkdir(NULL, "/data/d", 0755), 0);
    assert_int_not_equal(file_sync(f, false), 0);
    assert_int_equal(file_pwrite(f, content, LARGE, 0), -EROFS);
    assert_int_equal(file_pwrite(f, content, LARGE, LARGE), -EROFS);
    file_put(f);
    file_put(direct);
    fs_unmount("/data");
    free(image.disk.content);
    fs_end();
}

/* A request that cannot be met ends soon: it holds up the whole guest, as it waits for nothing. */
static void storage_that_there_is_not(void **state)
{
    struct file *f;

    (void)state;
    image_begin("-t ext3 -b 4096", SIZE);
    f = must_open("/data/f", FILE_RDWR | FILE_CREAT);
    alarm(20);
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 0, 2000ll << 30), -ENOSPC);
    alarm(0);
    file_put(f);
    image_end();
}

/* The only free blocks are few, as what was removed is not free before the next commit: a write takes them all,
 * and finds none for the table. */
static void no_room_for_a_table(void **state)
{
    struct file *f;
    int64_t at;

    (void)state;
    image_begin("-t ext3 -b 1024 -m 0", SIZE);
    file_put(make("/data/removed", LARGE));
    f = must_open("/data/rest", FILE_RDWR | FILE_CREAT);
    for (at = 0; file_pwrite(f, content, 1024, at) == 1024;)
        at += 1024;
    file_put(f);
    image_again();
    assert_int_equal(path_unlink(NULL, "/data/removed"), 0);
    f = must_open("/data/f", FILE_RDWR | FILE_CREAT);
    assert_int_equal(file_pwrite(f, content, 1 << 20, 0), 1 << 20);
    file_put(f);
    image_end();
}

/* With little cache, so that tables are read again and again: what a file gets and what is free agree, whichever
 * read fails in a write into holes. Returns whether one did. */
static bool a_read_fails(const char *options, unsigned number)
{
    struct file *f;
    int64_t done;
    bool failed;

    image_begin(options, SIZE);
    f = must_open("/data/f", FILE_RDWR | FILE_CREAT);
    for (unsigned i = 0; i < 1200; i += i % 400 == 100 ? 300 : 2)
        assert_int_equal(file_pwrite(f, content, 1024, i * 1024), 1024);
    file_put(f);
    image.config.cache = 1;
    image_again();
    f = must_open("/data/f", FILE_RDWR);
    image.disk.fail_read = image.disk.reads + number;
    done = file_pwrite(f, content, 250 << 10, 110 << 10);
    failed = image.disk.reads >= image.disk.fail_read;
    assert_true(failed || done == 250 << 10);
    file_put(f);
    fs_unmount("/data");
    assert_int_equal(image_mount(), 0); /* if it was aborted: without what was not committed */
    image_end();
    return failed;
}

static void each_read_fails(const char *options)
{
    unsigned number = 1;

    while (a_read_fails(options, number))
        number++;
    assert_true(number > 3);
}

static void reads_of_extents_fail(void **state)
{
    (void)state;
    each_read_fails("-t ext4 -b 1024");
}

static void reads_of_tables_fail(void **state)
{
    (void)state;
    each_read_fails("-t ext3 -b 1024");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_tells_of_an_error),
        cmocka_unit_test(a_write_that_fails_has_written_nothing),
        cmocka_unit_test(storage_that_there_is_not),
        cmocka_unit_test(no_room_for_a_table),
        cmocka_unit_test(reads_of_extents_fail),
        cmocka_unit_test(reads_of_tables_fail),
    };

    return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
