/* SPDX-License-Identifier: MIT */
/* Discards: whole granules, in pieces. */
#ifndef RINGLET_BLOCK_DISCARD_H
#define RINGLET_BLOCK_DISCARD_H

#include "drivers/block/device.h"

/* Shrinks the range to the whole granules in it; *bytes may become 0. */
void discard_range(const struct blkfront_limits *limits, uint64_t *offset, size_t *bytes);
/* *bytes: how many, from its offset on, the next ring request of a discard carries; 0: nothing is
 * left. 0, or -EOPNOTSUPP: the backend does not discard any more. */
int discard_next(const struct blkfront_dev *dev, struct blkfront_request *r, size_t *bytes);
/* Puts a ring request that is a discard on its queue's ring. */
void discard_put(struct blkfront_dev *dev, struct ring_request *p);
/* The backend refused one: discards are not used again. */
void discard_refused(struct blkfront_dev *dev, const struct blkfront_request *r);

#endif
