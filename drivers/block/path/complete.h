/* SPDX-License-Identifier: MIT */
/* The way up: from responses to callbacks, and what can be sent then. */
#ifndef RINGLET_BLOCK_COMPLETE_H
#define RINGLET_BLOCK_COMPLETE_H

#include "drivers/block/device.h"

#include <ringlet/clock.h>

/* Takes responses, of one queue or (NULL) of all, calls aio_cb's, pumps and pushes. The number of
 * responses taken; nothing when it is called from an aio_cb of the same device. now: a time at
 * which they were there, or 0 if it has to be looked for. */
unsigned complete_reap_at(struct blkfront_dev *dev, struct queue *only, uint64_t now);
/* The same now: a handler is called for what the scheduler found, which looked at the clock then.
 */
static inline unsigned complete_reap(struct blkfront_dev *dev, struct queue *only)
{
    return complete_reap_at(dev, only, in_handler() ? clock_recent() : 0);
}
/* A ring request is over: its request gets the result, and is over too with its last ring
 * request. */
void complete_ring_request(struct blkfront_dev *dev, struct ring_request *p, int result);
/* The request ends with an error before all of it was sent; what is in flight still counts. */
void complete_fail(struct blkfront_dev *dev, struct blkfront_request *r, int result);
/* All of it is in ring requests, or it failed: completes it if nothing is in flight. */
void complete_check(struct blkfront_dev *dev, struct blkfront_request *r);
/* Calls the callbacks of requests that ended while that could not be done. Only while `delivering`.
 */
void complete_deliver_done(struct blkfront_dev *dev);
/* One line that says what the backend did, and the device fails with -EPROTO. */
void complete_violation(struct blkfront_dev *dev, const char *what,
                        const struct ring_response *rsp);

/* A flush that was submitted when `number` was the next one ends well: 0, or -EIO when writes were
 * lost and it is the first to end since, or was submitted before the first one ended. */
static inline int complete_tell_loss(struct blkfront_dev *dev, uint64_t number)
{
    if (dev->path.writes.lost) {
        dev->path.writes.lost = false;
        dev->path.writes.told = dev->path.next_number;
    }
    return number < dev->path.writes.told ? -EIO : 0;
}

#endif
