/* SPDX-License-Identifier: MIT */
/*
 * Disks as files: /dev/xvda, /dev/xvda1 and so on, on the block frontend.
 *
 * A disk is connected by its first open, and closed with the last: all opens share the device. Offsets
 * and lengths have any alignment. Data go straight between the caller's memory and the driver: there
 * is no cache, and FILE_DIRECT changes nothing. A read at the end gives 0, and a short count before it;
 * a write beyond it -ENOSPC, or a short count. FILE_SYNC and FILE_DSYNC: a write is on stable storage
 * when it returns. sync: flushes. FILE_EXCL (without FILE_CREAT): no other open while this one is, else
 * -EBUSY. A read-only disk: an open for writing -EROFS. ALLOCATE_PUNCH discards.
 */
#ifndef RINGLET_FS_BLOCKDEV_H
#define RINGLET_FS_BLOCKDEV_H

#include "lib/fs/file.h"

struct blkfront_dev;
struct blkfront_config;

/* ioctl requests, with Linux' numbers. */
#define BLOCK_GET_SIZE  0x80081272ul /* BLKGETSIZE64: uint64_t *, bytes */
#define BLOCK_SECTOR    0x1268ul     /* BLKSSZGET: int *, bytes */
#define BLOCK_PHYSICAL  0x127bul     /* BLKPBSZGET: unsigned * */
#define BLOCK_FLUSH     0x1261ul     /* BLKFLSBUF: flushes */
#define BLOCK_READ_ONLY 0x125eul     /* BLKROGET: int * */
#define BLOCK_DISCARD   0x1277ul /* BLKDISCARD: uint64_t[2], offset and length, of whole sectors */

/* Opens the disk "xvda" (names of blkfront_open_device). -ENXIO: there is none of that name; -EBUSY,
 * -EROFS, and the driver's errors. */
int blockdev_open(const char *name, unsigned flags, struct file **out);
/* The same for a file that was made: sets its ops and data, as node_ops.open. */
int blockdev_attach(const char *name, unsigned flags, struct file *f);
/* The driver's handle of an open disk, for aio; NULL: f is no disk. Valid while f is open. */
struct blkfront_dev *blockdev_handle(struct file *f);
/* The same, and where the disk's present size in bytes is, to which the driver does not cut requests. */
struct blkfront_dev *blockdev_disk(struct file *f, const int64_t **size);
/* The configuration for disks that are opened from now on; NULL: the defaults. It is copied. */
void blockdev_configure(const struct blkfront_config *config);

#endif
