/* SPDX-License-Identifier: MIT */
/* The content of streams and datagrams. */
#include "pattern.h"

#include "../blktest/mix.h"
#include "protocol.h"

#include <string.h>

static uint64_t word_at(uint64_t seed, uint64_t index)
{
    return mix64(seed + index * MIX_STEP);
}

void pattern_fill(uint64_t seed, uint64_t offset, void *to, size_t bytes)
{
    unsigned char *p = to;

    while (bytes > 0) {
        uint64_t word = word_at(seed, offset / 8);
        size_t skip = offset % 8;
        size_t n = 8 - skip < bytes ? 8 - skip : bytes;

        memcpy(p, (unsigned char *)&word + skip, n);
        p += n;
        offset += n;
        bytes -= n;
    }
}

size_t pattern_good(uint64_t seed, uint64_t offset, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    size_t good = 0;

    while (good < bytes) {
        uint64_t word = word_at(seed, offset / 8);
        size_t skip = offset % 8;
        size_t n = 8 - skip < bytes - good ? 8 - skip : bytes - good;

        if (memcmp(p + good, (unsigned char *)&word + skip, n) != 0) {
            while (p[good] == ((unsigned char *)&word)[skip]) {
                good++;
                skip++;
            }
            return good;
        }
        good += n;
        offset += n;
    }
    return good;
}

uint64_t pattern_other(uint64_t seed)
{
    return mix64(seed ^ MIX_STEP);
}

static uint64_t check_of(uint64_t seed, uint32_t number, uint32_t length)
{
    return mix64(seed ^ mix64((uint64_t)number << 32 | length));
}

void pattern_note(uint64_t seed, uint32_t kind, uint32_t length, void *to)
{
    struct datagram d = {kind, length, check_of(seed, kind, length)};

    memcpy(to, &d, sizeof(d));
}

bool pattern_note_good(uint64_t seed, uint32_t kind, const void *data, size_t size,
                       uint32_t *length)
{
    struct datagram d;

    if (size != sizeof(d))
        return false;
    memcpy(&d, data, sizeof(d));
    *length = d.length;
    return d.number == kind && d.check == check_of(seed, d.number, d.length);
}

/* The content of a datagram is a stream of its own. */
static uint64_t content_seed(uint64_t seed, uint32_t number)
{
    return mix64(seed + number);
}

void pattern_datagram(uint64_t seed, uint32_t number, bool verify, void *to, size_t size)
{
    pattern_note(seed, number, (uint32_t)size, to);
    if (verify)
        pattern_fill(content_seed(seed, number), 0, (char *)to + DATAGRAM_MIN, size - DATAGRAM_MIN);
}

bool pattern_datagram_good(uint64_t seed, bool verify, const void *data, size_t size, size_t wanted,
                           uint32_t *number)
{
    struct datagram d;

    if (size != wanted || size < sizeof(d))
        return false;
    memcpy(&d, data, sizeof(d));
    *number = d.number;
    return d.length == size && d.check == check_of(seed, d.number, d.length) &&
           (!verify || pattern_good(content_seed(seed, d.number), 0, (const char *)data + sizeof(d),
                                    size - sizeof(d)) == size - sizeof(d));
}
