/* SPDX-License-Identifier: MIT */
/* The end of requests that no backend will answer. */
#include "abort.h"
#include "drivers/block/path/complete.h"
#include "drivers/block/path/in_flight.h"
#include "drivers/block/path/rmw.h"

void abort_ring_request(struct blkfront_dev *dev, struct ring_request *p, int result)
{
    if (p->phase != RMW_NONE)
        rmw_end(p);
    if (p->bounced)
        map_drop_pages(dev, p);
    complete_ring_request(dev, p, result);
}

static void abort_part(struct blkfront_dev *dev, struct ring_request *p)
{
    abort_ring_request(dev, p, dev->life.abort_result ? dev->life.abort_result : -EIO);
}

static void abort_list(struct blkfront_dev *dev, struct list *requests)
{
    while (!list_empty(requests))
        complete_fail(dev, list_entry(requests->next, struct blkfront_request, link),
                      dev->life.abort_result ? dev->life.abort_result : -ENODEV);
}

static void abort_ring(struct blkfront_dev *dev, struct ring *q, bool final)
{
    for (unsigned slot = 0; slot < q->slots; slot++) {
        struct ring_request *p = ring_at(q, slot);

        /* While the backend uses a page its request stays: it may still be reading or writing. */
        if (!p || !map_revoke(dev, p, final))
            continue;
        ring_forget(q, slot);
        abort_part(dev, p);
    }
}

void abort_all(struct blkfront_dev *dev, bool final)
{
    dev->path.phase = PATH_DELIVERING;
    registered_end(dev, final);
    for (unsigned i = 0; i < dev->limits.queues; i++)
        abort_ring(dev, &dev->path.queues[i].ring, final);
    while (!list_empty(&dev->path.rmw_ready))
        abort_part(dev, list_entry(dev->path.rmw_ready.next, struct ring_request, ready));
    for (unsigned i = 0; i < dev->limits.queues; i++)
        abort_list(dev, &dev->path.queues[i].waiting);
    abort_list(dev, &dev->path.prepared);
    if (!list_empty(&dev->path.done))
        complete_deliver_done(dev);
    dev->path.phase = PATH_IDLE;
    in_flight_reap_buffers(dev);
    wake_all(&dev->path.completion);
}
