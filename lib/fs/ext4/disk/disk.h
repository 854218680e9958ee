/* SPDX-License-Identifier: MIT */
/*
 * The block device under an ext4 file system, as the store (store/store.h) uses it: a seam, so that the
 * same code runs on the block frontend, and in host processes on memory, on a file, and on a model of a
 * disk that loses what was not flushed.
 *
 * Offsets and lengths are bytes and multiples of sector_size. All functions return 0 or -errno: -EIO, and
 * whatever else the device answers. Thread context; each may let other threads run. Requests have no
 * order: one that must follow another is submitted after ext4_disk_wait() of the other. A write is on
 * stable storage when a flush that was begun after its end has succeeded; before that any part of it may
 * be lost, in units of 512 bytes that are each old or new.
 */
#ifndef RINGLET_EXT4_DISK_H
#define RINGLET_EXT4_DISK_H

#include <ringlet/blkfront.h>

struct ext4_disk;

/*
 * One read or write. The caller's memory, also iov and what it points to, until ext4_disk_wait() has
 * returned. All elements of iov are multiples of sector_size long; their sum is the length.
 */
struct ext4_disk_io {
    uint64_t offset;
    const struct blkfront_iovec *iov;
    unsigned iovcnt;
    bool write;
    /* the device's: zero before the first use */
    struct blkfront_aiocb aio;
    struct ext4_disk *disk;
    bool done;
    int result;
};

struct ext4_disk_ops {
    /* Starts a transfer, or ends it at once. Errors, too, are io->result. */
    void (*submit)(struct ext4_disk *disk, struct ext4_disk_io *io);
    /* Waits until io->done. */
    void (*wait)(struct ext4_disk *disk, struct ext4_disk_io *io);
    /* NULL: there is no volatile cache. */
    int (*flush)(struct ext4_disk *disk);
    /* The content is not needed any more. NULL, or -EOPNOTSUPP: not supported. */
    int (*discard)(struct ext4_disk *disk, uint64_t offset, uint64_t length);
    /* Memory that the device reads and writes without a copy, page-aligned; NULL: there is none. free may
     * be called after close. */
    void *(*alloc)(struct ext4_disk *disk, size_t bytes);
    void (*free)(struct ext4_disk *disk, void *memory, size_t bytes);
    /* Flushes nothing. The disk is gone afterwards. */
    void (*close)(struct ext4_disk *disk);
};

struct ext4_disk {
    const struct ext4_disk_ops *ops;
    char name[16];        /* for messages: "xvda" */
    unsigned sector_size; /* 512, 1024, 2048 or 4096 */
    uint64_t size;        /* bytes, when it was opened */
    bool readonly;
};

/* Opens a disk of the block frontend, by the names of blkfront_open_device. read_only: asks for no more,
 * even if the disk permits it. 0, or the driver's -errno; -ENXIO: there is no such disk. */
int ext4_disk_blkfront(const char *name, bool read_only, struct ext4_disk **out);

static inline void ext4_disk_submit(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    io->disk = disk;
    io->done = false;
    io->result = 0;
    disk->ops->submit(disk, io);
}

static inline int ext4_disk_wait(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    if (!io->done)
        disk->ops->wait(disk, io);
    return io->result;
}

/* Reads or writes one piece of memory, and waits. */
static inline int ext4_disk_transfer(struct ext4_disk *disk, uint64_t offset, void *buf, size_t len,
                                     bool write)
{
    struct blkfront_iovec iov = {buf, len};
    struct ext4_disk_io io = {.offset = offset, .iov = &iov, .iovcnt = 1, .write = write};

    ext4_disk_submit(disk, &io);
    return ext4_disk_wait(disk, &io);
}

static inline int ext4_disk_flush(struct ext4_disk *disk)
{
    return disk->ops->flush ? disk->ops->flush(disk) : 0;
}

#endif
