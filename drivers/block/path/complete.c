/* SPDX-License-Identifier: MIT */
/*
 * The way up: from responses to callbacks. Nothing is pushed while responses are taken, so one call
 * handles at most what was outstanding when it began, however fast the backend is. Requests that
 * callbacks submit are sent after that, with one push and at most one notification.
 *
 * Callbacks are not nested: a request that ends outside of a reap (no memory, nothing to do) is
 * delivered by a timer that is due at once.
 */
#include "complete.h"
#include "discard.h"
#include "in_flight.h"
#include "merge.h"
#include "request.h"
#include "rmw.h"
#include "send.h"
#include "smaller.h"
#include "submit.h"

#include <ringlet/printk.h>

/* Keeps account of what is on stable storage, and lets flushes fail that follow a loss: also those that
 * the backend does not offer any more, as the one that went may have had a cache. */
static int durable_result(struct blkfront_dev *dev, const struct blkfront_request *r)
{
    int lost;

    if ((r->result && r->result != -EOPNOTSUPP) || r->op == BLKIF_OP_READ ||
        r->op == BLKIF_OP_DISCARD)
        return r->result;
    if (r->op == BLKIF_OP_WRITE) {
        dev->path.writes.done += !r->result;
        if (!r->fua) /* (no cache now, so no flush) */
            return r->result;
    } else if (!r->result) {
        dev->path.writes.flushed = MAX(dev->path.writes.flushed, r->covers);
    }
    lost = complete_tell_loss(dev, r->number);
    return lost ? lost : r->result;
}

static void deliver(struct blkfront_dev *dev, struct blkfront_request *r)
{
    struct blkfront_aiocb *aiocb = r->aiocb;
    int result = durable_result(dev, r);

    list_del(&r->barrier);
    dev->path.in_epoch[r->epoch]--;
    dev->stats.completed++;
    dev->stats.errors += result != 0;
    pool_put_request(&dev->memory.pool, r);
    aiocb->request = NULL; /* from here on it can be submitted again */
    aiocb->result = result;
    aiocb->aio_cb(aiocb, result);
}

/* Calls aio_cb with its result; it is free then. Only while `delivering`. */
static void deliver_request(struct blkfront_dev *dev, struct blkfront_request *r)
{
    struct list over;

    if (!r->group) {
        deliver(dev, r);
        return;
    }
    merge_end(dev, r, &over);
    while (!list_empty(&over)) {
        r = list_entry(over.next, struct blkfront_request, link);
        list_del(&r->link);
        deliver(dev, r);
    }
}

/*
 * To where it stood before its data were sent: all that was submitted before it is sent already. So
 * order numbers still rise along each list, which barriers rely on.
 */
