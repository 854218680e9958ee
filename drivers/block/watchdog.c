/* SPDX-License-Identifier: MIT */
/*
 * Requests that take too long. One timer of the device looks at everything that is under way and
 * finds out when it has to look again, so that requests themselves only carry the time at which
 * they were sent. A request that is due is reported and the backend is notified once more (its
 * event, or ours, may be lost), and so with each report while it lasts; when its timeout has passed
 * after that, the device fails. The timer is armed as long as there is something under way, and is
 * late by at most an eighth of the time in question: many requests that come due one after the
 * other are one look.
 */
#include "request.h"

#include <ringlet/event_channel.h>
#include <ringlet/printk.h>
#include <ringlet/thread.h>

typedef unsigned long long ull;

struct suspect {
    const struct blkfront_request *r; /* NULL: nobody */
    const struct part *p;             /* NULL: it waits, no part of it is with the backend */
    uint64_t since;
};

struct look {
    uint64_t now;
    uint64_t next, step; /* when to look again, but not before now + step */
    struct suspect oldest, expired;
    bool rekick;
    uint64_t grace; /* with rekick: of requests that have expired without having had one */
};

static uint64_t later(uint64_t time, uint64_t ns)
{
    uint64_t sum;

    return __builtin_add_overflow(time, ns, &sum) ? UINT64_MAX : sum;
}

static uint64_t timeout_of(const struct blkfront_dev *dev, const struct blkfront_request *r)
{
    uint64_t ns =
        r->aiocb->aio_timeout_ns ? r->aiocb->aio_timeout_ns : dev->config.request_timeout_ns;

    return ns ? ns : UINT64_MAX;
}

/* Half of the timeout at the latest: the backend is to have some time to answer after it. */
static uint64_t patience(const struct blkfront_dev *dev, uint64_t timeout)
{
    return MIN(dev->config.watchdog_ns, timeout / 2);
}

/* ---- looking ---- */

static void consider(const struct blkfront_dev *dev, struct look *look,
                     const struct blkfront_request *r, const struct part *p, uint64_t since)
{
    const struct suspect s = {r, p, since};
    const uint64_t timeout = timeout_of(dev, r), limit = patience(dev, timeout);
    const uint64_t due = later(since, limit), end = later(since, timeout);

    look->step = MIN(look->step, limit / 8);
    if (look->now < due) {
        look->next = MIN(look->next, due);
        return;
    }
    if (!look->oldest.r || since < look->oldest.since)
        look->oldest = s;
    if (later(dev->rekicked_at, limit / 8) < due) {
        look->rekick = true;
        /* Nobody looked for so long: the guest was paused, and perhaps the backend with it. */
        if (look->now >= end)
            look->grace = MAX(look->grace, limit / 4);
    } else if (look->now >= end && look->now >= dev->fail_after) {
        look->expired = s;
    }
    look->next = MIN(look->next, MAX(end, dev->fail_after));
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
    const bool alone = !dev_expects_response(dev);

    *look = (struct look){.now = clock_now(), .next = UINT64_MAX, .step = UINT64_MAX};
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct blk_queue *q = &dev->queues[i];

        for (unsigned slot = 0; slot < q->ring.slots; slot++) {
            const struct part *p = queue_part(&q->ring, slot);

            if (p)
                consider(dev, look, p->request, p,
                         p->request->aiocb->aio_timeout_ns ? p->request->submitted : p->sent);
        }
        list_for_each (l, &q->waiting)
            consider_waiting(dev, look, list_entry(l, struct blkfront_request, link), alone);
    }
    list_for_each (l, &dev->merge_ready)
        consider_waiting(dev, look, list_entry(l, struct part, ready)->request, alone);
    if (look->oldest.r) /* another line, if it is still there then */
        look->next = MIN(look->next, MAX(dev->report_at, look->now + 1));
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
               ms / 1000, ms % 1000, (unsigned)(s->p->queue - dev->queues), requests_in_flight(dev),
               end);
    else
        pr_err("%s: a %s at byte %llu has waited for a ring slot, a grant or memory for "
               "%llu.%03llu s (queue %u, %u requests in flight): %s\n",
               dev->limits.name, op_name(s->r->op), beginning(s->r), ms / 1000, ms % 1000,
               (unsigned)(s->r->queue - dev->queues), requests_in_flight(dev), end);
}

/* ---- doing ---- */

/* Answers that nobody was told of. An event that is merely not handled yet is not lost. */
static void collect(struct blkfront_dev *dev)
{
    unsigned lost = 0;

    for (unsigned i = 0; i < dev->limits.queues && dev_active(dev); i++) {
        bool event = evtchn_consume(dev->queues[i].port);
        unsigned taken = dev_reap(dev, &dev->queues[i]);

        if (!event && !dev->config.polled)
            lost += taken;
    }
    dev->stats.lost_events += lost;
    if (lost && clock_now() >= dev->report_at) {
        dev->report_at = clock_deadline(dev->config.watchdog_ns);
        pr_warn("%s: backend %u had answered %u requests, but no event came\n", dev->limits.name,
                dev->peer, lost);
    }
}

static void rekick(struct blkfront_dev *dev, const struct look *look)
{
    bool notified = false;

    dev->rekicked_at = look->now;
    if (look->grace)
        dev->fail_after = later(look->now, look->grace);
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        struct blk_queue *q = &dev->queues[i];

        if (!queue_in_use(&q->ring))
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
    dev->violated = true;
    dev->abort_result = -ETIMEDOUT;
    frontend_fail(&dev->fe, -ETIMEDOUT);
}

static void fires(struct timer *t)
{
    struct blkfront_dev *dev = container_of(t, struct blkfront_dev, watchdog);
    struct look look;
    bool report;

    if (!dev_active(dev))
        return;
    look_at(dev, &look);
    if (look.oldest.r) {
        collect(dev);
        if (!dev_active(dev))
            return;
        look_at(dev, &look);
    }
    if (look.expired.r) {
        give_up(dev, &look);
        return;
    }
    /* With each report once more: the next notification may be lost like the first. */
    report = look.oldest.r && look.now >= dev->report_at;
    if (report) {
        dev->report_at = later(look.now, dev->config.watchdog_ns);
        describe(dev, &look.oldest, look.now,
                 look.rekick ? "notifying it again" : "still waiting, notifying it again");
    }
    if (look.rekick || report)
        rekick(dev, &look);
    look_at(dev, &look);
    if (look.next != UINT64_MAX)
        timer_start(&dev->watchdog, MAX(look.next, later(look.now, look.step)));
}

void watchdog_init(struct blkfront_dev *dev)
{
    timer_init(&dev->watchdog, fires);
}

void watchdog_arm(struct blkfront_dev *dev)
{
    const uint64_t timeout =
        dev->config.request_timeout_ns ? dev->config.request_timeout_ns : UINT64_MAX;

    timer_start(&dev->watchdog, clock_deadline(patience(dev, timeout)));
}

void watchdog_mind(struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const uint64_t due = later(r->submitted, patience(dev, r->aiocb->aio_timeout_ns));

    if (!dev->watchdog.armed || dev->watchdog.deadline > due)
        timer_start(&dev->watchdog, due);
}

void watchdog_resume(struct blkfront_dev *dev)
{
    const uint64_t now = clock_now();

    timer_stop(&dev->watchdog);
    dev->rekicked_at = dev->report_at = dev->fail_after = 0;
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        list_for_each (l, &dev->queues[i].waiting)
            list_entry(l, struct blkfront_request, link)->submitted = now;
    }
}
