/* SPDX-License-Identifier: MIT */
/*
 * A latency histogram in fixed memory: 16 linear steps in each power of two, so a percentile is off
 * by at most 1/16. Any context.
 */
#ifndef RINGLET_HISTOGRAM_H
#define RINGLET_HISTOGRAM_H

#include <ringlet/compiler.h>

#define HISTOGRAM_BUCKETS (16 * 61)

struct histogram {
    uint64_t count, sum, min, max;
    uint32_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_reset(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t value);
/* The value that permille/1000 of all values do not exceed (999 = p99.9); 0 when empty. */
uint64_t histogram_percentile(const struct histogram *h, unsigned permille);

/* The highest value that is counted in bucket[i], for i below HISTOGRAM_BUCKETS. */
uint64_t histogram_bucket_last(unsigned i);

#endif
