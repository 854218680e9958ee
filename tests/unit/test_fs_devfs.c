/* SPDX-License-Identifier: MIT */
/* What is mounted by default, and the devices that need no hardware. */
#include "fs_test.h"

#include "lib/fs/pipe.h"
#include "lib/fs/poll.h"

#include <kernel/xenstore.h>

static char buf[64];

static int setup(void **state)
{
    (void)state;
    fs_start(4 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fs_end();
    return 0;
}

static int list_mount(struct mount *mount, const char *path, void *arg)
{
    snprintf((char *)arg + strlen(arg), 64, "%s %s;", mount->type, path);
    return 0;
}

static void the_defaults(void **state)
{
    char list[256] = "";
    struct fs_stat st;

    (void)state;
    assert_int_equal(mode_of("/tmp"), MODE_DIR | 01777);
    assert_int_equal(mode_of("/dev"), MODE_DIR | 0755);
    assert_false(exists("/rom")); /* no archive is linked in */
    put_text("/tmp/f", "text");
    assert_int_equal(fs_each_mount(list_mount, list), 0);
    assert_string_equal(list, "memfs /;devfs /dev;");
    assert_int_equal(path_statfs(NULL, "/dev", &st), 0);
    assert_int_equal(path_statfs(NULL, "/tmp", &st), 0);
    assert_true(st.blocks_free > 0 && st.block_size == 4096 && st.name_max == 255);
}

/* /dev can fail, for want of memory; the rest is there, and the reason is printed. */
static void without_memory(void **state)
{
    unsigned nth = 1;
    int ret;

    (void)state;
    do {
        mem_fail_nth(nth++);
        ret = try_open("/tmp/f", FILE_CREAT | FILE_RDWR);
        mem_fail_nth(0);
        if (strstr(seam_console(), "ENOMEM"))
            break;
        assert_true(ret == 0 || ret == -ENOMEM);
    } while (ret);
    assert_non_null(strstr(seam_console(), "ENOMEM"));
    assert_true(exists("/"));
}

static void null_zero_full(void **state)
{
    struct file *f = must_open("/dev/null", FILE_RDWR);

    (void)state;
    assert_int_equal(file_read(f, buf, 10), 0);
    assert_int_equal(file_write(f, buf, 10), 10);
    assert_int_equal(file_seek(f, 0, 2), 0);
    file_put(f);
    f = must_open("/dev/zero", FILE_RDWR);
    memset(buf, 'x', sizeof(buf));
    assert_int_equal(file_read(f, buf, 10), 10);
    assert_memory_equal(buf, "\0\0\0\0\0\0\0\0\0\0x", 11);
    assert_int_equal(file_write(f, buf, 10), 10);
    file_put(f);
    f = must_open("/dev/full", FILE_RDWR);
    assert_int_equal(file_read(f, buf, 10), 10);
    assert_int_equal(file_write(f, buf, 10), -ENOSPC);
    file_put(f);
    f = must_open("/dev/null", FILE_WRONLY | FILE_APPEND | FILE_CREAT | FILE_TRUNC);
    assert_int_equal(file_write(f, buf, 10), 10);
    file_put(f);
}

static bool cpu(uint64_t *out)
{
    static uint64_t n;

    *out = n++ * 0x9e3779b97f4a7c15;
    return true;
}

static void random_devices(void **state)
{
    static const char *const names[] = {"/dev/random", "/dev/urandom"};
    char other[64];

    (void)state;
    random_set_source(cpu);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        struct file *f = must_open(names[i], FILE_RDWR);

        assert_int_equal(file_read(f, buf, sizeof(buf)), sizeof(buf));
        assert_int_equal(file_read(f, other, sizeof(other)), sizeof(other));
        assert_memory_not_equal(buf, other, sizeof(buf));
        assert_int_equal(file_write(f, buf, 10), 10);
        file_put(f);
    }
}

