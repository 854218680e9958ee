/* SPDX-License-Identifier: MIT */
/* Requests that take too long. */
#ifndef RINGLET_BLOCK_WATCHDOG_H
#define RINGLET_BLOCK_WATCHDOG_H

#include <ringlet/compiler.h>

struct blkfront_dev;

struct watchdog {
    uint64_t rekicked_at; /* the backend was last notified once more */
    uint64_t report_at;   /* no line before */
    uint64_t fail_after;  /* no failure before */
};

void watchdog_init(struct blkfront_dev *dev);
/* A connection is over: nothing of what the watchdog has seen there counts in the next. */
void watchdog_reset(struct blkfront_dev *dev);
/* Requests are sent again, with the next connection or after a suspend that was cancelled: what
 * waits without a timeout of its own begins to wait now, and what has one is minded again. */
void watchdog_begin(struct blkfront_dev *dev);

#endif
