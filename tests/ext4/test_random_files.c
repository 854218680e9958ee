/* SPDX-License-Identifier: MIT */
/* Random operations on ext4 in memory, through lib/fs; e2fsck looks at what is left. SEED= and ROUNDS= in the
 * environment: another seed, more of it. */
#include "files_test.h"
#include "random_files.h"

static int x_open(const char *path, bool create, void **out)
{
    return path_open(NULL, path, FILE_RDWR | (create ? FILE_CREAT | FILE_EXCL : 0), 0644,
                     (struct file **)out);
}

static int x_close(void *f)
{
    return file_put(f);
}

static int64_t x_read(void *f, void *buf, size_t len, int64_t offset)
{
    return file_pread(f, buf, len, offset);
}

static int64_t x_write(void *f, const void *buf, size_t len, int64_t offset)
{
    return file_pwrite(f, buf, len, offset);
}

static int x_truncate(void *f, int64_t size)
{
    return file_truncate(f, size);
}

static int x_allocate(void *f, int mode, int64_t offset, int64_t len)
{
    return file_allocate(f, (unsigned)mode, offset, len);
}

static int x_sync(void *f)
{
    return file_sync(f, false);
}

static int64_t x_size(void *f, unsigned *links)
{
    struct file_stat st;
    int ret = file_stat(f, &st);

    *links = st.nlink;
    return ret ? ret : st.size;
}

static int x_rename(const char *from, const char *to)
{
    return path_rename(NULL, from, NULL, to);
}

static int x_link(const char *from, const char *to)
{
    return path_link(NULL, from, NULL, to, PATH_NOFOLLOW);
}

static int x_unlink(const char *path)
{
    return path_unlink(NULL, path);
}

static int x_mkdir(const char *path)
{
    return path_mkdir(NULL, path, 0755);
}

static int x_rmdir(const char *path)
{
    return path_rmdir(NULL, path);
}

static int x_symlink(const char *target, const char *path)
{
    return path_symlink(target, NULL, path);
}

static int x_readlink(const char *path, char *buf, size_t size)
{
    return (int)path_readlink(NULL, path, buf, size);
}

static int x_entries(const char *path)
{
    struct file_dirent e;
    struct file *f;
    int n = 0, ret = path_open(NULL, path, FILE_RDONLY | FILE_DIRECTORY, 0, &f);

    if (ret)
        return ret;
    while ((ret = file_readdir(f, &e)) > 0)
        n += strcmp(e.name, ".") && strcmp(e.name, "..");
    file_put(f);
    return ret ? ret : n;
}

static const struct random_calls calls = {
    .open = x_open,
    .close = x_close,
    .read = x_read,
    .write = x_write,
    .truncate = x_truncate,
    .allocate = x_allocate,
    .sync = x_sync,
    .size = x_size,
    .rename = x_rename,
    .link = x_link,
    .unlink = x_unlink,
    .mkdir = x_mkdir,
    .rmdir = x_rmdir,
    .symlink = x_symlink,
    .readlink = x_readlink,
    .entries = x_entries,
    .no_space = -ENOSPC,
    .not_empty = -ENOTEMPTY,
    .unsupported = -EOPNOTSUPP,
};

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);

    return value ? strtoull(value, NULL, 0) : otherwise;
}

static unsigned run(const char *options, uint64_t size, uint32_t file_size)
{
    struct random_state *s;
    unsigned refused;

    image_begin(options, size);
    s = random_begin(&calls, "/data", number("SEED", 1), file_size);
    assert_non_null(s);
    for (uint64_t round = 0; round < number("ROUNDS", 4); round++) {
        assert_int_equal(random_run(s, 6000), 0);
        assert_int_equal(random_compare(s), 0);
        assert_int_equal(random_close_all(s), 0);
        image_again();
    }
    assert_int_equal(random_compare(s), 0);
    assert_int_equal(random_close_all(s), 0);
    refused = random_refused(s);
    random_end(s);
    image_end();
    return refused;
}

static void as_mke2fs_makes_it(void **state)
{
    (void)state;
    assert_int_equal(run("-t ext4 -b 4096", 64 << 20, 300000), 0);
}

static void without_checksums(void **state)
{
    (void)state;
    assert_int_equal(run("-t ext4 -O ^metadata_csum,^64bit -b 1024", 32 << 20, 200000), 0);
}

static void ext3_with_tables_of_blocks(void **state)
{
    (void)state;
    assert_int_equal(run("-t ext3 -b 1024", 32 << 20, 400000), 0);
}

static void ext2_without_a_journal(void **state)
{
    (void)state;
    assert_int_equal(run("-t ext2 -b 2048 -I 128", 32 << 20, 200000), 0);
}

static void with_too_little_room(void **state)
{
    (void)state;
    assert_true(run("-t ext4 -b 1024 -m 5 -J size=1", 2560 << 10, 300000) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_mke2fs_makes_it),         cmocka_unit_test(without_checksums),
        cmocka_unit_test(ext3_with_tables_of_blocks), cmocka_unit_test(ext2_without_a_journal),
        cmocka_unit_test(with_too_little_room),
    };

    return cmocka_run_group_tests_name("random_files", tests, NULL, NULL);
}
