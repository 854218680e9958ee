/* SPDX-License-Identifier: MIT */
/* A connection that is over before all of its requests were answered. */
#ifndef RINGLET_BLOCK_REQUEUE_H
#define RINGLET_BLOCK_REQUEUE_H

#include <ringlet/compiler.h>

struct blkfront_dev;

/*
 * The connection is over: gives up all grants, ports and rings, and puts what was in flight back
 * into `waiting` of its queue, in the order in which it was accepted, before what was not sent yet.
 * Nothing is sent before lifecycle_start.
 *
 * invalidated: grants and ports of before mean nothing any more (the domain was resumed), and are
 * forgotten. Else they are ended, and what an old backend still maps is quarantined; a request
 * whose own memory that is fails with -EIO.
 *
 * Not while completions are delivered. Never waits, and grants nothing.
 */
void requeue_all(struct blkfront_dev *dev, bool invalidated);

#endif
