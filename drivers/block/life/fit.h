/* SPDX-License-Identifier: MIT */
/* Requests and other limits than those with which they were accepted. */
#ifndef RINGLET_BLOCK_FIT_H
#define RINGLET_BLOCK_FIT_H

struct blkfront_dev;

/* After a change of limits.queues: no request is for a queue that is not used. */
void fit_queues(struct blkfront_dev *dev);
/* After a change of the disk: requests, or what is not sent of them, that it cannot serve any more
 * fail, with -EIO (beyond the end), -EROFS, -EOPNOTSUPP. */
void fit_requests(struct blkfront_dev *dev);

#endif
