/* SPDX-License-Identifier: MIT */
/* A disk of the block frontend under ext4. */
#include "lib/fs/ext4/disk/disk.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <xen/io/blkif.h>

struct frontend {
    struct ext4_disk disk;
    struct blkfront_dev *dev;
    struct wait_queue done;
};

static struct frontend *frontend_of(struct ext4_disk *disk)
{
    return container_of(disk, struct frontend, disk);
}

static void completed(struct blkfront_aiocb *aio, int ret)
{
    struct ext4_disk_io *io = container_of(aio, struct ext4_disk_io, aio);

    io->result = ret;
    io->done = true;
    wake_all(&frontend_of(io->disk)->done);
}

static void accepted(struct ext4_disk_io *io, int ret)
{
    if (ret)
        completed(&io->aio, ret);
}

static void submit(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    size_t len = 0;

    for (unsigned i = 0; i < io->iovcnt; i++)
        len += io->iov[i].len;
    io->aio = (struct blkfront_aiocb){.aio_dev = frontend_of(disk)->dev,
                                      .aio_nbytes = len,
                                      .aio_offset = (int64_t)io->offset,
                                      .aio_cb = completed};
    if (io->iovcnt == 1) {
        io->aio.aio_buf = io->iov->base;
    } else {
        io->aio.aio_iov = io->iov;
        io->aio.aio_iovcnt = (int)io->iovcnt;
    }
    accepted(io, blkfront_aio(&io->aio, io->write));
}

static void wait(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    wait_event(&frontend_of(disk)->done, io->done, DEADLINE_NEVER);
}

static int operation(struct ext4_disk *disk, uint8_t op, uint64_t offset, uint64_t length)
{
    struct ext4_disk_io io = {.disk = disk};

    io.aio = (struct blkfront_aiocb){.aio_dev = frontend_of(disk)->dev,
                                     .aio_nbytes = length,
                                     .aio_offset = (int64_t)offset,
                                     .aio_cb = completed};
    accepted(&io, blkfront_aio_push_operation(&io.aio, op));
    wait(disk, &io);
    return io.result;
}

/* A backend that came back may have no cache while the one that went had one, and has lost writes:
 * blkfront_sync says so. It waits for all requests, which the others don't. */
static int flush(struct ext4_disk *disk)
{
    struct blkfront_dev *dev = frontend_of(disk)->dev;
    struct blkfront_limits limits;
    int ret = -EOPNOTSUPP;

    blkfront_get_limits(dev, &limits);
    if (limits.flush)
        ret = operation(disk, BLKIF_OP_FLUSH_DISKCACHE, 0, 0);
    else if (limits.barrier)
        ret = operation(disk, BLKIF_OP_WRITE_BARRIER, 0, 0);
    return ret == -EOPNOTSUPP ? blkfront_sync(dev) : ret;
}

static int discard(struct ext4_disk *disk, uint64_t offset, uint64_t length)
{
    return operation(disk, BLKIF_OP_DISCARD, offset, length);
}

static void *buffer(struct ext4_disk *disk, size_t bytes)
{
    return blkfront_buf_alloc(frontend_of(disk)->dev, bytes);
}

static void buffer_free(struct ext4_disk *disk, void *memory, size_t bytes)
{
    (void)bytes;
    blkfront_buf_free(frontend_of(disk)->dev, memory);
}

static void close_disk(struct ext4_disk *disk)
{
    struct frontend *f = frontend_of(disk);

    shutdown_blkfront(f->dev);
    heap_free(f);
}

static const struct ext4_disk_ops frontend_ops = {
    .submit = submit,
    .wait = wait,
    .flush = flush,
    .discard = discard,
    .alloc = buffer,
    .free = buffer_free,
    .close = close_disk,
};

int ext4_disk_blkfront(const char *name, bool read_only, struct ext4_disk **out)
{
    struct frontend *f = heap_zalloc(1, sizeof(*f), MEM_APP);
    struct blkfront_info info;
    struct blkfront_limits limits;
    int ret;

    if (!f)
        return -ENOMEM;
    ret = blkfront_open_device(name, NULL, &info, &f->dev);
    if (ret) {
        heap_free(f);
        return ret;
    }
    wait_queue_init(&f->done);
    blkfront_get_limits(f->dev, &limits);
    f->disk.ops = &frontend_ops;
    memcpy(f->disk.name, limits.name, sizeof(f->disk.name));
    f->disk.sector_size = info.sector_size;
    f->disk.size = info.sectors * 512;
    f->disk.readonly = read_only || info.mode == 0;
    *out = &f->disk;
    return 0;
}
