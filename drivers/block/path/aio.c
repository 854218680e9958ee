/* SPDX-License-Identifier: MIT */
/* The caller's side (ringlet/blkfront.h): checks what callers give, starts requests, and waits. */
#include "aio.h"
#include "complete.h"
#include "discard.h"
#include "request.h"
#include "submit.h"

#include <ringlet/string.h>

/* ---- accepting ---- */

static int check_vector(const struct blkfront_aiocb *aiocb)
{
    size_t sum = 0;

    if (aiocb->aio_iovcnt < 0 || (aiocb->aio_iovcnt > 0 && !aiocb->aio_iov))
        return -EINVAL;
    if (!aiocb->aio_iovcnt)
        return aiocb->aio_nbytes && !aiocb->aio_buf ? -EINVAL : 0;
    for (int i = 0; i < aiocb->aio_iovcnt; i++) {
        const struct blkfront_iovec *v = &aiocb->aio_iov[i];

        if ((v->len && !v->base) || __builtin_add_overflow(sum, v->len, &sum))
            return -EINVAL;
    }
    return sum == aiocb->aio_nbytes ? 0 : -EINVAL;
}

static int check_range(const struct blkfront_dev *dev, const struct blkfront_aiocb *aiocb,
                       bool write)
{
    const uint64_t size = dev->limits.sectors << WIRE_SECTOR_SHIFT;
    const uint64_t offset = (uint64_t)aiocb->aio_offset;

    /* a negative offset is beyond any end */
    if (offset > size || aiocb->aio_nbytes > size - offset)
        return -EINVAL;
    return write && dev->limits.readonly ? -EROFS : 0;
}

/*
 * A batch stays together, so that it needs one notification only. It goes to the first queue that
 * has nothing to do: what persistent grants a backend has mapped it has for a ring, and as few as
 * can be are to do the work. While all are busy they take turns.
 */
static void begin_batch(struct blkfront_dev *dev)
{
    const unsigned count = dev->limits.queues;

    for (unsigned i = 0; i < count; i++) {
        const struct queue *q = &dev->path.queues[i];

        if (!ring_in_use(&q->ring) && list_empty(&q->waiting)) {
            dev->path.next_queue = i;
            return;
        }
    }
    dev->path.next_queue = dev->path.next_queue + 1 < count ? dev->path.next_queue + 1 : 0;
}

static struct queue *choose_queue(struct blkfront_dev *dev, const struct blkfront_aiocb *aiocb,
                                  bool data)
{
    unsigned index = dev->path.next_queue;

    if (aiocb->aio_queue)
        index = aiocb->aio_queue - 1u;
    else if (data && dev->memory.registered.affine)
        index = registered_queue(&dev->memory.registered,
                                 aiocb->aio_iovcnt ? aiocb->aio_iov->base : aiocb->aio_buf, index);

    /* a division is for those that wish for what is not there */
    return &dev->path.queues[index < dev->limits.queues ? index : index % dev->limits.queues];
}

static int accept(struct blkfront_dev *dev, struct blkfront_aiocb *aiocb, uint8_t op)
{
    const bool data = op == BLKIF_OP_READ || op == BLKIF_OP_WRITE;
    struct blkfront_request *r;

    if (!aiocb->aio_cb)
        return -EINVAL;
    if (aiocb->request)
        return -EBUSY;
    if (dev->state != DEVICE_OPEN)
        return -ENODEV;
    if (data || op == BLKIF_OP_DISCARD) {
        int ret = check_range(dev, aiocb, op != BLKIF_OP_READ);

        if (!ret && data)
            ret = check_vector(aiocb);
        if (ret)
            return ret;
    }
    r = pool_get_request(&dev->memory.pool);
    if (!r)
        return -ENOMEM;

    /* (callbacks' requests are a batch, too, when all are through: complete_reap) */
    if (list_empty(&dev->path.prepared) && dev->path.phase == PATH_IDLE)
        begin_batch(dev);
    r->aiocb = aiocb;
    r->op = op;
    r->queue = choose_queue(dev, aiocb, data);
    r->number = dev->path.next_number++;
    if (op == BLKIF_OP_WRITE_BARRIER)
        list_add_tail(&dev->path.barriers, &r->barrier);
    r->epoch = (uint8_t)dev->path.epoch;
    if (data || op == BLKIF_OP_DISCARD)
        request_begin(r);
    r->fua = op == BLKIF_OP_WRITE && r->left && aiocb->aio_flags & BLKFRONT_FUA;
    r->secure = op == BLKIF_OP_DISCARD && aiocb->aio_flags & BLKFRONT_SECURE;
    if (op == BLKIF_OP_DISCARD)
        discard_range(&dev->limits, &r->offset, &r->left);
    aiocb->request = r;
    aiocb->total_bytes = r->left;
    aiocb->is_write = op == BLKIF_OP_WRITE;
    dev->path.in_epoch[r->epoch]++;
    dev->stats.max_in_flight = MAX(dev->stats.max_in_flight, device_in_flight(dev));
    dev->stats.aiocbs++;
    list_add_tail(&dev->path.prepared, &r->link);
    return 0;
}

