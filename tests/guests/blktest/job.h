/* SPDX-License-Identifier: MIT */
/* A job: one workload with one block size and queue depth on all slices of a disk. */
#ifndef BLKTEST_JOB_H
#define BLKTEST_JOB_H

#include "disk.h"

/* Runs it, with its digests, and reports it. runtime_ns: the whole job is repeated until this
 * time has passed. */
void job_run(struct disk *disk, enum workload type, bool random, uint64_t bs, unsigned depth,
             uint64_t runtime_ns);

#endif
