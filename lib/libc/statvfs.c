/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "lib/fs/path.h"
#include "posix.h"

static void to_statvfs(const struct fs_stat *from, struct statvfs *to)
{
    *to = (struct statvfs){
        .f_bsize = from->block_size,
        .f_frsize = from->block_size,
        .f_blocks = from->blocks,
        .f_bfree = from->blocks_free,
        .f_bavail = from->blocks_free,
        .f_files = from->files,
        .f_ffree = from->files_free,
        .f_favail = from->files_free,
        .f_fsid = from->id,
        .f_flag = from->read_only ? ST_RDONLY : 0,
        .f_namemax = from->name_max,
    };
}

static void to_statfs(const struct fs_stat *from, struct statfs *to)
{
    *to = (struct statfs){
        .f_bsize = (long)from->block_size,
        .f_frsize = (long)from->block_size,
        .f_blocks = from->blocks,
        .f_bfree = from->blocks_free,
        .f_bavail = from->blocks_free,
        .f_files = from->files,
        .f_ffree = from->files_free,
        .f_fsid = {{(int)from->id, (int)(from->id >> 32)}},
        .f_flags = from->read_only ? ST_RDONLY : 0,
        .f_namelen = from->name_max,
    };
}

static int64_t at_path(const char *path, struct fs_stat *out)
{
    return WITH_BASE(base, AT_FDCWD, path, path_statfs(base, path, out));
}

static int64_t of_file(int fd, struct fs_stat *out)
{
    return WITH_FILE(f, fd, f->node ? node_statfs(f->node, out) : -ENOSYS);
}

int statvfs(const char *restrict path, struct statvfs *restrict out)
{
    struct fs_stat st;
    int64_t ret = at_path(path, &st);

    if (!ret)
        to_statvfs(&st, out);
    return (int)posix_result(ret);
}

int fstatvfs(int fd, struct statvfs *out)
{
    struct fs_stat st;
    int64_t ret = of_file(fd, &st);

    if (!ret)
        to_statvfs(&st, out);
    return (int)posix_result(ret);
}

int statfs(const char *path, struct statfs *out)
{
    struct fs_stat st;
    int64_t ret = at_path(path, &st);

    if (!ret)
        to_statfs(&st, out);
    return (int)posix_result(ret);
}

int fstatfs(int fd, struct statfs *out)
{
    struct fs_stat st;
    int64_t ret = of_file(fd, &st);

    if (!ret)
        to_statfs(&st, out);
    return (int)posix_result(ret);
}
