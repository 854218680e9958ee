/* SPDX-License-Identifier: MIT */
/* The self-describing blocks that blktest writes and expects. */
#include "pattern.h"
#include "mix.h"

#include <ringlet/checksum.h>
#include <ringlet/format.h>
#include <ringlet/string.h>

#define MAGIC 0x4b4c4252U /* "RBLK" */

struct pattern_block {
    uint32_t magic;
    uint32_t crc; /* CRC-32C of all that follows */
    uint64_t block;
    uint64_t seed;
    uint32_t disk;
    uint32_t generation;
    uint64_t fill[60];
};

_Static_assert(sizeof(struct pattern_block) == PATTERN_BLOCK, "a block is one 512-byte unit");
_Static_assert(offsetof(struct pattern_block, block) == 8, "the CRC covers what is behind it");

static uint32_t block_crc(const struct pattern_block *b)
{
    return crc32c(0, &b->block, sizeof(*b) - offsetof(struct pattern_block, block));
}

static void make_block(struct pattern_block *b, const struct pattern *p, uint64_t block)
{
    uint64_t state = mix64(p->seed ^ mix64(block + MIX_STEP)) + p->generation * MIX_STEP + p->disk;

    b->magic = MAGIC;
    b->block = block;
    b->seed = p->seed;
    b->disk = p->disk;
    b->generation = p->generation;
    for (unsigned i = 0; i < ARRAY_SIZE(b->fill); i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b->fill[i] = state;
    }
    b->crc = block_crc(b);
}

/* The part [*from, *from + return value) of the block at offset that lies in the next len bytes. */
static size_t part_of_block(uint64_t offset, size_t len, unsigned *from)
{
    *from = offset % PATTERN_BLOCK;
    return MIN(len, (size_t)(PATTERN_BLOCK - *from));
}

void pattern_fill(const struct pattern *p, uint64_t offset, void *buf, size_t len)
{
    uint8_t *out = buf;

    while (len) {
        struct pattern_block block;
        unsigned from;
        size_t n = part_of_block(offset, len, &from);

        make_block(&block, p, offset / PATTERN_BLOCK);
        if (n == PATTERN_BLOCK)
            __builtin_memcpy(out, &block, PATTERN_BLOCK);
        else
            memcpy(out, (uint8_t *)&block + from, n);
        out += n;
        offset += n;
        len -= n;
    }
}

/* As memcmp, but only whether they differ, and quick about whole blocks. */
static bool differ(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint64_t difference = 0;

    if (len != PATTERN_BLOCK)
        return memcmp(a, b, len) != 0;
    for (unsigned i = 0; i < PATTERN_BLOCK; i += 8) {
        uint64_t x, y;

        __builtin_memcpy(&x, a + i, 8);
        __builtin_memcpy(&y, b + i, 8);
        difference |= x ^ y;
    }
    return difference != 0;
}

/* Describes a block's content that is not the expected one. */
static void describe(const struct pattern *p, const struct pattern_block *expected, unsigned from,
                     const uint8_t *found, size_t len, char *text, size_t size)
{
    const uint8_t *right = (const uint8_t *)expected + from;
    struct pattern_block b;
    size_t first = 0, zeroes = 0;

    while (first + 1 < len && found[first] == right[first])
        first++;
    while (zeroes < len && found[zeroes] == 0)
        zeroes++;
    if (zeroes == len) {
        format(text, size, "of generation %u is all zeroes", p->generation);
        return;
    }
    if (len == PATTERN_BLOCK) {
        memcpy(&b, found, sizeof(b));
        if (b.magic == MAGIC) {
            size_t n;

            n = (size_t)format(text, size, "of generation %u holds block %llu of generation %u",
                               p->generation, (unsigned long long)b.block, b.generation);
            if (b.seed != p->seed && n < size)
                n += (size_t)format(text + n, size - n, ", seed %llu", (unsigned long long)b.seed);
            if (b.disk != p->disk && n < size)
                n += (size_t)format(text + n, size - n, ", of disk %u", b.disk);
            if (b.crc != block_crc(&b) && n < size)
                format(text + n, size - n, ", damaged (wrong checksum), first wrong byte %zu",
                       first);
            return;
        }
    }
    format(text, size, "of generation %u has 0x%02x instead of 0x%02x at byte %zu", p->generation,
           found[first], right[first], from + first);
}

uint64_t pattern_check(const struct pattern *p, uint64_t offset, const void *buf, size_t len,
                       uint64_t *right, void (*report)(void *arg, uint64_t block, const char *text),
                       void *arg)
{
    const uint8_t *found = buf;
    uint64_t wrong = 0, good = 0;

    while (len) {
        struct pattern_block expected;
        unsigned from;
        size_t n = part_of_block(offset, len, &from);

        make_block(&expected, p, offset / PATTERN_BLOCK);
        if (!differ(found, (uint8_t *)&expected + from, n)) {
            good += n;
        } else {
            wrong++;
            if (report) {
                char text[160];

                describe(p, &expected, from, found, n, text, sizeof(text));
                report(arg, offset / PATTERN_BLOCK, text);
            }
        }
        found += n;
        offset += n;
        len -= n;
    }
    if (right)
        *right = good;
    return wrong;
}

uint32_t pattern_generation(const struct pattern *p, uint64_t block, const void *buf)
{
    struct pattern_block b;

    memcpy(&b, buf, sizeof(b));
    if (b.magic == MAGIC && b.block == block && b.seed == p->seed && b.disk == p->disk &&
        b.crc == block_crc(&b))
        return b.generation;
    return 0;
}
