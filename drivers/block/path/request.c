/* SPDX-License-Identifier: MIT */
/* What can be done with a request wherever it is: wait in order, wait for a grant, end unsent. */
#include "request.h"

void request_rewind(struct blkfront_request *r)
{
    r->state = REQUEST_WAITING;
    r->again = false;
    r->small = false;
    if (r->fua && r->op != BLKIF_OP_WRITE) { /* who flushes now may not have the data */
        list_del(&r->barrier);
        r->op = BLKIF_OP_WRITE;
    }
    if (r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE)
        request_begin(r);
}

void request_insert(struct blkfront_request *r)
{
    struct list *waiting = &r->queue->waiting, *at = waiting->next;

    while (at != waiting && list_entry(at, struct blkfront_request, link)->number < r->number)
        at = at->next;
    list_add_tail(at, &r->link);
    r->state = REQUEST_WAITING;
}

void request_await_grants(struct blkfront_dev *dev)
{
    if (device_expects_response(dev) || dev->path.grants_wanted)
        return;
    dev->path.grants_wanted = true;
    gnttab_wait(&dev->path.grants);
}

void request_end_unsent(struct blkfront_dev *dev, struct blkfront_request *r)
{
    r->state = REQUEST_DONE;
    list_add_tail(&dev->path.done, &r->link);
    timer_start(&dev->path.kick, 0);
}

int request_misfit(const struct blkfront_limits *l, const struct blkfront_request *r)
{
    switch (r->op) {
    case BLKIF_OP_FLUSH_DISKCACHE:
        return l->flush ? 0 : -EOPNOTSUPP;
    case BLKIF_OP_WRITE_BARRIER:
        return l->barrier ? 0 : -EOPNOTSUPP;
    default:
        /* the sum fitted the disk that it was accepted for */
        if ((uint64_t)r->aiocb->aio_offset + r->aiocb->aio_nbytes > l->sectors << WIRE_SECTOR_SHIFT)
            return -EIO;
        return l->readonly && r->op != BLKIF_OP_READ ? -EROFS : 0;
    }
}
