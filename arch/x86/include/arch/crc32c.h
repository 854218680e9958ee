/* SPDX-License-Identifier: MIT */
/* SSE4.2's CRC-32C instruction, for lib/core/checksum_crc32c.c. It works on general registers. */
#ifndef RINGLET_ARCH_CRC32C_H
#define RINGLET_ARCH_CRC32C_H

#include <ringlet/compiler.h>

#define ARCH_HAS_CRC32C

/* Whether this CPU has the instruction. */
static inline bool arch_crc32c_present(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return c >> 20 & 1; /* leaf 1, ECX: SSE4.2 */
}

/* As crc32c(), where arch_crc32c_present(). */
static inline uint32_t arch_crc32c(uint32_t start, const uint8_t *p, size_t len)
{
    uint64_t crc = (uint32_t)~start;

    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word;

        __builtin_memcpy(&word, p, sizeof(word));
        __asm__("crc32q %1, %0" : "+r"(crc) : "r"(word));
    }
    for (; len; len--, p++)
        __asm__("crc32b %1, %0" : "+r"(crc) : "rm"(*p));
    return ~(uint32_t)crc;
}

#endif
