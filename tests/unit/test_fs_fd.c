/* SPDX-License-Identifier: MIT */
/* The table of descriptors, and the life of open files. */
#include "fs_test.h"

#include "lib/fs/pipe.h"

static size_t blocks_before;

static int setup(void **state)
{
    (void)state;
    fs_start(4 << 20);
    blocks_before = heap_blocks();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fd_reset();
    assert_int_equal(heap_blocks(), blocks_before);
    fs_end();
    return 0;
}

static int released;

static int count_release(struct file *f)
{
    (void)f;
    released++;
    return -EIO;
}

static const struct file_ops counted = {.release = count_release};

static struct file *new_file(void)
{
    return file_alloc(&counted, FILE_RDWR, NULL, NULL);
}

/* What was looked up is kept while fd_changes stays. */
static void changes_are_counted(void **state)
{
    uint64_t before;
    int fd;

    (void)state;
    fd = fd_dup(1, 3, 0);
    before = fd_changes;
    assert_int_equal(fd_set_flags(fd, FD_CLOEXEC_FLAG), 0);
    assert_int_equal(fd_changes, before);
    assert_int_equal(fd_dup2(0, fd, 0), fd);
    assert_int_not_equal(fd_changes, before);
    before = fd_changes;
    assert_int_equal(fd_close(fd), 0);
    assert_int_not_equal(fd_changes, before);
    before = fd_changes;
    assert_int_equal(fd_dup(0, fd, 0), fd);
    assert_int_not_equal(fd_changes, before);
    assert_int_equal(fd_close(fd), 0);
    before = fd_changes;
    fd_reset();
    assert_int_not_equal(fd_changes, before);
}

static void the_first_three_are_the_console(void **state)
{
    struct file *f[3];

    (void)state;
    for (int fd = 0; fd < 3; fd++) {
        f[fd] = fd_get(fd);
        assert_non_null(f[fd]);
        assert_true(file_is_tty(f[fd]));
    }
    assert_ptr_equal(f[0], f[2]);
    {
        const unsigned refs = f[0]->refs;

        assert_ptr_equal(fd_file(1), f[1]);
        assert_int_equal(f[0]->refs, refs);
        assert_null(fd_file(3));
    }
    for (int fd = 0; fd < 3; fd++)
        file_put(f[fd]);
    assert_null(fd_get(3));
    assert_null(fd_get(-1));
    assert_null(fd_get(5000));
    assert_int_equal(fd_close(3), -EBADF);
}

static void the_lowest_is_taken(void **state)
{
    (void)state;
    assert_int_equal(fd_close(1), 0);
    assert_int_equal(fd_install(new_file(), 0, 0), 1);
    assert_int_equal(fd_install(new_file(), 0, 0), 3);
    assert_int_equal(fd_install(new_file(), 10, FD_CLOEXEC_FLAG), 10);
    assert_int_equal(fd_install(new_file(), 10, 0), 11);
    assert_int_equal(fd_get_flags(10), FD_CLOEXEC_FLAG);
    assert_int_equal(fd_get_flags(11), 0);
    assert_int_equal(fd_set_flags(11, 0xff), 0);
    assert_int_equal(fd_get_flags(11), FD_CLOEXEC_FLAG);
    assert_int_equal(fd_get_flags(12), -EBADF);
    assert_int_equal(fd_install(NULL, -1, 0), -EINVAL);
    assert_int_equal(fd_install(NULL, FD_MAX, 0), -EINVAL);
    assert_int_equal(fd_next(4), 10);
    assert_int_equal(fd_next(12), -EBADF);
}

static void as_many_as_allowed(void **state)
{
    struct file *f = new_file();

    (void)state;
    for (int fd = 3; fd < FD_MAX; fd++)
        assert_int_equal(fd_install(file_get(f), 0, 0), fd);
    assert_int_equal(fd_install(f, 0, 0), -EMFILE);
    assert_int_equal(fd_dup(3, 5, 0), -EMFILE);
    assert_int_equal(f->refs, FD_MAX - 3 + 1);
    assert_int_equal(fd_close(500), 0);
    assert_int_equal(fd_dup(3, 5, 0), 500);
    released = 0;
    file_put(f);
    assert_int_equal(fd_close_all(), -EIO); /* the last reference's result */
    assert_int_equal(released, 1);
    assert_int_equal(fd_next(0), -EBADF);
}

static void duplicates_share_the_file(void **state)
{
    struct file *f = new_file();

    (void)state;
    released = 0;
    assert_int_equal(fd_install(f, 0, 0), 3);
    assert_int_equal(fd_dup(3, 0, 0), 4);
    assert_int_equal(fd_dup2(3, 700, FD_CLOEXEC_FLAG), 700);
    assert_int_equal(fd_get_flags(700), FD_CLOEXEC_FLAG);
    assert_int_equal(fd_dup2(3, 3, 0), 3);
    assert_int_equal(fd_dup2(99, 99, 0), -EBADF);
    assert_int_equal(fd_dup2(3, FD_MAX, 0), -EBADF);
    assert_int_equal(fd_dup2(3, -1, 0), -EBADF);
    assert_int_equal(fd_dup(99, 0, 0), -EBADF);
    assert_int_equal(fd_dup(3, FD_MAX, 0), -EINVAL);
    assert_int_equal(f->refs, 3);
    assert_int_equal(fd_close(3), 0);
    assert_int_equal(fd_close(4), 0);
    assert_int_equal(released, 0);
    assert_int_equal(fd_install(new_file(), 0, 0), 3);
    assert_int_equal(fd_dup2(3, 700, 0), 700); /* closes what 700 was */
    assert_int_equal(released, 1);
    assert_int_equal(fd_close(3), 0);
    assert_int_equal(fd_close(700), -EIO);
    assert_int_equal(released, 2);
}

static void without_memory_nothing_is_lost(void **state)
{
    struct file *f = new_file();

    (void)state;
    assert_int_equal(fd_install(f, 0, 0), 3);
    mem_fail_nth(1);
    assert_int_equal(fd_dup(3, 100, 0), -ENOMEM);
    mem_fail_nth(1);
    assert_int_equal(fd_dup2(3, 100, 0), -ENOMEM);
    mem_fail_nth(0);
    assert_int_equal(f->refs, 1);
}

static void what_a_type_cannot(void **state)
{
    static const struct file_ops none;
    struct file *f = file_alloc(&none, FILE_RDWR, NULL, NULL);
    struct file_dirent e;
    struct file_stat st;
    char c;

    (void)state;
    assert_int_equal(file_read(f, &c, 1), -EINVAL);
    assert_int_equal(file_write(f, &c, 1), -EINVAL);
    assert_int_equal(file_seek(f, 0, 0), -ESPIPE);
    assert_int_equal(file_ioctl(f, 1, NULL), -ENOTTY);
    assert_int_equal(file_stat(f, &st), -EINVAL);
    assert_int_equal(file_truncate(f, 0), -EINVAL);
    assert_int_equal(file_sync(f, false), -EINVAL);
    assert_int_equal(file_allocate(f, 0, 0, 1), -ESPIPE);
    assert_int_equal(file_readdir(f, &e), -ENOTDIR);
    assert_int_equal(file_put(f), 0);
    assert_int_equal(file_put(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(the_first_three_are_the_console),
        TEST(changes_are_counted),
        TEST(the_lowest_is_taken),
        TEST(as_many_as_allowed),
        TEST(duplicates_share_the_file),
        TEST(without_memory_nothing_is_lost),
        TEST(what_a_type_cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
