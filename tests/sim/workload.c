/* SPDX-License-Identifier: MIT */
/* Threads of requests (workload.h): all ways to submit and to wait. */
#include "workload.h"

#include "workload_check.h"

#include <ringlet/page.h>
#include <stdlib.h>

static const uint8_t zeroes[WORKLOAD_ROOM]; /* the content that a discard may leave */

void workload_random(struct workload_options *o, size_t memory)
{
    static const size_t sizes[] = {4096, 4096, 8192, 16384, 65536, 262144};
    static const unsigned aligns[] = {4096, 4096, 512, 512, 512, 1, 7};

    memset(o, 0, sizeof(*o));
    o->bytes_max = sizes[below(ARRAY_SIZE(sizes))];
    o->align = aligns[below(ARRAY_SIZE(aligns))];
    o->threads = 1 + below(4);
    o->slots = 1 + below(SLOTS_MAX);
    o->slots = MIN(o->slots, (unsigned)(memory / (o->bytes_max + 4 * PAGE_SIZE)));
    o->slots = MAX(o->slots, o->threads);
    o->hot_in = one_in(3) ? 1 + below(4) : 0;
    o->registered_in = one_in(2) ? 1 + below(3) : 0;
}

/* ---- preparing ---- */

static void begin(struct workload *w, struct slot *s)
{
    const uint8_t *data = s->aiocb.aio_iovcnt ? s->flat : s->aiocb.aio_buf;

    s->busy = true;
    w->left -= w->left != 0;
    w->under_way++;
    if (s->kind == BLKIF_OP_DISCARD)
        oracle_begin(&w->backend->oracle, &s->op, true, s->place, s->extent, zeroes);
    else if (s->kind == BLKIF_OP_READ || s->kind == BLKIF_OP_WRITE)
        oracle_begin(&w->backend->oracle, &s->op, s->kind == BLKIF_OP_WRITE,
                     (uint64_t)s->aiocb.aio_offset, s->aiocb.aio_nbytes, data);
    else
        s->flush_begun = oracle_flush_begin(&w->backend->oracle);
}

/* It was not accepted after all. */
static void take_back(struct workload *w, struct slot *s, int ret)
{
    s->busy = false;
    w->under_way--;
    if (s->kind == BLKIF_OP_READ)
        oracle_read_end(&w->backend->oracle, &s->op, NULL);
    else if (s->kind == BLKIF_OP_WRITE || s->kind == BLKIF_OP_DISCARD)
        oracle_write_end(&w->backend->oracle, &s->op, false);
    CHECK(w->o.lossy, "a request was refused with %s", errno_name(ret));
    if (w->backend->peer.hostile && (ret == -EINVAL || ret == -EROFS))
        return; /* it has made the disk another one */
    CHECK(ret == -ENODEV || ret == -ENOMEM, "a request was refused with %s", errno_name(ret));
    if (ret == -ENODEV)
        w->lost = true;
}

bool workload_submit(struct workload *w, struct slot *s, bool only_enqueue)
{
    int ret, write;

    workload_prepare(w, s);
    begin(w, s);
    write = s->kind == BLKIF_OP_WRITE;
    ret = only_enqueue ? blkfront_aio_enqueue(&s->aiocb, write) : blkfront_aio(&s->aiocb, write);
    if (ret)
        take_back(w, s, ret);
    return !ret;
}

/* ---- one step of a thread ---- */

static struct slot *free_slot(struct workload *w, unsigned thread)
{
    for (unsigned i = thread; i < w->o.slots; i += w->o.threads) {
        if (!w->slot[i].busy)
            return &w->slot[i];
    }
    return NULL;
}

static void step_batch(struct workload *w, unsigned thread)
{
    unsigned n = 1 + below(32);
    bool enqueue = one_in(2);
    struct slot *s;

    while (n-- && w->left && !w->lost && (s = free_slot(w, thread)))
        workload_submit(w, s, enqueue);
    if (enqueue && one_in(4))
        thread_yield(); /* another thread may submit them */
    if (enqueue)
        CHECK(blkfront_aio_submit(w->dev) != -ENODEV || w->o.lossy, "submit: device lost");
}

static void step_io(struct workload *w, unsigned thread)
{
    struct slot *s = free_slot(w, thread);
    bool fua;
    int ret;

    if (!s)
        return;
    workload_prepare(w, s);
    begin(w, s);
    s->waited = true;
    fua = s->kind == BLKIF_OP_WRITE && s->aiocb.aio_flags & BLKFRONT_FUA;
    if (fua)
        workload_wait_flush(w, true);
    ret = blkfront_io(&s->aiocb, s->kind == BLKIF_OP_WRITE);
    if ((ret == -ENODEV || ret == -ENOMEM) && w->o.lossy)
        w->lost |= ret == -ENODEV;
    workload_finish(s, ret);
    if (fua)
        workload_wait_flush(w, false);
    s->waited = false;
}

