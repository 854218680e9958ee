/* SPDX-License-Identifier: MIT */
/*
 * Registered buffers that are freed while requests use them stay until these have completed. Who
 * uses a buffer is looked for in all that is in flight: freeing is rare, and requests pay nothing
 * for it.
 */
#include "in_flight.h"

struct range {
    uintptr_t low, high;
};

static bool overlaps(const struct range *r, const void *base, size_t len)
{
    return len && (uintptr_t)base < r->high && r->low < (uintptr_t)base + len;
}

static bool uses(const struct blkfront_request *request, const struct range *r)
{
    const struct blkfront_aiocb *a = request->aiocb;

    for (int i = 0; i < a->aio_iovcnt; i++) {
        if (overlaps(r, a->aio_iov[i].base, a->aio_iov[i].len))
            return true;
    }
    return !a->aio_iovcnt && overlaps(r, a->aio_buf, a->aio_nbytes);
}

static bool list_uses(const struct list *requests, const struct range *r)
{
    list_for_each (l, requests) {
        if (uses(list_entry(l, struct blkfront_request, link), r))
            return true;
    }
    return false;
}

static bool in_flight_uses(const struct blkfront_dev *dev, const void *base, size_t pages)
{
    const struct range r = {(uintptr_t)base, (uintptr_t)base + pages * PAGE_SIZE};

    for (unsigned i = 0; i < QUEUES_MAX; i++) {
        const struct queue *q = &dev->path.queues[i];

        for (unsigned slot = 0; slot < q->ring.slots; slot++) {
            const struct ring_request *p = ring_at(&q->ring, slot);

            if (p && uses(p->request, &r))
                return true;
        }
        if (list_uses(&q->waiting, &r))
            return true;
    }
    list_for_each (l, &dev->path.rmw_ready) {
        if (uses(list_entry(l, struct ring_request, ready)->request, &r))
            return true;
    }
    /* failed together, and still to be sent one by one */
    return list_uses(&dev->path.done, &r) || list_uses(&dev->path.prepared, &r);
}

void in_flight_reap_buffers(struct blkfront_dev *dev)
{
    registered_reap(dev, in_flight_uses);
}

void blkfront_buf_free(struct blkfront_dev *dev, void *buf)
{
    registered_free(dev, buf, in_flight_uses);
}
