/* SPDX-License-Identifier: MIT */
/* When the watchdog (life/watchdog.h) has to look at requests: its timer is armed on their way. */
#ifndef RINGLET_BLOCK_DEADLINE_H
#define RINGLET_BLOCK_DEADLINE_H

#include "drivers/block/device.h"

/* time + ns, or UINT64_MAX when that is no time. */
uint64_t deadline_later(uint64_t time, uint64_t ns);
/* How long, in ns, a request with this timeout (UINT64_MAX: none) is under way before the watchdog
 * looks at it. */
uint64_t deadline_first_look(const struct blkfront_dev *dev, uint64_t timeout);
/* A request is under way and the watchdog's timer is not armed. */
void deadline_arm(struct blkfront_dev *dev);
/* The watchdog will look in time at this request, which has a timeout of its own. */
void deadline_mind(struct blkfront_dev *dev, const struct blkfront_request *r);

static inline void deadline_watch(struct blkfront_dev *dev)
{
    if (!dev->path.watchdog.armed && device_in_flight(dev))
        deadline_arm(dev);
}

#endif
