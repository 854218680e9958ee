/* SPDX-License-Identifier: MIT */
/* A request's way down and up: who cuts, joins, sends, completes and repeats it (block.h has the
 * whole way). Any context, but what waits. */
#ifndef RINGLET_BLOCK_REQUEST_H
#define RINGLET_BLOCK_REQUEST_H

#include "block.h"

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

#endif
