/* SPDX-License-Identifier: MIT */
/* Throughput over time, in few numbers however long it takes. Any context. */
#ifndef BLKTEST_SAMPLES_H
#define BLKTEST_SAMPLES_H

#include <ringlet/clock.h>
#include <ringlet/compiler.h>

#define SAMPLES_MAX      32
#define SAMPLES_INTERVAL (5 * NSEC_PER_MSEC) /* at first; doubled as often as it must be */

/* Zeroed it is empty. */
struct samples {
    uint64_t interval; /* ns; 0: nothing was added */
    unsigned count;
    uint64_t bytes[SAMPLES_MAX]; /* completed in each interval */
};

/* bytes were completed so many ns after the beginning. */
void samples_add(struct samples *s, uint64_t ns, uint64_t bytes);

#endif
