/* SPDX-License-Identifier: MIT */
/* Waiting for several files: poll and select are made of this. */
#ifndef RINGLET_FS_POLL_H
#define RINGLET_FS_POLL_H

#include "lib/fs/file.h"

/* The wait queues of the files that are polled. Only poll.c looks inside. */
struct poll_waits {
    struct wait_queue **queues;
    unsigned count, room;
    bool on_heap; /* `queues` is */
    bool full;    /* there was no memory for another one */
};

/* For an implementation of file_ops.poll: the queue is woken when the answer may change. It must
 * live as long as the file. waits may be NULL. */
void poll_wait_on(struct poll_waits *waits, struct wait_queue *queue);

struct poll_entry {
    struct file *file; /* NULL: revents is POLL_NVAL if `nval`, else 0 (poll's negative fd) */
    bool nval;
    unsigned events;  /* asked for */
    unsigned revents; /* set by file_poll: those that are ready */
};

/*
 * Waits until at least one entry has events, or the deadline (clock_now() time; 0 or a time in the
 * past: only looks; DEADLINE_NEVER). The number of entries with events, 0 at the deadline, -EINTR and
 * others of file_wait, -ENOMEM. Each file is referenced while the call waits, by the caller.
 */
int file_poll(struct poll_entry *entries, unsigned n, uint64_t deadline);

#endif