static void step_flush(struct workload *w, unsigned thread)
{
    struct slot *s = free_slot(w, thread);
    bool barrier = one_in(2);
    int ret;

    if (!s)
        return;
    s->kind = barrier ? BLKIF_OP_WRITE_BARRIER : BLKIF_OP_FLUSH_DISKCACHE;
    s->aiocb = (struct blkfront_aiocb){.aio_dev = w->dev, .aio_cb = workload_done, .data = s};
    s->aiocb.aio_queue = one_in(3) ? below(8) : 0;
    begin(w, s);
    ret = blkfront_aio_push_operation(&s->aiocb, s->kind);
    if (ret == -EIO && w->o.restarts) { /* not offered, and the backend that went has lost writes */
        workload_flushed(w, s->flush_begun, ret, false);
        s->busy = false;
        w->under_way--;
    } else if (ret == -EOPNOTSUPP) { /* not offered, or not any more */
        const struct profile *p = &w->backend->profile;

        bool offered =
            barrier ? p->barrier == 1 && !p->barrier_refused : p->flush == 1 && !p->flush_refused;

        CHECK(!offered || w->o.lossy || w->o.restarts, "%s: not supported, but offered",
              barrier ? "barrier" : "flush");
        s->busy = false;
        w->under_way--;
    } else if (ret) {
        take_back(w, s, ret);
    }
}

/* The whole granules in [from, to): looked for one by one. */
static void find_granules(const struct blkfront_limits *l, struct slot *s, uint64_t from,
                          uint64_t to)
{
    s->place = l->discard_alignment;
    s->extent = 0;
    while (s->place < from)
        s->place += l->discard_granularity;
    while (s->place + s->extent + l->discard_granularity <= to)
        s->extent += l->discard_granularity;
}

static void step_discard(struct workload *w, unsigned thread)
{
    const struct profile *p = &w->backend->profile;
    struct slot *s = free_slot(w, thread);
    bool secure = one_in(3);
    size_t bytes;
    int ret;

    if (!s)
        return;
    s->kind = BLKIF_OP_DISCARD;
    s->aiocb = (struct blkfront_aiocb){.aio_dev = w->dev, .aio_cb = workload_done, .data = s};
    s->aiocb.aio_queue = one_in(3) ? below(8) : 0;
    s->aiocb.aio_flags = secure ? BLKFRONT_SECURE : 0;
    bytes = workload_place(w, s, workload_length(w));
    find_granules(&w->limits, s, (uint64_t)s->aiocb.aio_offset,
                  (uint64_t)s->aiocb.aio_offset + bytes);
    if (w->o.restarts) { /* the next backend may have smaller granules */
        s->place = (uint64_t)s->aiocb.aio_offset;
        s->extent = bytes;
    }
    begin(w, s);
    ret = blkfront_aio_push_operation(&s->aiocb, s->kind);
    if (ret == -EOPNOTSUPP || (ret == -EROFS && w->limits.readonly)) {
        bool offered = p->discard == 1 && !p->discard_refused &&
                       (!secure || (p->secure == 1 && !p->secure_refused));

        CHECK(!offered || ret == -EROFS || w->o.lossy || w->o.restarts,
              "discard: not supported, but offered");
        s->busy = false;
        w->under_way--;
        oracle_write_end(&w->backend->oracle, &s->op, false);
    } else if (ret) {
        take_back(w, s, ret);
    } else {
        CHECK(w->o.restarts || s->aiocb.total_bytes == s->extent,
              "of a discard of %zu bytes at %lld %zu are done", bytes,
              (long long)s->aiocb.aio_offset, s->aiocb.total_bytes);
    }
}

static void step_sync(struct workload *w)
{
    uint64_t begun = oracle_flush_begin(&w->backend->oracle);
    int ret;

    workload_wait_flush(w, true);
    ret = blkfront_sync(w->dev);
    CHECK(!ret || w->o.lossy || (ret == -EIO && (w->backend->profile.error_in || w->o.restarts)),
          "sync: %s", errno_name(ret));
    totals.flushes += !ret;
    workload_flushed(w, begun, ret, true);
    workload_wait_flush(w, false);
}

static void step_swap(struct workload *w, unsigned thread)
{
    struct slot *s = free_slot(w, thread);

    if (s && s->registered)
        workload_swap(w, s);
}

/* Requests that no device may accept. */
static void step_wrong(struct workload *w, unsigned thread)
{
    struct slot *s = free_slot(w, thread);
    int ret;

    if (!s)
        return;
    workload_prepare(w, s);
    s->aiocb.aio_offset = one_in(2) ? -1 - (int64_t)below(5000)
                                    : (int64_t)(w->limits.sectors * 512 + 1 + below(5000));
    ret = blkfront_aio(&s->aiocb, 0);
    CHECK(ret == -EINVAL || (ret == -ENODEV && w->o.lossy), "beyond the end: %s", errno_name(ret));
}

