/* SPDX-License-Identifier: MIT */
/* Descriptors: copies, flags, and the locks of processes, of which there is one: its never conflict. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "posix.h"

int dup(int fd)
{
    return (int)posix_result(fd_dup(fd, 0, 0));
}

int dup2(int from, int to)
{
    return (int)posix_result(fd_dup2(from, to, 0));
}

int dup3(int from, int to, int flags)
{
    if (from == to || flags & ~O_CLOEXEC)
        return (int)posix_result(-EINVAL);
    return (int)posix_result(fd_dup2(from, to, flags & O_CLOEXEC ? FD_CLOEXEC_FLAG : 0));
}

/* 0 if the range begins and ends within a file's possible offsets, else -EINVAL or -EOVERFLOW. */
static int check_lock_range(struct file *f, const struct flock *lock)
{
    struct file_stat st;
    int64_t from = 0, start, end;
    int ret;

    switch (lock->l_whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        from = f->ops->seekable ? file_seek(f, 0, SEEK_CUR) : 0;
        break;
    case SEEK_END:
        ret = file_stat(f, &st);
        if (ret)
            return ret;
        from = st.size;
        break;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(from, lock->l_start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    /* the last byte of the range */
    if (__builtin_add_overflow(start, lock->l_len - (lock->l_len > 0), &end))
        return -EOVERFLOW;
    return end < 0 ? -EINVAL : 0;
}

static int lock_file(struct file *f, int command, struct flock *lock)
{
    unsigned access = f->flags & FILE_ACCMODE;
    int ret;

    if (!lock)
        return -EFAULT;
    if (lock->l_type != F_RDLCK && lock->l_type != F_WRLCK && lock->l_type != F_UNLCK)
        return -EINVAL;
    ret = check_lock_range(f, lock);
    if (ret)
        return ret;
    if (command == F_GETLK) {
        if (lock->l_type == F_UNLCK)
            return -EINVAL;
        lock->l_type = F_UNLCK;
        return 0;
    }
    if ((lock->l_type == F_RDLCK && access == FILE_WRONLY) ||
        (lock->l_type == F_WRLCK && access == FILE_RDONLY))
        return -EBADF;
    return 0;
}

static int get_flags(struct file *f)
{
    return (int)f->flags;
}

int fcntl(int fd, int command, ...)
{
    va_list args;
    long arg;
    int64_t ret;

    va_start(args, command);
    arg = va_arg(args, long);
    va_end(args);
    switch (command) {
    case F_DUPFD:
        ret = fd_dup(fd, (int)arg, 0);
        break;
    case F_DUPFD_CLOEXEC:
        ret = fd_dup(fd, (int)arg, FD_CLOEXEC_FLAG);
        break;
    case F_GETFD:
        ret = fd_get_flags(fd);
        break;
    case F_SETFD:
        ret = fd_set_flags(fd, (unsigned)arg & FD_CLOEXEC);
        break;
    case F_GETFL:
        ret = WITH_FILE(f, fd, get_flags(f));
        break;
    case F_SETFL:
        ret = WITH_FILE(f, fd, file_set_flags(f, (unsigned)arg));
        break;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        ret = WITH_FILE(f, fd, lock_file(f, command, (struct flock *)arg));
        break;
    default:
        ret = WITH_FILE(f, fd, f ? -EINVAL : 0);
    }
    return (int)posix_result(ret);
}

int lockf(int fd, int command, off_t length)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = length};

    if (command != F_LOCK && command != F_TLOCK && command != F_ULOCK && command != F_TEST)
        return (int)posix_result(-EINVAL);
    if (command == F_ULOCK)
        lock.l_type = F_UNLCK;
    return fcntl(fd, command == F_TEST ? F_GETLK : F_SETLK, &lock);
}
