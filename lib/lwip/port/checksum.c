/* SPDX-License-Identifier: MIT */
/* The Internet checksum (RFC 1071), eight bytes at a time. */
#include <ringlet/string.h>

#include "arch/cc.h"

static uint64_t add(uint64_t sum, uint64_t value)
{
    sum += value;
    return sum + (sum < value);
}

/* Of data[0..len), not inverted, in the byte order of memory; a last odd byte is the first of a
 * pair. data may have any alignment. */
uint16_t net_checksum(const void *data, int len)
{
    const uint8_t *p = data;
    uint64_t sum = 0, word;
    uint32_t half;

    for (; len >= 32; len -= 32, p += 32) {
        uint64_t four[4];

        memcpy(four, p, sizeof(four));
        sum = add(add(add(add(sum, four[0]), four[1]), four[2]), four[3]);
    }
    for (; len >= 8; len -= 8, p += 8) {
        memcpy(&word, p, sizeof(word));
        sum = add(sum, word);
    }
    /* headers end like this, and most of what is summed is headers */
    if (len & 4) {
        memcpy(&half, p, sizeof(half));
        sum = add(sum, half);
        p += sizeof(half);
    }
    if (len & 3) {
        uint8_t last[4] = {0};

        for (int i = 0; i < (len & 3); i++)
            last[i] = p[i];
        memcpy(&half, last, sizeof(half));
        sum = add(sum, half);
    }
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
