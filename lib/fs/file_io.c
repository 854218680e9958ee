/* SPDX-License-Identifier: MIT */
/* Reading and writing: what is common to all types of files. */
#include <ringlet/errno.h>

#include "lib/fs/file.h"

/* The bytes in all, or -EINVAL. */
static int64_t total(const struct file_iovec *iov, unsigned n)
{
    uint64_t sum = 0;

    if (n > FILE_IOV_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < n; i++) {
        if (iov[i].len > INT64_MAX - sum)
            return -EINVAL;
        sum += iov[i].len;
    }
    return (int64_t)sum;
}

static bool readable(const struct file *f)
{
    return (f->flags & FILE_ACCMODE) != FILE_WRONLY;
}

static bool writable(const struct file *f)
{
    return (f->flags & FILE_ACCMODE) != FILE_RDONLY;
}

/* Whether to go on: the number of bytes, or 0 and errors. */
static int64_t check_read(const struct file *f, const struct file_iovec *iov, unsigned n)
{
    if (!readable(f))
        return -EBADF;
    if (!f->ops->read)
        return f->ops->readdir ? -EISDIR : -EINVAL;
    return total(iov, n);
}

static int64_t check_write(const struct file *f, const struct file_iovec *iov, unsigned n)
{
    if (!writable(f))
        return -EBADF;
    if (!f->ops->write)
        return -EINVAL;
    return total(iov, n);
}

static int64_t do_read(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset,
                       int64_t len)
{
    if (len > INT64_MAX - *offset)
        return -EINVAL;
    return f->ops->read(f, iov, n, offset);
}

static int64_t do_write(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset,
                        int64_t len)
{
    if (*offset != FILE_OFFSET_END && len > INT64_MAX - *offset)
        return -EFBIG;
    return f->ops->write(f, iov, n, offset);
}

int64_t file_readv(struct file *f, const struct file_iovec *iov, unsigned n)
{
    int64_t ret = check_read(f, iov, n), offset = 0;

    if (ret <= 0)
        return ret;
    if (!f->ops->seekable)
        return f->ops->read(f, iov, n, &offset);
    mutex_lock(&f->lock);
    offset = f->offset;
    ret = do_read(f, iov, n, &offset, ret);
    if (ret > 0)
        f->offset = offset + ret;
    mutex_unlock(&f->lock);
    return ret;
}

int64_t file_writev(struct file *f, const struct file_iovec *iov, unsigned n)
{
    int64_t ret = check_write(f, iov, n), offset = 0;

    if (ret <= 0)
        return ret;
    if (!f->ops->seekable)
        return f->ops->write(f, iov, n, &offset);
    mutex_lock(&f->lock);
    offset = f->flags & FILE_APPEND ? FILE_OFFSET_END : f->offset;
    ret = do_write(f, iov, n, &offset, ret);
    if (ret > 0)
        f->offset = offset + ret;
    mutex_unlock(&f->lock);
    return ret;
}

int64_t file_preadv(struct file *f, const struct file_iovec *iov, unsigned n, int64_t offset)
{
    int64_t ret = check_read(f, iov, n);

    if (ret < 0)
        return ret;
    if (!f->ops->seekable)
        return -ESPIPE;
    if (offset < 0)
        return -EINVAL;
    return ret ? do_read(f, iov, n, &offset, ret) : 0;
}

int64_t file_pwritev(struct file *f, const struct file_iovec *iov, unsigned n, int64_t offset)
{
    int64_t ret = check_write(f, iov, n);

    if (ret < 0)
        return ret;
    if (!f->ops->seekable)
        return -ESPIPE;
    if (offset < 0)
        return -EINVAL;
    return ret ? do_write(f, iov, n, &offset, ret) : 0;
}

int64_t file_read(struct file *f, void *buf, size_t len)
{
    const struct file_iovec iov = {buf, len};

    return file_readv(f, &iov, 1);
}

int64_t file_write(struct file *f, const void *buf, size_t len)
{
    const struct file_iovec iov = {(void *)(uintptr_t)buf, len};

    return file_writev(f, &iov, 1);
}

int64_t file_pread(struct file *f, void *buf, size_t len, int64_t offset)
{
    const struct file_iovec iov = {buf, len};

    return file_preadv(f, &iov, 1, offset);
}

int64_t file_pwrite(struct file *f, const void *buf, size_t len, int64_t offset)
{
    const struct file_iovec iov = {(void *)(uintptr_t)buf, len};

    return file_pwritev(f, &iov, 1, offset);
}
