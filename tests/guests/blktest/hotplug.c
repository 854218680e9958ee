/* SPDX-License-Identifier: MIT */
/* Hotplug of disks (hotplug.h). */
#include "hotplug.h"
#include "stop.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/json.h>
#include <ringlet/string.h>

static struct {
    const struct options *options;
    const struct list *initial;
    struct list disks; /* arrived and not yet gone */
    uint64_t arrived, gone;
    enum verdict verdict;
} hp;

static struct disk *find(const struct list *disks, unsigned devid)
{
    list_for_each (pos, disks) {
        struct disk *disk = list_entry(pos, struct disk, link);
        unsigned other;

        if (blkfront_vdev_number(disk->node, &other) == 0 && other == devid)
            return disk;
    }
    return NULL;
}

static void arrive(const char *node, unsigned devid)
{
    struct disk *disk = heap_zalloc(1, sizeof(*disk), MEM_APP);
    struct page_stats memory;

    if (!disk) {
        pr_err("blktest: no memory for another disk\n");
        verdict_worsen(&hp.verdict, ERROR);
        return;
    }
    page_get_stats(&memory);
    disk->options = hp.options;
    disk->budget = memory.free * PAGE_SIZE / 4 / hp.options->numjobs;
    blkfront_vdev_name(devid, disk->name, sizeof(disk->name));
    format(disk->node, sizeof(disk->node), "%s", node);
    hp.arrived++;
    print_raw("%s: arrived, number %llu\n", disk->name, (unsigned long long)hp.arrived);
    list_add_tail(&hp.disks, &disk->link);
    disk->may_go = true;
    disk_connect(disk);
    if (disk->dev && thread_create(&disk->thread, disk->name, disk_run, disk, 0) != 0)
        disk_complain(disk, ERROR, "no memory for its thread");
}

static void go(struct disk *disk)
{
    if (disk->thread)
        thread_join(disk->thread);
    list_del(&disk->link);
    disk_close(disk);
    verdict_worsen(&hp.verdict, disk->verdict);
    hp.gone++;
    print_raw("%s: closed, number %llu\n", disk->name, (unsigned long long)hp.gone);
    heap_free(disk);
}

static void changed(const char *node, enum blkfront_change change, void *arg)
{
    struct disk *disk;
    unsigned devid;

    (void)arg;
    if (blkfront_vdev_number(node, &devid) != 0 || find(hp.initial, devid))
        return;
    disk = find(&hp.disks, devid);
    if (change == BLKFRONT_GONE && disk)
        go(disk);
    else if (change == BLKFRONT_ARRIVED && !disk)
        arrive(node, devid);
}

int hotplug_start(const struct options *options, const struct list *initial)
{
    memset(&hp, 0, sizeof(hp));
    hp.options = options;
    hp.initial = initial;
    list_init(&hp.disks);
    return options->hotplug ? blkfront_watch(changed, NULL) : 0;
}

bool hotplug_over(void)
{
    return hp.options && hp.options->hotplug && hp.gone >= hp.options->hotplug;
}

enum verdict hotplug_finish(void)
{
    char line[128];
    struct json j;

    if (!hp.options->hotplug)
        return SUCCESS;
    while (!hotplug_over() && !stop_requested())
        thread_sleep(100 * NSEC_PER_MSEC);
    blkfront_unwatch();
    while (!list_empty(&hp.disks)) /* only on a shutdown order */
        go(list_first(&hp.disks, struct disk, link));
    json_begin(&j, line, sizeof(line));
    json_str(&j, "type", "hotplug");
    json_u64(&j, "arrived", hp.arrived);
    json_u64(&j, "gone", hp.gone);
    json_print_result(&j);
    return hp.verdict;
}
