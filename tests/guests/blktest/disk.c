/* SPDX-License-Identifier: MIT */
/* Connecting a disk, choosing the region and its slices, closing. */
#include "disk.h"
#include "../started.h"
#include "grid.h"
#include "report.h"
#include "stop.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <stdarg.h>

#define COMPLAINTS_MAX 8 /* printed of each job; all are counted */

void disk_complain(struct disk *disk, enum verdict verdict, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    verdict_worsen(&disk->verdict, verdict);
    va_start(ap, fmt);
    vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (disk->complaints++ == 0)
        format(disk->first_complaint, sizeof(disk->first_complaint), "%s", text);
    if (disk->job.complaints++ >= COMPLAINTS_MAX) {
        if (disk->job.complaints == COMPLAINTS_MAX + 1)
            pr_err("%s: ... and more; all are counted\n", disk->name);
        return;
    }
    pr_err("%s: %s\n", disk->name, text);
}

/* Clips offset= and size= to the disk. False: nothing is left. */
static bool choose_region(struct disk *disk)
{
    const struct options *o = disk->options;
    uint64_t bytes = MIN(disk->limits.sectors, (uint64_t)INT64_MAX / 512) * 512;
    char size[24];

    format_bytes(size, sizeof(size), bytes);
    if (bytes == 0) {
        print_raw("%s: empty, nothing to test\n", disk->name);
        verdict_worsen(&disk->verdict, SKIP);
        return false;
    }
    if (o->offset >= bytes) {
        disk_complain(disk, ERROR, "offset=%llu is beyond its end (%s)",
                      (unsigned long long)o->offset, size);
        return false;
    }
    disk->offset = o->offset;
    disk->bytes = bytes - o->offset;
    if (o->size > disk->bytes)
        print_raw("%s: only %llu bytes from offset %llu to its end (%s)\n", disk->name,
                  (unsigned long long)disk->bytes, (unsigned long long)o->offset, size);
    else if (o->size)
        disk->bytes = o->size;
    return true;
}

/* Nearly equal parts for numjobs= threads, with sector boundaries between them; parts that would be
 * empty are left out. */
static int make_slices(struct disk *disk)
{
    uint64_t n = disk->options->numjobs, unit = MAX(disk->limits.sector_size, 512U);
    uint64_t at = disk->offset, end = disk->offset + disk->bytes;

    disk->slices = heap_zalloc(n, sizeof(*disk->slices), MEM_APP);
    if (!disk->slices)
        return -ENOMEM;
    for (uint64_t i = 1; i <= n; i++) {
        uint64_t to = disk->offset + disk->bytes / n * i;

        to = i == n ? end : to - to % unit;
        if (to <= at)
            continue;
        disk->slices[disk->nr_slices++] = (struct slice){.offset = at, .bytes = to - at};
        at = to;
    }
    return 0;
}

/* An export that is not connected yet has size 0, and grows: with connect_timeout= this is
 * waited for. */
static void wait_for_size(struct disk *disk)
{
    uint64_t deadline = clock_deadline(disk->options->driver.connect_timeout_ns);

    if (disk->limits.sectors || !disk->options->driver.connect_timeout_ns)
        return;
    print_raw("%s: its size is 0: waiting for it to grow\n", disk->name);
    while (!disk->limits.sectors && !stop_requested() && clock_now() < deadline) {
        thread_sleep(100 * NSEC_PER_MSEC);
        blkfront_get_limits(disk->dev, &disk->limits);
    }
}

void disk_connect(struct disk *disk)
{
    int ret = blkfront_open_device(disk->node, &disk->options->driver, NULL, &disk->dev);
    uint64_t bs = 0;

    if (ret) {
        /* a backend that never existed is not under test */
        bool ours = ret == -ENOENT || ret == -ETIMEDOUT || ret == -ENOMEM || ret == -ENOSPC;

        disk->dev = NULL;
        if (disk->may_go && options_ignore(disk->options, ret)) {
            disk_ignore(disk, ret);
            return;
        }
        disk_complain(disk, ours ? ERROR : FAILURE, "cannot be connected: -%s", errno_name(ret));
        return;
    }
    started_connected();
    blkfront_get_limits(disk->dev, &disk->limits);
    wait_for_size(disk);
    for (unsigned i = 0; i < disk->options->bs.count; i++)
        bs = MAX(bs, disk->options->bs.value[i]);
    buffers_init(&disk->buffers, disk->dev, bs, disk->options->misalign);
    report_disk(disk);
    ret = choose_region(disk) ? make_slices(disk) : 0;
    if (ret)
        disk_complain(disk, ERROR, "no memory");
    disk->no_flush = !disk->limits.flush && !disk->limits.barrier;
    if (disk->no_flush && disk->options->fsync)
        print_raw("%s: the backend does not flush: fsync= has no effect\n", disk->name);
}

void disk_ignore(struct disk *disk, int ret)
{
    disk->job.ignored++;
    if (ret == -ENODEV && !disk->failed) {
        disk->failed = true;
        print_raw("%s: gone\n", disk->name);
    }
}

void disk_run(void *arg)
{
    struct disk *disk = arg;

    if (disk->nr_slices) {
        grid_run(disk);
        grid_digest(disk);
    }
    started_report();
    report_counters(disk);
}

void disk_close(struct disk *disk)
{
    buffers_free(&disk->buffers);
    if (disk->dev && shutdown_blkfront(disk->dev) != 0) {
        disk->job.complaints = 0;
        disk_complain(disk, FAILURE, "the backend did not follow when it was closed");
    }
    if (disk->complaints)
        print_raw("%s: %llu complaint%s, the first: %s\n", disk->name,
                  (unsigned long long)disk->complaints, disk->complaints == 1 ? "" : "s",
                  disk->first_complaint);
    disk->dev = NULL;
    for (unsigned i = 0; i < disk->nr_slices; i++)
        heap_free(disk->slices[i].unknown);
    heap_free(disk->slices);
    disk->slices = NULL;
}
