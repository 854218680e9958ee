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

/* ---- pool.c: requests and parts, last in first out; nothing is freed before the device closes
 * ---- */

/* In no list, about nothing, and nothing has become of it yet; what it is, and of whom, is for the
 * caller to say: queue, number, aiocb, op, epoch. */
static inline void request_init(struct blkfront_request *r)
{
    list_init(&r->link);
    list_init(&r->barrier);
    r->covers = 0;
    r->offset = 0;
    r->left = 0;
    r->parts = 0;
    r->result = 0;
    r->sent = false;
    r->secure = false;
    r->fua = false;
    r->joined = false;
    r->alone = false;
    r->merged = false;
    r->waited_slot = false;
    r->waited_grant = false;
}
/* One that is init. NULL: no memory. */
struct blkfront_request *request_get(struct blkfront_dev *dev);
static inline void request_put(struct blkfront_dev *dev, struct blkfront_request *r)
{
    r->next_free = dev->free_requests;
    dev->free_requests = r;
}
/* A part for at least one segment, with indirect pages when want is more than a ring entry holds
 * and memory and grants allow. NULL: no memory. (part_find: when no small one is at hand that
 * does.)
 */
struct part *part_find(struct blkfront_dev *dev, unsigned want);
static inline struct part *part_get(struct blkfront_dev *dev, unsigned want)
{
    struct part *p = dev->free_parts;

    if (!p || want > WIRE_SEGMENTS)
        return part_find(dev, want);
    dev->free_parts = p->next_free;
    return p;
}
static inline void part_put(struct blkfront_dev *dev, struct part *p)
{
    struct part **list = p->indirect_pages ? &dev->free_large : &dev->free_parts;

    p->next_free = *list;
    *list = p;
}
/* The peer is gone and took the grants of free parts' indirect pages with it. */
void pool_void(struct blkfront_dev *dev);
/* Ends the grants of indirect pages and frees it all. */
void pool_destroy(struct blkfront_dev *dev);

/* A backend that holds back more bounce pages than this is not slow but hostile. */
#define HELD_BACK_MAX 64

/* ---- buffer.c: bounce pages, grants of segments, quarantine ---- */

/* Segments without a kept grant that a part of this queue can have now. */
unsigned buffer_room(const struct blkfront_dev *dev, const struct blk_queue *q);
/* Gives bounce segments their pages; how many segments, from the first, are complete, or, for none,
 * the error: -ENOMEM, -ENOSPC. */
int buffer_take_pages(struct blkfront_dev *dev, struct part *p);
/* Copies what is to be written into bounce pages; what was read out of them. */
void buffer_fill(struct blkfront_dev *dev, struct part *p);
void buffer_drain(struct blkfront_dev *dev, struct part *p);
/* Grants segments that have no kept grant, in order; how many segments are granted then (possibly
 * fewer than there are), or, for none, the error. */
int buffer_grant(struct blkfront_dev *dev, struct part *p, bool readonly);
/* Drops segments from the count-th on, none of them granted, and adjusts bytes and sectors. */
void buffer_trim(struct blkfront_dev *dev, struct part *p, unsigned count);
/* After the response, of a part with `fresh` grants: ends them, one attempt each. 0, or -EIO when
 * the peer kept a page that its data was or will be read from (quarantined). */
int buffer_end(struct blkfront_dev *dev, struct part *p);
/* Without a response, and after registry_end: ends what can be ended; true when nothing is left.
 * final: what cannot be ended is quarantined, so always true. */
bool buffer_revoke(struct blkfront_dev *dev, struct part *p, bool final);
/* The grants are void (the grant table is another one): forgets those of a part without asking; it
 * then has pages and no grants. */
void buffer_void(struct blkfront_dev *dev, struct part *p);
/* Returns bounce pages to the pool; no segment is granted any more, but by kept grants. */
void buffer_drop_pages(struct blkfront_dev *dev, struct part *p);
/* Ends or quarantines the grants of registered buffers and of bounce pages, and frees the latter.
 * Nothing is in flight. */
void buffer_destroy(struct blkfront_dev *dev);
/*
 * The device is connected, to dev->peer, perhaps not for the first time: what is kept from an
 * earlier connection is given up (buffer_destroy), and registered buffers are granted. dev->memory
 * is set.
 */
void buffer_regrant(struct blkfront_dev *dev);
/* As buffer_void, for registered buffers and bounce pages that no part has. buffer_regrant follows
 * when the device is connected. */
void buffer_void_kept(struct blkfront_dev *dev);

/* ---- kept.c: bounce pages whose grants stay ---- */

/* Pages that kept_take can be expected to give the queue. */
unsigned kept_available(const struct blkfront_dev *dev, const struct blk_queue *q);
static inline unsigned kept_in_use(const struct blk_queue *q)
{
    return q->kept_count - q->kept_free;
}
/* How many the queue may have beside the registered buffers that its ring sees; at least
 * limits.max_segments. */
