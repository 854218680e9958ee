/* SPDX-License-Identifier: MIT */
/*
 * The loop of a pass: take completed requests, check them, fill the queue again, submit, wait.
 *
 * A request's latency is the time from the submit that made it visible to its completion callback.
 * Patterns are made before and checked after that, but on the same vCPU, so with verify= on a
 * completion can be seen late while another request is being checked. For the same reason a job's
 * ns, from the first request prepared to the last one checked, includes that work: it runs while
 * other requests are in flight and cannot be told apart honestly. With verify=0 nothing is
 * computed, and both are the driver's and the backend's alone.
 */
#include "pass.h"
#include "hotplug.h"
#include "mix.h"
#include "pattern.h"
#include "report.h"
#include "stop.h"
#include "unknown.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <xen/io/blkif.h>

#define WAIT_NS NSEC_PER_SEC
/* Without any completion for so long, beyond the time for which requests wait for a backend that
 * went, the device counts as stuck. */
#define STUCK_NS             (60 * NSEC_PER_SEC)
#define RECONNECT_DEFAULT_NS (30 * NSEC_PER_SEC) /* the driver's (blkfront.h) */

static bool is_write(const struct pass *p, uint64_t block)
{
    bool half;

    if (p->writes != WRITE_HALF && p->writes != WRITE_OTHER_HALF)
        return p->writes != WRITE_NONE;
    half = mix64(mix64(p->disk->options->seed + p->written) + block * MIX_STEP) & 1;
    return half == (p->writes == WRITE_HALF);
}

/* Makes sure that a read that transfers nothing is detected, even if the right data are still in
 * the buffer from an earlier one: one word of each unit is inverted. */
static void spoil(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i += 512)
        buf[i] = (uint8_t)~buf[i];
}

static void prepare(struct pass *p, struct slot *slot)
{
    uint64_t block = p->random ? permutation_at(&p->order, p->issued) : p->issued;
    uint64_t from = block * p->disk->job.bs;
    size_t len = MIN(p->disk->job.bs, p->slice->bytes - from);
    uint64_t offset = p->slice->offset + from;

    list_del(&slot->link);
    slot->state = SLOT_PREPARED;
    slot->write = is_write(p, block);
    slot->sent = 0;
    slot->aiocb.aio_dev = p->disk->dev;
    slot->aiocb.aio_buf = slot->buf;
    slot->aiocb.aio_nbytes = len;
    slot->aiocb.aio_offset = (int64_t)offset;
    if (slot->write && p->writes != TRIM_ALL && p->disk->options->verify) {
        const struct pattern pattern = {p->disk->options->seed, p->disk->limits.devid, p->written};

        pattern_fill(&pattern, offset, slot->buf, len);
    } else if (!slot->write && p->check != CHECK_NOTHING) {
        spoil(slot->buf, len);
    }
    p->issued++;
}

/* The scheduler or the driver has read the clock before completions are delivered. If no data were
 * made or compared since, its last value is young enough. */
static uint64_t now_about(const struct pass *p)
{
    return p->disk->options->verify || p->check != CHECK_NOTHING ? clock_now() : clock_recent();
}

static void submit(struct pass *p)
{
    uint64_t now;

    if (!p->batch)
        return;
    now = now_about(p);
    while (!list_empty(&p->unsent)) {
        struct slot *slot = list_first(&p->unsent, struct slot, link);

        list_del(&slot->link);
        slot->sent = now;
    }
    p->batch = 0;
    if (blkfront_aio_submit_at(p->disk->dev, now) < 0)
        p->disk->failed = true;
}

/* False: there is no memory for it now, but requests in flight will free some. */
static bool enqueue(struct pass *p, struct slot *slot)
{
    int ret;

    slots_sent(p->slots, slot);
    list_add_tail(&p->unsent, &slot->link);
    if (p->writes == TRIM_ALL)
        ret = blkfront_aio_push_operation(&slot->aiocb, BLKIF_OP_DISCARD);
    else
        ret = blkfront_aio_enqueue(&slot->aiocb, slot->write);
    if (ret == 0) {
        p->batch++;
        p->since_flush += slot->write;
        return true;
    }
    if (ret == -ENOMEM && p->slots->in_flight > 1) {
        slots_unsent(p->slots, slot);
        p->refused = slot;
        return false;
    }
    slots_complete(p->slots, slot, ret);
    return true;
}

/* The guest must stop, or the job's or the test's time is over: requests in flight still count.
 * A verified job gets a quarter of its time more to end its round: only data that were written
 * as a whole can be read back and have a digest. */
static bool must_end(const struct pass *p)
{
    const struct job *job = &p->disk->job;
    uint64_t more = p->disk->options->verify ? job->runtime_ns / 4 : 0;

    return stop_requested() || hotplug_over() || p->disk->failed ||
           (job->runtime_ns && now_about(p) - job->start >= job->runtime_ns + more);
}

/* The slot for the next request, or NULL while there is none. A pass that needs the data in
 * order uses the slots in rotation. */
static struct slot *next_slot(struct pass *p)
{
    struct slot *slot = p->refused;

