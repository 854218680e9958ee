/* SPDX-License-Identifier: MIT */
/* The grid: each workload with each block size and queue depth, in the order of the command line.
 */
#ifndef BLKTEST_GRID_H
#define BLKTEST_GRID_H

#include "disk.h"

/* Runs all jobs on the disk. */
void grid_run(struct disk *disk);
/* Prints the digest of the written data, for dom0 to compare with the disk's content. */
void grid_digest(struct disk *disk);

#endif