static bool idle(const struct workload *w, unsigned thread)
{
    for (unsigned i = thread; i < w->o.slots; i += w->o.threads) {
        if (w->slot[i].busy)
            return false;
    }
    return true;
}

static void step_wait(struct workload *w, unsigned thread)
{
    CHECK(w->o.lossy || seam_now - w->progress < 10 * NSEC_PER_SEC,
          "no request was completed for 10 s, with %u under way", w->under_way);
    switch (below(6)) {
    case 0:
        thread_yield();
        break;
    case 1:
        blkfront_aio_poll(w->dev);
        break;
    case 2:
        blkfront_aio_wait(w->dev, clock_deadline(NSEC_PER_MSEC * 10));
        break;
    default:
        wait_event(&w->wq, free_slot(w, thread) || w->lost, clock_deadline(NSEC_PER_MSEC * 50));
    }
}

static void step(struct workload *w, unsigned thread)
{
    unsigned pick = below(128);

    /* these wait without a timeout, and forever if the backend does not answer */
    if (w->backend->peer.hostile && (pick < 2 || (pick >= 6 && pick < 12)))
        pick = 127;
    if (!w->under_way)
        w->progress = seam_now;
    if (pick < 2)
        step_sync(w);
    else if (pick < 6)
        step_flush(w, thread);
    else if (pick < 12)
        step_io(w, thread);
    else if (pick < 13)
        step_wrong(w, thread);
    else if (pick < 18)
        step_discard(w, thread);
    else if (pick < 19)
        step_swap(w, thread);
    else
        step_batch(w, thread);
    if (w->backend->oracle.unflushed_count > 300 && !w->backend->peer.hostile)
        step_sync(w);
    while (!free_slot(w, thread) && !w->lost) {
        uint64_t before = w->completed;

        step_wait(w, thread);
        if (w->o.lossy && w->completed == before && one_in(20))
            w->lost = true; /* it does not answer */
    }
    if (one_in(4))
        step_wait(w, thread);
}

static void worker(void *arg)
{
    struct workload *w = arg;
    unsigned thread = w->next_thread++;
    uint64_t progress = 0;

    while (w->left && !w->lost)
        step(w, thread);
    blkfront_aio_submit(w->dev);
    for (unsigned tries = 0; !idle(w, thread); tries++) {
        if (w->o.lossy && (tries > 20 || w->lost))
            break;
        if (w->progress != progress) { /* a slow backend, and not that one request */
            progress = w->progress;
            tries = 0;
        }
        CHECK(tries < 200, "a request was not completed within 10 s");
        wait_event(&w->wq, idle(w, thread), clock_deadline(NSEC_PER_MSEC * 50));
    }
    w->running--;
    wake_all(&w->wq);
}

/* ---- life ---- */

int workload_begin(struct workload *w, struct backend *b, struct blkfront_dev *dev,
                   const struct workload_options *o)
{
    memset(w, 0, sizeof(*w));
    w->o = *o;
    w->backend = b;
    w->dev = dev;
    w->left = o->quota;
    w->progress = seam_now;
    w->only_registered = true;
    b->registered = false;
    blkfront_get_limits(dev, &w->limits);
    wait_queue_init(&w->wq);
    /* an offset into a page, gaps between the pieces of a vector, and a canary at either end */
    w->slot_pages = (unsigned)(o->bytes_max / PAGE_SIZE) + 5;
    for (unsigned i = 0; i < o->slots; i++) {
        struct slot *s = &w->slot[i];
        bool registered = o->registered_in && i % o->registered_in == 0;
        uint8_t *pages = workload_memory(w, &w->slot[i], registered);

        if (!pages)
            return -ENOMEM;
        workload_canary(pages, w->slot_pages);
        s->w = w;
        s->memory = pages + PAGE_SIZE;
        s->flat = malloc(o->bytes_max + 1);
        if (!s->flat)
            abort();
    }
    for (unsigned i = 0; i < o->threads; i++) {
        if (thread_create(NULL, "worker", worker, w, 32 * 1024))
            return -ENOMEM;
        w->running++;
    }
    return 0;
}

void workload_wait(struct workload *w)
{
    wait_event(&w->wq, !w->running, DEADLINE_NEVER);
}

void workload_verify(struct workload *w)
{
    struct slot *s = &w->slot[0];
    uint64_t size = w->limits.sectors * 512;

    w->o.hot_in = 0;
    for (uint64_t at = 0; at < size && !w->lost;) {
        int ret;

        s->kind = BLKIF_OP_READ;
        s->aiocb = (struct blkfront_aiocb){.aio_dev = w->dev, .data = s, .aio_buf = s->memory};
        s->aiocb.aio_offset = (int64_t)at;
        s->aiocb.aio_nbytes = MIN(size - at, (uint64_t)w->o.bytes_max);
        begin(w, s);
        ret = blkfront_io(&s->aiocb, 0);
        workload_finish(s, ret);
        if (!ret || !w->backend->profile.error_in)
            at += s->aiocb.aio_nbytes;
    }
}
