/* SPDX-License-Identifier: MIT */
/* The end of requests that no backend will answer. */
#ifndef RINGLET_BLOCK_ABORT_H
#define RINGLET_BLOCK_ABORT_H

#include <ringlet/compiler.h>

struct blkfront_dev;
struct ring_request;

/* A ring request is over without an answer; no ring slot has it and what could be taken back of its
 * memory was. Its request gets the result. */
void abort_ring_request(struct blkfront_dev *dev, struct ring_request *p, int result);

/* The device is closed: completes what can be completed. final: everything. */
void abort_all(struct blkfront_dev *dev, bool final);

#endif
