/* SPDX-License-Identifier: MIT */
/*
 * blkfront's insides: the device, the caller's request, and the part, which is as much of a request
 * as one ring entry carries. A request's way:
 *
 * api.c, accept: the aiocb is checked and gets a request, in `prepared` (not submitted yet).
 *
 * request.c, submit: `prepared` moves to the end of its queue's `waiting`; pump: from the head of
 * `waiting` parts are cut (split.c), made accessible (buffer.c) and sent (send.c), strictly in
 * order: what finds no slot, no grant or a conflicting write holds up what is behind.
 *
 * join.c: those that are neighbours on the disk are made one before that.
 *
 * complete.c, reap: responses end parts, the last part ends the request, aio_cb is called; or, of a
 * write that must be stable, makes it a flush, which waits in its turn.
 *
 * discard.c: what of a range can be discarded, and how much of it in one request.
 *
 * merge.c: writes to a part of a sector are a read, a merge and a write, and some things may not
 * overtake them.
 *
 * All of it runs to the end without waiting, in thread or in handler context.
 */
#ifndef RINGLET_BLOCK_BLOCK_H
#define RINGLET_BLOCK_BLOCK_H

#include "negotiate.h"
#include "queue.h"
#include "split.h"

#include <ringlet/blkfront.h>
#include <ringlet/clock.h>
#include <ringlet/grant_table.h>
#include <ringlet/histogram.h>
#include <ringlet/xenstore.h>

enum dev_state {
    DEV_STARTING, /* not connected yet */
    DEV_READY,
    DEV_DRAINING, /* shutdown_blkfront: nothing new is accepted, what was accepted goes on */
    DEV_LOST      /* nothing is sent and no response is believed any more */
};

/* A bounce page with a grant that stays (kept.c). */
struct kept_page {
    uint8_t *page;
    grant_ref_t gref;
};

/*
 * A ring with its event channel, and the requests that wait for it, in order. What one queue waits
 * for does not hold up another, unless it is what all of them share: grants and memory.
 */
struct blk_queue {
    struct queue ring;
    struct blkfront_dev *dev;
    struct list waiting;
    evtchn_port_t port; /* 0: none */
    void *pages;        /* the ring's, limits.ring_pages of them */
    grant_ref_t page_ref[WIRE_RING_PAGES_MAX];
    /* with persistent grants: bounce pages that nobody uses, the one used last on top; there are
     * kept_count of the queue's in all, and place for them */
    struct kept_page *kept;
    unsigned kept_free, kept_count, kept_room;
};

struct blkfront_request {
    struct list link;    /* prepared, waiting or done; else empty */
    struct list barrier; /* in the device's `barriers`; else empty */
    struct blkfront_request *next_free;
    struct blk_queue *queue;
    uint64_t number;    /* in the order of submission */
    uint64_t submitted; /* clock_now() */
    uint64_t covers;    /* a flush or barrier: writes that had completed when it was sent */
    struct blkfront_aiocb *aiocb;
    struct split_cursor at;     /* the caller's memory that is not in a part yet ... */
    struct blkfront_iovec flat; /* aio_buf as a vector of one */
    uint64_t offset;            /* ... its place on the disk ... */
    size_t left;                /* ... and how much it is */
    unsigned parts;             /* not finished yet */
    uint8_t op;    /* BLKIF_OP_READ, _WRITE, _WRITE_BARRIER, _FLUSH_DISKCACHE, _DISCARD */
    uint8_t epoch; /* see blkfront_dev */
    bool sent;     /* all of it is in parts */
    bool secure;   /* a discard that leaves nothing to recover */
    bool fua;      /* a write that is stable before it completes: then it becomes a flush */
    bool joined;   /* it stands for several (join.c), and is no caller's */
    bool alone;    /* not to be joined with others */
    bool merged, waited_slot, waited_grant; /* counted already */
    int result;                             /* 0 or the first error */
};

enum part_phase { PART_PLAIN, PART_MERGE_READ, PART_MERGE_WRITE };

struct part {
    struct part *next_free;
    struct blkfront_request *request;
    struct blk_queue *queue; /* the request's */
    struct list merge;       /* in the device's `merging`; else empty */
    struct list ready;       /* in `merge_ready` between reading and writing; else empty */
    struct split_cursor at;
    uint64_t sector; /* of 512 bytes, as all on the wire */
    uint64_t sent;   /* clock_now() when it went on the ring, or a little before */
    size_t bytes;    /* the caller's */
    unsigned sectors;
    unsigned segments, capacity;
    unsigned fresh; /* grants that are made for it and end with it */
    uint8_t op;     /* what is on the ring, an indirect one's inner operation */
    uint8_t phase;
    bool bounced; /* some segment has a bounce page */
    unsigned indirect_pages;
    struct wire_segment *indirect; /* granted read-only for as long as the part exists */
    grant_ref_t indirect_ref[WIRE_INDIRECT_PAGES];
    struct split_segment seg[];
};

/* stats_store.c's. */
struct stats_store {
    char path[32];
    struct xs_watch watch; /* of the request */
    struct wait_queue wq;
    uint64_t not_before;    /* the next answer */
    bool running, stopping; /* the thread */
    bool written, complained;
};

