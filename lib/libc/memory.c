/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset and memcmp, in place of newlib's, whose copies of 256 bytes and more go around the
 * CPU's cache, from which the copy is mostly read next. Up to 32 bytes are moved by words that may overlap, more
 * by the architecture's own copying (arch/string.h).
 */
#include <arch/string.h>
#include <stdint.h>
#include <string.h>

/* A compiler recognises a loop that copies, and calls memcpy for it. */
#define NO_IDIOM() __asm__ __volatile__("" ::: "memory")

static uint64_t load8(const void *p)
{
    uint64_t word;

    __builtin_memcpy(&word, p, sizeof(word));
    return word;
}

static void store8(void *p, uint64_t word)
{
    __builtin_memcpy(p, &word, sizeof(word));
}

static uint32_t load4(const void *p)
{
    uint32_t word;

    __builtin_memcpy(&word, p, sizeof(word));
    return word;
}

static void store4(void *p, uint32_t word)
{
    __builtin_memcpy(p, &word, sizeof(word));
}

/* At most 32 bytes, all of which are read before the first is written. */
static inline void move_small(uint8_t *d, const uint8_t *s, size_t n)
{
    if (n > 16) {
        uint64_t a = load8(s), b = load8(s + 8), c = load8(s + n - 16), e = load8(s + n - 8);

        store8(d, a);
        store8(d + 8, b);
        store8(d + n - 16, c);
        store8(d + n - 8, e);
    } else if (n >= 8) {
        uint64_t a = load8(s), b = load8(s + n - 8);

        store8(d, a);
        store8(d + n - 8, b);
    } else if (n >= 4) {
        uint32_t a = load4(s), b = load4(s + n - 4);

        store4(d, a);
        store4(d + n - 4, b);
    } else if (n) {
        uint8_t a = s[0], b = s[n / 2], c = s[n - 1];

        d[0] = a;
        d[n / 2] = b;
        d[n - 1] = c;
    }
}

/* Words in ascending order; the last one, which may overlap the one before, was read first. */
static inline void move_up(uint8_t *d, const uint8_t *s, size_t n)
{
    uint64_t last = load8(s + n - 8);

    arch_copy_up(d, s, (n - 1) / 8 * 8);
    store8(d + n - 8, last);
}

static void move_down(uint8_t *d, const uint8_t *s, size_t n)
{
    uint64_t a = load8(s), b = load8(s + 8), c = load8(s + 16), e = load8(s + 24);
    size_t left = n;

    for (; left > 32; left -= 32) {
        uint64_t w = load8(s + left - 32), x = load8(s + left - 24);
        uint64_t y = load8(s + left - 16), z = load8(s + left - 8);

        store8(d + left - 32, w);
        store8(d + left - 24, x);
        store8(d + left - 16, y);
        store8(d + left - 8, z);
        NO_IDIOM();
    }
    store8(d, a);
    store8(d + 8, b);
    store8(d + 16, c);
    store8(d + 24, e);
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    if (n <= 32)
        move_small(dst, src, n);
    else
        move_up(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    if (n <= 32)
        move_small(dst, src, n);
    else if ((uintptr_t)dst - (uintptr_t)src >= n) /* below src, or behind its end */
        move_up(dst, src, n);
    else
        move_down(dst, src, n);
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    uint8_t *d = dst;
    uint64_t word = (uint8_t)c * UINT64_C(0x0101010101010101);

    if (n > 32) {
        arch_fill(d, (uint8_t)c, n / 8 * 8);
        store8(d + n - 8, word);
    } else if (n >= 8) {
        store8(d, word);
        store8(d + n - 8, word);
        if (n > 16) {
            store8(d + 8, word);
            store8(d + n - 16, word);
        }
    } else if (n >= 4) {
        store4(d, (uint32_t)word);
        store4(d + n - 4, (uint32_t)word);
    } else if (n) {
        d[0] = d[n / 2] = d[n - 1] = (uint8_t)c;
    }
    return dst;
}

/* Of words that differ: the first byte in memory decides. */
static int order(uint64_t a, uint64_t b)
{
    return __builtin_bswap64(a) < __builtin_bswap64(b) ? -1 : 1;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a, *q = b;

    for (; n >= 32; p += 32, q += 32, n -= 32) {
        uint64_t differ = (load8(p) ^ load8(q)) | (load8(p + 8) ^ load8(q + 8)) |
                          (load8(p + 16) ^ load8(q + 16)) | (load8(p + 24) ^ load8(q + 24));

        if (differ)
            break;
    }
    for (; n >= 8; p += 8, q += 8, n -= 8)
        if (load8(p) != load8(q))
            return order(load8(p), load8(q));
    for (; n; p++, q++, n--)
        if (*p != *q)
            return *p - *q;
    return 0;
}
