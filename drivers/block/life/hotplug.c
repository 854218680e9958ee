/* SPDX-License-Identifier: MIT */
/* Disks that come and go (kernel/device.h). */
#include "names.h"

#include <kernel/device.h>
#include <ringlet/errno.h>

static const struct device_watched vbds = {
    .folder = VBD_FOLDER,
    .driver = "blkfront",
    .thread_name = "vbd-hotplug",
    .key = {"event-channel", "queue-0/event-channel"},
    .memory = MEM_BLOCK,
};

static struct device_hotplug hotplug;
static void (*told)(const char *name, enum blkfront_change change, void *arg);

static void tell(const char *name, enum device_change change, void *arg)
{
    told(name, change == DEVICE_GONE ? BLKFRONT_GONE : BLKFRONT_ARRIVED, arg);
}

int blkfront_watch(void (*fn)(const char *name, enum blkfront_change change, void *arg), void *arg)
{
    int ret = device_watch(&hotplug, &vbds, fn ? tell : NULL, arg);

    if (!ret)
        told = fn; /* (its thread has not run yet) */
    return ret;
}

int blkfront_unwatch(void)
{
    return device_unwatch(&hotplug);
}
