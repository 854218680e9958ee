/* SPDX-License-Identifier: MIT */
/* The grid: each workload with each block size and queue depth, in the order of the command line.
 */
#ifndef BLKTEST_GRID_H
#define BLKTEST_GRID_H

#include "disk.h"

/* Runs all jobs on the disk. */
void grid_run(struct disk *disk);
/* The digest of what was written, for somebody else to compare with what is on the disk. */
void grid_digest(struct disk *disk);

#endif
