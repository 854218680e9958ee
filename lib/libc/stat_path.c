/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fs/path.h"
#include "posix.h"

int fstatat(int fd, const char *restrict path, struct stat *restrict out, int flags)
{
    unsigned how = flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : 0;
    struct file_stat st;
    int64_t ret;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return (int)posix_result(-EINVAL);
    if (flags & AT_EMPTY_PATH && path && !*path)
        return fd == AT_FDCWD ? stat(".", out) : fstat(fd, out);
    ret = WITH_BASE(base, fd, path, path_stat(base, path, how, &st));
    if (!ret)
        posix_stat(&st, out);
    return (int)posix_result(ret);
}

int stat(const char *restrict path, struct stat *restrict out)
{
    return fstatat(AT_FDCWD, path, out, 0);
}

int lstat(const char *restrict path, struct stat *restrict out)
{
    return fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}
