/* SPDX-License-Identifier: MIT */
/*
 * A digest of a disk's content that does not depend on the order or the size of the reads: the sum
 * (modulo 2^64) of the contributions of its pieces. A change of any aligned 8-byte word changes it,
 * and so do exchanged words (except with a probability of about 2^-62).
 */
#ifndef BLKTEST_CONTENT_SUM_H
#define BLKTEST_CONTENT_SUM_H

#include <ringlet/compiler.h>

/* The contribution of len bytes that stand at byte offset of the disk; any alignment. */
uint64_t content_sum(uint64_t offset, const void *buf, size_t len);

#endif
