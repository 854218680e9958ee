/* SPDX-License-Identifier: MIT */
/*
 * Reads, or writes, that wait one behind the other and lie one behind the other on the disk go to
 * the backend as one: what it does for each request it then does once. So a batch of small requests
 * costs little more than a large one.
 *
 * The larger request is one of the driver's own. Its memory is the vector of its riders' memories,
 * and it is cut, sent, replayed and given up like any other. When it has completed so have they;
 * when it failed each of them is asked alone, so only those fail that the backend does not do.
 *
 * Nothing is held back to be joined: it happens when a request's turn has come, to what waits
 * behind it.
 */
#include "memory.h"
#include "request.h"

#include <ringlet/heap.h>
#include <ringlet/page.h>

#define RIDERS_MAX 192u

struct joined {
    struct blkfront_request request;
    struct blkfront_aiocb aiocb;
    struct list riders; /* in order */
    struct list write;  /* in the device's `joined_writes`; else empty */
    unsigned count, room;
    struct joined *next_free;
    struct blkfront_iovec iov[]; /* room of them */
};

static struct joined *joined_of(struct blkfront_request *r)
{
    return container_of(r, struct joined, request);
}

static struct joined *joined_get(struct blkfront_dev *dev)
{
    /* no segment is shared */
    const unsigned room = MIN(dev->max_segments, RIDERS_MAX);
    struct joined *j = dev->free_joined;

    if (j) {
        dev->free_joined = j->next_free;
    } else {
        j = heap_alloc(sizeof(*j) + room * sizeof(j->iov[0]), MEM_BLOCK);
        if (!j)
            return NULL;
        j->room = room;
    }
    j->count = 0;
    request_init(&j->request);
    j->request.joined = true;
    j->request.aiocb = &j->aiocb;
    j->aiocb = (struct blkfront_aiocb){.aio_dev = dev, .aio_iov = j->iov};
    list_init(&j->riders);
    list_init(&j->write);
    return j;
}

static void joined_put(struct blkfront_dev *dev, struct joined *j)
{
    list_del(&j->write);
    j->next_free = dev->free_joined;
    dev->free_joined = j;
}

void join_destroy(struct blkfront_dev *dev)
{
    while (dev->free_joined) {
        struct joined *j = dev->free_joined;

        dev->free_joined = j->next_free;
        heap_free(j);
    }
}

/* Whole sectors that nobody asked something special for, nothing of them sent yet. */
static bool can_ride(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const struct blkfront_aiocb *aiocb = r->aiocb;

    return (r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE) && !r->alone && !r->joined &&
           !r->fua && !r->result && !aiocb->aio_iovcnt && !aiocb->aio_timeout_ns && r->left &&
           r->left == aiocb->aio_nbytes && !((r->offset | r->left) & (dev->sector_size - 1));
}

static size_t pages_of(const struct blkfront_request *r)
{
    return (((uintptr_t)r->flat.base & PAGE_MASK) + r->left + PAGE_MASK) >> PAGE_SHIFT;
}

static void add(struct joined *j, struct blkfront_request *r)
{
    struct blkfront_iovec *last = &j->iov[j->aiocb.aio_iovcnt - 1];

    list_del(&r->link);
    list_add_tail(&j->riders, &r->link);
    j->count++;
    j->aiocb.aio_nbytes += r->left;
    if (j->aiocb.aio_iovcnt && (uint8_t *)last->base + last->len == (uint8_t *)r->flat.base)
        last->len += r->left; /* memory that belongs together is cut at once */
    else
        j->iov[j->aiocb.aio_iovcnt++] = r->flat;
}

static struct joined *begin(struct blkfront_dev *dev, struct blkfront_request *first)
{
    struct joined *j = joined_get(dev);

    if (!j)
        return NULL;
    j->request.op = first->op;
    j->request.queue = first->queue;
    j->request.number = first->number;
    j->request.submitted = first->submitted;
    j->aiocb.aio_offset = (int64_t)first->offset;
    if (first->op == BLKIF_OP_WRITE)
        list_add_tail(&dev->joined_writes, &j->write);
    list_add_tail(&first->link, &j->request.link);
    add(j, first);
    return j;
}

struct blkfront_request *join_waiting(struct blkfront_dev *dev, struct blkfront_request *first)
{
    struct list *const end = &first->queue->waiting;
    struct blkfront_request *r = list_entry(first->link.next, struct blkfront_request, link);
    uint64_t offset = first->offset + first->left;
    struct joined *j = NULL;
    size_t pages;

    /* the usual end first: most that have nothing to join find it out here */
    if (r->offset != offset || dev->config.nomerges || !list_empty(&dev->barriers) ||
        !can_ride(dev, first))
        return first;
    pages = pages_of(first);
    for (struct list *l = first->link.next, *next; l != end; l = next) {
        r = list_entry(l, struct blkfront_request, link);
        next = l->next;
        if (r->offset != offset || r->op != first->op || !can_ride(dev, r))
            break;
        pages += pages_of(r);
        if (pages > dev->max_segments || (j && j->count == j->room))
            break;
        if (!j)
            j = begin(dev, first);
        if (!j)
            return first;
        add(j, r);
        offset += r->left;
    }
    if (!j)
        return first;
    request_begin(&j->request);
    dev->stats.joined += j->count;
    return &j->request;
}

bool join_writes_before(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    list_for_each (l, &dev->joined_writes) {
        if (list_entry(l, struct joined, write)->request.number < r->number)
            return true;
    }
    return false;
}

/* What its turn as a rider came to nothing for, and another try would not help: the disk has
 * become another one, or an earlier backend has its memory and may still use it. */
static int hopeless(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const uint8_t *page = (uint8_t *)r->flat.base - ((uintptr_t)r->flat.base & PAGE_MASK);

    for (size_t n = pages_of(r); n; n--, page += PAGE_SIZE) {
        if (page_is_pinned(page))
            return -EIO;
    }
    return request_misfit(&dev->limits, r);
}

/* True: it waits, to be asked alone. */
static bool try_alone(struct blkfront_dev *dev, struct blkfront_request *r, struct blk_queue *q)
{
    r->result = hopeless(dev, r);
    if (r->result)
        return false;
    r->alone = true;
    r->queue = q;
    request_insert(r);
    return true;
}

void join_end(struct blkfront_dev *dev, struct blkfront_request *whole)
{
    struct joined *j = joined_of(whole);
    struct blk_queue *const q = whole->queue;
    const int result = whole->result;
    const uint64_t submitted = whole->submitted; /* or when it began anew */
    struct list riders;

    list_insert(&riders, j->riders.prev, &j->riders);
    list_del(&j->riders);
    joined_put(dev, j);
    /* all that wait again first: callbacks may free memory that these still need */
    list_for_each_safe (l, &riders) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

        r->result = result;
        if (!result || !dev_alive(dev))
            continue;
        list_del(&r->link);
        r->submitted = submitted;
        if (!try_alone(dev, r, q))
            list_add_head(&riders, &r->link); /* (before l, which has been) */
    }
    while (!list_empty(&riders)) {
        struct blkfront_request *r = list_entry(riders.next, struct blkfront_request, link);

        list_del(&r->link);
        request_deliver(dev, r);
    }
}
