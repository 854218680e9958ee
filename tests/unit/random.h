/* SPDX-License-Identifier: MIT */
/* Random numbers for property tests: each run's seed is printed, and SEED=n in the environment runs
 * that seed. */
#ifndef RINGLET_TESTS_RANDOM_H
#define RINGLET_TESTS_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_u64(struct random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* 0..n-1 */
static inline unsigned random_below(struct random *r, unsigned n)
{
    return (unsigned)(random_u64(r) % n);
}

/* Calls run with each of count seeds. */
static inline void random_runs(const char *name, unsigned count, void (*run)(struct random *r))
{
    const char *given = getenv("SEED");

    for (unsigned i = 0; i < (given ? 1 : count); i++) {
        struct random r = {given ? strtoull(given, NULL, 0) : i + 1};

        printf("# %s: SEED=%llu\n", name, (unsigned long long)r.state);
        fflush(stdout);
        run(&r);
    }
}

#endif
