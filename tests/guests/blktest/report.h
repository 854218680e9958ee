/* SPDX-License-Identifier: MIT */
/* blktest's output, as text and as `RESULT {json}` lines. */
#ifndef BLKTEST_REPORT_H
#define BLKTEST_REPORT_H

#include "disk.h"

/* "4k", "1m", "1000": bytes as the command line has them. Returns buf. */
char *report_size(char *buf, size_t size, uint64_t bytes);

/* Prints the negotiated limits. */
void report_disk(const struct disk *disk);
/* The disk's job, which has ended. */
void report_job(const struct disk *disk);
/* A line about the running job, if one is due. */
void report_progress(struct disk *disk);
/* The progress of something else that takes long; *due as job.progress_at. */
void report_share(const struct disk *disk, const char *what, uint64_t done, uint64_t all,
                  uint64_t *due);
/* The driver's counters. */
void report_counters(const struct disk *disk);
/* kind: "read" or "written" */
void report_digest(const struct disk *disk, const struct slice *slice, const char *sha256,
                   const char *kind);

/* When the next line about progress is due. */
uint64_t report_next(void);

#endif
