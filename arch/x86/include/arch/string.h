/* SPDX-License-Identifier: MIT */
/*
 * Copying and filling for lib/core/string.c by `rep movs` and `rep stos`, which CPUs since 2013 do
 * in whole cache lines. Words first: under emulation and on older CPUs each step of `rep` costs the
 * same whatever its width.
 */
#ifndef RINGLET_ARCH_STRING_H
#define RINGLET_ARCH_STRING_H

#include <stddef.h>

#define ARCH_HAS_COPY_UP
#define ARCH_HAS_FILL

/* Copies n bytes in ascending order of address: dst may overlap src from below. (&: `rest` is read
 * after the first instruction has changed the others, and must not share a register with one of the
 * same value.) */
static inline void arch_copy_up(void *dst, const void *src, size_t n)
{
    size_t words = n / 8;
    size_t rest = n % 8;

    __asm__ __volatile__("rep movsq\n\tmov %3, %%rcx\n\trep movsb"
                         : "+&D"(dst), "+&S"(src), "+&c"(words)
                         : "r"(rest)
                         : "memory");
}

/* Sets n bytes to c. */
static inline void arch_fill(void *dst, unsigned char c, size_t n)
{
    size_t words = n / 8;
    size_t rest = n % 8;
    unsigned long fill = c * 0x0101010101010101UL;

    __asm__ __volatile__("rep stosq\n\tmov %3, %%rcx\n\trep stosb"
                         : "+&D"(dst), "+&c"(words)
                         : "a"(fill), "r"(rest)
                         : "memory");
}

#endif
