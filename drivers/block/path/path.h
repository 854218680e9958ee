/* SPDX-License-Identifier: MIT */
/* What of a device belongs to the path: only files of this room change it, but that life makes,
 * stops and empties the queues. */
#ifndef RINGLET_BLOCK_PATH_H
#define RINGLET_BLOCK_PATH_H

#include "drivers/block/memory/persistent.h"
#include "drivers/block/memory/pool.h"
#include "ring.h"

#include <ringlet/clock.h>
#include <ringlet/event_channel.h>
#include <ringlet/grant_table.h>
#include <ringlet/histogram.h>
#include <ringlet/thread.h>

struct merged_group;

/* What the path is doing with responses. */
enum path_phase {
    PATH_IDLE,       /* a submit pumps and pushes */
    PATH_DELIVERING, /* callbacks are called right away; a submit only queues, as below */
    PATH_SENDING     /* what callbacks submitted is sent; what ends now is delivered by the kick */
};

/*
 * A ring with its event channel, and the requests that wait for it, in order. What one queue waits
 * for does not hold up another, unless it is what all of them share: grants and memory.
 */
struct queue {
    struct ring ring;
    struct blkfront_dev *dev;
    struct list waiting;
    evtchn_port_t port; /* 0: none */
    void *pages;        /* the ring's, limits.ring_pages of them */
    grant_ref_t page_ref[WIRE_RING_PAGES_MAX];
    struct persistent_pages persistent;
};

struct device_path {
    struct queue queues[QUEUES_MAX]; /* limits.queues of them are used */
    enum path_phase phase;
    unsigned sector_size, max_segments;
    unsigned next_queue; /* for this batch */
    unsigned pump_first; /* the queue that is first to get what all share */
    uint64_t next_number;
    uint64_t now; /* clock_now() of this batch; 0: to be read when it is wanted */
    /* requests accepted in the even and the odd epoch and not yet completed: blkfront_sync waits
     * for the old one while new requests count in the other */
    unsigned epoch, in_epoch[2];

    struct list prepared;
    struct list barriers;     /* WRITE_BARRIERs accepted and not completed, in order */
    struct list group_writes; /* requests that stand for several writes */
    struct list rmw_active;   /* ring requests that read or write a sector for a partial write */
    struct list rmw_ready;    /* those of them that wait to write */
    struct list done;         /* requests that ended without a response: delivered by the kick */
    struct merged_group *free_groups;

    /* What is on stable storage. */
    struct {
        uint64_t done, flushed; /* writes that completed; those that a flush or barrier covers */
        bool lost;              /* some that had completed: the next flush says so */
        uint64_t told;          /* the first request number whose submitter could know of it */
    } writes;

    struct timer kick;           /* reap and pump soon, in handler context */
    struct timer watchdog;       /* life/watchdog.c looks: armed while a request is under way */
    struct gnttab_waiter grants; /* registered while nothing of ours will free a grant */
    bool grants_wanted;
    struct wait_queue completion; /* woken after completions and when the device closes */
    struct mutex sync;            /* one blkfront_sync at a time */
    struct histogram latency[BLKFRONT_KINDS];
};

#endif
