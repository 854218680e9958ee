/* SPDX-License-Identifier: MIT */
/* What can be done with a request wherever it is. Any context. */
#ifndef RINGLET_BLOCK_REQUEST_H
#define RINGLET_BLOCK_REQUEST_H

#include "drivers/block/device.h"

/* What a read, write or discard is about, and where in the caller's memory, is in its aiocb. */
static inline void request_begin(struct blkfront_request *r)
{
    const struct blkfront_aiocb *aiocb = r->aiocb;

    r->offset = (uint64_t)aiocb->aio_offset;
    r->left = aiocb->aio_nbytes;
    r->flat = (struct blkfront_iovec){aiocb->aio_buf, aiocb->aio_nbytes};
    r->at = (struct cursor){.iov = aiocb->aio_iovcnt ? aiocb->aio_iov : &r->flat};
}
/* To its beginning, as if nothing of it had been sent; but a discard goes on where it is. No ring
 * request of it is left. */
void request_rewind(struct blkfront_request *r);
/* Into `waiting` of its queue, before the first that was accepted later. */
void request_insert(struct blkfront_request *r);
/* Why a disk with these limits cannot serve it, though another could: -EIO (beyond the end),
 * -EROFS, -EOPNOTSUPP; or 0. */
int request_misfit(const struct blkfront_limits *l, const struct blkfront_request *r);
/* Remembers that a grant is wanted that no response of ours will free. */
void request_await_grants(struct blkfront_dev *dev);
/* Nothing of it is in flight, or will be, and no response says so: it is delivered by the kick. It
 * is in no list. */
void request_end_unsent(struct blkfront_dev *dev, struct blkfront_request *r);

/* Each request counts once for each, however often it tries again. */
static inline void request_count_wait_slot(struct blkfront_dev *dev, struct blkfront_request *r)
{
    dev->stats.waited_slot += !r->waited_slot;
    r->waited_slot = true;
}

static inline void request_count_wait_grant(struct blkfront_dev *dev, struct blkfront_request *r)
{
    dev->stats.waited_grant += !r->waited_grant;
    r->waited_grant = true;
}

#endif
