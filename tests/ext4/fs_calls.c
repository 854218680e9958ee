/* SPDX-License-Identifier: MIT */
/* Random operations through lib/fs. */
#include "fs_calls.h"

#include <ringlet/errno.h>
#include <string.h>

#include "lib/fs/file.h"
#include "lib/fs/path.h"

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

const struct random_calls fs_calls = {
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
