/* SPDX-License-Identifier: MIT */
/* One disk under test, from connecting to the last digest, with the known state of its content. */
#ifndef BLKTEST_DISK_H
#define BLKTEST_DISK_H

#include "../verdict.h"
#include "options.h"
#include "samples.h"
#include "slots.h"

#include <ringlet/histogram.h>
#include <ringlet/list.h>
#include <ringlet/thread.h>

/*
 * A part of the disk's region for one thread. Its content is in one of four states: unknown; our
 * pattern of one generation (written in this run); that or zeroes, block for block (`trimmed`:
 * discarded since); or read once, so that its sum is known (`baseline`).
 */
struct slice {
    uint64_t offset, bytes;
    uint32_t generation; /* 0: not our pattern */
    uint32_t trimmed;    /* the generation that was discarded; 0: none, or written since */
    bool baseline;
    uint64_t sum;     /* content_sum, when baseline */
    uint8_t *unknown; /* blocks that are none of these (unknown.h); NULL: there are none */
};

/* One point of the grid, and its results. The slices' threads add to it. */
struct job {
    enum workload type;
    bool random;
    uint64_t bs;
    unsigned depth;   /* becomes less when memory is short */
    uint64_t planned; /* bytes of one round over all slices */
    uint64_t order_seed;
    uint64_t runtime_ns;
    uint64_t requests, bytes, verified, errors;
    uint64_t ignored;         /* requests that failed as ignore_error= allows */
    uint64_t wrong_blocks;    /* of 512 bytes */
    unsigned complaints;      /* printed so far */
    uint64_t start, end;      /* clock_now(): first request prepared, last one checked */
    uint64_t progress_at;     /* when the next progress line is due */
    struct histogram latency; /* ns, of successful requests */
    struct samples throughput;
};

struct disk {
    struct list link;
    const struct options *options;
    struct blkfront_dev *dev; /* NULL: not connected */
    struct blkfront_limits limits;
    struct buffers buffers;  /* registered ones, for all jobs */
    char name[16], node[16]; /* "xvda", "51712" */
    uint64_t offset, bytes;  /* the region that is tested */
    struct slice *slices;
    unsigned nr_slices;
    uint64_t budget;     /* bytes of memory for the buffers of one slice's thread */
    uint32_t generation; /* the last one handed out */
    bool generation_probed;
    bool failed;          /* the device is gone or stuck: nothing more is sent */
    bool may_go;          /* while it is being connected, as ignore_error= allows */
    bool no_flush;        /* it does not support the operation that fsync= needs */
    bool refusal_checked; /* a read-only disk was seen to refuse a write */
    enum verdict verdict;
    uint64_t complaints; /* of all jobs */
    char first_complaint[160];
    struct job job;
    struct thread *thread;
};

/* Connects, chooses the region, prints the negotiated limits. On an error disk->dev stays NULL
 * and disk->verdict tells the kind of failure. */
void disk_connect(struct disk *disk);
/* Counts a request that failed with ret, if ignore_error= allows it. If the device has failed,
 * too, this is printed once and no more requests are sent. */
void disk_ignore(struct disk *disk, int ret);
/* Runs all jobs of the options' grid, digests and counters. In a thread of its own. */
void disk_run(void *disk);
/* Disconnects, prints the sum of the errors, and frees the disk's resources, but not disk
 * itself. */
void disk_close(struct disk *disk);

/* Reports an error: a line that begins with the disk's name (the first few of each job only),
 * and the disk's verdict. */
void disk_complain(struct disk *disk, enum verdict verdict, const char *fmt, ...)
    RINGLET_PRINTF(3, 4);

#endif