int blkfront_aio_enqueue(struct blkfront_aiocb *aiocb, int write)
{
    if (!aiocb || !aiocb->aio_dev)
        return -EINVAL;
    return accept(aiocb->aio_dev, aiocb, write ? BLKIF_OP_WRITE : BLKIF_OP_READ);
}

static int submit(struct blkfront_dev *dev, uint64_t now)
{
    if (!dev)
        return -EINVAL;
    if (dev->state != DEVICE_OPEN)
        return -ENODEV;
    return (int)submit_prepared(dev, now);
}

int blkfront_aio_submit(struct blkfront_dev *dev)
{
    return submit(dev, 0);
}

int blkfront_aio_submit_at(struct blkfront_dev *dev, uint64_t now)
{
    return submit(dev, MIN(now, clock_recent()));
}

int blkfront_aio(struct blkfront_aiocb *aiocb, int write)
{
    int ret = blkfront_aio_enqueue(aiocb, write);

    if (!ret)
        submit_prepared(aiocb->aio_dev, 0);
    return ret;
}

static bool is_offered(const struct blkfront_aiocb *aiocb, uint8_t op)
{
    const struct blkfront_limits *l = &aiocb->aio_dev->limits;

    if (op == BLKIF_OP_DISCARD)
        return aiocb->aio_flags & BLKFRONT_SECURE ? l->discard_secure : l->discard;
    return op == BLKIF_OP_FLUSH_DISKCACHE ? l->flush : l->barrier;
}

int blkfront_aio_push_operation(struct blkfront_aiocb *aiocb, uint8_t op)
{
    struct blkfront_dev *dev;
    int ret = -EOPNOTSUPP;

    if (!aiocb || !aiocb->aio_dev || op > BLKIF_OP_DISCARD || op == BLKIF_OP_RESERVED_1)
        return -EINVAL;
    dev = aiocb->aio_dev;
    if (op <= BLKIF_OP_WRITE || is_offered(aiocb, op))
        ret = accept(dev, aiocb, op);
    /* the backend that went may have had a cache, and lost writes */
    else if (op != BLKIF_OP_DISCARD && complete_tell_loss(dev, dev->path.next_number++))
        ret = -EIO;
    if (!ret)
        submit_prepared(dev, 0);
    return ret;
}

/* ---- waiting ---- */

/*
 * Polling. The first looks follow each other without a pause, but yield to other threads; after
 * that the pauses become longer and longer, so that a slow backend gets the CPU.
 */
#define TURNS_AWAKE 64 /* looks before the first pause: a few microseconds */
#define PAUSE_MIN   (10 * NSEC_PER_USEC)
#define PAUSE_SHIFT 7 /* the longest is so many times twice as long: some 1 ms */

int aio_wait(struct blkfront_dev *dev, struct wait_queue *wq, uint64_t deadline, unsigned *turns)
{
    uint64_t pause;

    if (!dev->config.polled)
        return wait_on(wq, deadline);
    /* thread_relax() has looked at the clock, except before the first turn */
    if (complete_reap_at(dev, NULL, *turns ? clock_recent() : 0)) {
        *turns = 0;
        return 0;
    }
    if (clock_recent() >= deadline)
        return -ETIMEDOUT;
    if (++*turns <= TURNS_AWAKE) {
        thread_relax(); /* the backend may wait for this very CPU */
        return 0;
    }
    pause = PAUSE_MIN << MIN(*turns - TURNS_AWAKE, (unsigned)PAUSE_SHIFT);
    /* the queue, as another thread may take what this one waits for */
    wait_on(wq, MIN(deadline, clock_deadline(pause)));
    return 0;
}

struct waiter {
    struct wait_queue wq;
    bool done;
};

