/* SPDX-License-Identifier: MIT */
/* Completions of the workload's requests: exactly once, with a result that has a cause, and the
 * oracle's data. */
#include "workload_check.h"

#include <ringlet/page.h>
#include <stdlib.h>

#define CANARY 0xc5

static void check_result(const struct slot *s, int ret)
{
    const struct workload *w = s->w;
    const struct profile *p = &w->backend->profile;

    if (!ret || w->o.lossy) {
        CHECK(!ret || ret == -EIO || ret == -ENODEV || ret == -ETIMEDOUT || ret == -ENOMEM ||
                  ret == -EOPNOTSUPP || (ret == -EROFS && w->backend->peer.hostile),
              "a request ended with %s", errno_name(ret));
        return;
    }
    if (ret == -EIO && p->error_in)
        return;
    if (w->o.restarts && s->kind != BLKIF_OP_READ &&
        (s->kind != BLKIF_OP_WRITE || s->aiocb.aio_flags & BLKFRONT_FUA) &&
        (ret == -EOPNOTSUPP || ret == -EIO)) /* -EIO: see workload_flushed */
        return;
    if (ret == -EOPNOTSUPP && s->kind == BLKIF_OP_FLUSH_DISKCACHE && p->flush_refused)
        return;
    if (ret == -EOPNOTSUPP && s->kind == BLKIF_OP_WRITE_BARRIER && p->barrier_refused)
        return;
    if (ret == -EOPNOTSUPP && s->kind == BLKIF_OP_DISCARD &&
        (p->discard_refused || (p->secure_refused && s->aiocb.aio_flags & BLKFRONT_SECURE)))
        return;
    sim_violation("operation %u ended with %s, which nothing explains", s->kind, errno_name(ret));
}

/* After a death without closing one flush fails, and those that were begun before it did. */
static void flush_failed(struct workload *w, uint64_t begun, bool waited)
{
    struct backend *b = w->backend;

    w->owed = false;
    if (begun >= b->told_at) {
        CHECK(b->may_fail_flush, "a flush failed, and no backend went");
        b->may_fail_flush--;
        /* a thread may have been the first to get the error, but the time of that is unknown */
        b->lost_at = waited || w->flush_waiters ? 0 : b->must_fail_flush;
        b->told_at = oracle_flush_begin(&b->oracle);
    }
    b->must_fail_flush = 0;
    b->unflushed = 0; /* it did flush, and reports the lost writes */
}

/* It must fail if writes were lost; but the error may have gone to a thread that has not run
 * since. */
static void flush_succeeded(struct workload *w, uint64_t begun)
{
    struct backend *b = w->backend;

    if (b->must_fail_flush && begun >= b->must_fail_flush) {
        CHECK(w->flush_waiters, "a flush succeeded although completed writes were lost");
        w->owed = true;
    }
    CHECK(!b->lost_at || begun < b->lost_at || begun >= b->told_at,
          "a flush was told of lost writes, and one that was begun before that succeeded");
    b->must_fail_flush = 0; /* if it was answered before the backend died, nothing was lost */
    b->unflushed = 0;
}

void workload_wait_flush(struct workload *w, bool begins)
{
    if (begins) {
        w->flush_waiters++;
        return;
    }
    w->flush_waiters--;
    CHECK(!w->owed || w->flush_waiters, "completed writes were lost, and no flush failed");
}

void workload_flushed(struct workload *w, uint64_t begun, int ret, bool waited)
{
    struct backend *b = w->backend;

    if (w->o.restarts && ret == -EIO)
        flush_failed(w, begun, waited);
    if (ret)
        return;
    flush_succeeded(w, begun);
    if (!b->peer.hostile && b->peer.present)
        oracle_flush_end(&b->oracle, begun);
}

static const uint8_t *read_data(struct slot *s)
{
    size_t at = 0;

    if (!s->aiocb.aio_iovcnt)
        return s->aiocb.aio_buf;
    for (int i = 0; i < s->aiocb.aio_iovcnt; i++) {
        memcpy(s->flat + at, s->iov[i].base, s->iov[i].len);
        at += s->iov[i].len;
    }
    return s->flat;
}

