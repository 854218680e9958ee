/* SPDX-License-Identifier: MIT */
/* Times that pass while there is no backend. */
#ifndef RINGLET_BLOCK_EXPIRE_H
#define RINGLET_BLOCK_EXPIRE_H

#include <ringlet/compiler.h>

struct blkfront_dev;

/* While FREEZE_DISCONNECTED holds: what is due completes with -ETIMEDOUT, through `done`, and the
 * watchdog's timer is set to what will be due. Else nothing happens. Any context, but not while
 * completions are delivered. */
void expire_requests(struct blkfront_dev *dev);
/* All that was in flight waits again. resumed: because the domain was resumed, with which all times
 * begin anew. Also expire_requests. */
void expire_lost_connection(struct blkfront_dev *dev, bool resumed);

#endif
