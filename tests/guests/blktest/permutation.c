/* SPDX-License-Identifier: MIT */
/*
 * A Feistel network permutes the smallest square power of two that is at least n; a result of n or
 * more is permuted again until it is below n. As the network is a permutation this ends, on average
 * within four steps, and different inputs have different results.
 */
#include "permutation.h"
#include "mix.h"

#define ROUNDS 4

void permutation_init(struct permutation *p, uint64_t n, uint64_t seed)
{
    *p = (struct permutation){.n = n, .seed = mix64(seed + MIX_STEP), .half_bits = 1};
    while ((n - 1) >> (2 * p->half_bits))
        p->half_bits++;
}

uint64_t permutation_at(const struct permutation *p, uint64_t i)
{
    uint64_t mask = (1ULL << p->half_bits) - 1;

    do {
        uint64_t left = i >> p->half_bits, right = i & mask;

        for (unsigned round = 0; round < ROUNDS; round++) {
            uint64_t next = left ^ (mix64(right + (round + 1) * p->seed) & mask);

            left = right;
            right = next;
        }
        i = left << p->half_bits | right;
    } while (i >= p->n);
    return i;
}
