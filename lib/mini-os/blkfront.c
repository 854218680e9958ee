/* SPDX-License-Identifier: MIT */
/* A descriptor for a block device that the program has opened. */
#include "kernel.h"

#include <errno.h>
#include <limits.h>
#include <mini-os/blkfront.h>
#include <mini-os/lib.h>
#include <stdlib.h>

#include "files_private.h"

static unsigned int type;

static uint64_t size_of(struct blkfront_dev *dev)
{
    struct blkfront_limits limits;

    blkfront_get_limits(dev, &limits);
    return limits.sectors * 512;
}

/* -1 and errno, or the number of bytes up to the end of the disk. */
static int transfer(struct file *file, void *buf, size_t len, int write)
{
    const uint64_t size = size_of(file->dev), at = (uint64_t)file->offset;
    struct blkfront_aiocb cb = {.aio_dev = file->dev, .aio_buf = buf, .aio_offset = file->offset};
    int ret;

    if (at >= size) {
        errno = ENOSPC;
        return write ? -1 : 0;
    }
    cb.aio_nbytes = MIN(MIN(len, (size_t)INT_MAX), size - at);
    ret = blkfront_io(&cb, write);
    if (ret) {
        errno = -ret;
        return -1;
    }
    return (int)cb.aio_nbytes;
}

static int blk_read(struct file *file, void *buf, size_t len)
{
    return transfer(file, buf, len, 0);
}

static int blk_write(struct file *file, const void *buf, size_t len)
{
    return transfer(file, (void *)buf, len, 1);
}

static int blk_fstat(struct file *file, struct stat *st)
{
    struct blkfront_limits limits;

    blkfront_get_limits(file->dev, &limits);
    st->st_mode = S_IFBLK | (limits.readonly ? 0400 : 0600);
    st->st_size = (off_t)(limits.sectors * 512);
    st->st_blksize = limits.sector_size;
    st->st_blocks = (blkcnt_t)limits.sectors;
    st->st_rdev = limits.devid;
    return 0;
}

static int blk_close(struct file *file)
{
    int ret = shutdown_blkfront(file->dev);

    errno = ret ? -ret : 0;
    return ret ? -1 : 0;
}

static const struct file_ops blk_ops = {
    .name = "blk",
    .read = blk_read,
    .write = blk_write,
    .lseek = lseek_default,
    .close = blk_close,
    .fstat = blk_fstat,
};

static int sync_disk(struct file *file)
{
    return file->type == type ? blkfront_sync(file->dev) : -EINVAL;
}

int blkfront_open(struct blkfront_dev *dev)
{
    int fd;

    if (!dev) {
        errno = EINVAL;
        return -1;
    }
    if (!type)
        type = alloc_file_type(&blk_ops);
    minios_file_sync = sync_disk;
    fd = alloc_fd(type);
    if (fd >= 0)
        get_file_from_fd(fd)->dev = dev;
    return fd;
}
