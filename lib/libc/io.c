/* SPDX-License-Identifier: MIT */
/* Reading and writing descriptors: what every program has, so it refers to nothing that opens files. */
#include <errno.h>
#include <stdbool.h>
#include <sys/uio.h>
#include <unistd.h>

#include "posix.h"

_Static_assert(sizeof(struct iovec) == sizeof(struct file_iovec), "they are one");

#define PARTS(parts) ((const struct file_iovec *)(parts))

ssize_t read(int fd, void *buf, size_t n)
{
    posix_cancellation_point();
    return posix_result(WITH_FILE(f, fd, file_read(f, buf, n)));
}

ssize_t write(int fd, const void *buf, size_t n)
{
    posix_cancellation_point();
    return posix_result(WITH_FILE(f, fd, file_write(f, buf, n)));
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset)
{
    posix_cancellation_point();
    return posix_result(WITH_FILE(f, fd, file_pread(f, buf, n, offset)));
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
    posix_cancellation_point();
    return posix_result(WITH_FILE(f, fd, file_pwrite(f, buf, n, offset)));
}

/* count: the number of parts as POSIX' functions take it. */
static bool bad_count(int count)
{
    return count < 0 || (unsigned)count > FILE_IOV_MAX;
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
    posix_cancellation_point();
    if (bad_count(count))
        return posix_result(-EINVAL);
    return posix_result(WITH_FILE(f, fd, file_readv(f, PARTS(parts), (unsigned)count)));
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    posix_cancellation_point();
    if (bad_count(count))
        return posix_result(-EINVAL);
    return posix_result(WITH_FILE(f, fd, file_writev(f, PARTS(parts), (unsigned)count)));
}

ssize_t preadv(int fd, const struct iovec *parts, int count, off_t offset)
{
    posix_cancellation_point();
    if (bad_count(count))
        return posix_result(-EINVAL);
    return posix_result(WITH_FILE(f, fd, file_preadv(f, PARTS(parts), (unsigned)count, offset)));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    posix_cancellation_point();
    if (bad_count(count))
        return posix_result(-EINVAL);
    return posix_result(WITH_FILE(f, fd, file_pwritev(f, PARTS(parts), (unsigned)count, offset)));
}

off_t lseek(int fd, off_t offset, int whence)
{
    return posix_result(WITH_FILE(f, fd, file_seek(f, offset, whence)));
}

int close(int fd)
{
    posix_cancellation_point();
    return (int)posix_result(fd_close(fd));
}
