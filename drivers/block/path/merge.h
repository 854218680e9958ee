/* SPDX-License-Identifier: MIT */
/* Neighbours on the disk that wait together go to the backend as one request. */
#ifndef RINGLET_BLOCK_MERGE_H
#define RINGLET_BLOCK_MERGE_H

#include "drivers/block/device.h"

/* first is the first in its queue's `waiting`, and nothing of it is sent. Itself, or one that
 * stands for it and some that wait behind it, now in its place. */
struct blkfront_request *merge_waiting(struct blkfront_dev *dev, struct blkfront_request *first);
/* One that stands for several has completed, and is freed: those in *over, which becomes a list,
 * have completed with it; the others, if it failed, wait once more, before those that were accepted
 * later, to be sent one by one. */
void merge_end(struct blkfront_dev *dev, struct blkfront_request *whole, struct list *over);
/* Is one that stands for several writes accepted before this one under way? */
bool merge_writes_before(const struct blkfront_dev *dev, const struct blkfront_request *r);
/* Frees what is in reserve. */
void merge_destroy(struct blkfront_dev *dev);

#endif
