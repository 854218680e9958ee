/* SPDX-License-Identifier: MIT */
/*
 * Requests' times while there is no backend. With one the watchdog looks, and a request whose time
 * passes ends the device. Without one nobody is to blame, so only that request ends, and the device
 * goes on waiting for its backend:
 *
 *  - aio_timeout_ns counts from the submission, whatever becomes of connections;
 *  - reconnect_timeout_ns counts from the first connection that a request loses, and ends it when
 *    it has lost a second one. The first time away is bounded by the frontend, for the device.
 *
 * Until the backend has closed it may still use the memory of what it was asked. What cannot be
 * taken back from it then is quarantined, as when a device is closed (XSA-396).
 */
#include "expire.h"
#include "abort.h"
#include "drivers/block/path/complete.h"
#include "drivers/block/path/deadline.h"

#include <kernel/ratelimit.h>

static uint64_t end_of(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const uint64_t timeout = r->aiocb->aio_timeout_ns;
    uint64_t end = timeout ? deadline_later(r->submitted, timeout) : UINT64_MAX;

    if (r->losses > 1)
        end = MIN(end, deadline_later(r->lost_at, dev->config.reconnect_timeout_ns));
    return end;
}

static void take_from_ring(struct blkfront_dev *dev, struct blkfront_request *r)
{
    struct ring *q = &r->queue->ring;

    for (unsigned slot = 0; slot < q->slots; slot++) {
        struct ring_request *p = ring_at(q, slot);

        if (!p || p->request != r)
            continue;
        /* (false for registered buffers, which stay granted as long as the device has them) */
        map_revoke(dev, p, true);
        ring_forget(q, slot);
        abort_ring_request(dev, p, -ETIMEDOUT);
    }
    list_for_each_safe (l, &dev->path.rmw_ready) {
        struct ring_request *p = list_entry(l, struct ring_request, ready);

        if (p->request == r)
            abort_ring_request(dev, p, -ETIMEDOUT);
    }
}

static void expire(struct blkfront_dev *dev, struct blkfront_request *r)
{
    dev->stats.timeouts++;
    pr_warn_limited(&dev->fe.messages, "%s: a request's time is over, and there is no backend\n",
                    dev->limits.name);
    if (r->outstanding)
        take_from_ring(dev, r); /* the last ring request ends it */
    else
        complete_fail(dev, r, -ETIMEDOUT);
}

/* The first request that is due, or NULL and when the next one will be. */
static struct blkfront_request *find_due(const struct blkfront_dev *dev, uint64_t now,
                                         uint64_t *next)
{
    *next = UINT64_MAX;
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct queue *q = &dev->path.queues[i];

        for (unsigned slot = 0; slot < q->ring.slots; slot++) {
            const struct ring_request *p = ring_at(&q->ring, slot);

            if (!p)
                continue;
            *next = MIN(*next, end_of(dev, p->request));
            if (*next <= now)
                return p->request;
        }
        list_for_each (l, &q->waiting) {
            struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

            *next = MIN(*next, end_of(dev, r));
            if (*next <= now)
                return r;
        }
    }
    list_for_each (l, &dev->path.rmw_ready) {
        const struct ring_request *p = list_entry(l, struct ring_request, ready);

        *next = MIN(*next, end_of(dev, p->request));
        if (*next <= now)
            return p->request;
    }
    return NULL;
}

void expire_requests(struct blkfront_dev *dev)
{
    const uint64_t now = clock_now();
    struct blkfront_request *r;
    uint64_t next;

    if (!device_alive(dev) || !(dev->frozen & FREEZE_DISCONNECTED))
        return;
    while ((r = find_due(dev, now, &next)))
        expire(dev, r);
    if (next != UINT64_MAX)
        timer_start(&dev->path.watchdog, next);
}

static void lose_connection(struct blkfront_request *r, uint64_t now, bool resumed)
{
    /* A resume is no loss that the backend is to blame for. */
    if (!r->losses || resumed)
        r->lost_at = now;
    r->losses += r->losses < UINT8_MAX;
    if (!r->aiocb->aio_timeout_ns || resumed)
        r->submitted = now;
}

void expire_lost_connection(struct blkfront_dev *dev, bool resumed)
{
    const uint64_t now = clock_now();

    for (unsigned i = 0; i < dev->limits.queues; i++) {
        list_for_each (l, &dev->path.queues[i].waiting)
            lose_connection(list_entry(l, struct blkfront_request, link), now, resumed);
    }
    expire_requests(dev);
}