static inline unsigned kept_limit(const struct blkfront_dev *dev, const struct blk_queue *q)
{
    const struct registry *g = &dev->registry;

    return dev->kept_max - (g->affine ? g->queue_granted[q - dev->queues] : g->granted);
}
/* 0, -ENOMEM, or -ENOSPC (no grants, or as many pages as there may be). */
int kept_take(struct blkfront_dev *dev, struct blk_queue *q, struct kept_page *out);
void kept_give(struct blk_queue *q, struct kept_page page);
/* A page that was taken does not come back: its grant is over. */
void kept_forget(struct blkfront_dev *dev, struct blk_queue *q);
/* Ends or quarantines all that is not taken; is_void: there is nothing to end. */
void kept_destroy(struct blkfront_dev *dev, bool is_void);

/* ---- request.c ---- */

/* A request for aiocb, checked, at the end of `prepared`. 0 or what blkfront_aio says. */
int request_accept(struct blkfront_dev *dev, struct blkfront_aiocb *aiocb, uint8_t op);
/* `prepared` to `waiting` of each one's queue, pump, push; how many requests were prepared. now:
 * the time, or 0 if it has to be looked for. */
unsigned request_submit(struct blkfront_dev *dev, uint64_t now);
/* Sends what can be sent; does not push. */
void request_pump(struct blkfront_dev *dev);
/* What a read, write or discard is about, and where in the caller's memory, is in its aiocb. */
static inline void request_begin(struct blkfront_request *r)
{
    const struct blkfront_aiocb *aiocb = r->aiocb;

    r->offset = (uint64_t)aiocb->aio_offset;
    r->left = aiocb->aio_nbytes;
    r->flat = (struct blkfront_iovec){aiocb->aio_buf, aiocb->aio_nbytes};
    r->at = (struct split_cursor){.iov = aiocb->aio_iovcnt ? aiocb->aio_iov : &r->flat};
}
/* Remembers that a grant is wanted that no response of ours will free. */
void request_await_grants(struct blkfront_dev *dev);

/* ---- send.c ---- */

/* A part that is ready goes on its queue's ring; a slot must be free. */
void request_send(struct blkfront_dev *dev, struct part *p);
/* Makes what was sent visible and notifies if the backend wants it. */
void request_push(struct blkfront_dev *dev);

/* ---- join.c ---- */

/* first is the first in its queue's `waiting`, and nothing of it is sent. Itself, or one that
 * stands for it and some that wait behind it, now in its place. */
struct blkfront_request *join_waiting(struct blkfront_dev *dev, struct blkfront_request *first);
/* One that stands for several is over, and is freed: they complete, or, if it failed, wait once
 * more, before those that were accepted later, to be asked one by one. */
void join_end(struct blkfront_dev *dev, struct blkfront_request *whole);
/* Is one that stands for several writes accepted before this one under way? */
bool join_writes_before(const struct blkfront_dev *dev, const struct blkfront_request *r);
/* Frees what is in reserve. */
void join_destroy(struct blkfront_dev *dev);

/* ---- complete.c ---- */

/* Takes responses, of one queue or (NULL) of all, calls aio_cb's, pumps and pushes. The number of
 * responses taken; nothing when it is called from an aio_cb of the same device. now: a time at
 * which they were there, or 0 if it has to be looked for. */
unsigned dev_reap_at(struct blkfront_dev *dev, struct blk_queue *only, uint64_t now);
/* The same now: a handler is called for what the scheduler found, which looked at the clock then.
 */
static inline unsigned dev_reap(struct blkfront_dev *dev, struct blk_queue *only)
{
    return dev_reap_at(dev, only, in_handler() ? clock_recent() : 0);
}
/* A part is over: its request gets the result, and is over too with its last part. */
void part_finish(struct blkfront_dev *dev, struct part *p, int result);
/* The request ends with an error before all of it was sent; what is in flight still counts. */
void request_fail(struct blkfront_dev *dev, struct blkfront_request *r, int result);
/* Calls aio_cb with its result; it is free then. Only while `delivering`. */
void request_deliver(struct blkfront_dev *dev, struct blkfront_request *r);
/* All of it is in parts, or it failed: completes it if nothing is in flight. */
void request_check_done(struct blkfront_dev *dev, struct blkfront_request *r);
/* The device is lost: completes what can be completed. final: everything. */
void dev_abort(struct blkfront_dev *dev, bool final);
/* One line that says what the backend did, and the device fails with -EPROTO. */
void dev_violation(struct blkfront_dev *dev, const char *what, const struct queue_response *rsp);

