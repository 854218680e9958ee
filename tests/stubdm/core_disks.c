/* SPDX-License-Identifier: MIT */
/* The disks between a machine and block frontends, both of which are played here. */
#include <disks.h>
#include <host/seam.h>
#include <kernel/event_channel.h>
#include <ringlet/blkfront.h>
#include <ringlet/page.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <xen/io/blkif.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DEVS 3

struct blkfront_dev {
    unsigned devid;
    struct blkfront_limits limits;
    struct blkfront_config config;
    struct blkfront_aiocb *pending[8];
    uint8_t op[8];
    unsigned count;
    int refuse;    /* what begins nothing; 0: accepted */
    int flush_ret; /* what a flush that is begun says at once */
    unsigned syncs, closes;
};

static struct blkfront_dev dev[DEVS];
static unsigned devs;
static int open_ret;
static uint64_t open_takes; /* ns */
static uint8_t buffer[3][MACHINE_DISK_BUFFER];
static unsigned buffers;

/* ---- the frontend ---- */

int blkfront_enumerate(int (*fn)(const char *name, void *arg), void *arg)
{
    char name[16];

    for (unsigned i = 0; i < devs; i++) {
        snprintf(name, sizeof(name), "%u", dev[i].devid);
        fn(name, arg);
    }
    return (int)devs;
}

int blkfront_vdev_number(const char *name, unsigned *devid)
{
    *devid = (unsigned)strtoul(name, NULL, 10);
    return 0;
}

int blkfront_open_device(const char *nodename, const struct blkfront_config *config,
                         struct blkfront_info *info, struct blkfront_dev **out)
{
    assert_null(info);
    for (unsigned i = 0; i < devs; i++)
        if (dev[i].devid == strtoul(nodename, NULL, 10)) {
            dev[i].config = *config;
            thread_sleep(open_takes);
            *out = open_ret ? NULL : &dev[i];
            return open_ret;
        }
    fail_msg("there is no disk %s", nodename);
    return -ENOENT;
}

void blkfront_get_limits(const struct blkfront_dev *d, struct blkfront_limits *out)
{
    *out = d->limits;
}

void *blkfront_buf_alloc(struct blkfront_dev *d, size_t bytes)
{
    (void)d;
    assert_int_equal(bytes, MACHINE_DISK_BUFFER);
    return buffers < 3 ? buffer[buffers++] : NULL;
}

static int begin(struct blkfront_aiocb *a, uint8_t op)
{
    struct blkfront_dev *d = a->aio_dev;

    assert_null(a->request);
    assert_true(d->count < 8);
    if (d->refuse)
        return d->refuse;
    d->op[d->count] = op;
    d->pending[d->count++] = a;
    return 0;
}

int blkfront_aio(struct blkfront_aiocb *a, int write)
{
    return begin(a, write ? BLKIF_OP_WRITE : BLKIF_OP_READ);
}

int blkfront_aio_push_operation(struct blkfront_aiocb *a, uint8_t op)
{
    return op == BLKIF_OP_FLUSH_DISKCACHE && a->aio_dev->flush_ret ? a->aio_dev->flush_ret
                                                                   : begin(a, op);
}

static void complete(struct blkfront_dev *d, int ret)
{
    struct blkfront_aiocb *a = d->pending[0];

    assert_true(d->count > 0);
    d->count--;
    memmove(d->pending, d->pending + 1, d->count * sizeof(d->pending[0]));
    memmove(d->op, d->op + 1, d->count);
    a->aio_cb(a, ret);
}

int blkfront_sync(struct blkfront_dev *d)
{
    while (d->count)
        complete(d, 0);
    d->syncs++;
    return 0;
}

int shutdown_blkfront(struct blkfront_dev *d)
{
    assert_int_equal(d->count, 0);
    d->closes++;
    return 0;
}

/* ---- the machine ---- */

static struct machine_disk_io *ended;
static int ended_ret;
static unsigned ends, changes;

void machine_disk_done(struct machine *m, struct machine_disk *disk, struct machine_disk_io *io,
                       int ret)
{
    (void)disk;
    assert_ptr_equal(m, &ends);
    ended = io;
    ended_ret = ret;
    ends++;
}

void machine_disk_changed(struct machine *m, struct machine_disk *disk)
{
    (void)disk;
    assert_ptr_equal(m, &ends);
    changes++;
}

/* ---- */

static struct arguments arguments;
static struct machine_disk *disks[DRIVES_MAX];

static struct blkfront_dev *add(unsigned devid)
{
    struct blkfront_dev *d = &dev[devs++];

    *d = (struct blkfront_dev){.devid = devid};
    d->limits.sectors = 1000;
    d->limits.physical_sector_size = 4096;
    d->limits.flush = true;
    return d;
}

