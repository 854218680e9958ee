/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "lib/fs/path.h"
#include "posix.h"

_Static_assert(O_APPEND == FILE_APPEND && O_CREAT == FILE_CREAT && O_TRUNC == FILE_TRUNC &&
                   O_EXCL == FILE_EXCL && O_SYNC == FILE_SYNC && O_NONBLOCK == FILE_NONBLOCK &&
                   O_CLOEXEC == FILE_CLOEXEC && O_DIRECT == FILE_DIRECT && O_DSYNC == FILE_DSYNC &&
                   O_NOFOLLOW == FILE_NOFOLLOW && O_DIRECTORY == FILE_DIRECTORY,
               "lib/fs has newlib's flags");
_Static_assert(AT_FDCWD == FD_CWD && FD_CLOEXEC == FD_CLOEXEC_FLAG, "lib/fs has newlib's numbers");

static mode_t mask = 022;

mode_t posix_umask(void)
{
    return mask;
}

mode_t umask(mode_t next)
{
    mode_t last = mask;

    mask = next & 0777;
    return last;
}

static int open_at(int fd, const char *path, int flags, mode_t mode)
{
    struct file *f;
    int64_t ret;

    posix_cancellation_point();
    ret =
        WITH_BASE(base, fd, path,
                  path_open(base, path, (unsigned)flags & ~FILE_CLOEXEC, mode & ~mask & 07777, &f));
    if (ret)
        return (int)posix_result(ret);
    return (int)posix_result(posix_install(f, flags & O_CLOEXEC));
}

static mode_t take_mode(int flags, va_list args)
{
    return flags & O_CREAT ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = take_mode(flags, args);
    va_end(args);
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int fd, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = take_mode(flags, args);
    va_end(args);
    return open_at(fd, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
