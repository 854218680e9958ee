/* SPDX-License-Identifier: MIT */
/* What e2fsck says of an image, which it gets in memory. */
#ifndef RINGLET_TESTS_CRASH_REPAIR_H
#define RINGLET_TESTS_CRASH_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

/* NULL, or what is wrong: of a copy of the image, whose journal e2fsck has replayed before if `replay`, e2fsck -fn
 * must have nothing to say. *copy, unless copy is NULL, is then that copy, which may be changed, until the next
 * call. Of what is wrong, the image before e2fsck and its output are left in `file` and FILE.log. */
const char *repair_check(const uint8_t *image, uint64_t size, const char *file, bool replay,
                         uint8_t **copy);

#endif