static int setup(void **state)
{
    (void)state;
    seam_init(2 << 20);
    devs = buffers = ends = changes = 0;
    open_ret = 0;
    open_takes = 0;
    memset(&arguments, 0, sizeof(arguments));
    disks_set_machine((struct machine *)&ends);
    return evtchn_init();
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void opened(void)
{
    arguments.drive[0].present = true;
    add(768);
    assert_int_equal(disks_open(&arguments, disks), 0);
    assert_non_null(disks[0]);
}

static struct machine_disk_io io(enum machine_disk_op op, unsigned slot)
{
    return (struct machine_disk_io){.op = op,
                                    .slot = slot,
                                    .sector = op == MACHINE_DISK_FLUSH ? 0 : 10,
                                    .count = op == MACHINE_DISK_FLUSH ? 0 : 3,
                                    .data =
                                        op == MACHINE_DISK_FLUSH ? NULL : disks[0]->buffer + 512};
}

static void disks_are_found_by_their_number(void **state)
{
    (void)state;
    arguments.drive[0].present = arguments.drive[2].present = true;
    arguments.drive[2].cdrom = arguments.drive[2].readonly = true;
    add(51712);
    add(5632)->limits.readonly = true;
    add(51712 + 16 * 7); /* for PV drivers only */
    assert_int_equal(disks_open(&arguments, disks), 0);
    assert_int_equal(disks[0]->sectors, 1000);
    assert_int_equal(disks[0]->physical_sector, 4096);
    assert_true(disks[0]->write_cache && !disks[0]->readonly && !disks[0]->cdrom);
    assert_null(disks[1]);
    assert_true(disks[2]->cdrom && disks[2]->readonly);
    assert_ptr_equal(disks[2]->buffer, buffer[1]);
    assert_null(disks[3]);
    assert_int_equal(disks_position(832), 1);
    assert_int_equal(disks_position(5696), 3);
    assert_int_equal(disks_position(51713), -1); /* a partition */
    assert_int_equal(disks_position(2048), -1);
}

static void a_disk_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    arguments.drive[1].present = true;
    add(768);
    assert_int_equal(disks_open(&arguments, disks), -ENOENT);
    assert_non_null(strstr(seam_console(), "disk 1 is in the arguments"));
    arguments.drive[1].present = false;
    arguments.drive[0].present = true;
    open_ret = -ETIMEDOUT;
    assert_int_equal(disks_open(&arguments, disks), -ETIMEDOUT);
    assert_non_null(strstr(seam_console(), "cannot open disk 768: ETIMEDOUT"));
}

/* The toolstack waits 30 s, and one that fails does not end the others' before they have ended. */
static void disks_connect_at_the_same_time(void **state)
{
    uint64_t began;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        arguments.drive[i].present = true;
    add(768);
    add(832);
    add(5632);
    open_takes = 15ull * 1000000000;
    began = seam_now;
    assert_int_equal(disks_open(&arguments, disks), 0);
    assert_in_range(seam_now - began, open_takes, open_takes + 1000000000);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(disks[i]->sectors, 1000);
        assert_in_range(dev[i].config.connect_timeout_ns, 1, 25ull * 1000000000);
    }
    open_ret = -ETIMEDOUT;
    began = seam_now;
    assert_int_equal(disks_open(&arguments, disks), -ETIMEDOUT);
    assert_in_range(seam_now - began, open_takes, open_takes + 1000000000);
    assert_non_null(strstr(seam_console(), "cannot open disk 768: ETIMEDOUT"));
    assert_non_null(strstr(seam_console(), "cannot open disk 5632: ETIMEDOUT"));
}

static void a_cdrom_without_a_medium(void **state)
{
    (void)state;
    arguments.drive[2] =
        (struct drive){.present = true, .cdrom = true, .readonly = true, .empty = true};
    assert_int_equal(disks_open(&arguments, disks), 0);
    assert_int_equal(disks[2]->sectors, 0);
    assert_int_equal(disks[2]->buffer_size, MACHINE_DISK_BUFFER_MIN);
    assert_non_null(disks[2]->buffer);
}

static void requests_are_the_frontends(void **state)
{
    struct machine_disk_io read, write;
    const struct blkfront_aiocb *a;

    (void)state;
    opened();
    read = io(MACHINE_DISK_READ, 0);
    write = io(MACHINE_DISK_WRITE, 1);
    disks[0]->start(disks[0], &read);
    disks[0]->start(disks[0], &write);
    assert_int_equal(dev[0].count, 2); /* both at once */
    assert_int_equal(ends, 0);
    a = dev[0].pending[0];
    assert_int_equal(dev[0].op[0], BLKIF_OP_READ);
    assert_int_equal(dev[0].op[1], BLKIF_OP_WRITE);
    assert_ptr_equal(a->aio_buf, disks[0]->buffer + 512);
    assert_int_equal(a->aio_offset, 5120);
    assert_int_equal(a->aio_nbytes, 1536);
    complete(&dev[0], 0);
    assert_ptr_equal(ended, &read);
    complete(&dev[0], -EIO);
    assert_ptr_equal(ended, &write);
    assert_int_equal(ended_ret, -EIO);
    dev[0].refuse = -EROFS;
    disks[0]->start(disks[0], &write);
    assert_int_equal(ended_ret, -EROFS);
    assert_int_equal(ends, 3);
}

