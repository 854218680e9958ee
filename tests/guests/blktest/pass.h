/* SPDX-License-Identifier: MIT */
/* A pass: each block of a slice is read or written exactly once. */
#ifndef BLKTEST_PASS_H
#define BLKTEST_PASS_H

#include "disk.h"
#include "permutation.h"
#include "slots.h"

#include <ringlet/checksum.h>

enum pass_writes {
    WRITE_NONE,
    WRITE_ALL,
    WRITE_HALF,       /* pseudo-randomly chosen, the others are read */
    WRITE_OTHER_HALF, /* those that the pass before did not write */
    TRIM_ALL,         /* discards instead */
};

enum pass_check {
    CHECK_NOTHING,
    CHECK_PATTERN,
    CHECK_TRIMMED,  /* the pattern or zeroes */
    CHECK_BASELINE, /* in order: sum and SHA-256 of the content */
    CHECK_SUM,      /* the sum only */
};

struct pass {
    /* to be set before */
    struct disk *disk;
    struct slice *slice;
    struct slots *slots;
    enum pass_writes writes;
    enum pass_check check; /* of what is read */
    bool random;
    uint32_t expected; /* generation of the data read */
    uint32_t written;  /* generation of the data written */
    /* results */
    uint64_t sum;
    struct sha256 sha;
    uint64_t errors; /* requests that failed or brought wrong data */
    bool holes;      /* requests failed as ignore_error= allows: not everything was read */
    uint64_t issued, consumed, blocks;
    bool stuck; /* requests are still in flight: the slots must not be freed */
    /* the pass' own */
    struct permutation order;
    struct slot *refused; /* prepared, but the driver had no memory for it */
    struct list unsent;   /* enqueued since the last submit */
    unsigned batch;       /* their number */
    uint64_t last_done;   /* clock_now() of the last completion, or of the beginning */
    uint64_t since_flush; /* writes */
    struct blkfront_aiocb flush;
    bool flushing;
};

/* 0: all blocks were done without an error. -ECANCELED: ended early, because the guest must stop
 * or the job's time is over. -EIO: an error, which was reported. */
int pass_run(struct pass *p);

/* The pass' other parts. */
void pass_check_read(struct pass *p, struct slot *slot);
/* Sends a flush if one is due. False: writing must wait for the flush that is on its way. */
bool pass_flush(struct pass *p);

#endif
