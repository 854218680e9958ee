/* SPDX-License-Identifier: MIT */
/* A good 64-bit mixing function: every bit of x changes about half of the result's bits. */
#ifndef BLKTEST_MIX_H
#define BLKTEST_MIX_H

#include <ringlet/compiler.h>

static inline uint64_t mix64(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    return x ^ x >> 32;
}

/* An odd constant to step with, so that neighbouring inputs differ in many bits. */
#define MIX_STEP 0x9e3779b97f4a7c15ULL

#endif