static void a_flush_is_a_flush_or_a_barrier_or_nothing(void **state)
{
    struct machine_disk_io flush;

    (void)state;
    opened();
    flush = io(MACHINE_DISK_FLUSH, 0);
    disks[0]->start(disks[0], &flush);
    assert_int_equal(dev[0].op[0], BLKIF_OP_FLUSH_DISKCACHE);
    complete(&dev[0], -EIO); /* an error stays one */
    assert_int_equal(ended_ret, -EIO);
    disks[0]->start(disks[0], &flush);
    complete(&dev[0], -EOPNOTSUPP); /* withdrawn */
    assert_int_equal(dev[0].op[0], BLKIF_OP_WRITE_BARRIER);
    assert_int_equal(ends, 1);
    complete(&dev[0], 0);
    assert_int_equal(ends, 2);
    dev[0].flush_ret = -EOPNOTSUPP;
    disks[0]->start(disks[0], &flush);
    assert_int_equal(dev[0].op[0], BLKIF_OP_WRITE_BARRIER);
    complete(&dev[0], -EOPNOTSUPP);
    assert_int_equal(ended_ret, 0);
    dev[0].refuse = -EOPNOTSUPP;
    disks[0]->start(disks[0], &flush);
    assert_int_equal(ended_ret, 0); /* there is no volatile cache */
    dev[0].flush_ret = -EIO;        /* writes were lost */
    disks[0]->start(disks[0], &flush);
    assert_int_equal(ended_ret, -EIO);
    assert_int_equal(ends, 5);
}

static void the_machine_hears_of_changes(void **state)
{
    (void)state;
    arguments.drive[0].readonly = true;
    opened();
    assert_true(disks[0]->readonly);
    dev[0].limits.sectors = 2000;
    dev[0].config.event(&dev[0], BLKFRONT_EV_RESIZED, dev[0].config.event_arg);
    assert_int_equal(disks[0]->sectors, 2000);
    assert_true(disks[0]->readonly); /* by its configuration */
    assert_int_equal(changes, 1);
    dev[0].config.event(&dev[0], BLKFRONT_EV_AWAY, dev[0].config.event_arg);
    assert_int_equal(changes, 1);
    dev[0].config.event(&dev[0], BLKFRONT_EV_FAILED, dev[0].config.event_arg);
    assert_int_equal(disks[0]->sectors, 0);
    assert_int_equal(changes, 2);
}

static void unplugged_disks_are_flushed_and_closed(void **state)
{
    struct machine_disk_io read;

    (void)state;
    opened();
    read = io(MACHINE_DISK_READ, 0);
    disks[0]->start(disks[0], &read);
    disks_close(0xe); /* others */
    assert_int_equal(dev[0].closes, 0);
    disks_close(0xf);
    assert_int_equal(ends, 1);
    assert_int_equal(dev[0].syncs, 1);
    assert_int_equal(dev[0].closes, 1);
    disks[0]->start(disks[0], &read);
    assert_int_equal(ended_ret, -ENODEV);
    disks_close(0xf);
    assert_int_equal(dev[0].closes, 1);
}

/* A guest that writes to the port again and again makes no further thread, and closes nothing twice. */
static void disks_are_unplugged_once(void **state)
{
    struct page_stats before, now;

    (void)state;
    opened();
    page_get_stats(&before);
    assert_int_equal(disks_unplug(0xe), 0); /* others */
    page_get_stats(&now);
    assert_int_equal(now.free, before.free);
    assert_int_equal(disks_unplug(0xf), 0);
    page_get_stats(&before);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(disks_unplug(0xf), 0);
    page_get_stats(&now);
    assert_int_equal(now.free, before.free);
    assert_int_equal(dev[0].closes, 0);
    thread_yield();
    assert_int_equal(dev[0].closes, 1);
    assert_int_equal(disks_unplug(0xf), 0);
    thread_yield();
    assert_int_equal(dev[0].syncs, 1);
    assert_int_equal(dev[0].closes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        T(disks_are_found_by_their_number), T(a_disk_that_is_not_there_is_an_error),
        T(disks_connect_at_the_same_time),  T(a_cdrom_without_a_medium),
        T(requests_are_the_frontends),      T(a_flush_is_a_flush_or_a_barrier_or_nothing),
        T(the_machine_hears_of_changes),    T(unplugged_disks_are_flushed_and_closed),
        T(disks_are_unplugged_once),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
