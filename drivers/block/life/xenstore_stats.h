/* SPDX-License-Identifier: MIT */
/* A device's statistics in XenStore for who asks for them. */
#ifndef RINGLET_BLOCK_XENSTORE_STATS_H
#define RINGLET_BLOCK_XENSTORE_STATS_H

#include <kernel/device.h>

struct blkfront_dev;

#define XENSTORE_STATS_MAX DEVICE_STATS_MAX

/* One line of JSON. 0 or -ENOSPC. */
int xenstore_stats_text(const struct blkfront_dev *dev, char *text, size_t size);
/* The device is connected: requests for statistics are served. Thread context; does not wait. */
void xenstore_stats_start(struct blkfront_dev *dev);
/* Nobody is served any more, and what was written is removed. Thread context; waits. Harmless when
 * it was not started. */
void xenstore_stats_stop(struct blkfront_dev *dev);

#endif
