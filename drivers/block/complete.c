/* SPDX-License-Identifier: MIT */
/*
 * The way up: from responses to callbacks. While responses are taken nothing is pushed, so one call
 * handles at most what was outstanding at its start however fast the backend is; requests that
 * callbacks submit are sent, with one push and at most one notification, when all are through.
 * Callbacks are not nested: a request that ends outside of this (no data, no memory) is delivered
 * by a timer that is due at once.
 */
#include "memory.h"
#include "request.h"

#include <ringlet/printk.h>

/* Keeps account of what is on stable storage, and lets flushes fail that follow a loss. */
static int durable_result(struct blkfront_dev *dev, const struct blkfront_request *r)
{
    if (r->result || r->op == BLKIF_OP_READ || r->op == BLKIF_OP_DISCARD)
        return r->result;
    if (r->op == BLKIF_OP_WRITE) {
        dev->writes_done++;
        return r->fua ? dev_tell_loss(dev, r->number) : 0; /* (no cache now, so no flush) */
    }
    dev->writes_flushed = MAX(dev->writes_flushed, r->covers);
    return dev_tell_loss(dev, r->number);
}

void request_deliver(struct blkfront_dev *dev, struct blkfront_request *r)
{
    struct blkfront_aiocb *aiocb = r->aiocb;
    int result;

    if (r->joined) {
        join_end(dev, r);
        return;
    }
    result = durable_result(dev, r);
    list_del(&r->barrier);
    dev->in_epoch[r->epoch]--;
    dev->stats.completed++;
    dev->stats.errors += result != 0;
    request_put(dev, r);
    aiocb->request = NULL; /* from here on it can be submitted again */
    aiocb->result = result;
    aiocb->aio_cb(aiocb, result);
}

/*
 * To where it stood before its data were sent: all that was submitted before it is sent already. So
 * order numbers still rise along each list, which barriers rely on.
 */
static void wait_again(struct blkfront_dev *dev, struct blkfront_request *r)
{
    struct list *next = dev->barriers.next;

    request_insert(r);
    if (r->op != BLKIF_OP_WRITE_BARRIER)
        return;
    while (next != &dev->barriers &&
           list_entry(next, struct blkfront_request, barrier)->number < r->number)
        next = next->next;
    list_add_tail(next, &r->barrier);
}

/* A write that must be stable has its data written, or a flush for it was answered. True: a flush
 * is needed (once more, if the first way was refused). */
static bool must_flush(struct blkfront_dev *dev, struct blkfront_request *r)
{
    if (r->op != BLKIF_OP_WRITE) {
        if (r->result != -EOPNOTSUPP)
            return false;
        r->result = 0;
    }
    if (r->result || (!dev->limits.flush && !dev->limits.barrier))
        return false;
    r->op = dev->limits.flush ? BLKIF_OP_FLUSH_DISKCACHE : BLKIF_OP_WRITE_BARRIER;
    r->offset = 0;
    r->sent = false;
    return true;
}

/* Nothing of it is in flight, or will be. */
static void request_done(struct blkfront_dev *dev, struct blkfront_request *r)
{
    if (r->fua && must_flush(dev, r)) {
        wait_again(dev, r);
        return;
    }
    if (dev->delivering) {
        request_deliver(dev, r);
    } else {
        list_add_tail(&dev->done, &r->link);
        timer_start(&dev->kick, 0);
    }
}

void request_check_done(struct blkfront_dev *dev, struct blkfront_request *r)
{
    if (r->sent && !r->parts)
        request_done(dev, r);
}

void request_fail(struct blkfront_dev *dev, struct blkfront_request *r, int result)
{
    if (!r->result)
        r->result = result;
    list_del(&r->link);
    r->sent = true;
    request_check_done(dev, r);
}

void part_finish(struct blkfront_dev *dev, struct part *p, int result)
{
    struct blkfront_request *r = p->request;

    part_put(dev, p);
    r->parts--;
    if (result)
        request_fail(dev, r, result);
    else
        request_check_done(dev, r);
}

/* Requests that ended while callbacks could not be called. None joins meanwhile, as now they can;
 * and those that are not delivered yet are still found in the list (registry.c). */
static void deliver_done(struct blkfront_dev *dev)
{
    while (!list_empty(&dev->done)) {
        struct blkfront_request *r = list_entry(dev->done.next, struct blkfront_request, link);

        list_del(&r->link);
        request_deliver(dev, r);
    }
}

void dev_violation(struct blkfront_dev *dev, const char *what, const struct queue_response *rsp)
{
    if (dev->violated)
        return;
    dev->violated = true;
    if (rsp)
        pr_err("%s: backend %u: %s (id %#llx, operation %u, status %d)\n", dev->limits.name,
               dev->peer, what, (unsigned long long)rsp->id, rsp->operation, rsp->status);
    else
        pr_err("%s: backend %u: %s\n", dev->limits.name, dev->peer, what);
    frontend_fail(&dev->fe, -EPROTO);
}

/* The backend takes an offer back: it is not asked again. */
static void feature_off(struct blkfront_dev *dev, const struct part *p)
{
    if (p->op == BLKIF_OP_FLUSH_DISKCACHE)
        dev->limits.flush = false;
    else if (p->op == BLKIF_OP_WRITE_BARRIER)
        dev->limits.barrier = false;
    else if (p->op == BLKIF_OP_DISCARD)
        discard_refused(dev, p->request);
}

