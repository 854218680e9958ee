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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_tells_of_an_error),
        cmocka_unit_test(a_write_that_fails_has_written_nothing),
        cmocka_unit_test(storage_that_there_is_not),
    };

    return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