static void descriptors(void **state)
{
    struct file *ends[2], *f, *g;
    struct file_stat st;
    struct file_dirent e;
    int fd;

    (void)state;
    assert_int_equal(pipe_create(ends, 0), 0);
    fd = fd_install(ends[0], 0, 0);
    assert_int_equal(fd, 3);
    assert_int_equal(path_open(NULL, "/dev/fd/3", FILE_RDONLY, 0, &f), 0);
    assert_ptr_equal(f, ends[0]);
    assert_int_equal(path_open(NULL, "/dev/fd/3", FILE_WRONLY, 0, &g), -EACCES);
    file_put(f);
    assert_int_equal(try_open("/dev/fd/4", FILE_RDONLY), -ENOENT);
    assert_int_equal(try_open("/dev/fd/03", FILE_RDONLY), -ENOENT);
    assert_int_equal(try_open("/dev/fd/0x3", FILE_RDONLY), -ENOENT);
    assert_int_equal(try_open("/dev/fd/99999999999999999999", FILE_RDONLY), -ENOENT);
    assert_int_equal(try_open("/dev/fd/x", FILE_RDONLY), -ENOENT);
    assert_int_equal(path_stat(NULL, "/dev/fd/3", 0, &st), 0);
    assert_int_equal(st.mode & MODE_TYPE, MODE_FIFO);
    f = must_open("/dev/stdout", FILE_WRONLY);
    assert_true(file_is_tty(f));
    file_put(f);
    f = must_open("/dev/tty", FILE_RDWR);
    assert_true(file_is_tty(f));
    assert_int_equal(file_stat(f, &st), 0);
    assert_int_equal(st.mode, MODE_CHAR | 0666);
    file_put(f);
    f = must_open("/dev/fd", FILE_RDONLY);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(file_readdir(f, &e), 1);
    assert_string_equal(e.name, "3");
    assert_int_equal(file_readdir(f, &e), 0);
    file_put(f);
    file_put(ends[1]);
}

static void nothing_can_be_made_there(void **state)
{
    (void)state;
    assert_int_equal(try_open("/dev/new", FILE_RDWR | FILE_CREAT), -EPERM);
    assert_int_equal(path_mkdir(NULL, "/dev/new", 0755), -EPERM);
    assert_int_equal(path_unlink(NULL, "/dev/null"), -EPERM);
    assert_int_equal(path_rename(NULL, "/dev/null", NULL, "/dev/new"), -EPERM);
    assert_int_equal(path_symlink("x", NULL, "/dev/new"), -EPERM);
    assert_int_equal(path_truncate(NULL, "/dev/null", 0), -EINVAL);
    assert_int_equal(path_mkdir(NULL, "/dev/null/x", 0755), -ENOTDIR);
}

static int open_own(struct file *f, unsigned flags)
{
    static const struct file_ops ops;

    (void)flags;
    f->ops = &ops;
    return 0;
}

static int open_fails(struct file *f, unsigned flags)
{
    (void)f;
    (void)flags;
    return -EIO;
}

static void devices_of_a_program(void **state)
{
    struct file_stat st;

    (void)state;
    assert_int_equal(devfs_add("own", 0600, 1234, open_own), 0);
    assert_int_equal(devfs_add("own", 0600, 1234, open_own), -EEXIST);
    assert_int_equal(devfs_add("fails", 0600, 1234, open_fails), 0);
    assert_int_equal(devfs_add("null", 0600, 7, open_own), 0); /* before the first path */
    assert_int_equal(try_open("/dev/own", FILE_RDWR), 0);
    assert_int_equal(try_open("/dev/fails", FILE_RDWR), -EIO);
    assert_int_equal(path_stat(NULL, "/dev/own", 0, &st), 0);
    assert_int_equal(st.rdev, 1234);
    assert_int_equal(st.mode, MODE_CHAR | 0600);
    assert_int_equal(path_stat(NULL, "/dev/null", 0, &st), 0);
    assert_int_equal(st.rdev, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(the_defaults),         TEST(without_memory), TEST(null_zero_full),
        TEST(random_devices),       TEST(descriptors),    TEST(nothing_can_be_made_there),
        TEST(devices_of_a_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