static void wake_waiter(struct blkfront_aiocb *aiocb, int result)
{
    struct waiter *w = aiocb->data;

    (void)result;
    w->done = true;
    wake_all(&w->wq);
}

/* The caller's callback and data are lent out for the time; dev is not touched after the wait, as
 * it may be gone when an error ended the request. */
static int run(struct blkfront_aiocb *aiocb, uint8_t op)
{
    void (*cb)(struct blkfront_aiocb *, int) = aiocb->aio_cb;
    void *data = aiocb->data;
    struct waiter w = {.done = false};
    int ret;

    if (device_must_not_wait(aiocb->aio_dev))
        return -EDEADLK;
    if (aiocb->request)
        return -EBUSY;
    wait_queue_init(&w.wq);
    aiocb->aio_cb = wake_waiter;
    aiocb->data = &w;
    ret = blkfront_aio_push_operation(aiocb, op);
    if (!ret) {
        aio_wait_event(aiocb->aio_dev, &w.wq, w.done, DEADLINE_NEVER);
        ret = aiocb->result;
    }
    aiocb->aio_cb = cb;
    aiocb->data = data;
    return ret;
}

int blkfront_io(struct blkfront_aiocb *aiocb, int write)
{
    if (!aiocb || !aiocb->aio_dev)
        return -EINVAL;
    return run(aiocb, write ? BLKIF_OP_WRITE : BLKIF_OP_READ);
}

int blkfront_aio_poll(struct blkfront_dev *dev)
{
    uint64_t before;

    if (!dev)
        return -EINVAL;
    before = dev->stats.completed;
    complete_reap(dev, NULL);
    return (int)(dev->stats.completed - before);
}

int blkfront_aio_wait(struct blkfront_dev *dev, uint64_t deadline)
{
    uint64_t before;

    if (!dev)
        return -EINVAL;
    if (device_must_not_wait(dev))
        return 0;
    before = dev->stats.completed;
    submit_prepared(dev, 0); /* what was only enqueued would never complete */
    /* What has completed is found by who waits: its event is pending, or it polls. */
    aio_wait_event(dev, &dev->path.completion,
                   dev->stats.completed != before || !device_in_flight(dev), deadline);
    return (int)(dev->stats.completed - before);
}

/*
 * Waits for the requests accepted so far, not for those of other threads that come meanwhile: they
 * count in the other epoch. One at a time, so that the other epoch is empty when it begins.
 */
static void wait_for_accepted(struct blkfront_dev *dev)
{
    unsigned old;

    mutex_lock(&dev->path.sync);
    old = dev->path.epoch;
    dev->path.epoch = !old;
    submit_prepared(dev, 0);
    aio_wait_event(dev, &dev->path.completion, !dev->path.in_epoch[old], DEADLINE_NEVER);
    mutex_unlock(&dev->path.sync);
}

int blkfront_sync(struct blkfront_dev *dev)
{
    struct blkfront_aiocb aiocb = {.aio_dev = dev};
    uint64_t number;
    int ret;

    if (!dev)
        return -EINVAL;
    if (device_must_not_wait(dev))
        return -EDEADLK;
    number = dev->path.next_number++;
    wait_for_accepted(dev);
    if (!device_alive(dev))
        return -ENODEV;
    ret = run(&aiocb, BLKIF_OP_FLUSH_DISKCACHE);
    if (ret == -EOPNOTSUPP)
        ret = run(&aiocb, BLKIF_OP_WRITE_BARRIER);
    if (ret && ret != -EOPNOTSUPP)
        return ret;
    /* the flush tells of a loss; but another one may have been the first, while this one waited */
    return number < dev->path.writes.told ? -EIO : 0;
}

/* ---- looking ---- */

unsigned blkfront_in_flight(const struct blkfront_dev *dev)
{
    return dev ? device_in_flight(dev) : 0;
}

void blkfront_get_limits(const struct blkfront_dev *dev, struct blkfront_limits *out)
{
    *out = dev ? dev->limits : (struct blkfront_limits){0};
}

void blkfront_get_stats(const struct blkfront_dev *dev, struct blkfront_stats *out)
{
    *out = dev ? dev->stats : (struct blkfront_stats){0};
}

const struct histogram *blkfront_get_latency(const struct blkfront_dev *dev,
                                             enum blkfront_kind kind)
{
    return (unsigned)kind < BLKFRONT_KINDS ? &dev->path.latency[kind] : NULL;
}
