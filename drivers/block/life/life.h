/* SPDX-License-Identifier: MIT */
/* What of a device belongs to its life: only files of this room touch it. */
#ifndef RINGLET_BLOCK_LIFE_H
#define RINGLET_BLOCK_LIFE_H

#include "negotiate.h"
#include "watchdog.h"
#include "xenstore_stats.h"

#include <kernel/device.h>

struct device_life {
    enum ring_scheme scheme;
    struct device_stats stats;
    struct watchdog watchdog;
    int abort_result; /* instead of -EIO and -ENODEV, when not 0 */
    struct device_entry entry;
};

#endif
