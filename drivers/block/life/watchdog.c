/* SPDX-License-Identifier: MIT */
/*
 * Requests that take too long. One timer of the device looks at all requests that are under way and
 * computes when it has to look again, so a request only carries the time at which it was sent. A
 * request that is due is reported, and the backend is notified once more, as its event or ours may
 * be lost; that is repeated while the request lasts. When its timeout passes after that, the device
 * fails. The timer is armed while anything is under way, and late by at most an eighth of the
 * timeout, so that many requests that come due one after the other are one look.
 */
#include "watchdog.h"
#include "drivers/block/path/complete.h"
#include "drivers/block/path/deadline.h"
#include "expire.h"

#include <kernel/event_channel.h>
#include <kernel/ratelimit.h>
#include <ringlet/printk.h>
#include <ringlet/thread.h>

typedef unsigned long long ull;

struct suspect {
    const struct blkfront_request *r; /* NULL: nobody */
    const struct ring_request *p; /* NULL: it waits, no ring request of it is with the backend */
    uint64_t since;
};

struct look {
    uint64_t now;
    uint64_t next, step; /* when to look again, but not before now + step */
    struct suspect oldest, expired;
    bool rekick;
    uint64_t grace; /* with rekick: of requests that have expired without having had one */
};

static uint64_t timeout_of(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    uint64_t ns =
        r->aiocb->aio_timeout_ns ? r->aiocb->aio_timeout_ns : dev->config.request_timeout_ns;

    return ns ? ns : UINT64_MAX;
}

/* ---- looking ---- */

static void consider(const struct blkfront_dev *dev, struct look *look,
                     const struct blkfront_request *r, const struct ring_request *p, uint64_t since)
{
    const struct suspect s = {r, p, since};
    const uint64_t timeout = timeout_of(dev, r), limit = deadline_first_look(dev, timeout);
    const uint64_t due = deadline_later(since, limit), end = deadline_later(since, timeout);

    look->step = MIN(look->step, limit / 8);
    if (look->now < due) {
        look->next = MIN(look->next, due);
        return;
    }
    if (!look->oldest.r || since < look->oldest.since)
        look->oldest = s;
    if (deadline_later(dev->life.watchdog.rekicked_at, limit / 8) < due) {
        look->rekick = true;
        /* Nobody looked for so long: the guest was paused, and perhaps the backend with it. */
        if (look->now >= end)
            look->grace = MAX(look->grace, limit / 4);
    } else if (look->now >= end && look->now >= dev->life.watchdog.fail_after &&
               (p || !dev->frozen)) { /* (what a suspend holds up is no fault of the backend) */
        look->expired = s;
    }
    look->next = MIN(look->next, MAX(end, dev->life.watchdog.fail_after));
}

/* One that is not with the backend is waited for in vain only if nothing else is, or if it has a
 * timeout of its own, which counts from its submission. */
static void consider_waiting(const struct blkfront_dev *dev, struct look *look,
                             const struct blkfront_request *r, bool alone)
{
    if (alone || r->aiocb->aio_timeout_ns)
        consider(dev, look, r, NULL, r->submitted);
}

static void look_at(const struct blkfront_dev *dev, struct look *look)
{
    const bool alone = !device_expects_response(dev);

    *look = (struct look){.now = clock_now(), .next = UINT64_MAX, .step = UINT64_MAX};
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct queue *q = &dev->path.queues[i];

        for (unsigned slot = 0; slot < q->ring.slots; slot++) {
            const struct ring_request *p = ring_at(&q->ring, slot);

            if (p)
                consider(dev, look, p->request, p,
                         p->request->aiocb->aio_timeout_ns ? p->request->submitted : p->sent);
        }
        list_for_each (l, &q->waiting)
            consider_waiting(dev, look, list_entry(l, struct blkfront_request, link), alone);
    }
    list_for_each (l, &dev->path.rmw_ready)
        consider_waiting(dev, look, list_entry(l, struct ring_request, ready)->request, alone);
    if (look->oldest.r) /* another line, if it is still there then */
        look->next = MIN(look->next, MAX(dev->life.watchdog.report_at, look->now + 1));
}

/* ---- saying ---- */

static const char *op_name(uint8_t op)
{
    switch (op) {
    case BLKIF_OP_READ:
        return "read";
    case BLKIF_OP_WRITE:
        return "write";
    case BLKIF_OP_FLUSH_DISKCACHE:
        return "flush";
    case BLKIF_OP_WRITE_BARRIER:
        return "barrier";
    case BLKIF_OP_DISCARD:
        return "discard";
    default:
        return "request";
    }
}

/* The caller's; what it is about now may lie behind that. */
static ull beginning(const struct blkfront_request *r)
{
    const bool range =
        r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE || r->op == BLKIF_OP_DISCARD;

    return range ? (ull)r->aiocb->aio_offset : 0;
}