/* A flush that was submitted when `number` was the next one ends well: 0, or -EIO when writes were
 * lost and it is the first to end since, or was submitted before the first one ended. */
static inline int dev_tell_loss(struct blkfront_dev *dev, uint64_t number)
{
    if (dev->writes_lost) {
        dev->writes_lost = false;
        dev->loss_told = dev->next_number;
    }
    return number < dev->loss_told ? -EIO : 0;
}

/* ---- replay.c ---- */

/* To its beginning, as if nothing of it had been sent; but a discard goes on where it is. No part
 * of it is left. */
void request_rewind(struct blkfront_request *r);
/* Into `waiting` of its queue, before the first that was accepted later. */
void request_insert(struct blkfront_request *r);
/*
 * The connection is over: gives up all grants, ports and rings, and puts what was in flight back
 * into `waiting` of its queue, in the order in which it was accepted, before what was not sent
 * yet. Nothing is sent before dev_go. is_void: nobody knows them any more, and nobody is asked.
 * Else they are ended, and what an old backend still maps is quarantined; a request whose own
 * memory that is fails with -EIO. Not while completions are delivered; never waits, grants nothing.
 */
void dev_requeue(struct blkfront_dev *dev, bool is_void);
/* After a change of limits.queues: no request is for a queue that is not used. */
void dev_fit_queues(struct blkfront_dev *dev);
/* Why a disk with these limits cannot serve it, though another could: -errno as below; or 0. */
int request_misfit(const struct blkfront_limits *l, const struct blkfront_request *r);
/* After a change of the disk: requests, or what is not sent of them, that it cannot serve any more
 * fail, with -EIO (beyond the end), -EROFS, -EOPNOTSUPP. */
void dev_fit_requests(struct blkfront_dev *dev);

/* ---- poll.c ---- */

/* Somebody may wait for completions without looking for them. */
#define POLL_IN_BACKGROUND (10 * NSEC_PER_MSEC)

/* wait_on(), or in polled mode a look for responses and maybe a pause; *turns: 0 at first. dev may
 * be gone when it returns, if what is waited for has come. */
int dev_wait(struct blkfront_dev *dev, struct wait_queue *wq, uint64_t deadline, unsigned *turns);

/* wait_event() for what completions bring. */
#define dev_wait_event(dev, wq, cond, deadline)                                                  \
    ({                                                                                           \
        const uint64_t wait_deadline_ = (deadline);                                              \
        unsigned wait_turns_ = 0;                                                                \
        bool wait_ok_;                                                                           \
        while (!(wait_ok_ = (cond)) && dev_wait((dev), (wq), wait_deadline_, &wait_turns_) == 0) \
            ;                                                                                    \
        wait_ok_ || (cond);                                                                      \
    })

/* ---- merge.c ---- */

/* Must a write to these sectors wait for a merge that is under way? */
bool merge_blocks(const struct blkfront_dev *dev, uint64_t sector, uint64_t sectors);
/* Must a merge of these sectors wait, for another one or for a write in flight? */
bool merge_blocked(const struct blkfront_dev *dev, uint64_t sector, uint64_t sectors);
/* The part's request has begun to read; other writes to its sectors wait from now on. */
void merge_begin(struct blkfront_dev *dev, struct part *p);
/* Its sector was read (grants ended, data in its bounce page): puts the new bytes in and queues the
 * write. */
void merge_continue(struct blkfront_dev *dev, struct part *p);
/* Sends writes that are ready; false when one could not be sent. */
bool merge_pump(struct blkfront_dev *dev);
void merge_end(struct part *p);

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

/* ---- discard.c ---- */

/* Shrinks the range to the whole granules in it; *bytes may become 0. */
void discard_range(const struct blkfront_limits *limits, uint64_t *offset, size_t *bytes);
/* How many bytes, from its offset on, the next part of a discard carries; 0: it ends here, as
 * nothing is left, or (it has failed then) as the backend does not discard any more. */
size_t discard_next(struct blkfront_dev *dev, struct blkfront_request *r);
/* Puts a part that is a discard on its queue's ring. */
void discard_put(struct blkfront_dev *dev, struct part *p);
/* The backend refused one: it is not asked again. */
void discard_refused(struct blkfront_dev *dev, const struct blkfront_request *r);

/* ---- names.c ---- */

/* "device/vbd/51712", "51712" or "xvda" to the number; -EINVAL for anything else. */
int parse_nodename(const char *nodename, unsigned *devid);

#define VBD_FOLDER    "device/vbd"
#define VBD_NAME_SIZE 11 /* of a 32-bit number, with its NUL */

/* The numbers of the disks in VBD_FOLDER, in order: a heap block that the caller frees. What is no
 * number is no disk. 0, or the error of reading it. */
int disk_numbers(unsigned **numbers, unsigned *count);

#endif
