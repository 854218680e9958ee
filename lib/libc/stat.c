/* SPDX-License-Identifier: MIT */
/* Facts about open files; by path: stat_path.c, as programs that only write need none of that. */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "posix.h"

#define NS 1000000000

struct timespec posix_time(int64_t ns)
{
    struct timespec t = {ns / NS, (long)(ns % NS)};

    if (t.tv_nsec < 0) {
        t.tv_sec--;
        t.tv_nsec += NS;
    }
    return t;
}

void posix_stat(const struct file_stat *from, struct stat *to)
{
    *to = (struct stat){
        .st_dev = from->dev,
        .st_ino = from->ino,
        .st_mode = from->mode,
        .st_nlink = (nlink_t)from->nlink,
        .st_uid = from->uid,
        .st_gid = from->gid,
        .st_rdev = from->rdev,
        .st_size = from->size,
        .st_blocks = (blkcnt_t)from->blocks,
        .st_blksize = (blksize_t)from->blksize,
        .st_atim = posix_time(from->atime),
        .st_mtim = posix_time(from->mtime),
        .st_ctim = posix_time(from->ctime),
    };
}

int fstat(int fd, struct stat *out)
{
    struct file_stat st;
    int64_t ret = WITH_FILE(f, fd, file_stat(f, &st));

    if (!ret)
        posix_stat(&st, out);
    return (int)posix_result(ret);
}
