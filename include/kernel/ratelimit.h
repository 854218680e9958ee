/* SPDX-License-Identifier: MIT */
/*
 * Limits messages that another domain can provoke at will. A device has a token bucket:
 * RATELIMIT_BURST messages at once and one more each RATELIMIT_INTERVAL. Messages without a token
 * are dropped and counted, and the count is printed as soon as there is a token for it, so that a
 * reader knows that the log is incomplete.
 */
#ifndef RINGLET_KERNEL_RATELIMIT_H
#define RINGLET_KERNEL_RATELIMIT_H

#include <ringlet/clock.h>
#include <ringlet/printk.h>

#define RATELIMIT_BURST    20u
#define RATELIMIT_INTERVAL (5 * NSEC_PER_SEC)

/* Zeroed it is a full bucket; the owner sets name. */
struct ratelimit {
    const char *name;    /* name of the device, for the count; NULL: "peer" */
    uint64_t paid_until; /* the bucket is full again */
    unsigned left_out;   /* messages dropped since the count was last printed */
    struct timer say;    /* armed while left_out is not 0 */
};

/* printk() if the bucket has a token; a message above the current level takes none. limit NULL:
 * no limit. Any context. */
void printk_limited(struct ratelimit *limit, enum log_level level, const char *fmt, ...)
    RINGLET_PRINTF(3, 4);

#define pr_err_limited(limit, ...)  printk_limited(limit, LOG_ERROR, __VA_ARGS__)
#define pr_warn_limited(limit, ...) printk_limited(limit, LOG_WARNING, __VA_ARGS__)
#define pr_info_limited(limit, ...) printk_limited(limit, LOG_INFO, __VA_ARGS__)

/* Prints a count that is still due; call it before the memory of limit is freed. May be called
 * again. Any context. */
void ratelimit_end(struct ratelimit *limit);

/* For printk_limited: takes a token; false: there was none, and the message is counted as
 * dropped. */
bool ratelimit_take(struct ratelimit *limit);

#endif
