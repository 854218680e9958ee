/* SPDX-License-Identifier: MIT */
/* Permissions, owners and times of files. There is one user, to whom everything is permitted. */
#include <errno.h>
#include <fcntl.h>
#include <ringlet/clock.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "lib/fs/path.h"
#include "posix.h"

#define NS 1000000000

/* Of an open file. A pipe, or the like, has no node to keep it. */
static int set_open(struct file *f, const struct node_attr *attr)
{
    return f->node ? node_setattr(f->node, attr) : -EINVAL;
}

static int set_at(int fd, const char *path, const struct node_attr *attr, int flags)
{
    unsigned how = flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : 0;

    if (flags & ~AT_SYMLINK_NOFOLLOW)
        return (int)posix_result(-EINVAL);
    return (int)posix_result(WITH_BASE(base, fd, path, path_setattr(base, path, how, attr)));
}

/* ---- permissions ---- */

int fchmodat(int fd, const char *path, mode_t mode, int flags)
{
    struct node_attr attr = {.set = ATTR_MODE, .mode = mode & 07777};

    return set_at(fd, path, &attr, flags);
}

int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

int fchmod(int fd, mode_t mode)
{
    struct node_attr attr = {.set = ATTR_MODE, .mode = mode & 07777};

    return (int)posix_result(WITH_FILE(f, fd, set_open(f, &attr)));
}

int faccessat(int fd, const char *path, int mode, int flags)
{
    unsigned how = flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : 0;

    if (mode & ~(R_OK | W_OK | X_OK) || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW))
        return (int)posix_result(-EINVAL);
    return (int)posix_result(
        WITH_BASE(base, fd, path, path_access(base, path, (unsigned)mode, how)));
}

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

int eaccess(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

int euidaccess(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

/* ---- owners: -1 leaves one as it is ---- */

static struct node_attr owners(uid_t owner, gid_t group)
{
    struct node_attr attr = {.uid = owner, .gid = group};

    attr.set |= owner != (uid_t)-1 ? ATTR_OWNER : 0;
    attr.set |= group != (gid_t)-1 ? ATTR_GROUP : 0;
    return attr;
}

int fchownat(int fd, const char *path, uid_t owner, gid_t group, int flags)
{
    struct node_attr attr = owners(owner, group);

    return set_at(fd, path, &attr, flags);
}

int chown(const char *path, uid_t owner, gid_t group)
{
    return fchownat(AT_FDCWD, path, owner, group, 0);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    return fchownat(AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    struct node_attr attr = owners(owner, group);

    return (int)posix_result(WITH_FILE(f, fd, set_open(f, &attr)));
}

/* ---- times ---- */

/* times: that of access and of modification, NULL: now. -EINVAL: not a time. */
static int take_times(const struct timespec *times, struct node_attr *attr)
{
    int64_t now = (int64_t)clock_wall();
    int64_t ns[2] = {now, now};

    attr->set = ATTR_ATIME | ATTR_MTIME;
    for (int i = 0; times && i < 2; i++) {
        if (times[i].tv_nsec == UTIME_OMIT)
            attr->set &= i ? ~ATTR_MTIME : ~ATTR_ATIME;
        else if (times[i].tv_nsec == UTIME_NOW)
            continue;
        else if (times[i].tv_nsec < 0 || times[i].tv_nsec >= NS)
            return -EINVAL;
        else if (__builtin_mul_overflow(times[i].tv_sec, NS, &ns[i]) ||
                 __builtin_add_overflow(ns[i], times[i].tv_nsec, &ns[i]))
            return -EINVAL;
    }
    attr->atime = ns[0];
    attr->mtime = ns[1];
    return 0;
}

int utimensat(int fd, const char *path, const struct timespec *times, int flags)
{
    struct node_attr attr = {0};
    int ret = take_times(times, &attr);

    return ret ? (int)posix_result(ret) : set_at(fd, path, &attr, flags);
}

int futimens(int fd, const struct timespec *times)
{
    struct node_attr attr = {0};
    int ret = take_times(times, &attr);

    return (int)posix_result(ret ? ret : WITH_FILE(f, fd, set_open(f, &attr)));
}

/* The same times as struct timespec; NULL with *ret: -EINVAL, or 0 for NULL. */
static const struct timespec *of_timeval(const struct timeval *from, struct timespec *to, int *ret)
{
    *ret = 0;
    if (!from)
        return NULL;
    for (int i = 0; i < 2; i++) {
        if (from[i].tv_usec < 0 || from[i].tv_usec >= 1000000) {
            *ret = -EINVAL;
            return NULL;
        }
        to[i] = (struct timespec){from[i].tv_sec, from[i].tv_usec * 1000};
    }
    return to;
}

static int utimes_at(int fd, const char *path, const struct timeval *times, int flags)
{
    struct timespec ts[2];
    int ret;
    const struct timespec *converted = of_timeval(times, ts, &ret);

    return ret ? (int)posix_result(ret) : utimensat(fd, path, converted, flags);
}

int utimes(const char *path, const struct timeval *times)
{
    return utimes_at(AT_FDCWD, path, times, 0);
}

int lutimes(const char *path, const struct timeval *times)
{
    return utimes_at(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

int futimesat(int fd, const char *path, const struct timeval times[2])
{
    return utimes_at(fd, path, times, 0);
}

int futimes(int fd, const struct timeval *times)
{
    struct timespec ts[2];
    int ret;
    const struct timespec *converted = of_timeval(times, ts, &ret);

    return ret ? (int)posix_result(ret) : futimens(fd, converted);
}

int utime(const char *path, const struct utimbuf *times)
{
    struct timespec ts[2];

    if (!times)
        return utimensat(AT_FDCWD, path, NULL, 0);
    ts[0] = (struct timespec){times->actime, 0};
    ts[1] = (struct timespec){times->modtime, 0};
    return utimensat(AT_FDCWD, path, ts, 0);
}
