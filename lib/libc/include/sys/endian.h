/* SPDX-License-Identifier: MIT */
/* BSD's names of the functions of <endian.h>. */
#ifndef RINGLET_SYS_ENDIAN_H
#define RINGLET_SYS_ENDIAN_H

#include <endian.h>
#include <string.h>

#define bswap16(x) __builtin_bswap16(x)
#define bswap32(x) __builtin_bswap32(x)
#define bswap64(x) __builtin_bswap64(x)

#define RINGLET_ENDIAN(bits)                                    \
    static inline uint##bits##_t be##bits##dec(const void *p)   \
    {                                                           \
        uint##bits##_t x;                                       \
        memcpy(&x, p, sizeof(x));                               \
        return be##bits##toh(x);                                \
    }                                                           \
    static inline uint##bits##_t le##bits##dec(const void *p)   \
    {                                                           \
        uint##bits##_t x;                                       \
        memcpy(&x, p, sizeof(x));                               \
        return le##bits##toh(x);                                \
    }                                                           \
    static inline void be##bits##enc(void *p, uint##bits##_t x) \
    {                                                           \
        x = htobe##bits(x);                                     \
        memcpy(p, &x, sizeof(x));                               \
    }                                                           \
    static inline void le##bits##enc(void *p, uint##bits##_t x) \
    {                                                           \
        x = htole##bits(x);                                     \
        memcpy(p, &x, sizeof(x));                               \
    }
RINGLET_ENDIAN(16)
RINGLET_ENDIAN(32)
RINGLET_ENDIAN(64)
#undef RINGLET_ENDIAN

#endif