/* The data are not checked: the backend lies. */
static bool believed(const struct workload *w)
{
    return !w->backend->peer.hostile;
}

void workload_finish(struct slot *s, int ret)
{
    struct workload *w = s->w;
    struct oracle *o = &w->backend->oracle;

    CHECK(s->busy, "a request completed twice");
    s->busy = false;
    w->under_way--;
    w->completed++;
    w->progress = seam_now;
    w->errors += ret != 0;
    totals.requests++;
    totals.failed += ret != 0;
    check_result(s, ret);
    sim_note((uint64_t)s->aiocb.aio_offset, (uint64_t)(unsigned)ret << 8 | s->kind);
    TRACE("guest     %u: op %u at %lld + %zu ends with %d", w->limits.devid, s->kind,
          (long long)s->aiocb.aio_offset, s->aiocb.aio_nbytes, ret);
    switch (s->kind) {
    case BLKIF_OP_READ:
        totals.reads++;
        oracle_read_end(o, &s->op, !ret && believed(w) ? read_data(s) : NULL);
        break;
    case BLKIF_OP_WRITE:
        totals.writes++;
        w->backend->unflushed += !ret && s->op.begun > w->backend->connected_at;
        oracle_write_end(o, &s->op, !ret && believed(w));
        if (!(s->aiocb.aio_flags & BLKFRONT_FUA) || !s->aiocb.aio_nbytes)
            break;
        if (!ret && believed(w) && w->backend->peer.present && !s->op.crashed)
            oracle_stable(o, &s->op);
        if (!ret) /* it was a flush, too */
            flush_succeeded(w, s->op.begun);
        else if (w->o.restarts)
            flush_failed(w, s->op.begun, s->waited);
        break;
    case BLKIF_OP_DISCARD: /* the old data or zeroes */
        totals.discards++;
        oracle_write_end(o, &s->op, false);
        break;
    default:
        totals.flushes++;
        workload_flushed(w, s->flush_begun, ret, false);
    }
    if (!(w->completed & 63))
        invariants_now();
    wake_all(&w->wq);
}

void workload_done(struct blkfront_aiocb *aiocb, int ret)
{
    struct slot *s = aiocb->data;

    CHECK(!aiocb->request, "a callback found its request still in flight");
    CHECK(aiocb->result == ret, "a callback got %d and finds %d", ret, aiocb->result);
    workload_finish(s, ret);
    /* a callback may submit */
    if (s->w->left && !s->w->lost && !ret && one_in(8))
        workload_submit(s->w, s, one_in(3));
}

static void check_page(const uint8_t *page)
{
    for (size_t i = 0; i < PAGE_SIZE; i++)
        CHECK(page[i] == CANARY, "memory was written that was never granted: byte %zu of a page",
              i);
}

void workload_canary(uint8_t *pages, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        CHECK(!page_is_pinned(pages + i * PAGE_SIZE) && !grant_page_mapped(pages + i * PAGE_SIZE),
              "a page that is in quarantine was handed out");
    memset(pages, CANARY, PAGE_SIZE);
    memset(pages + (count - 1) * PAGE_SIZE, CANARY, PAGE_SIZE);
}

void workload_check_canary(const uint8_t *pages, unsigned count)
{
    check_page(pages);
    check_page(pages + (count - 1) * PAGE_SIZE);
}

void workload_end(struct workload *w)
{
    CHECK(!w->under_way, "%u requests never completed", w->under_way);
    for (unsigned i = 0; i < w->o.slots; i++) {
        struct slot *s = &w->slot[i];

        if (!s->memory)
            continue;
        /* all of a registered buffer can be written, but only by a backend that lies */
        if (!s->registered || believed(w))
            workload_check_canary(s->memory - PAGE_SIZE, w->slot_pages);
        workload_free(s);
        free(s->flat);
    }
    invariants_now();
}
