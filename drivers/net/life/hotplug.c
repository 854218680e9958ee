/* SPDX-License-Identifier: MIT */
/* Interfaces that come and go (kernel/device.h). */
#include "names.h"

#include <kernel/device.h>
#include <ringlet/netfront.h>

static const struct device_watched vifs = {
    .folder = VIF_FOLDER,
    .driver = "netfront",
    .thread_name = "vif-hotplug",
    .key = {"request-rx-copy", "rx-ring-ref"},
    .memory = MEM_NET,
};

static struct device_hotplug hotplug;
static void (*told)(const char *name, enum netfront_change change, void *arg);

static void tell(const char *name, enum device_change change, void *arg)
{
    told(name, change == DEVICE_GONE ? NETFRONT_GONE : NETFRONT_ARRIVED, arg);
}

int netfront_watch(void (*fn)(const char *name, enum netfront_change change, void *arg), void *arg)
{
    int ret = device_watch(&hotplug, &vifs, fn ? tell : NULL, arg);

    if (!ret)
        told = fn; /* (its thread has not run yet) */
    return ret;
}

int netfront_unwatch(void)
{
    return device_unwatch(&hotplug);
}
