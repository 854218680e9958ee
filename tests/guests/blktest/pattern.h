/* SPDX-License-Identifier: MIT */
/*
 * blktest's pattern: each 512-byte block of the disk contains its own number, its disk and its
 * pass, and the rest is pseudo-random and computed from these. So wrong data can be identified:
 * data of another place, of an earlier pass, of another disk, halves of two blocks.
 */
#ifndef BLKTEST_PATTERN_H
#define BLKTEST_PATTERN_H

#include <ringlet/compiler.h>

#define PATTERN_BLOCK 512

struct pattern {
    uint64_t seed;
    uint32_t disk;       /* the virtual device number */
    uint32_t generation; /* of the write pass; 0 is never written */
};

/* The bytes [offset, offset + len) of a disk full of the pattern; any alignment. */
void pattern_fill(const struct pattern *p, uint64_t offset, void *buf, size_t len);

/*
 * Compares. Returns the number of blocks with an error in [offset, offset + len); *right, if not
 * NULL, becomes the number of bytes in correct blocks. report, if not NULL, is called for each
 * wrong block with its number and a text that continues "block N ".
 */
uint64_t pattern_check(const struct pattern *p, uint64_t offset, const void *buf, size_t len,
                       uint64_t *right, void (*report)(void *arg, uint64_t block, const char *text),
                       void *arg);

/* Is this whole block intact pattern of that block, seed and disk? Then its generation, else 0. */
uint32_t pattern_generation(const struct pattern *p, uint64_t block, const void *buf);

#endif