static void wait_again(struct blkfront_dev *dev, struct blkfront_request *r)
{
    struct list *next = dev->path.barriers.next;

    request_insert(r);
    if (r->op != BLKIF_OP_WRITE_BARRIER)
        return;
    while (next != &dev->path.barriers &&
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
    r->state = REQUEST_WAITING;
    return true;
}

/* False: it is over. */
static bool goes_on(struct blkfront_dev *dev, struct blkfront_request *r)
{
    if (r->again && !r->result) {
        smaller_begin(dev, r);
        return true;
    }
    if (r->small && !r->result)
        smaller_works(dev);
    if (!r->fua || !must_flush(dev, r))
        return false;
    wait_again(dev, r);
    return true;
}

/* Nothing of it is in flight, or will be. */
static void request_over(struct blkfront_dev *dev, struct blkfront_request *r)
{
    if ((r->again || r->small || r->fua) && goes_on(dev, r))
        return;
    if (dev->path.phase == PATH_DELIVERING)
        deliver_request(dev, r);
    else
        request_end_unsent(dev, r);
}

void complete_check(struct blkfront_dev *dev, struct blkfront_request *r)
{
    if (r->state == REQUEST_SENT && !r->outstanding)
        request_over(dev, r);
}

void complete_fail(struct blkfront_dev *dev, struct blkfront_request *r, int result)
{
    if (!r->result)
        r->result = result;
    list_del(&r->link);
    r->state = REQUEST_SENT;
    complete_check(dev, r);
}

void complete_ring_request(struct blkfront_dev *dev, struct ring_request *p, int result)
{
    struct blkfront_request *r = p->request;

    pool_put_ring_request(&dev->memory.pool, p);
    r->outstanding--;
    if (result)
        complete_fail(dev, r, result);
    else
        complete_check(dev, r);
}

/* Requests that ended while callbacks could not be called. None is added meanwhile, as now they
 * can; and those that are not delivered yet are still found in the list (in_flight.c). */
void complete_deliver_done(struct blkfront_dev *dev)
{
    while (!list_empty(&dev->path.done)) {
        struct blkfront_request *r = list_entry(dev->path.done.next, struct blkfront_request, link);

        list_del(&r->link);
        deliver_request(dev, r);
    }
}

void complete_violation(struct blkfront_dev *dev, const char *what, const struct ring_response *rsp)
{
    if (dev->state >= DEVICE_FAILED)
        return;
    device_set_state(dev, DEVICE_FAILED);
    dev->memory.violation = NULL;
    if (rsp)
        pr_err("%s: backend %u: %s (id %#llx, operation %u, status %d)\n", dev->limits.name,
               dev->peer, what, (unsigned long long)rsp->id, rsp->operation, rsp->status);
    else
        pr_err("%s: backend %u: %s\n", dev->limits.name, dev->peer, what);
    frontend_fail(&dev->fe, -EPROTO);
}

/* The backend takes an offer back: the feature is not used again. */
static void feature_off(struct blkfront_dev *dev, const struct ring_request *p)
{
    if (p->op == BLKIF_OP_FLUSH_DISKCACHE)
        dev->limits.flush = false;
    else if (p->op == BLKIF_OP_WRITE_BARRIER)
        dev->limits.barrier = false;
    else if (p->op == BLKIF_OP_DISCARD)
        discard_refused(dev, p->request);
}

static int status_result(struct blkfront_dev *dev, const struct ring_request *p, int16_t status)
{
    if (status == BLKIF_RSP_OKAY)
        return 0;
    if (status != BLKIF_RSP_EOPNOTSUPP)
        return -EIO;
    feature_off(dev, p);
    return -EOPNOTSUPP;
}

static void count_latency(struct blkfront_dev *dev, const struct ring_request *p)
{
    enum blkfront_kind kind = p->op == BLKIF_OP_READ    ? BLKFRONT_READ
                              : p->op == BLKIF_OP_WRITE ? BLKFRONT_WRITE
                                                        : BLKFRONT_OTHER;

    /* the time of this look may be a little before that of the submission */
    histogram_add(&dev->path.latency[kind], dev->path.now > p->sent ? dev->path.now - p->sent : 0);
}

static int end_grants(struct blkfront_dev *dev, struct ring_request *p)
{
    int ret = map_end(dev, p);

    if (dev->memory.violation)
        complete_violation(dev, dev->memory.violation, NULL);
    return ret;
}

static void ring_request_answered(struct blkfront_dev *dev, struct ring_request *p, int16_t status)
{
    int result = status_result(dev, p, status);
    int ended = p->fresh ? end_grants(dev, p) : 0;

    if (!result)
        result = ended;
    if (p->phase != RMW_NONE) {
        if (p->phase == RMW_READ && !result) {
            rmw_continue(dev, p);
            return;
        }
        rmw_end(p);
    }
    if (p->bounced) {
        if (!result && p->op == BLKIF_OP_READ)
            map_copy_out(dev, p);
        map_drop_pages(dev, p);
    }
    if (status == BLKIF_RSP_ERROR && !ended && smaller_retry(dev, p))
        result = 0;
    complete_ring_request(dev, p, result);
}

static unsigned reap_ring(struct blkfront_dev *dev, struct ring *q)
{
    struct ring_response rsp;
    unsigned taken = 0;
    int count;

    while ((count = ring_pending(q)) > 0) {
        if (!dev->path.now)
            dev->path.now = clock_now();
        while (count--) {
            const char *wrong = ring_take(q, &rsp);

            if (wrong) {
                complete_violation(dev, wrong, &rsp);
                return taken;
            }
            taken++;
            count_latency(dev, rsp.request);
            ring_request_answered(dev, rsp.request, rsp.status);
            if (dev->state >= DEVICE_FAILED)
                return taken;
        }
        ring_rearm(q);
    }
    if (count < 0)
        complete_violation(dev, "rsp_prod claims responses that were not asked for", NULL);
    return taken;
}

unsigned complete_reap_at(struct blkfront_dev *dev, struct queue *only, uint64_t now)
{
    uint64_t completed = dev->stats.completed;
    unsigned taken = 0;

    /* a callback looks for events: the queue of this one may have had its turn */
    if (dev->path.phase != PATH_IDLE) {
        timer_start(&dev->path.kick, 0);
        return 0;
    }
    dev->path.phase = PATH_DELIVERING;
    dev->path.now = now;
    if (only)
        dev->path.next_queue = (unsigned)(only - dev->path.queues);
    for (unsigned i = 0; i < dev->limits.queues && device_active(dev); i++) {
        if (!only || only == &dev->path.queues[i])
            taken += reap_ring(dev, &dev->path.queues[i].ring);
    }
    if (!list_empty(&dev->path.done))
        complete_deliver_done(dev);
    dev->path.phase = PATH_SENDING;
    if (device_active(dev)) {
        dev->path.now = 0; /* the callbacks may have taken long */
        submit_pump(dev);
        send_push(dev);
    }
    dev->path.phase = PATH_IDLE;
    if (dev->memory.registered.dying)
        in_flight_reap_buffers(dev);
    if (dev->stats.completed != completed || (dev->frozen & FREEZE_SUSPEND && taken))
        wake_all(&dev->path.completion);
    return taken;
}
