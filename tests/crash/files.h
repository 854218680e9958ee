/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_TESTS_CRASH_FILES_H
#define RINGLET_TESTS_CRASH_FILES_H

#include <stdint.h>

#include "points.h"

/*
 * Up to four threads do random operations through lib/fs on lib/fs/ext4, each below a directory of its own, on a
 * disk that crashes some times. After each crash what a sync of the thread has promised, and was not changed
 * since, is there, and e2fsck finds nothing to repair (each points->e2fsck-th). NULL: as promised; else what is
 * not, in static memory.
 */
const char *files_run(uint64_t seed, const uint8_t *content, uint64_t size, struct points *points);

#endif
