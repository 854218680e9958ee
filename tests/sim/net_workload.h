/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of a network interface: threads that send frames from memory of all kinds, one
 * that polls, and a receiver that checks each frame, keeps pages and gives them back in any order.
 */
#ifndef RINGLET_TESTS_NET_WORKLOAD_H
#define RINGLET_TESTS_NET_WORKLOAD_H

#include "netback.h"

#define SENDS_MAX 96
#define KEPT_MAX  2048

struct net_options {
    unsigned threads;  /* that send */
    unsigned slots;    /* frames in flight, at most */
    unsigned quota;    /* frames to send */
    unsigned keep_in;  /* every n-th fragment's page is kept; 0: none */
    unsigned keep_max; /* so many at once */
    unsigned budget;   /* of a poll */
    unsigned frags;    /* of a frame, at most */
    unsigned early_in; /* one in so many frees its memory before the frame is done; 0: none */
    unsigned flush_in; /* one frame in so many is shown at once */
    bool lossy;        /* the device may fail */
    bool restarts;     /* the backend goes and comes back with other features */
    bool heap_only;    /* no memory of netfront_mem_alloc */
};

struct net_workload;

struct net_send {
    struct net_workload *w;
    struct frame *frame;
    uint8_t *block[NETFRONT_FRAGS_MAX], *heap[NETFRONT_FRAGS_MAX];
    unsigned blocks, heaps;
    bool busy;
};

struct net_workload {
    struct net_options o;
    struct netback *back;
    struct netfront_dev *dev;
    struct netfront_config config;
    struct netfront_limits limits;
    struct netfront_stats stats; /* shortly before it was closed */
    struct net_send send[SENDS_MAX];
    unsigned left, running, in_flight;
    unsigned readies; /* calls of ready since the last poll began */
    bool polled;      /* the poller runs */
    bool stop, lost, failed, away, down;
    uint64_t progress;
    uint64_t accepted, done_ok, done_error, done_lost, full, dropped, received;
    uint64_t received_bytes, keep_refused, events, resumes;
    unsigned groups; /* a bit for each that is wanted */
    struct wait_queue wq;
};

void net_options_random(struct net_options *o, unsigned quota);
/* The callbacks; before the device is opened. */
void net_workload_init(struct net_workload *w, struct netback *b, const struct net_options *o);
/* The threads; dev is open. 0 or -ENOMEM. */
int net_workload_begin(struct net_workload *w, struct netfront_dev *dev);
/* Waits until all is sent and received, or nothing happens any more and the workload is lossy. */
void net_workload_wait(struct net_workload *w);
/* Before the device is closed: the threads end. */
void net_workload_stop(struct net_workload *w);
/* After it was closed: each frame is done; gives back all that is kept. */
void net_workload_end(struct net_workload *w);
/* Pages of frames that are kept now. */
unsigned net_workload_kept(void);
/* In some seeds, fills free memory with bytes that a backend must not see. */
void net_workload_secrets(void);

#endif
