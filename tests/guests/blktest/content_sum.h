/* SPDX-License-Identifier: MIT */
/*
 * A digest of a disk's content that does not depend on the order or the size of the reads: the sum
 * (modulo 2^64) of what its pieces contribute. Any change of a single aligned 8-byte word changes
 * it, and so do words in each other's place (but for a chance of about 2^-62).
 */
#ifndef BLKTEST_CONTENT_SUM_H
#define BLKTEST_CONTENT_SUM_H

#include <ringlet/compiler.h>

/* The contribution of len bytes that stand at byte offset of the disk; any alignment. */
uint64_t content_sum(uint64_t offset, const void *buf, size_t len);

#endif
