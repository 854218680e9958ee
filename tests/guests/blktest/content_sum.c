/* SPDX-License-Identifier: MIT */
/*
 * Each aligned 8-byte word of the disk is multiplied by an odd number made from its position. That
 * is linear in the word, so a piece that covers only some of its bytes contributes the word with
 * zeroes for the others.
 */
#include "content_sum.h"
#include "mix.h"

#define WORD 8

static uint64_t contribution(uint64_t index, uint64_t word)
{
    return word * (mix64((index + 1) * MIX_STEP) | 1);
}

/* The word from its bytes [from, from + len). */
static uint64_t part_of_word(const uint8_t *p, unsigned from, size_t len)
{
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)p[i] << (8 * (from + i));
    return word;
}

uint64_t content_sum(uint64_t offset, const void *buf, size_t len)
{
    const uint8_t *p = buf;
    uint64_t index = offset / WORD, sum = 0;
    unsigned from = offset % WORD;

    if (from) {
        size_t n = MIN(len, (size_t)(WORD - from));

        sum += contribution(index++, part_of_word(p, from, n));
        p += n;
        len -= n;
    }
    for (; len >= WORD; len -= WORD, p += WORD) {
        uint64_t word;

        __builtin_memcpy(&word, p, WORD);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        sum += contribution(index++, word);
    }
    if (len)
        sum += contribution(index, part_of_word(p, 0, len));
    return sum;
}
