/* SPDX-License-Identifier: MIT */
/*
 * With ignore_error= a write may fail and the test continues: the content of its blocks is then
 * unknown until they are written again. One bit for each 512 bytes of a slice, allocated at first
 * use.
 */
#ifndef BLKTEST_UNKNOWN_H
#define BLKTEST_UNKNOWN_H

#include "disk.h"

/* The write of [offset, offset + len) failed. -ENOMEM: it cannot be remembered. */
int unknown_set(struct slice *slice, uint64_t offset, size_t len);
/* Notes a write that succeeded. The state of a block that is only partly written does not
 * change. */
void unknown_clear(struct slice *slice, uint64_t offset, size_t len);
/* The number of bytes from offset on, at most len, that are all known or all unknown (*known). */
size_t unknown_run(const struct slice *slice, uint64_t offset, size_t len, bool *known);
/* Is there any unknown block in the slice? */
bool unknown_any(const struct slice *slice);

#endif
