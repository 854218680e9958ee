/* SPDX-License-Identifier: MIT */
/* What happens to a device between opening and closing. In the frontend's thread, but for
 * xenbus_at_risk. */
#ifndef RINGLET_BLOCK_XENBUS_H
#define RINGLET_BLOCK_XENBUS_H

#include <ringlet/blkfront.h>

/* Tells the caller. */
void xenbus_event(struct blkfront_dev *dev, enum blkfront_event what);
/* The backend went: what is in flight waits for another. */
void xenbus_away(struct blkfront_dev *dev);
/* It went, or goes, and was not Closed: what was not flushed may be lost. Any context. */
void xenbus_at_risk(struct blkfront_dev *dev);
/* It is gone, and nothing of ours is its any more: requeue_all. orderly: it was Closed. */
void xenbus_closed(struct blkfront_dev *dev, bool orderly);
/* Connected (again), after lifecycle_start. */
void xenbus_reconnected(struct blkfront_dev *dev);
/* The disk may be another one, though the backend is the same. */
void xenbus_changed(struct blkfront_dev *dev);

#endif
