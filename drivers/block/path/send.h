/* SPDX-License-Identifier: MIT */
/* A ring request that is ready goes on its ring. */
#ifndef RINGLET_BLOCK_SEND_H
#define RINGLET_BLOCK_SEND_H

#include "drivers/block/device.h"

/* In polled mode: somebody may wait for completions without looking for them. */
#define POLL_IN_BACKGROUND (10 * NSEC_PER_MSEC)

/* A ring request that is ready goes on its queue's ring; a slot must be free. */
void send_ring_request(struct blkfront_dev *dev, struct ring_request *p);
/* Makes what was sent visible and notifies if the backend wants it. */
void send_push(struct blkfront_dev *dev);

#endif
