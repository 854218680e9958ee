/* SPDX-License-Identifier: MIT */
/*
 * A fake block frontend: the interface of ringlet/blkfront.h on disks in the host's memory, which
 * completes requests in a changing order and injects the faults that a test selects. It replaces
 * the driver in tests of the driver's users. Include it in one file of a program.
 */
#ifndef RINGLET_TESTS_FAKE_BLKFRONT_H
#define RINGLET_TESTS_FAKE_BLKFRONT_H

#include <host/seam.h>
#include <ringlet/blkfront.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/page.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <stdio.h>
#include <xen/io/blkif.h>

#define FAKE_DISKS 2
#define FAKE_QUEUE 4096

struct blkfront_dev {
    unsigned devid;
    uint8_t *data;
    struct blkfront_limits limits;
    bool present, open;
    /* accepted, of these the first `submitted` are visible */
    struct blkfront_aiocb *queue[FAKE_QUEUE];
    uint8_t op[FAKE_QUEUE];
    unsigned queued, submitted;
    struct blkfront_stats stats;
};

/* The faults, and the number of the request of its kind at which each happens (1 = the first; 0
 * = never). */
struct fake_faults {
    unsigned lose_write, misplace_write, fail_write, flip_read, silent_read, fail_read;
    unsigned refuse_enqueue; /* each so manieth with -ENOMEM */
    unsigned gone_after;     /* requests, then always -ENODEV */
    unsigned stuck_after;    /* requests, then nothing completes */
    bool accept_readonly;    /* a read-only disk lets itself be written */
    bool no_flush;           /* flushes are offered but answered with -EOPNOTSUPP */
    int sync;                /* the result of blkfront_sync */
    uint64_t grows_at;       /* disks have size 0 until then */
    bool trim_garbage;       /* a discard leaves something else behind */
    unsigned buffers;        /* so many registered buffers there can be; 0: any number */
    int connect;             /* the result of opening a disk */
};

static struct blkfront_dev fake_disk[FAKE_DISKS];
static struct fake_faults fake;
static struct blkfront_config fake_config; /* the last device's */
static uint64_t fake_random;
static unsigned fake_buffers, fake_buffers_made; /* registered: now, and ever */
static struct {
    void *base;
    unsigned pages;
    struct blkfront_dev *dev;
} fake_buffer[256];
static unsigned fake_max_queued; /* most requests ever pending at once */
static unsigned fake_max_batch;  /* most requests ever submitted at once */
static unsigned fake_completed;
static void (*fake_hook)(void); /* called after each completion */

/* Disk i (xvda, xvdb) of so many bytes. */
static void fake_add(unsigned i, uint8_t *data, uint64_t bytes, bool readonly)
{
    static const char *const name[FAKE_DISKS] = {"xvda", "xvdb"};
    struct blkfront_dev *d = &fake_disk[i];

    *d = (struct blkfront_dev){.devid = 51712 + 16 * i, .data = data, .present = true};
    d->limits = (struct blkfront_limits){
        .devid = d->devid,
        .sectors = bytes / 512,
        .sector_size = 512,
        .physical_sector_size = 512,
        .ring_pages = 16,
        .ring_slots = 512,
        .max_segments = 256,
        .indirect_offered = 256,
        .flush = true,
        .barrier = true,
        .discard = true,
        .discard_offered = true,
        .discard_granularity = 4096,
        .readonly = readonly,
        .trusted = true,
    };
    snprintf(d->limits.name, sizeof(d->limits.name), "%s", name[i]);
    snprintf(d->limits.backend, sizeof(d->limits.backend), "vbd");
}

static void fake_reset(void)
{
    memset(fake_disk, 0, sizeof(fake_disk));
    fake = (struct fake_faults){0};
    fake_random = 1;
    fake_max_queued = fake_max_batch = fake_completed = 0;
    fake_hook = NULL;
    fake_buffers = fake_buffers_made = 0;
}

static uint64_t fake_next_random(void)
{
    fake_random = fake_random * 6364136223846793005ULL + 1442695040888963407ULL;
    return fake_random >> 33;
}

static int fake_transfer(struct blkfront_dev *d, struct blkfront_aiocb *a, bool write)
{
    uint8_t *at = d->data + a->aio_offset;

    if (write) {
        d->stats.writes++;
        d->stats.written_sectors += a->aio_nbytes / 512;
        if (d->stats.writes == fake.fail_write)
            return -EIO;
        if (d->stats.writes == fake.misplace_write)
            at = d->data;
        if (d->stats.writes != fake.lose_write)
            memcpy(at, a->aio_buf, a->aio_nbytes);
        return 0;
    }
    d->stats.reads++;
    d->stats.read_sectors += a->aio_nbytes / 512;
    if (d->stats.reads == fake.fail_read)
        return -EIO;
    if (d->stats.reads != fake.silent_read)
        memcpy(a->aio_buf, at, a->aio_nbytes);
    if (d->stats.reads == fake.flip_read)
        a->aio_buf[a->aio_nbytes - 100] ^= 1;
    return 0;
}

