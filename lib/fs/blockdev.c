/* SPDX-License-Identifier: MIT */
/* Disks as files. Each disk that is open has a struct disk, which its open files share. */
#include "lib/fs/blockdev.h"

#include <ringlet/blkfront.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>
#include <xen/io/blkif.h>

#include "lib/fs/fs.h"

_Static_assert(sizeof(struct file_iovec) == sizeof(struct blkfront_iovec) &&
                   offsetof(struct file_iovec, len) == offsetof(struct blkfront_iovec, len),
               "vectors are given to the driver as they are");

struct disk {
    struct list link;
    struct blkfront_dev *dev;
    unsigned devid, users;
    bool exclusive;
    int64_t size; /* bytes; kept current by the driver's events */
    struct blkfront_limits limits;
};

static struct list disks = LIST_INIT(disks);
static struct mutex lock =
    MUTEX_INIT(lock); /* held while a disk is opened or closed, which waits */
static struct blkfront_config config;
static void (*next_event)(struct blkfront_dev *dev, enum blkfront_event what, void *arg);

static const struct file_ops disk_ops;

static struct disk *disk_of(const struct file *f)
{
    return f->data;
}

static void refresh(struct disk *d)
{
    blkfront_get_limits(d->dev, &d->limits);
    d->size = d->limits.sectors > INT64_MAX / 512 ? INT64_MAX : (int64_t)d->limits.sectors * 512;
}

static void event(struct blkfront_dev *dev, enum blkfront_event what, void *arg)
{
    struct disk *d = arg;

    if (d->dev)
        refresh(d);
    if (next_event)
        next_event(dev, what, config.event_arg);
}

void blockdev_configure(const struct blkfront_config *c)
{
    config = c ? *c : (struct blkfront_config){.ring_pages = 0};
    next_event = config.event;
}

/* ---- reading and writing ---- */

/* The first len bytes of a vector, in new memory. */
static struct file_iovec *cut(const struct file_iovec *iov, unsigned *n, size_t len)
{
    struct file_iovec *copy = heap_alloc(*n * sizeof(*copy), MEM_APP);
    unsigned i = 0;

    for (; copy && len; i++) {
        copy[i] = iov[i];
        copy[i].len = MIN(iov[i].len, len);
        len -= copy[i].len;
    }
    *n = i;
    return copy;
}

static int request(struct disk *d, const struct file_iovec *iov, unsigned n, size_t len,
                   int64_t offset, bool write, unsigned flags)
{
    struct blkfront_aiocb a = {
        .aio_dev = d->dev, .aio_nbytes = len, .aio_offset = offset, .aio_flags = flags};

    if (n == 1) {
        a.aio_buf = iov->base;
    } else {
        a.aio_iov = (const struct blkfront_iovec *)(const void *)iov;
        a.aio_iovcnt = (int)n;
    }
    return blkfront_io(&a, write);
}

static int64_t transfer(struct file *f, const struct file_iovec *iov, unsigned n, int64_t offset,
                        bool write)
{
    struct disk *d = disk_of(f);
    struct file_iovec *part = NULL;
    size_t total = 0, len;
    int ret;

    for (unsigned i = 0; i < n; i++)
        total += iov[i].len;
    if (offset >= d->size)
        return write ? -ENOSPC : 0;
    len = MIN(total, (size_t)(d->size - offset));
    if (len < total && n > 1) {
        iov = part = cut(iov, &n, len);
        if (!part)
            return -ENOMEM;
    }
    ret = request(d, iov, n, len, offset, write,
                  write && (f->flags & (FILE_SYNC | FILE_DSYNC)) ? BLKFRONT_FUA : 0);
    heap_free(part);
    return ret ? ret : (int64_t)len;
}

static int64_t disk_read(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset)
{
    return transfer(f, iov, n, *offset, false);
}

static int64_t disk_write(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset)
{
    if (*offset == FILE_OFFSET_END)
        *offset = disk_of(f)->size;
    return transfer(f, iov, n, *offset, true);
}

/* ---- control ---- */

static int disk_sync(struct file *f, bool data_only)
{
    (void)data_only;
    return blkfront_sync(disk_of(f)->dev);
}

struct discard {
    struct blkfront_aiocb a;
    struct wait_queue done;
    bool completed;
    int ret;
};

static void discarded(struct blkfront_aiocb *a, int ret)
{
    struct discard *op = container_of(a, struct discard, a);

    op->ret = ret;
    op->completed = true;
    wake_all(&op->done);
}

static int discard(struct disk *d, int64_t offset, int64_t len)
{
    struct discard op = {.a = {.aio_dev = d->dev,
                               .aio_nbytes = (size_t)len,
                               .aio_offset = offset,
                               .aio_cb = discarded}};
    int ret;

    wait_queue_init(&op.done);
    ret = blkfront_aio_push_operation(&op.a, BLKIF_OP_DISCARD);
    if (ret)
        return ret;
    /* not file_wait: the request uses this stack until it completes */
    while (!op.completed)
        wait_on(&op.done, DEADLINE_NEVER);
    return op.ret;
}

/* A disk's size is fixed and its storage is there. A discarded range may have any content: no promise of
 * zeroes can be made. */
static int disk_allocate(struct file *f, unsigned mode, int64_t offset, int64_t len)
{
    struct disk *d = disk_of(f);

    if (mode != ALLOCATE_PUNCH)
        return -EOPNOTSUPP;
    if (offset >= d->size)
        return 0;
    return discard(d, offset, MIN(len, d->size - offset));
}

