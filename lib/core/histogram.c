/* SPDX-License-Identifier: MIT */
/*
 * The latency histogram. Values below 16 have a bucket each. Above, each power of two has 16
 * buckets, chosen by the four bits behind the leading one.
 */
#include <ringlet/histogram.h>
#include <ringlet/string.h>

#define STEP_BITS 4
#define STEPS     (1U << STEP_BITS)

static unsigned bucket_of(uint64_t value)
{
    unsigned top;

    if (value < STEPS)
        return (unsigned)value;
    top = 63 - (unsigned)__builtin_clzll(value);
    return (top - STEP_BITS + 1) * STEPS + (unsigned)((value >> (top - STEP_BITS)) & (STEPS - 1));
}

uint64_t histogram_bucket_last(unsigned bucket)
{
    unsigned shift;

    if (bucket < STEPS)
        return bucket;
    shift = bucket / STEPS - 1;
    return (((uint64_t)(STEPS + bucket % STEPS)) << shift) + ((1ULL << shift) - 1);
}

_Static_assert(HISTOGRAM_BUCKETS == STEPS * (64 - STEP_BITS + 1),
               "a bucket for every 64-bit value");

void histogram_reset(struct histogram *h)
{
    memset(h, 0, sizeof(*h));
    h->min = UINT64_MAX;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    uint32_t *bucket = &h->bucket[bucket_of(value)];

    h->count++;
    h->sum += value;
    h->min = MIN(h->min, value);
    h->max = MAX(h->max, value);
    if (*bucket != UINT32_MAX)
        ++*bucket;
}

uint64_t histogram_percentile(const struct histogram *h, unsigned permille)
{
    /* permille/1000 of the count, rounded up, in two steps so that it cannot overflow */
    uint64_t rank = h->count / 1000 * permille + (h->count % 1000 * permille + 999) / 1000;
    uint64_t seen = 0;

    if (h->count == 0)
        return 0;
    if (rank == 0)
        return h->min;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= rank)
            return MIN(histogram_bucket_last(i), h->max);
    }
    return h->max;
}
