/* SPDX-License-Identifier: MIT */
/* A pseudo-random order of the numbers 0..n-1 in which each occurs exactly once, without memory. */
#ifndef BLKTEST_PERMUTATION_H
#define BLKTEST_PERMUTATION_H

#include <ringlet/compiler.h>

struct permutation {
    uint64_t n, seed;
    unsigned half_bits;
};

/* n: 1..2^62 */
void permutation_init(struct permutation *p, uint64_t n, uint64_t seed);
/* The i-th number, i < n. */
uint64_t permutation_at(const struct permutation *p, uint64_t i);

#endif