/* Every other block is zeroes then. */
static int fake_discard(struct blkfront_dev *d, struct blkfront_aiocb *a)
{
    uint64_t granule = d->limits.discard_granularity;
    uint64_t from = ROUND_UP((uint64_t)a->aio_offset, granule);
    uint64_t to = ROUND_DOWN((uint64_t)a->aio_offset + a->aio_nbytes, granule);

    a->total_bytes = to > from ? to - from : 0;
    if (!a->total_bytes)
        return 0;
    d->stats.discards++;
    d->stats.discarded_sectors += a->total_bytes / 512;
    for (; from < to; from += 1024)
        memset(d->data + from, fake.trim_garbage ? 0x77 : 0, 512);
    return 0;
}

/* Completes the i-th request of the queue. */
static void fake_complete(struct blkfront_dev *d, unsigned i)
{
    struct blkfront_aiocb *a = d->queue[i];
    uint8_t op = d->op[i];
    int ret;

    memmove(&d->queue[i], &d->queue[i + 1], (d->queued - i - 1) * sizeof(d->queue[0]));
    memmove(&d->op[i], &d->op[i + 1], d->queued - i - 1);
    d->queued--;
    d->submitted--;
    fake_completed++;
    seam_now += 1000;
    clock_now(); /* the driver reads the clock when it finds a response */
    if (!d->present || (fake.gone_after && fake_completed > fake.gone_after))
        ret = -ENODEV;
    else if (op == BLKIF_OP_READ || op == BLKIF_OP_WRITE)
        ret = fake_transfer(d, a, op == BLKIF_OP_WRITE);
    else if (op == BLKIF_OP_DISCARD)
        ret = fake_discard(d, a);
    else
        ret = fake.no_flush ? -EOPNOTSUPP : 0;
    if (op == BLKIF_OP_FLUSH_DISKCACHE)
        d->stats.flushes++;
    a->aio_cb(a, ret);
    if (fake_hook)
        fake_hook();
}

static int fake_enqueue(struct blkfront_aiocb *a, uint8_t op)
{
    struct blkfront_dev *d = a->aio_dev;
    uint64_t bytes = d->limits.sectors * 512;
    static unsigned calls;

    if (op != BLKIF_OP_READ && d->limits.readonly && !fake.accept_readonly)
        return -EROFS;
    if (a->aio_offset < 0 || (uint64_t)a->aio_offset + a->aio_nbytes > bytes)
        return -EINVAL;
    if ((fake.refuse_enqueue && ++calls % fake.refuse_enqueue == 0) || d->queued == FAKE_QUEUE)
        return -ENOMEM;
    d->queue[d->queued] = a;
    d->op[d->queued++] = op;
    fake_max_queued = MAX(fake_max_queued, d->queued);
    return 0;
}

/* Disk 1 arrives and goes this many times, from the first watch on. */
static unsigned fake_arrivals;
static uint8_t *fake_arrival_data;
static uint64_t fake_arrival_bytes;
static int fake_arrival_connect; /* the result of connecting it */

int blkfront_open_device(const char *nodename, const struct blkfront_config *config,
                         struct blkfront_info *info, struct blkfront_dev **dev)
{
    (void)info;
    if (config)
        fake_config = *config;
    for (unsigned i = 0; i < FAKE_DISKS; i++) {
        char node[16];

        snprintf(node, sizeof(node), "%u", fake_disk[i].devid);
        if (!fake_disk[i].present || strcmp(node, nodename))
            continue;
        if (fake.connect || (i == 1 && fake_arrival_connect))
            return fake.connect ? fake.connect : fake_arrival_connect;
        fake_disk[i].open = true;
        *dev = &fake_disk[i];
        return 0;
    }
    return -ENOENT;
}

int shutdown_blkfront(struct blkfront_dev *dev)
{
    bool stuck = dev->queued > 0;

    while (dev->queued) {
        struct blkfront_aiocb *a = dev->queue[--dev->queued];

        a->aio_cb(a, -ETIMEDOUT);
    }
    dev->open = false;
    return stuck ? -ETIMEDOUT : 0;
}

static void (*fake_watcher)(const char *name, enum blkfront_change change, void *arg);
static struct thread *fake_watch_thread;

static void fake_come_and_go(void *arg)
{
    for (unsigned i = 0; i < fake_arrivals; i++) {
        fake_add(1, fake_arrival_data, fake_arrival_bytes, false);
        fake_watcher("51728", BLKFRONT_ARRIVED, arg);
        for (unsigned turns = 0; turns < 30; turns++)
            thread_yield();
        fake_disk[1].present = false;
        fake_watcher("51728", BLKFRONT_GONE, arg);
    }
}

int blkfront_watch(void (*fn)(const char *name, enum blkfront_change change, void *arg), void *arg)
{
    fake_watcher = fn;
    return thread_create(&fake_watch_thread, "fake watch", fake_come_and_go, arg, 0);
}

int blkfront_unwatch(void)
{
    thread_join(fake_watch_thread);
    return 0;
}

