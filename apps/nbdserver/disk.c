/* SPDX-License-Identifier: MIT */
/*
 * The disks on blkfront. Its callbacks run in handlers as well, where nothing may be locked: they put
 * requests that have ended into a list, which the server's thread takes (disk_complete).
 */
#include "disk.h"

#include <errno.h>
#include <ringlet/blkfront.h>
#include <ringlet/netfront.h>
#include <stdlib.h>
#include <xen/io/blkif.h>

#define ZEROES (256u << 10) /* bytes */

struct list disks = LIST_INIT(disks);
struct wait_queue disk_work = WAIT_QUEUE_INIT(disk_work);

static struct list completed = LIST_INIT(completed);

static void complete(struct disk_io *io, int ret)
{
    io->ret = ret;
    list_add_tail(&completed, &io->link);
    wake_all(&disk_work);
}

/* ---- requests ---- */

static void ended(struct blkfront_aiocb *aio, int ret);

static void prepare(struct disk_io *io, uint8_t *data, uint64_t offset, uint32_t len)
{
    io->aio = (struct blkfront_aiocb){.aio_dev = io->disk->dev,
                                      .aio_buf = data,
                                      .aio_nbytes = len,
                                      .aio_offset = (int64_t)offset,
                                      .aio_cb = ended};
}

static int begin_transfer(struct disk_io *io, bool write)
{
    prepare(io, io->data, io->offset, io->len);
    io->disk->prepared = true;
    return blkfront_aio_enqueue(&io->aio, write);
}

/* Without a cache there is nothing to do; but a backend that went may have had one, and lost writes: the
 * flush that is not offered tells of that (blkfront_event). */
static int begin_flush(struct disk_io *io, bool *begun)
{
    struct blkfront_limits *l = &io->disk->limits;
    int ret;

    blkfront_get_limits(io->disk->dev, l);
    prepare(io, NULL, 0, 0);
    ret = blkfront_aio_push_operation(&io->aio, !l->flush && l->barrier ? BLKIF_OP_WRITE_BARRIER
                                                                        : BLKIF_OP_FLUSH_DISKCACHE);
    *begun = ret != -EOPNOTSUPP;
    return *begun ? ret : 0;
}

static int begin_zero(struct disk_io *io)
{
    prepare(io, io->disk->zeroes, io->offset + io->zeroed, MIN(io->len - io->zeroed, ZEROES));
    return blkfront_aio_write(&io->aio);
}

/* 0: it is on its way, or, if not *begun, done. */
static int begin(struct disk_io *io, bool *begun)
{
    *begun = true;
    switch (io->op) {
    case DISK_READ:
        return begin_transfer(io, false);
    case DISK_WRITE:
        return begin_transfer(io, true);
    case DISK_FLUSH:
        return begin_flush(io, begun);
    case DISK_TRIM:
        prepare(io, NULL, io->offset, io->len);
        return blkfront_aio_push_operation(&io->aio, BLKIF_OP_DISCARD);
    case DISK_ZERO:
        return begin_zero(io);
    }
    return -EINVAL;
}

static void start(struct disk_io *io)
{
    bool begun = false;
    const int ret = io->disk->dev ? begin(io, &begun) : -ENODEV;

    if (ret || !begun)
        complete(io, ret);
}

void disk_start(struct disk_io *io)
{
    io->zeroed = 0;
    start(io);
}

static void ended(struct blkfront_aiocb *aio, int ret)
{
    struct disk_io *io = container_of(aio, struct disk_io, aio);

    if (io->op == DISK_ZERO && !ret) {
        io->zeroed += (uint32_t)aio->aio_nbytes;
        if (io->zeroed < io->len) {
            start(io);
            return;
        }
    }
    /* the backend has withdrawn its offer: there may be a barrier, or nothing to flush */
    if (io->op == DISK_FLUSH && ret == -EOPNOTSUPP) {
        start(io);
        return;
    }
    complete(io, ret);
}

void disk_push(struct disk *d)
{
    if (d->prepared && d->dev)
        blkfront_aio_submit(d->dev);
    d->prepared = false;
}

bool disk_has_completed(void)
{
    return !list_empty(&completed);
}

void disk_complete(void)
{
    struct disk_io *io;

    while ((io = list_first(&completed, struct disk_io, link))) {
        list_del(&io->link);
        io->done(io, io->ret);
    }
}

/* ---- opening and closing ---- */

struct events {
    struct disk *disk;
    void (*changed)(struct disk *d, bool lost);
};

static void event(struct blkfront_dev *dev, enum blkfront_event what, void *arg)
{
    const struct events *e = arg;

    (void)dev;
    if (what != BLKFRONT_EV_AWAY)
        e->changed(e->disk, what == BLKFRONT_EV_FAILED);
}

static size_t pages_of(unsigned buffers)
{
    return (size_t)buffers * POOL_BUFFER / PAGE_SIZE;
}

/* Fewer buffers in a small guest. */
static int make_pool(struct disk *d)
{
    unsigned count = POOL_COUNT;

    d->zeroes = blkfront_buf_alloc(d->dev, ZEROES);
    for (; d->zeroes && count > POOL_RESERVE; count /= 2) {
        d->buffers = blkfront_buf_alloc(d->dev, (size_t)count * POOL_BUFFER);
        if (!d->buffers)
            continue;
        if (pool_init(&d->pool, d->buffers, count))
            return -ENOMEM;
        /* they are sent from where they are; otherwise netfront copies them */
        d->sendable = !netfront_mem_add(d->buffers, pages_of(count));
        return 0;
    }
    return -ENOMEM;
}

/* (shutdown_blkfront() has been called, and netfront does not know the buffers any more.) */
static void free_all(struct disk *d)
{
    blkfront_buf_free(NULL, d->buffers);
    blkfront_buf_free(NULL, d->zeroes);
    free(d);
}

int disk_open(const char *name, void (*changed)(struct disk *d, bool lost), struct disk **out)
{
    struct disk *d = calloc(1, sizeof(*d) + sizeof(struct events));
    struct events *e = (struct events *)(d + 1);
    struct blkfront_config config = {.event = event, .event_arg = e};
    int ret;

    if (!d)
        return -ENOMEM;
    *e = (struct events){d, changed};
    ret = blkfront_open_device(name, &config, NULL, &d->dev);
    if (ret) {
        free(d);
        return ret;
    }
    ret = make_pool(d);
    if (ret) {
        shutdown_blkfront(d->dev);
        free_all(d);
        return ret;
    }
    blkfront_get_limits(d->dev, &d->limits);
    for (size_t i = 0; i < sizeof(d->name); i++)
        d->name[i] = d->limits.name[i];
    list_add_tail(&disks, &d->link);
    *out = d;
    return 0;
}

struct blkfront_dev *disk_detach(struct disk *d)
{
    struct blkfront_dev *dev = d->dev;

    d->dev = NULL;
    return dev;
}

bool disk_release(struct disk *d)
{
    if (!d->closed || !pool_is_whole(&d->pool) ||
        (d->sendable && netfront_mem_remove(d->buffers, pages_of(d->pool.count))))
        return false;
    d->sendable = false;
    return true;
}

void disk_free(struct disk *d)
{
    list_del(&d->link);
    pool_destroy(&d->pool);
    free_all(d);
}