static void describe(const struct blkfront_dev *dev, const struct suspect *s, uint64_t now,
                     const char *end)
{
    const ull ms = (now - s->since) / NSEC_PER_MSEC;

    if (s->p)
        pr_err("%s: backend %u has not answered a %s of sector %llu + %u for %llu.%03llu s (queue "
               "%u, %u requests in flight): %s\n",
               dev->limits.name, dev->peer, op_name(s->p->op), (ull)s->p->sector, s->p->sectors,
               ms / 1000, ms % 1000, (unsigned)(s->p->queue - dev->path.queues),
               device_in_flight(dev), end);
    else
        pr_err("%s: a %s at byte %llu has waited for a ring slot, a grant or memory for "
               "%llu.%03llu s (queue %u, %u requests in flight): %s\n",
               dev->limits.name, op_name(s->r->op), beginning(s->r), ms / 1000, ms % 1000,
               (unsigned)(s->r->queue - dev->path.queues), device_in_flight(dev), end);
}

/* ---- doing ---- */

/* Takes responses that came without an event. An event that is pending is not lost. */
static void collect(struct blkfront_dev *dev)
{
    unsigned lost = 0;

    for (unsigned i = 0; i < dev->limits.queues && device_active(dev); i++) {
        bool event = evtchn_consume(dev->path.queues[i].port);
        unsigned taken = complete_reap(dev, &dev->path.queues[i]);

        if (!event && !dev->config.polled)
            lost += taken;
    }
    dev->stats.lost_events += lost;
    if (lost && clock_now() >= dev->life.watchdog.report_at) {
        dev->life.watchdog.report_at = clock_deadline(dev->config.watchdog_ns);
        pr_warn_limited(&dev->fe.messages,
                        "%s: backend %u had answered %u requests, but no event came\n",
                        dev->limits.name, dev->peer, lost);
    }
}

static void rekick(struct blkfront_dev *dev, const struct look *look)
{
    bool notified = false;

    dev->life.watchdog.rekicked_at = look->now;
    if (look->grace)
        dev->life.watchdog.fail_after = deadline_later(look->now, look->grace);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        struct queue *q = &dev->path.queues[i];

        if (!ring_in_use(&q->ring))
            continue;
        notified = true;
        dev->stats.notifications++;
        evtchn_notify(q->port);
    }
    dev->stats.rekicks += notified;
}

static void give_up(struct blkfront_dev *dev, const struct look *look)
{
    describe(dev, &look->expired, look->now, "the device fails");
    dev->stats.timeouts++;
    device_set_state(dev, DEVICE_FAILED);
    dev->life.abort_result = -ETIMEDOUT;
    frontend_fail(&dev->fe, -ETIMEDOUT);
}

static void fires(struct timer *t)
{
    struct blkfront_dev *dev = container_of(t, struct blkfront_dev, path.watchdog);
    struct look look;
    bool report;

    if (!device_active(dev)) {
        expire_requests(dev);
        return;
    }
    look_at(dev, &look);
    if (look.oldest.r) {
        collect(dev);
        if (!device_active(dev))
            return;
        look_at(dev, &look);
    }
    if (look.expired.r) {
        give_up(dev, &look);
        return;
    }
    /* With each report once more: the next notification may be lost like the first. */
    report = look.oldest.r && look.now >= dev->life.watchdog.report_at;
    if (report) {
        dev->life.watchdog.report_at = deadline_later(look.now, dev->config.watchdog_ns);
        describe(dev, &look.oldest, look.now,
                 look.rekick ? "notifying it again" : "still waiting, notifying it again");
    }
    if (look.rekick || report)
        rekick(dev, &look);
    look_at(dev, &look);
    if (look.next != UINT64_MAX)
        timer_start(&dev->path.watchdog, MAX(look.next, deadline_later(look.now, look.step)));
}

void watchdog_init(struct blkfront_dev *dev)
{
    timer_init(&dev->path.watchdog, fires);
}

void watchdog_reset(struct blkfront_dev *dev)
{
    timer_stop(&dev->path.watchdog);
    dev->life.watchdog.rekicked_at = dev->life.watchdog.report_at = dev->life.watchdog.fail_after =
        0;
}

void watchdog_begin(struct blkfront_dev *dev)
{
    const uint64_t now = clock_now();

    dev->life.watchdog.rekicked_at = 0; /* a notification, and time to follow it, before it fails */
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        list_for_each (l, &dev->path.queues[i].waiting) {
            struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

            if (r->aiocb->aio_timeout_ns)
                deadline_mind(dev, r);
            else
                r->submitted = now;
        }
    }
}