struct blkfront_dev {
    /* what every request needs */
    struct blk_queue queues[NEGOTIATE_QUEUES_MAX]; /* limits.queues of them are used */
    enum dev_state state;
    bool online;                /* there are rings and a backend that is asked */
    struct split_memory memory; /* what need not be bounced */
    bool held;                  /* the domain is about to be suspended: nothing new is sent */
    bool reaping;    /* completions are being delivered: submit only queues, the reap pumps */
    bool delivering; /* aio_cb's may be called right away; else through `done` and the kick */
    bool violated;   /* the backend broke the protocol, or a request's time passed: no more
                      * responses, lost() will come */
    unsigned sector_size, max_segments;
    /* what a backend with persistent grants can be expected to keep mapped for a ring, pages that
     * describe segments apart, and how much of it may be registered buffers */
    unsigned kept_max, registered_max;
    unsigned grants_left; /* of the budget, for segments and kept bounce pages */
    domid_t peer;
    uint16_t handle;
    unsigned next_queue; /* for this batch */
    unsigned pump_first; /* the queue that is first to get what all share */
    uint64_t next_number;
    uint64_t now; /* clock_now() of this batch; 0: to be read when it is wanted */
    struct registry registry;
    struct list prepared;
    struct list barriers; /* WRITE_BARRIERs accepted and not completed, in order */
    struct blkfront_request *free_requests;
    struct joined *free_joined;
    struct list joined_writes; /* requests that stand for several writes */
    struct part *free_parts, *free_large;
    /* requests accepted in the even and the odd epoch and not yet completed: blkfront_sync waits
     * for the old one while new requests count in the other */
    unsigned epoch, in_epoch[2];
    /* writes that completed, and how many of them a flush or barrier is known to have covered */
    uint64_t writes_done, writes_flushed;
    struct blkfront_stats stats;
    struct histogram latency[BLKFRONT_KINDS];

    /* what some need */
    struct list merging;     /* parts that read or write a sector on behalf of a partial write */
    struct list merge_ready; /* those of them that wait to write */
    struct list done;        /* requests that ended without a response: delivered by the kick */
    void *free_pages;        /* bounce pages, linked through their first word */
    unsigned free_page_count, pages_held_back;
    struct timer kick;                           /* reap and pump soon, in handler context */
    struct timer watchdog;                       /* armed while a request is under way */
    uint64_t rekicked_at, report_at, fail_after; /* watchdog.c */
    struct gnttab_waiter grants; /* registered while nothing of ours will free a grant */
    bool grants_wanted;
    struct wait_queue completion; /* woken after completions and when the device is lost */
    struct mutex sync;

    /* life cycle */
    struct frontend fe;
    struct blkfront_config config;
    struct blkfront_limits limits;
    enum ring_scheme scheme;
    struct stats_store store;
    bool away;            /* the backend went, and another is looked for */
    bool restarted;       /* the domain was resumed, and the device is not connected again yet */
    bool writes_lost;     /* that had completed: the next flush says so */
    uint64_t loss_told;   /* the first request number whose submitter could know of it */
    unsigned bad_changes; /* of the disk that the backend told and that cannot be */
    int abort_result;     /* instead of -EIO and -ENODEV, when not 0 */
    struct list link;     /* of devices that are opened, open, or not yet closed */
    bool opening; /* blkfront_open_device works on it, and will free it if it comes to nothing */
    bool leaving; /* somebody closes it: nobody else may */
};

static inline unsigned requests_in_flight(const struct blkfront_dev *dev)
{
    return dev->in_epoch[0] + dev->in_epoch[1];
}

/* Will what was accepted be asked of a backend, now or after a restart? */
static inline bool dev_alive(const struct blkfront_dev *dev)
{
    return (dev->state == DEV_READY || dev->state == DEV_DRAINING) && !dev->violated;
}

/* Is the backend asked, and believed? */
static inline bool dev_active(const struct blkfront_dev *dev)
{
    return dev_alive(dev) && dev->online;
}

/* A callback of this device, be it for a request or an event, and any handler would wait for
 * itself. */
static inline bool must_not_wait(const struct blkfront_dev *dev)
{
    return in_handler() || dev->reaping || (dev->fe.thread && thread_current() == dev->fe.thread);
}

/* Is anything on its way that will come back and free a slot, grants and pages? */
static inline bool dev_expects_response(const struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        if (queue_in_use(&dev->queues[i].ring))
            return true;
    }
    return false;
}

/* Each request counts once for each, however often it tries again. */
static inline void count_wait_slot(struct blkfront_dev *dev, struct blkfront_request *r)
{
    dev->stats.waited_slot += !r->waited_slot;
    r->waited_slot = true;
}

static inline void count_wait_grant(struct blkfront_dev *dev, struct blkfront_request *r)
{
    dev->stats.waited_grant += !r->waited_grant;
    r->waited_grant = true;
}

/* ---- watchdog.c: requests that take too long ---- */

void watchdog_init(struct blkfront_dev *dev);
/* A request is under way and the timer is not armed. */
void watchdog_arm(struct blkfront_dev *dev);
/* Looks after this request in time, which has a timeout of its own. */
void watchdog_mind(struct blkfront_dev *dev, const struct blkfront_request *r);

/* After a resume the clock may be another one: all that waits begins to wait now. */
void watchdog_resume(struct blkfront_dev *dev);

static inline void watchdog_watch(struct blkfront_dev *dev)
{
    if (!dev->watchdog.armed && requests_in_flight(dev))
        watchdog_arm(dev);
}

/* ---- stats_store.c: statistics in XenStore for who asks for them ---- */

/* A node of a guest's may have 2048 bytes in xenstored, of which permissions take a few. */
#define STATS_TEXT_MAX 2000

/* One line of JSON. 0 or -ENOSPC. */
int stats_text(const struct blkfront_dev *dev, char *text, size_t size);
/* The device is connected: whoever asks is served. Thread context; does not wait. */
void stats_store_start(struct blkfront_dev *dev);
/* Nobody is served any more, and what was written is removed. Thread context; waits. Harmless when
 * it was not started. */
void stats_store_stop(struct blkfront_dev *dev);

#endif
