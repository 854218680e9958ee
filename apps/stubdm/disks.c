/* SPDX-License-Identifier: MIT */
/*
 * Disks. A request of a drive is one of blkfront's, in a registered buffer of the drive's: the data are
 * moved by the backend. Completions come from the frontend, one disk's independent of another's.
 */
#include "disks.h"

#include <ringlet/blkfront.h>
#include <ringlet/format.h>
#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include <xen/io/blkif.h>

/* The toolstack waits 30 s for this domain. All disks connect at the same time. */
#define CONNECT_TIMEOUT (20ull * 1000000000)

struct disk_request {
    struct blkfront_aiocb aiocb;
    struct machine_disk_io *io; /* NULL: free */
    struct disk *disk;
};

struct disk {
    struct machine_disk machine; /* what the drive sees */
    struct blkfront_dev *dev;    /* NULL: no medium, or closed */
    bool readonly;               /* by its configuration */
    unsigned devid;              /* that of its medium; 0: there is none */
    struct thread *opening;      /* NULL: none */
    int opened;                  /* how that ended */
    bool unplugged;              /* a thread closes it */
    struct disk_request request[MACHINE_DISK_IOS];
};

static struct disk disk_of[DRIVES_MAX];
static struct machine *machine;

void disks_set_machine(struct machine *m)
{
    machine = m;
}

/* ---- requests ---- */

static void request_end(struct disk_request *r, int ret)
{
    struct machine_disk_io *io = r->io;

    r->io = NULL;
    machine_disk_done(machine, &r->disk->machine, io, ret);
}

static void request_done(struct blkfront_aiocb *aiocb, int ret)
{
    request_end(container_of(aiocb, struct disk_request, aiocb), ret);
}

static int flush_with(struct disk_request *r, uint8_t op)
{
    return blkfront_aio_push_operation(&r->aiocb, op);
}

static void barrier_done(struct blkfront_aiocb *aiocb, int ret)
{
    /* neither is offered: there is no volatile cache */
    request_done(aiocb, ret == -EOPNOTSUPP ? 0 : ret);
}

static void flush_barrier(struct disk_request *r)
{
    int ret;

    r->aiocb.aio_cb = barrier_done;
    ret = flush_with(r, BLKIF_OP_WRITE_BARRIER);
    if (ret)
        request_end(r, ret == -EOPNOTSUPP ? 0 : ret);
}

static void flush_done(struct blkfront_aiocb *aiocb, int ret)
{
    if (ret == -EOPNOTSUPP)
        flush_barrier(container_of(aiocb, struct disk_request, aiocb));
    else
        request_done(aiocb, ret);
}

static void start(struct machine_disk *disk, struct machine_disk_io *io)
{
    struct disk *d = disk->world;
    struct disk_request *r = &d->request[io->slot];
    int ret;

    r->io = io;
    r->disk = d;
    memset(&r->aiocb, 0, sizeof(r->aiocb));
    r->aiocb.aio_dev = d->dev;
    r->aiocb.aio_cb = io->op == MACHINE_DISK_FLUSH ? flush_done : request_done;
    if (!d->dev) {
        ret = -ENODEV;
    } else if (io->op == MACHINE_DISK_FLUSH) {
        ret = flush_with(r, BLKIF_OP_FLUSH_DISKCACHE);
        if (ret == -EOPNOTSUPP) {
            flush_barrier(r);
            return;
        }
    } else {
        r->aiocb.aio_buf = io->data;
        r->aiocb.aio_nbytes = (size_t)io->count * 512;
        r->aiocb.aio_offset = (int64_t)io->sector * 512;
        ret = blkfront_aio(&r->aiocb, io->op == MACHINE_DISK_WRITE);
    }
    if (ret)
        request_end(r, ret);
}

/* ---- what a disk is ---- */

int disks_position(unsigned devid)
{
    switch (devid) {
    case 3 << 8:
        return 0;
    case 3 << 8 | 64:
        return 1;
    case 22 << 8:
        return 2;
    case 22 << 8 | 64:
        return 3;
    }
    /* xvda .. xvdd, whole disks */
    if (devid >> 8 == 202 && (devid & 15) == 0 && (devid >> 4 & 15) < DRIVES_MAX)
        return (int)(devid >> 4 & 15);
    return -1;
}

static void take_limits(struct disk *d)
{
    struct blkfront_limits limits;

    blkfront_get_limits(d->dev, &limits);
    d->machine.sectors = limits.sectors;
    d->machine.readonly = limits.readonly || d->readonly;
    d->machine.write_cache = limits.flush || limits.barrier;
    d->machine.physical_sector = limits.physical_sector_size;
    if (d->machine.physical_sector < 512 || d->machine.physical_sector > 65536)
        d->machine.physical_sector = 512;
}

