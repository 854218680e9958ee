/* SPDX-License-Identifier: MIT */
/* Writes to a part of a sector: read, merge, write. */
#ifndef RINGLET_BLOCK_RMW_H
#define RINGLET_BLOCK_RMW_H

#include "drivers/block/device.h"

/* Must a write to these sectors wait for a merge that is under way? */
bool rmw_blocks(const struct blkfront_dev *dev, uint64_t sector, uint64_t sectors);
/* Must a merge of these sectors wait, for another one or for a write in flight? */
bool rmw_blocked(const struct blkfront_dev *dev, uint64_t sector, uint64_t sectors);
/* It begins with a read; other writes to its sectors wait from now on. */
void rmw_begin(struct blkfront_dev *dev, struct ring_request *p);
/* Its sector was read (grants ended, data in its bounce page): puts the new bytes in and queues the
 * write. */
void rmw_continue(struct blkfront_dev *dev, struct ring_request *p);
/* Sends writes that are ready; false when one could not be sent. */
bool rmw_pump(struct blkfront_dev *dev);
void rmw_end(struct ring_request *p);

#endif
