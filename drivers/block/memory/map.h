/* SPDX-License-Identifier: MIT */
/* Pages and grants of a ring request's segments, and what becomes of pages that the backend
 * keeps. */
#ifndef RINGLET_BLOCK_MAP_H
#define RINGLET_BLOCK_MAP_H

#include "pool.h"

struct blkfront_dev;

/* A backend that maps more bounce pages than this at a time, though it has answered, is not slow
 * but hostile. */
#define HELD_BACK_MAX 64

/* Segments without a persistent grant that a ring request of this queue can have now. */
unsigned map_room(const struct blkfront_dev *dev, const struct queue *q);
/* Gives bounce segments their pages; how many segments, from the first, are complete, or, for none,
 * the error: -ENOMEM, -ENOSPC. */
int map_take_pages(struct blkfront_dev *dev, struct ring_request *p);
/* Copies what is to be written into bounce pages; what was read out of them. */
void map_copy_in(struct blkfront_dev *dev, struct ring_request *p);
void map_copy_out(struct blkfront_dev *dev, struct ring_request *p);
/* Grants segments without a persistent grant, in order; how many segments are granted then
 * (possibly fewer than there are), or, for none, the error. */
int map_grant(struct blkfront_dev *dev, struct ring_request *p, bool readonly);
/* Drops segments from the count-th on, none of them granted, and adjusts bytes and sectors. */
void map_trim(struct blkfront_dev *dev, struct ring_request *p, unsigned count);
/* After the response, of a ring request with `fresh` grants: ends them, one attempt each. 0, or
 * -EIO when the peer kept a page that its data was or will be read from (quarantined). When the
 * peer has broken the protocol, dev->memory.violation says how: the caller reports it. */
int map_end(struct blkfront_dev *dev, struct ring_request *p);
/* Without a response, and after registered_end: ends what can be ended; true when nothing is left.
 * final: what cannot be ended is quarantined, so always true. */
bool map_revoke(struct blkfront_dev *dev, struct ring_request *p, bool final);
/* The grants are invalid (the grant table is another one): forgets those of a ring request without
 * asking; it then has pages and no grants. */
void map_invalidate(struct blkfront_dev *dev, struct ring_request *p);
/* Returns bounce pages to the pool; only persistent grants remain. */
void map_drop_pages(struct blkfront_dev *dev, struct ring_request *p);
/* Ends or quarantines the grants of registered buffers and of bounce pages, and frees the latter.
 * Nothing is in flight. */
void map_destroy(struct blkfront_dev *dev);
/*
 * The device is connected, to dev->peer, perhaps not for the first time: grants of an earlier
 * connection are given up (map_destroy), and registered buffers are granted. dev->memory.direct is
 * set.
 */
void map_regrant(struct blkfront_dev *dev);
/* As map_invalidate, for registered buffers and bounce pages that no ring request has. map_regrant
 * follows when the device is connected. */
void map_invalidate_unused(struct blkfront_dev *dev);

#endif
