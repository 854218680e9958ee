/* SPDX-License-Identifier: MIT */
/*
 * Merging: reads, or writes, that wait one behind the other and are neighbours on the disk go to
 * the backend as one request. The backend then does its work for each request once, so a batch of
 * small requests costs little more than a large one.
 *
 * The larger request (a group) is one of the driver's own. Its memory is the vector of its members'
 * memories, and it is split, sent, resubmitted and aborted like any other. When it completes its
 * members complete; when it fails each member is sent alone, so only those fail that the backend
 * fails.
 *
 * No request is delayed so that it can be merged: when a request's turn has come, it is merged with
 * what waits behind it.
 */
#include "merge.h"
#include "request.h"

#include <kernel/vmem.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>

#define MEMBERS_MAX 192u

struct merged_group {
    struct blkfront_request request;
    struct blkfront_aiocb aiocb;
    struct list members; /* in order */
    struct list write;   /* in the device's `group_writes`; else empty */
    unsigned count, room;
    struct merged_group *next_free;
    struct blkfront_iovec iov[]; /* room of them */
};

static struct merged_group *group_of(struct blkfront_request *r)
{
    return container_of(r, struct merged_group, request);
}

static struct merged_group *group_get(struct blkfront_dev *dev)
{
    /* no segment is shared */
    const unsigned room = MIN(dev->path.max_segments, MEMBERS_MAX);
    struct merged_group *j = dev->path.free_groups;

    if (j) {
        dev->path.free_groups = j->next_free;
    } else {
        j = heap_alloc(sizeof(*j) + room * sizeof(j->iov[0]), MEM_BLOCK);
        if (!j)
            return NULL;
        j->room = room;
    }
    j->count = 0;
    pool_init_request(&j->request);
    j->request.group = true;
    j->request.aiocb = &j->aiocb;
    j->aiocb = (struct blkfront_aiocb){.aio_dev = dev, .aio_iov = j->iov};
    list_init(&j->members);
    list_init(&j->write);
    return j;
}

static void group_put(struct blkfront_dev *dev, struct merged_group *j)
{
    list_del(&j->write);
    j->next_free = dev->path.free_groups;
    dev->path.free_groups = j;
}

void merge_destroy(struct blkfront_dev *dev)
{
    while (dev->path.free_groups) {
        struct merged_group *j = dev->path.free_groups;

        dev->path.free_groups = j->next_free;
        heap_free(j);
    }
}

/* Only whole sectors without special flags, of which nothing has been sent. */
static bool can_merge(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const struct blkfront_aiocb *aiocb = r->aiocb;

    return (r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE) && !r->alone && !r->group &&
           !r->fua && !r->result && !aiocb->aio_iovcnt && !aiocb->aio_timeout_ns && r->left &&
           r->left == aiocb->aio_nbytes && !((r->offset | r->left) & (dev->path.sector_size - 1));
}

static size_t pages_of(const struct blkfront_request *r)
{
    return (((uintptr_t)r->flat.base & PAGE_MASK) + r->left + PAGE_MASK) >> PAGE_SHIFT;
}

static void add(struct merged_group *j, struct blkfront_request *r)
{
    struct blkfront_iovec *last = &j->iov[j->aiocb.aio_iovcnt - 1];

    list_del(&r->link);
    list_add_tail(&j->members, &r->link);
    j->count++;
    j->aiocb.aio_nbytes += r->left;
    if (j->aiocb.aio_iovcnt && (uint8_t *)last->base + last->len == (uint8_t *)r->flat.base)
        last->len += r->left; /* memory that belongs together is cut at once */
    else
        j->iov[j->aiocb.aio_iovcnt++] = r->flat;
}

static struct merged_group *begin(struct blkfront_dev *dev, struct blkfront_request *first)
{
    struct merged_group *j = group_get(dev);

    if (!j)
        return NULL;
    j->request.op = first->op;
    j->request.queue = first->queue;
    j->request.number = first->number;
    j->request.submitted = first->submitted;
    j->request.state = REQUEST_WAITING;
    j->request.lost_at = first->lost_at;
    j->request.losses = first->losses;
    j->aiocb.aio_offset = (int64_t)first->offset;
    if (first->op == BLKIF_OP_WRITE)
        list_add_tail(&dev->path.group_writes, &j->write);
    list_add_tail(&first->link, &j->request.link);
    add(j, first);
    return j;
}

struct blkfront_request *merge_waiting(struct blkfront_dev *dev, struct blkfront_request *first)
{
    struct list *const end = &first->queue->waiting;
    struct blkfront_request *r = list_entry(first->link.next, struct blkfront_request, link);
    uint64_t offset = first->offset + first->left;
    struct merged_group *j = NULL;
    size_t pages;

    /* the usual end first: most that have no neighbour find it out here */
    if (r->offset != offset || dev->config.nomerges || !list_empty(&dev->path.barriers) ||
        !can_merge(dev, first))
        return first;
    pages = pages_of(first);
    for (struct list *l = first->link.next, *next; l != end; l = next) {
        r = list_entry(l, struct blkfront_request, link);
        next = l->next;
        if (r->offset != offset || r->op != first->op || r->losses != first->losses ||
            !can_merge(dev, r))
            break;
        pages += pages_of(r);
        if (pages > dev->path.max_segments || (j && j->count == j->room))
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

bool merge_writes_before(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    list_for_each (l, &dev->path.group_writes) {
        if (list_entry(l, struct merged_group, write)->request.number < r->number)
            return true;
    }
    return false;
}

/* The error of a member for which a second try is useless, as the disk has changed, or as an
 * earlier backend still has its memory mapped; or 0. */
static int retry_error(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const uint8_t *page = (uint8_t *)r->flat.base - ((uintptr_t)r->flat.base & PAGE_MASK);

    for (size_t n = pages_of(r); n; n--, page += PAGE_SIZE) {
        if (page_is_pinned(vmem_page(page)))
            return -EIO;
    }
    return request_misfit(&dev->limits, r);
}

/* True: it waits, and will be sent alone. */
static bool try_alone(struct blkfront_dev *dev, struct blkfront_request *r, struct queue *q)
{
    r->result = retry_error(dev, r);
    if (r->result)
        return false;
    r->alone = true;
    r->queue = q;
    request_insert(r);
    return true;
}

void merge_end(struct blkfront_dev *dev, struct blkfront_request *whole, struct list *over)
{
    struct merged_group *j = group_of(whole);
    struct queue *const q = whole->queue;
    const int result = whole->result;
    const uint64_t submitted = whole->submitted; /* or when it began anew */
    const uint64_t lost_at = whole->lost_at;
    const uint8_t losses = whole->losses;

    list_insert(over, j->members.prev, &j->members);
    list_del(&j->members);
    group_put(dev, j);
    /* all that wait again first: callbacks may free memory that these still need */
    list_for_each_safe (l, over) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

        r->result = result;
        if (!result || result == -ETIMEDOUT || !device_alive(dev))
            continue;
        list_del(&r->link);
        r->submitted = submitted;
        r->lost_at = lost_at;
        r->losses = losses;
        if (!try_alone(dev, r, q))
            list_add_head(over, &r->link); /* (before l, which has been) */
    }
}
