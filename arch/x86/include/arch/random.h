/* SPDX-License-Identifier: MIT */
/* The CPU's random numbers, for lib/fs/random.c. */
#ifndef RINGLET_ARCH_RANDOM_H
#define RINGLET_ARCH_RANDOM_H

#include <ringlet/compiler.h>

#define ARCH_HAS_RANDOM "RDRAND"

/* Whether this CPU has the instruction. */
static inline bool arch_random_present(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return c >> 30 & 1; /* leaf 1, ECX: RDRAND */
}

/* One number, where arch_random_present(). false: the CPU had none just now. */
static inline bool arch_random(uint64_t *out)
{
    bool ok;

    __asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok) : : "cc");
    return ok;
}

#endif
