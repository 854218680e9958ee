/* SPDX-License-Identifier: MIT */
/* The way down: from accepted requests to ring entries. Any context. */
#ifndef RINGLET_BLOCK_SUBMIT_H
#define RINGLET_BLOCK_SUBMIT_H

#include "drivers/block/device.h"

/* `prepared` to `waiting` of each one's queue, pump, push; how many requests were prepared. now:
 * the time of submission, or 0 if it has to be looked for. */
unsigned submit_prepared(struct blkfront_dev *dev, uint64_t now);
/* Sends what can be sent; does not push. */
void submit_pump(struct blkfront_dev *dev);

#endif
