/* SPDX-License-Identifier: MIT */
/*
 * The life of a device, in steps that do not know of XenStore, so that a test can take them with
 * limits of its own. open.c strings them together as the frontend's machine says.
 *
 *   lifecycle_create - lifecycle_make_rings - lifecycle_start - (lifecycle_close) -
 *   lifecycle_release - lifecycle_destroy
 */
#ifndef RINGLET_BLOCK_LIFECYCLE_H
#define RINGLET_BLOCK_LIFECYCLE_H

#include <ringlet/blkfront.h>

/* A device that is DEVICE_CONNECTING; config is complete (negotiate_config). NULL: no memory. */
struct blkfront_dev *lifecycle_create(unsigned devid, const struct blkfront_config *config);

/*
 * For dev->peer: limits.queues queues, each with a ring of limits.ring_pages, granted, and an event
 * channel, masked; or fewer queues, then shorter rings, when memory or grants are short. 0,
 * -ENOMEM, -ENOSPC (no grants or ports), or Xen's error.
 */
int lifecycle_make_rings(struct blkfront_dev *dev);

/* Closes the ports and ends the grants of the rings, or quarantines their pages. Harmless to
 * repeat. */
void lifecycle_free_rings(struct blkfront_dev *dev);

/* limits are final: sets the grant budget and opens for requests. Again after a
 * requeue_all, when what was put back is sent. */
void lifecycle_start(struct blkfront_dev *dev);

/* Nothing is sent and no response is taken until lifecycle_start. */
void lifecycle_stop(struct blkfront_dev *dev);

/* No more requests and responses; what the backend does not use any more completes with an error.
 */
void lifecycle_close(struct blkfront_dev *dev);

/* The connection is closed: everything completes, what it still maps is quarantined, the rest is
 * freed but for dev. Harmless to repeat. */
void lifecycle_release(struct blkfront_dev *dev);

void lifecycle_destroy(struct blkfront_dev *dev);

#endif
