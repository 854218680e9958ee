/* SPDX-License-Identifier: MIT */
/* What is stored of a file: its size, its blocks, and when it is on the disk. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "posix.h"

int ftruncate(int fd, off_t size)
{
    posix_cancellation_point();
    return (int)posix_result(WITH_FILE(f, fd, file_truncate(f, size)));
}

int fsync(int fd)
{
    posix_cancellation_point();
    return (int)posix_result(WITH_FILE(f, fd, file_sync(f, false)));
}

int fdatasync(int fd)
{
    posix_cancellation_point();
    return (int)posix_result(WITH_FILE(f, fd, file_sync(f, true)));
}

/* Unlike the others it returns the error. */
int posix_fallocate(int fd, off_t offset, off_t length)
{
    if (offset < 0 || length <= 0)
        return EINVAL;
    return (int)-WITH_FILE(f, fd, file_allocate(f, ALLOCATE_EXTEND, offset, length));
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    unsigned how;

    switch (mode) {
    case 0:
        how = ALLOCATE_EXTEND;
        break;
    case FALLOC_FL_KEEP_SIZE:
        how = ALLOCATE_KEEP_SIZE;
        break;
    case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
        how = ALLOCATE_ZERO; /* Linux promises zeroes; ALLOCATE_PUNCH does not, of a disk */
        break;
    case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
        how = ALLOCATE_ZERO;
        break;
    default:
        return (int)posix_result(-EOPNOTSUPP);
    }
    if (offset < 0 || length <= 0)
        return (int)posix_result(-EINVAL);
    return (int)posix_result(WITH_FILE(f, fd, file_allocate(f, how, offset, length)));
}

static int advise(struct file *f, off_t offset, off_t length, int advice)
{
    if (!f->ops->seekable)
        return -ESPIPE;
    if (advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
        return -EINVAL;
    if (advice == POSIX_FADV_DONTNEED && f->ops->forget && offset >= 0)
        return f->ops->forget(f, offset, length);
    return 0;
}

/* Only POSIX_FADV_DONTNEED has an effect, on files with a cache. */
int posix_fadvise(int fd, off_t offset, off_t length, int advice)
{
    if (length < 0)
        return EINVAL;
    return (int)-WITH_FILE(f, fd, advise(f, offset, length, advice));
}

ssize_t readahead(int fd, off_t offset, size_t count)
{
    (void)offset;
    (void)count;
    return posix_result(WITH_FILE(f, fd, f->ops->seekable ? 0 : -EINVAL));
}
