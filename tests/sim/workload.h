/* SPDX-License-Identifier: MIT */
/*
 * The guest's side: threads that use a blkfront device with all of its interface, and check each
 * result against the oracle.
 */
#ifndef RINGLET_TESTS_WORKLOAD_H
#define RINGLET_TESTS_WORKLOAD_H

#include "backend.h"

#include <ringlet/blkfront.h>

#define SLOTS_MAX 64

struct workload_options {
    unsigned threads, slots; /* slots: requests that may be under way, of all threads */
    size_t bytes_max;        /* of a request */
    unsigned align;          /* offsets, lengths and buffers are multiples; 1: anything */
    unsigned hot_in;         /* every n-th request goes to the same small part; 0: none */
    unsigned registered_in;  /* every n-th buffer is a registered one; 0: none */
    uint64_t quota;          /* requests */
    bool lossy;           /* the device may fail: errors are no violation, answers may not come */
    bool restarts;        /* the backend goes and comes back with other features */
    uint64_t watchdog_ns; /* 0: the driver's default */
};

struct slot {
    struct blkfront_aiocb aiocb;
    struct blkfront_iovec iov[5];
    struct oracle_op op;
    struct workload *w;
    uint8_t *memory, *flat; /* pages of the guest's; a vector's data in one piece */
    uint64_t flush_begun;
    uint64_t place; /* of a discard ... */
    size_t extent;  /* ... and its bytes */
    uint8_t kind;   /* BLKIF_OP_* */
    bool busy;
    bool waited;     /* for, by a thread, which learns the result after the driver */
    bool registered; /* memory */
};

struct workload {
    struct workload_options o;
    struct backend *backend;
    struct blkfront_dev *dev;
    struct blkfront_limits limits;
    struct blkfront_stats stats; /* shortly before it was closed */
    struct slot slot[SLOTS_MAX];
    unsigned registered_pages;     /* in buffers; only_registered: there are no others */
    bool only_registered, swapped; /* swapped: some were freed */
    unsigned slot_pages, running, next_thread, under_way;
    uint64_t left, completed, errors, progress; /* progress: when the last one completed */
    bool lost;
    /* threads that wait for a flush, and whether one of them must still get the error for lost
     * writes */
    unsigned flush_waiters;
    bool owed;
    struct {
        uint64_t end;
        uint8_t kind;
        uint16_t queue;
    } last; /* request prepared */
    struct wait_queue wq;
};

/* Random options for a disk; memory: bytes for buffers. */
void workload_random(struct workload_options *o, size_t memory);
/* Buffers and threads; dev is open. 0 or -ENOMEM. */
int workload_begin(struct workload *w, struct backend *b, struct blkfront_dev *dev,
                   const struct workload_options *o);
/* Waits until all is done, or nothing happens any more and the workload is lossy. */
void workload_wait(struct workload *w);
/* Reads the whole disk and compares, unless the device is lost. */
void workload_verify(struct workload *w);
/* After the device was closed: everything completed, canaries are whole; frees the buffers. */
void workload_end(struct workload *w);

/* Data that is not seen twice; before any seed. */
void workload_make_data(void);

#endif