static int ioctl_discard(struct file *f, const uint64_t *range)
{
    struct disk *d = disk_of(f);

    if ((f->flags & FILE_ACCMODE) == FILE_RDONLY)
        return -EBADF;
    if (range[0] > (uint64_t)d->size || range[1] > (uint64_t)d->size - range[0] ||
        (range[0] | range[1]) % d->limits.sector_size)
        return -EINVAL;
    return range[1] ? discard(d, (int64_t)range[0], (int64_t)range[1]) : 0;
}

static int disk_ioctl(struct file *f, unsigned long req, void *arg)
{
    struct disk *d = disk_of(f);

    switch (req) {
    case BLOCK_GET_SIZE:
        *(uint64_t *)arg = (uint64_t)d->size;
        return 0;
    case BLOCK_SECTOR:
        *(int *)arg = (int)d->limits.sector_size;
        return 0;
    case BLOCK_PHYSICAL:
        *(unsigned *)arg = d->limits.physical_sector_size;
        return 0;
    case BLOCK_READ_ONLY:
        *(int *)arg = d->limits.readonly;
        return 0;
    case BLOCK_FLUSH:
        return blkfront_sync(d->dev);
    case BLOCK_DISCARD:
        return ioctl_discard(f, arg);
    default:
        return -ENOTTY;
    }
}

/* An open disk shows its size, which SEEK_END counts from; the name in /dev, which is not connected,
 * shows 0. */
static int disk_stat(struct file *f, struct file_stat *out)
{
    struct disk *d = disk_of(f);
    int ret = 0;

    if (f->node && f->node->ops->stat) {
        ret = f->node->ops->stat(f->node, out);
        out->dev = f->node->mount->dev;
    } else {
        out->mode = MODE_BLOCK | 0600;
        out->nlink = 1;
        out->rdev = d->devid;
    }
    out->size = d->size;
    out->blksize = 4096;
    return ret;
}

/* ---- opening and closing ---- */

static struct disk *find(unsigned devid)
{
    list_for_each (l, &disks) {
        struct disk *d = list_entry(l, struct disk, link);

        if (d->devid == devid)
            return d;
    }
    return NULL;
}

static int connect(const char *name, unsigned devid, struct disk **out)
{
    struct disk *d = heap_zalloc(1, sizeof(*d), MEM_APP);
    struct blkfront_config c = config;
    int ret;

    if (!d)
        return -ENOMEM;
    c.event = event;
    c.event_arg = d;
    ret = blkfront_open_device(name, &c, NULL, &d->dev);
    if (ret) {
        heap_free(d);
        return ret == -ENOENT ? -ENXIO : ret;
    }
    d->devid = devid;
    refresh(d);
    list_add_tail(&disks, &d->link);
    *out = d;
    return 0;
}

static int disconnect(struct disk *d)
{
    int ret;

    list_del(&d->link);
    ret = shutdown_blkfront(d->dev);
    heap_free(d);
    return ret;
}

/* With the lock. The disk with one more user. */
static int use(const char *name, unsigned devid, unsigned flags, struct disk **out)
{
    struct disk *d = find(devid);
    bool exclusive = (flags & FILE_EXCL) && !(flags & FILE_CREAT);
    int ret;

    if (d && (exclusive || d->exclusive))
        return -EBUSY;
    if (!d) {
        ret = connect(name, devid, &d);
        if (ret)
            return ret;
    }
    if ((flags & FILE_ACCMODE) != FILE_RDONLY && d->limits.readonly) {
        if (!d->users)
            disconnect(d);
        return -EROFS;
    }
    d->exclusive = exclusive;
    d->users++;
    *out = d;
    return 0;
}

static int unuse(struct disk *d)
{
    d->exclusive = false;
    return --d->users ? 0 : disconnect(d);
}

static int disk_release(struct file *f)
{
    int ret;

    mutex_lock(&lock);
    ret = unuse(disk_of(f));
    mutex_unlock(&lock);
    return ret;
}

static const struct file_ops disk_ops = {
    .seekable = true,
    .read = disk_read,
    .write = disk_write,
    .ioctl = disk_ioctl,
    .stat = disk_stat,
    .sync = disk_sync,
    .allocate = disk_allocate,
    .release = disk_release,
};

int blockdev_attach(const char *name, unsigned flags, struct file *f)
{
    unsigned devid;
    struct disk *d;
    int ret;

    if (blkfront_vdev_number(name, &devid))
        return -ENXIO;
    ret = mutex_lock(&lock);
    if (ret)
        return ret;
    ret = use(name, devid, flags, &d);
    mutex_unlock(&lock);
    if (ret)
        return ret;
    f->ops = &disk_ops;
    f->data = d;
    return 0;
}

int blockdev_open(const char *name, unsigned flags, struct file **out)
{
    struct file *f = file_alloc(NULL, flags, NULL, NULL);
    int ret;

    if (!f)
        return -ENOMEM;
    ret = blockdev_attach(name, flags, f);
    if (ret)
        file_put(f);
    else
        *out = f;
    return ret;
}

struct blkfront_dev *blockdev_handle(struct file *f)
{
    return f->ops == &disk_ops ? disk_of(f)->dev : NULL;
}

struct blkfront_dev *blockdev_disk(struct file *f, const int64_t **size)
{
    struct disk *d = disk_of(f);

    if (f->ops != &disk_ops)
        return NULL;
    *size = &d->size;
    return d->dev;
}