int blkfront_enumerate(int (*fn)(const char *name, void *arg), void *arg)
{
    int n = 0, end = 0;

    for (unsigned i = 0; i < FAKE_DISKS; i++) {
        char node[16];

        if (!fake_disk[i].present)
            continue;
        n++;
        snprintf(node, sizeof(node), "%u", fake_disk[i].devid);
        if (!end)
            end = fn(node, arg);
    }
    return n;
}

char *blkfront_vdev_name(unsigned devid, char *buf, size_t size)
{
    snprintf(buf, size, "xvd%c", 'a' + (devid - 51712) / 16);
    return buf;
}

int blkfront_vdev_number(const char *name, unsigned *devid)
{
    char rest;

    if (strncmp(name, "xvd", 3) == 0 && name[3] >= 'a' && !name[4])
        *devid = 51712 + 16 * (unsigned)(name[3] - 'a');
    else if (sscanf(name, "%u%c", devid, &rest) != 1)
        return -EINVAL;
    return 0;
}

void blkfront_get_limits(const struct blkfront_dev *dev, struct blkfront_limits *out)
{
    *out = dev->limits;
    if (clock_now() < fake.grows_at)
        out->sectors = 0;
}

void blkfront_get_stats(const struct blkfront_dev *dev, struct blkfront_stats *out)
{
    *out = dev->stats;
}

int blkfront_aio_enqueue(struct blkfront_aiocb *aiocb, int write)
{
    return fake_enqueue(aiocb, write ? BLKIF_OP_WRITE : BLKIF_OP_READ);
}

int blkfront_aio_submit_at(struct blkfront_dev *dev, uint64_t now)
{
    assert_true(now <= clock_recent());
    unsigned fresh = dev->queued - dev->submitted;

    dev->submitted = dev->queued;
    fake_max_batch = MAX(fake_max_batch, fresh);
    dev->stats.notifications += fresh > 0;
    return (int)fresh;
}

int blkfront_aio_submit(struct blkfront_dev *dev)
{
    return blkfront_aio_submit_at(dev, clock_now());
}

int blkfront_aio_push_operation(struct blkfront_aiocb *aiocb, uint8_t op)
{
    int ret = fake_enqueue(aiocb, op);

    if (ret == 0)
        blkfront_aio_submit(aiocb->aio_dev);
    return ret;
}

/* Completes up to limit of the requests that are visible, in any order. */
static int fake_reap(struct blkfront_dev *dev, unsigned limit)
{
    int n = 0;

    while (limit-- && dev->submitted && !(fake.stuck_after && fake_completed >= fake.stuck_after)) {
        fake_complete(dev, (unsigned)(fake_next_random() % dev->submitted));
        n++;
    }
    return n;
}

int blkfront_aio_poll(struct blkfront_dev *dev)
{
    return fake_reap(dev, (unsigned)(fake_next_random() % 3));
}

int blkfront_aio_wait(struct blkfront_dev *dev, uint64_t deadline)
{
    int n;

    thread_yield();
    n = fake_reap(dev, 1 + (unsigned)(fake_next_random() % 8));
    if (n == 0 && dev->queued)
        seam_now = MAX(seam_now, deadline);
    clock_now(); /* the scheduler reads the clock after each sleep */
    return n;
}

/* Registered memory is marked, so that a test recognises it. */
void *blkfront_buf_alloc(struct blkfront_dev *dev, size_t bytes)
{
    void *p;

    if (fake.buffers && fake_buffers == fake.buffers)
        return NULL;
    p = page_alloc_zeroed((unsigned)DIV_ROUND_UP(bytes, PAGE_SIZE), MEM_APP);
    if (p) {
        fake_buffer[fake_buffers].base = p;
        fake_buffer[fake_buffers].pages = (unsigned)DIV_ROUND_UP(bytes, PAGE_SIZE);
        fake_buffer[fake_buffers++].dev = dev;
        fake_buffers_made++;
    }
    return p;
}

void blkfront_buf_free(struct blkfront_dev *dev, void *buf)
{
    unsigned i = 0;

    while (i < fake_buffers && fake_buffer[i].base != buf)
        i++;
    if (i == fake_buffers || fake_buffer[i].dev != dev)
        abort();
    page_free(buf, fake_buffer[i].pages);
    fake_buffer[i] = fake_buffer[--fake_buffers];
}

static void fake_io_done(struct blkfront_aiocb *a, int ret)
{
    *(int *)a->data = ret;
}

int blkfront_io(struct blkfront_aiocb *aiocb, int write)
{
    int ret, result = 1;

    aiocb->data = &result;
    aiocb->aio_cb = fake_io_done;
    ret = fake_enqueue(aiocb, write ? BLKIF_OP_WRITE : BLKIF_OP_READ);
    if (ret)
        return ret;
    blkfront_aio_submit(aiocb->aio_dev);
    while (result == 1)
        fake_complete(aiocb->aio_dev, 0);
    return result;
}

int blkfront_sync(struct blkfront_dev *dev)
{
    dev->stats.flushes++;
    return fake.sync;
}

#endif