static int status_result(struct blkfront_dev *dev, const struct part *p, int16_t status)
{
    if (status == BLKIF_RSP_OKAY)
        return 0;
    if (status != BLKIF_RSP_EOPNOTSUPP)
        return -EIO;
    feature_off(dev, p);
    return -EOPNOTSUPP;
}

static void count_latency(struct blkfront_dev *dev, const struct part *p)
{
    enum blkfront_kind kind = p->op == BLKIF_OP_READ    ? BLKFRONT_READ
                              : p->op == BLKIF_OP_WRITE ? BLKFRONT_WRITE
                                                        : BLKFRONT_OTHER;

    /* the clock may have gone back with the guest to another host */
    histogram_add(&dev->latency[kind], dev->now > p->sent ? dev->now - p->sent : 0);
}

static void part_answered(struct blkfront_dev *dev, struct part *p, int16_t status)
{
    int result = status_result(dev, p, status);
    int ended = p->fresh ? buffer_end(dev, p) : 0;

    if (!result)
        result = ended;
    if (p->phase != PART_PLAIN) {
        if (p->phase == PART_MERGE_READ && !result) {
            merge_continue(dev, p);
            return;
        }
        merge_end(p);
    }
    if (p->bounced) {
        if (!result && p->op == BLKIF_OP_READ)
            buffer_drain(dev, p);
        buffer_drop_pages(dev, p);
    }
    part_finish(dev, p, result);
}

static unsigned reap_ring(struct blkfront_dev *dev, struct queue *q)
{
    struct queue_response rsp;
    unsigned taken = 0;
    int count;

    while ((count = queue_pending(q)) > 0) {
        if (!dev->now)
            dev->now = clock_now();
        while (count--) {
            const char *wrong = queue_take(q, &rsp);

            if (wrong) {
                dev_violation(dev, wrong, &rsp);
                return taken;
            }
            taken++;
            count_latency(dev, rsp.part);
            part_answered(dev, rsp.part, rsp.status);
            if (dev->violated)
                return taken;
        }
        queue_rearm(q);
    }
    if (count < 0)
        dev_violation(dev, "rsp_prod claims responses that were not asked for", NULL);
    return taken;
}

unsigned dev_reap_at(struct blkfront_dev *dev, struct blk_queue *only, uint64_t now)
{
    uint64_t completed = dev->stats.completed;
    unsigned taken = 0;

    if (dev->reaping) { /* a callback looks for events: this one's queue may have had its turn */
        timer_start(&dev->kick, 0);
        return 0;
    }
    dev->reaping = true;
    dev->delivering = true;
    dev->now = now;
    if (only)
        dev->next_queue = (unsigned)(only - dev->queues);
    for (unsigned i = 0; i < dev->limits.queues && dev_active(dev); i++) {
        if (!only || only == &dev->queues[i])
            taken += reap_ring(dev, &dev->queues[i].ring);
    }
    if (!list_empty(&dev->done))
        deliver_done(dev);
    dev->delivering = false;
    if (dev_active(dev)) {
        dev->now = 0; /* the callbacks may have taken long */
        request_pump(dev);
        request_push(dev);
    }
    dev->reaping = false;
    if (dev->registry.dying)
        registry_reap(dev);
    if (dev->stats.completed != completed || (dev->held && taken))
        wake_all(&dev->completion);
    return taken;
}

static void abort_part(struct blkfront_dev *dev, struct part *p)
{
    if (p->phase != PART_PLAIN)
        merge_end(p);
    if (p->bounced)
        buffer_drop_pages(dev, p);
    part_finish(dev, p, dev->abort_result ? dev->abort_result : -EIO);
}

static void abort_list(struct blkfront_dev *dev, struct list *requests)
{
    while (!list_empty(requests))
        request_fail(dev, list_entry(requests->next, struct blkfront_request, link),
                     dev->abort_result ? dev->abort_result : -ENODEV);
}

static void abort_ring(struct blkfront_dev *dev, struct queue *q, bool final)
{
    for (unsigned slot = 0; slot < q->slots; slot++) {
        struct part *p = queue_part(q, slot);

        /* While the backend uses a page its request stays: it may still be reading or writing. */
        if (!p || !buffer_revoke(dev, p, final))
            continue;
        queue_forget(q, slot);
        abort_part(dev, p);
    }
}

void dev_abort(struct blkfront_dev *dev, bool final)
{
    dev->reaping = true;
    dev->delivering = true;
    registry_end(dev, final);
    for (unsigned i = 0; i < dev->limits.queues; i++)
        abort_ring(dev, &dev->queues[i].ring, final);
    while (!list_empty(&dev->merge_ready))
        abort_part(dev, list_entry(dev->merge_ready.next, struct part, ready));
    for (unsigned i = 0; i < dev->limits.queues; i++)
        abort_list(dev, &dev->queues[i].waiting);
    abort_list(dev, &dev->prepared);
    if (!list_empty(&dev->done))
        deliver_done(dev);
    dev->delivering = false;
    dev->reaping = false;
    registry_reap(dev);
    wake_all(&dev->completion);
}