    if (slot) {
        p->refused = NULL;
        return slot;
    }
    if (p->issued == p->blocks)
        return NULL;
    if (p->check == CHECK_BASELINE)
        slot = &p->slots->slot[p->issued % p->slots->depth];
    else
        slot = list_first(&p->slots->free, struct slot, link);
    if (!slot || slot->state != SLOT_FREE || must_end(p))
        return NULL;
    prepare(p, slot);
    return slot;
}

static void fill(struct pass *p)
{
    struct slot *slot;

    while (pass_flush(p) && (slot = next_slot(p)) != NULL && enqueue(p, slot)) {
        const struct options *o = p->disk->options;

        /* a flush that is due now must come behind these writes */
        if (p->batch == o->batch || (o->fsync && p->since_flush >= o->fsync))
            submit(p);
    }
    submit(p);
}

/* The next completed request to check, or NULL. */
static struct slot *next_done(struct pass *p)
{
    struct slot *slot;

    if (p->check != CHECK_BASELINE)
        return list_first(&p->slots->done, struct slot, link);
    slot = &p->slots->slot[p->consumed % p->slots->depth];
    return slot->state == SLOT_DONE ? slot : NULL;
}

static void request_failed(struct pass *p, const struct slot *slot)
{
    struct disk *disk = p->disk;
    uint64_t offset = (uint64_t)slot->aiocb.aio_offset;

    if (options_ignore(disk->options, slot->ret)) {
        p->holes = true;
        disk_ignore(disk, slot->ret);
        if (slot->write && unknown_set(p->slice, offset, slot->aiocb.aio_nbytes) != 0) {
            p->errors++;
            disk_complain(disk, ERROR, "no memory to remember what was not written");
        }
        return;
    }

    p->errors++;
    disk->job.errors++;
    if (slot->ret == -ENODEV)
        disk->failed = true;
    disk_complain(disk, slot->ret == -ENOMEM ? ERROR : FAILURE, "%s of %zu bytes at %lld: -%s",
                  p->writes == TRIM_ALL ? "discard"
                  : slot->write         ? "write"
                                        : "read",
                  slot->aiocb.aio_nbytes, (long long)slot->aiocb.aio_offset, errno_name(slot->ret));
}

static void consume(struct pass *p, struct slot *slot)
{
    struct job *job = &p->disk->job;

    p->consumed++;
    job->requests++;
    if (slot->ret) {
        request_failed(p, slot);
    } else {
        /* of a discard, the whole granules */
        job->bytes += p->writes == TRIM_ALL ? slot->aiocb.total_bytes : slot->aiocb.aio_nbytes;
        samples_add(&job->throughput, MAX(slot->completed, job->start) - job->start,
                    slot->aiocb.aio_nbytes);
        if (slot->sent)
            histogram_add(&job->latency, slot->completed - slot->sent);
        if (slot->write)
            unknown_clear(p->slice, (uint64_t)slot->aiocb.aio_offset, slot->aiocb.aio_nbytes);
        else if (p->check != CHECK_NOTHING)
            pass_check_read(p, slot);
    }
    slots_release(p->slots, slot);
}

static uint64_t stuck_after(const struct pass *p)
{
    uint64_t reconnect = p->disk->options->driver.reconnect_timeout_ns;

    if (reconnect == BLKFRONT_NO_RECONNECT)
        return STUCK_NS;
    return STUCK_NS + (reconnect ? reconnect : RECONNECT_DEFAULT_NS);
}

static void wait(struct pass *p)
{
    uint64_t deadline = MIN(now_about(p) + WAIT_NS, p->disk->job.progress_at);

    blkfront_aio_wait(p->disk->dev, deadline);
    report_progress(p->disk);
    if (clock_recent() - p->last_done < stuck_after(p))
        return;
    p->stuck = p->disk->failed = true;
    p->errors++;
    p->disk->job.errors++;
    disk_complain(p->disk, FAILURE, "stuck: %u requests in flight and nothing completes",
                  p->slots->in_flight);
}

int pass_run(struct pass *p)
{
    struct job *job = &p->disk->job;

    p->blocks = DIV_ROUND_UP(p->slice->bytes, job->bs);
    permutation_init(&p->order, p->blocks, job->order_seed + p->written);
    list_init(&p->unsent);
    p->last_done = clock_now();
    if (!job->start)
        job->start = clock_now();
    while (!p->stuck) {
        struct slot *slot;

        while ((slot = next_done(p)) != NULL) {
            p->last_done = clock_recent();
            consume(p, slot);
            /* where checking the data takes long, requests that completed meanwhile get their
             * time now */
            if (p->check != CHECK_NOTHING)
                blkfront_aio_poll(p->disk->dev);
        }
        fill(p);
        if (next_done(p))
            thread_yield(); /* other disks are waiting for the CPU too */
        else if (p->slots->in_flight || p->flushing)
            wait(p);
        else
            break;
    }
    job->end = clock_now();
    if (p->errors)
        return -EIO;
    return p->consumed == p->blocks ? 0 : -ECANCELED;
}
