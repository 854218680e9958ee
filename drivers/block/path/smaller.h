/* SPDX-License-Identifier: MIT */
/* Backends that fail large ring requests. */
#ifndef RINGLET_BLOCK_SMALLER_H
#define RINGLET_BLOCK_SMALLER_H

#include "drivers/block/device.h"

/* A ring request failed, and nothing of it is granted any more: true if its request is sent once
 * more in small ring requests instead of failing, when no ring request of it is left: the ring
 * request ends without an error. */
bool smaller_retry(const struct blkfront_dev *dev, const struct ring_request *p);
/* No ring request is left of a request that has `again`, and the device is active: it waits, to be
 * sent from its beginning. */
void smaller_begin(struct blkfront_dev *dev, struct blkfront_request *r);
/* A request that has `small` was done well: so are all from now on. */
void smaller_works(struct blkfront_dev *dev);
/* Is a write on a ring that may have to be sent once more, or will be? What is ordered behind it
 * waits. */
bool smaller_writes_out(const struct blkfront_dev *dev);

#endif
