/* SPDX-License-Identifier: MIT */
/*
 * The life of a device, in steps that do not know of XenStore, so that a test can take them with
 * limits of its own. device.c strings them together as the frontend's machine says.
 *
 *   dev_create - dev_make_rings - dev_go - (dev_lost) - dev_gone - dev_destroy
 */
#ifndef RINGLET_BLOCK_DEVICE_H
#define RINGLET_BLOCK_DEVICE_H

#include "block.h"

/* A device that is DEV_STARTING; config is complete (negotiate_config). NULL: no memory. */
struct blkfront_dev *dev_create(unsigned devid, const struct blkfront_config *config);

/*
 * For dev->peer: limits.queues queues, each with a ring of limits.ring_pages, granted, and an event
 * channel, masked; or fewer queues, then shorter rings, when memory or grants are short. 0,
 * -ENOMEM, -ENOSPC (no grants or ports), or Xen's error.
 */
int dev_make_rings(struct blkfront_dev *dev);

/* Closes the ports and ends the grants of the rings, or quarantines their pages. Harmless to
 * repeat. */
void dev_free_rings(struct blkfront_dev *dev);

/* limits are final: sets the grant budget and opens for requests. Again after a
 * dev_requeue, when what was put back is sent. */
void dev_go(struct blkfront_dev *dev);

/* Nothing is sent and no response is taken until dev_go. */
void dev_pause(struct blkfront_dev *dev);

/* No more requests and responses; what the backend does not use any more completes with an error.
 */
void dev_lost(struct blkfront_dev *dev);

/* The backend is gone: everything completes, what it still maps is quarantined, the rest is freed
 * but for dev. Harmless to repeat. */
void dev_gone(struct blkfront_dev *dev);

void dev_destroy(struct blkfront_dev *dev);

/* ---- device.c ---- */

/* What the disk is, now that the backend is connected: checked, in *limits. 0 or -errno. */
int dev_read_properties(struct blkfront_dev *dev, struct blkfront_limits *limits);

/* ---- away.c: what happens to a device between opening and closing, in the frontend's thread ----
 */

/* Tells the caller. */
void dev_event(struct blkfront_dev *dev, enum blkfront_event what);
/* The backend went: what is in flight waits for another. */
void dev_away(struct blkfront_dev *dev);
/* It went, or goes, and was not Closed: what was not flushed may be lost. Any context. */
void dev_at_risk(struct blkfront_dev *dev);
/* It is gone, and nothing of ours is its any more: dev_requeue. orderly: it was Closed. */
void dev_ended(struct blkfront_dev *dev, bool orderly);
/* Connected (again), after dev_go. */
void dev_back(struct blkfront_dev *dev);
/* The disk may be another one, though the backend is the same. */
void dev_changed(struct blkfront_dev *dev);

#endif
