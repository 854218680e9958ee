/* SPDX-License-Identifier: MIT */
/*
 * blktest: reads and writes PV disks according to its command line, verifies their content, and
 * prints a verdict. It never writes unless write=1 is given.
 */
#include "../started.h"
#include "disk.h"
#include "hotplug.h"
#include "options.h"
#include "stop.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/probe.h>
#include <ringlet/string.h>
#include <ringlet/xenstore.h>

struct blktest {
    struct options options;
    struct list disks;
    unsigned nr_disks;
    unsigned wanted; /* device number, when dev= names one */
    bool all, first;
    enum verdict verdict;
};

static void complain(struct blktest *t, const char *text)
{
    pr_err("blktest: %s\n", text);
    verdict_worsen(&t->verdict, ERROR);
}

/* For each configured disk: uses it if it is selected. */
static int consider(const char *node, void *arg)
{
    struct blktest *t = arg;
    struct disk *disk;
    unsigned devid;

    if (blkfront_vdev_number(node, &devid) != 0 || (!t->all && !t->first && devid != t->wanted))
        return 0;
    disk = heap_zalloc(1, sizeof(*disk), MEM_APP);
    if (!disk) {
        complain(t, "no memory for another disk");
        return 1;
    }
    disk->options = &t->options;
    blkfront_vdev_name(devid, disk->name, sizeof(disk->name));
    format(disk->node, sizeof(disk->node), "%s", node);
    list_add_tail(&t->disks, &disk->link);
    t->nr_disks++;
    return !t->all;
}

static void find_disks(struct blktest *t)
{
    const char *dev = t->options.dev;
    char text[96];
    int ret;

    t->first = !dev;
    t->all = dev && strcmp(dev, "all") == 0;
    if (dev && !t->all && blkfront_vdev_number(dev, &t->wanted) != 0) {
        format(text, sizeof(text), "dev=%s: not the name or number of a disk", dev);
        complain(t, text);
        return;
    }
    ret = blkfront_enumerate(consider, t);
    if (t->nr_disks)
        return;
    if (ret < 0)
        format(text, sizeof(text), "looking for disks: -%s", errno_name(ret));
    else if (ret == 0)
        format(text, sizeof(text), "no disk configured");
    else
        format(text, sizeof(text), "dev=%s: there is no such disk", dev ? dev : "");
    complain(t, text);
}

/* Three quarters of the memory that is left once all disks are connected, in equal parts: the rest
 * is for the driver. */
static void share_memory(struct blktest *t)
{
    struct page_stats memory;
    uint64_t threads = t->nr_disks * t->options.numjobs;

    page_get_stats(&memory);
    list_for_each (pos, &t->disks) {
        struct disk *disk = list_entry(pos, struct disk, link);

        disk->budget = memory.free * PAGE_SIZE / 4 * 3 / threads;
    }
}

/* All disks at once. */
static void run_disks(struct blktest *t)
{
    list_for_each (pos, &t->disks) {
        struct disk *disk = list_entry(pos, struct disk, link);

        if (disk->dev && thread_create(&disk->thread, disk->name, disk_run, disk, 0) != 0)
            disk_complain(disk, ERROR, "no memory for its thread");
    }
    list_for_each (pos, &t->disks) {
        struct disk *disk = list_entry(pos, struct disk, link);

        if (disk->thread)
            thread_join(disk->thread);
    }
}

static bool told_to_continue(void)
{
    char *value;

    if (xs_read(XS_NO_TRANSACTION, "data", "continue", &value, NULL) != 0)
        return false;
    heap_free(value);
    return true;
}

static bool any_connected(const struct blktest *t)
{
    list_for_each (pos, &t->disks)
        if (list_entry(pos, struct disk, link)->dev)
            return true;
    return false;
}

/* hold=: the devices stay connected so that dom0 can read the backends' own counters. */
static void hold(struct blktest *t)
{
    struct xs_watch watch = {0};
    uint64_t deadline = clock_deadline(t->options.hold_ns);
    int ret;

    if (!t->options.hold_ns || stop_requested() || !any_connected(t))
        return;
    print_raw("blktest: holding for dom0\n");
    ret = xs_watch(&watch, "data", "continue");
    if (ret) {
        pr_err("blktest: watching data/continue: -%s\n", errno_name(ret));
        verdict_worsen(&t->verdict, ERROR);
        return;
    }
    while (!told_to_continue() && !stop_requested() && clock_now() < deadline)
        xs_watch_wait(&watch, MIN(deadline, clock_deadline(NSEC_PER_SEC)));
    xs_unwatch(&watch);
}

static void close_disks(struct blktest *t)
{
    list_for_each_safe (pos, &t->disks) {
        struct disk *disk = list_entry(pos, struct disk, link);

        disk_close(disk);
        verdict_worsen(&t->verdict, disk->verdict);
        heap_free(disk);
    }
}

int main(int argc, char *argv[])
{
    static struct blktest test;
    struct blktest *t = &test;
    char err[192];
    int ret;

    *t = (struct blktest){0};
    list_init(&t->disks);
    if (options_parse(&t->options, argc, argv, err, sizeof(err)) != 0) {
        complain(t, err);
        return verdict_print(t->verdict);
    }
    stop_init();
    started_begin();
    if (printk_level() < LOG_DEBUG) /* else the kernel has printed it */
        probe_print();
    print_raw("blktest:");
    for (int i = 0; i < argc; i++)
        print_raw(" %s", argv[i]);
    print_raw("\n");
    find_disks(t);
    list_for_each (pos, &t->disks)
        disk_connect(list_entry(pos, struct disk, link));
    share_memory(t);
    ret = hotplug_start(&t->options, &t->disks);
    if (ret) {
        format(err, sizeof(err), "watching for disks: -%s", errno_name(ret));
        complain(t, err);
    }
    run_disks(t);
    if (!ret)
        verdict_worsen(&t->verdict, hotplug_finish());
    hold(t);
    close_disks(t);
    return stop_end(t->verdict);
}
