/* SPDX-License-Identifier: MIT */
/* Random operations by POSIX' functions. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main.h"
#include "random_files.h"

static int number(void *file)
{
    return (int)(intptr_t)file - 1;
}

static int64_t result(int64_t ret)
{
    return ret < 0 ? -errno : ret;
}

static int x_open(const char *path, bool create, void **out)
{
    int fd = open(path, O_RDWR | (create ? O_CREAT | O_EXCL : 0), 0644);

    *out = (void *)(intptr_t)(fd + 1);
    return fd < 0 ? -errno : 0;
}

static int x_close(void *f)
{
    return (int)result(close(number(f)));
}

static int64_t x_read(void *f, void *buf, size_t len, int64_t offset)
{
    return result(pread(number(f), buf, len, offset));
}

static int64_t x_write(void *f, const void *buf, size_t len, int64_t offset)
{
    return result(pwrite(number(f), buf, len, offset));
}

static int x_truncate(void *f, int64_t size)
{
    return (int)result(ftruncate(number(f), size));
}

static int x_allocate(void *f, int mode, int64_t offset, int64_t len)
{
    return mode ? -EOPNOTSUPP : -posix_fallocate(number(f), offset, len);
}

static int x_sync(void *f)
{
    return (int)result(fsync(number(f)));
}

static int64_t x_size(void *f, unsigned *links)
{
    struct stat st;
    int ret = fstat(number(f), &st);

    *links = (unsigned)st.st_nlink;
    return ret ? -errno : st.st_size;
}

static int x_rename(const char *from, const char *to)
{
    return (int)result(rename(from, to));
}

static int x_link(const char *from, const char *to)
{
    return (int)result(link(from, to));
}

static int x_unlink(const char *path)
{
    return (int)result(unlink(path));
}

static int x_mkdir(const char *path)
{
    return (int)result(mkdir(path, 0755));
}

static int x_rmdir(const char *path)
{
    return (int)result(rmdir(path));
}

static int x_symlink(const char *target, const char *path)
{
    return (int)result(symlink(target, path));
}

static int x_readlink(const char *path, char *buf, size_t size)
{
    return (int)result(readlink(path, buf, size));
}

static int x_entries(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *e;
    int n = 0;

    if (!d)
        return -errno;
    while ((e = readdir(d)))
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
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

int random_files(const char *dir, uint64_t seed, unsigned count)
{
    struct random_state *s = random_begin(&calls, dir, seed, 100000);
    int ret;

    if (!s) {
        puts("no memory");
        return 1;
    }
    ret = random_run(s, count) || random_compare(s);
    printf("%u random operations: %s\n", count, ret ? "different" : "as the model");
    random_end(s); /* files stay open, some without names: the guest's end frees these */
    return ret;
}
