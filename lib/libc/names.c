/* SPDX-License-Identifier: MIT */
/* Names in directories. */
#include <errno.h>
#include <fcntl.h>
#include <reent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fs/path.h"
#include "posix.h"

struct names {
    struct node *from_base, *to_base;
};

/* Both bases; on an error none. */
static int take_bases(int from_fd, const char *from, int to_fd, const char *to, struct names *out)
{
    int ret = posix_base(from_fd, from, &out->from_base);

    if (ret)
        return ret;
    ret = posix_base(to_fd, to, &out->to_base);
    if (ret)
        posix_base_put(out->from_base);
    return ret;
}

static void drop_bases(const struct names *names)
{
    posix_base_put(names->to_base);
    posix_base_put(names->from_base);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    unsigned how = flags & AT_SYMLINK_FOLLOW ? 0 : PATH_NOFOLLOW;
    struct names names;
    int ret = flags & ~AT_SYMLINK_FOLLOW ? -EINVAL : take_bases(from_fd, from, to_fd, to, &names);

    if (!ret) {
        ret = path_link(names.from_base, from, names.to_base, to, how);
        drop_bases(&names);
    }
    return (int)posix_result(ret);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *target, int fd, const char *path)
{
    if (!target)
        return (int)posix_result(-EFAULT);
    return (int)posix_result(WITH_BASE(base, fd, path, path_symlink(target, base, path)));
}

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

ssize_t readlinkat(int fd, const char *restrict path, char *restrict buf, size_t size)
{
    return posix_result(WITH_BASE(base, fd, path, path_readlink(base, path, buf, size)));
}

ssize_t readlink(const char *restrict path, char *restrict buf, size_t size)
{
    return readlinkat(AT_FDCWD, path, buf, size);
}

int unlinkat(int fd, const char *path, int flags)
{
    if (flags & ~AT_REMOVEDIR)
        return (int)posix_result(-EINVAL);
    return (int)posix_result(WITH_BASE(
        base, fd, path, flags & AT_REMOVEDIR ? path_rmdir(base, path) : path_unlink(base, path)));
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    struct names names;
    int ret = take_bases(from_fd, from, to_fd, to, &names);

    if (!ret) {
        ret = path_rename(names.from_base, from, names.to_base, to);
        drop_bases(&names);
    }
    return (int)posix_result(ret);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* newlib's would link and unlink. */
int _rename_r(struct _reent *r, const char *from, const char *to)
{
    (void)r;
    return rename(from, to);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
    mode &= ~posix_umask() & 01777;
    return (int)posix_result(WITH_BASE(base, fd, path, path_mkdir(base, path, mode)));
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* newlib's knows no directories. */
int remove(const char *path)
{
    struct stat st;

    if (lstat(path, &st))
        return -1;
    return S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path);
}

int _remove_r(struct _reent *r, const char *path)
{
    (void)r;
    return remove(path);
}
