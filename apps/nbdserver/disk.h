/* SPDX-License-Identifier: MIT */
/*
 * A disk as the server uses it: requests that never wait, and the buffers for their data. disk.c is
 * blkfront's; tests have one on a file.
 *
 * All functions are called with the server's lock (lwIP's core lock) held, and so is `done`.
 */
#ifndef NBDSERVER_DISK_H
#define NBDSERVER_DISK_H

#include <ringlet/blkfront.h>
#include <ringlet/list.h>
#include <ringlet/thread.h>

#include "pool.h"

enum disk_op {
    DISK_READ,
    DISK_WRITE,
    DISK_FLUSH, /* all writes that were completed are on stable storage */
    DISK_TRIM,
    DISK_ZERO, /* zeroes are written */
};

struct disk_io {
    /* of the caller, unchanged until `done` */
    struct disk *disk;
    enum disk_op op;
    uint64_t offset; /* bytes, within the disk; not for a flush */
    uint32_t len;
    uint8_t *data; /* of reads and writes: a buffer of the disk's pool, or within one */
    /* Called once, not within disk_start(), by disk_complete(). ret: 0 or -errno. */
    void (*done)(struct disk_io *io, int ret);
    /* of the disk */
    struct list link;
    int ret;
    uint32_t zeroed; /* bytes */
    struct blkfront_aiocb aio;
};

struct disk {
    char name[16];            /* "xvda" */
    struct pool pool;         /* of buffers that the disk reads and writes without a copy */
    struct list link;         /* in `disks` */
    struct blkfront_dev *dev; /* NULL: it is detached */
    struct blkfront_limits limits;
    uint8_t *buffers; /* the pool's */
    uint8_t *zeroes;  /* what DISK_ZERO writes */
    bool sendable;    /* the buffers are netfront's, too */
    bool closed;      /* shutdown_blkfront() has returned */
    bool prepared;    /* requests wait for disk_push() */
};

/* Begins a request. A disk that is detached ends it with -ENODEV. */
void disk_start(struct disk_io *io);
/* The requests that were begun go to the backend. */
void disk_push(struct disk *d);

/* ---- blkfront's disks: disk.c ---- */

extern struct list disks; /* of struct disk */

/*
 * Opens a disk by blkfront's name for it ("51712"), with buffers for up to POOL_COUNT pieces, and adds
 * it to `disks`. changed: called without the lock, in a thread, when `limits` may have changed, and when
 * the disk is lost. 0 or -errno: blkfront_open_device's, or -ENOMEM. Waits; without the lock.
 */
int disk_open(const char *name, void (*changed)(struct disk *d, bool lost), struct disk **out);
/* From now on requests end with -ENODEV; those in flight as well, soon. The device, for
 * shutdown_blkfront(), without the lock. */
struct blkfront_dev *disk_detach(struct disk *d);
/* It is detached, its device is shut down, and no buffer is in use: disk_free() may follow. False: the network
 * still refers to a buffer: to be called again. */
bool disk_release(struct disk *d);
void disk_free(struct disk *d);

/* Woken when disk_complete() has something to do. */
extern struct wait_queue disk_work;
bool disk_has_completed(void);
/* Calls `done` of each request that has ended. */
void disk_complete(void);

#endif