static void event(struct blkfront_dev *dev, enum blkfront_event what, void *arg)
{
    struct disk *d = arg;

    (void)dev;
    if (what == BLKFRONT_EV_AWAY)
        return; /* requests wait */
    take_limits(d);
    if (what == BLKFRONT_EV_FAILED)
        d->machine.sectors = 0;
    if (machine)
        machine_disk_changed(machine, &d->machine);
}

struct found {
    unsigned devid[DRIVES_MAX];
};

static int found_disk(const char *name, void *arg)
{
    struct found *f = arg;
    unsigned devid;
    int at = blkfront_vdev_number(name, &devid) ? -1 : disks_position(devid);

    if (at < 0)
        pr_info("stubdm: disk %s is for the guest's PV drivers only\n", name);
    else if (f->devid[at])
        pr_warn("stubdm: disk %s is at the place of another, and is not emulated\n", name);
    else
        f->devid[at] = devid;
    return 0;
}

static int open_medium(struct disk *d)
{
    struct blkfront_config config = {
        .connect_timeout_ns = CONNECT_TIMEOUT,
        .event = event,
        .event_arg = d,
    };
    char name[16];
    int ret;

    format(name, sizeof(name), "%u", d->devid);
    ret = blkfront_open_device(name, &config, NULL, &d->dev);
    if (ret) {
        pr_err("stubdm: cannot open disk %s: %s\n", name, errno_name(ret));
        return ret;
    }
    take_limits(d);
    d->machine.buffer = blkfront_buf_alloc(d->dev, MACHINE_DISK_BUFFER);
    return d->machine.buffer ? 0 : -ENOMEM;
}

static void open_thread(void *disk)
{
    struct disk *d = disk;

    d->opened = open_medium(d);
}

/* What does not wait; the medium is opened by a thread. */
static int open_drive(unsigned at, const struct drive *drive, unsigned devid)
{
    struct disk *d = &disk_of[at];
    int ret = 0;

    d->devid = devid;
    d->readonly = drive->readonly;
    d->unplugged = false;
    d->machine = (struct machine_disk){
        .physical_sector = 512,
        .cdrom = drive->cdrom,
        .readonly = drive->readonly,
        .buffer_size = MACHINE_DISK_BUFFER,
        .start = start,
        .world = d,
    };
    format(d->machine.serial, sizeof(d->machine.serial), "RINGLET%u", at);
    if (!drive->empty && devid) {
        ret = thread_create(&d->opening, "open", open_thread, d, 0);
    } else if (drive->cdrom) {
        d->machine.buffer = page_alloc(MACHINE_DISK_BUFFER_MIN / PAGE_SIZE, MEM_APP);
        d->machine.buffer_size = MACHINE_DISK_BUFFER_MIN;
        ret = d->machine.buffer ? 0 : -ENOMEM;
    } else {
        pr_err("stubdm: disk %u is in the arguments, and not in device/vbd\n", at);
        ret = -ENOENT;
    }
    return ret;
}

int disks_open(const struct arguments *arguments, struct machine_disk *disks[DRIVES_MAX])
{
    struct found found = {{0}};
    int ret = blkfront_enumerate(found_disk, &found);

    if (ret < 0) {
        pr_err("stubdm: cannot read device/vbd: %s\n", errno_name(ret));
        return ret;
    }
    ret = 0;
    for (unsigned i = 0; i < DRIVES_MAX; i++) {
        disks[i] = arguments->drive[i].present ? &disk_of[i].machine : NULL;
        disk_of[i].opening = NULL;
        if (disks[i] && !ret)
            ret = open_drive(i, &arguments->drive[i], found.devid[i]);
    }
    for (unsigned i = 0; i < DRIVES_MAX; i++) {
        struct disk *d = &disk_of[i];

        if (!d->opening)
            continue;
        thread_join(d->opening);
        ret = ret ? ret : d->opened;
    }
    return ret;
}

void disks_close(unsigned positions)
{
    for (unsigned i = 0; i < DRIVES_MAX; i++) {
        struct disk *d = &disk_of[i];
        struct blkfront_dev *dev = d->dev;

        if (!(positions >> i & 1) || !dev)
            continue;
        d->dev = NULL; /* no request is begun any more */
        blkfront_sync(dev);
        shutdown_blkfront(dev);
    }
}

static void close_unplugged(void *positions)
{
    disks_close((unsigned)(uintptr_t)positions);
}

int disks_unplug(unsigned positions)
{
    unsigned begun = 0;
    int ret;

    for (unsigned i = 0; i < DRIVES_MAX; i++)
        if (positions >> i & 1 && disk_of[i].dev && !disk_of[i].unplugged)
            begun |= 1u << i;
    if (!begun)
        return 0;
    ret = thread_create(NULL, "unplug", close_unplugged, (void *)(uintptr_t)begun, 0);
    for (unsigned i = 0; i < DRIVES_MAX && !ret; i++)
        disk_of[i].unplugged |= begun >> i & 1;
    return ret;
}
