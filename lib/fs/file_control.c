/* SPDX-License-Identifier: MIT */
/* Everything that is done to an open file beside reading and writing. */
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "lib/fs/fs.h"

static int64_t end_of(struct file *f)
{
    struct file_stat st;
    int ret = file_stat(f, &st);

    return ret ? ret : st.size;
}

/* A directory's position is a cookie of its file system: only 0 and those that it gave make sense, and
 * there is no end to count from. */
static int64_t seek(struct file *f, int64_t offset, int whence)
{
    int64_t from = 0;

    if (whence == 1)
        from = f->offset;
    else if (whence == 2 && !f->ops->readdir)
        from = end_of(f);
    else if (whence != 0)
        return -EINVAL;
    if (from < 0)
        return from;
    if (offset > INT64_MAX - from)
        return -EOVERFLOW;
    if (from + offset < 0)
        return -EINVAL;
    return f->offset = from + offset;
}

int64_t file_seek(struct file *f, int64_t offset, int whence)
{
    int64_t ret;

    if (!f->ops->seekable && !f->ops->readdir)
        return -ESPIPE;
    mutex_lock(&f->lock);
    ret = seek(f, offset, whence);
    mutex_unlock(&f->lock);
    return ret;
}

int file_ioctl(struct file *f, unsigned long request, void *arg)
{
    return f->ops->ioctl ? f->ops->ioctl(f, request, arg) : -ENOTTY;
}

int file_stat(struct file *f, struct file_stat *out)
{
    int ret;

    memset(out, 0, sizeof(*out));
    if (f->ops->stat)
        return f->ops->stat(f, out);
    if (!f->node || !f->node->ops->stat)
        return -EINVAL;
    ret = f->node->ops->stat(f->node, out);
    out->dev = f->node->mount->dev;
    return ret;
}

int file_truncate(struct file *f, int64_t size)
{
    if ((f->flags & FILE_ACCMODE) == FILE_RDONLY || size < 0 || !f->ops->truncate)
        return -EINVAL;
    return f->ops->truncate(f, size);
}

int file_sync(struct file *f, bool data_only)
{
    return f->ops->sync ? f->ops->sync(f, data_only) : -EINVAL;
}

int file_allocate(struct file *f, unsigned mode, int64_t offset, int64_t len)
{
    if ((f->flags & FILE_ACCMODE) == FILE_RDONLY)
        return -EBADF;
    if (offset < 0 || len <= 0)
        return -EINVAL;
    if (len > INT64_MAX - offset)
        return -EFBIG;
    if (!f->ops->allocate)
        return f->ops->seekable ? -ENODEV : -ESPIPE;
    return f->ops->allocate(f, mode, offset, len);
}

int file_readdir(struct file *f, struct file_dirent *out)
{
    int ret;

    if (!f->ops->readdir)
        return -ENOTDIR;
    mutex_lock(&f->lock);
    ret = f->ops->readdir(f, &f->offset, out);
    mutex_unlock(&f->lock);
    return ret;
}
