/* SPDX-License-Identifier: MIT */
/*
 * Requests that timed out: their thread's deadline passed before the answer came. The caller's
 * objects belong to the caller again; the record here suffices to recognise the answer when it
 * comes, and to undo its effect, which has no owner: a transaction that was begun, a watch that was
 * set. The next request sends that along, as both count against the domain's quotas. It also sends
 * along an XS_UNWATCH or XS_TRANSACTION_END that could not be sent before the deadline.
 */
#include "xs_private.h"

#include <ringlet/clock.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#define SILENT_TIMEOUT NSEC_PER_SEC

struct late {
    struct list link;
    uint32_t id, type;
    uint32_t transaction; /* begun: to be ended */
    size_t len;           /* of text */
    char text[];          /* a watch's path and token */
};

static struct list owed = LIST_INIT(owed); /* the answer has not come yet */
static struct list undo = LIST_INIT(undo); /* it has come, and was a success */
static bool silent;

static void forget(struct list *all)
{
    while (!list_empty(all)) {
        struct late *l = list_first(all, struct late, link);

        list_del(&l->link);
        heap_free(l);
    }
}

void xs_late_init(void)
{
    list_init(&owed);
    list_init(&undo);
    silent = false;
}

void xs_late_reset(void)
{
    forget(&owed);
    forget(&undo);
    silent = false;
}

bool xs_silent(void)
{
    return silent;
}

uint64_t xs_close_deadline(uint64_t ns)
{
    return clock_deadline(silent ? MIN(ns, SILENT_TIMEOUT) : ns);
}

void xs_late_heard(void)
{
    silent = false;
}

bool xs_late_owed(void)
{
    return !list_empty(&owed);
}

/* With the texts of a watch. NULL: no memory. */
static struct late *make(uint32_t type, const struct xs_part *parts, unsigned count)
{
    const unsigned texts = type == XS_WATCH ? count : 0;
    size_t len = 0;
    struct late *l;

    for (unsigned i = 0; i < texts; i++)
        len += parts[i].len;
    l = heap_alloc(sizeof(*l) + len, MEM_XENSTORE);
    if (!l)
        return NULL;
    *l = (struct late){.type = type, .len = len};
    len = 0;
    for (unsigned i = 0; i < texts; i++) {
        memcpy(l->text + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    return l;
}

void xs_late_add(const struct xs_request *rq)
{
    struct late *l;

    silent = true;
    l = rq->unsent ? NULL : make(rq->type, rq->parts, rq->part_count);
    if (!l)
        return; /* its answer will match no request, and is dropped as well */
    l->id = rq->id;
    list_add_tail(&owed, &l->link);
}

void xs_late_unsent(uint32_t type, xs_transaction_t t, const struct xs_part *parts, unsigned count)
{
    struct late *l = NULL;

    if (type == XS_UNWATCH)
        l = make(XS_WATCH, parts, count);
    else if (type == XS_TRANSACTION_END && !xs_transaction_void(t))
        l = make(XS_TRANSACTION_START, NULL, 0);
    if (!l)
        return;
    l->transaction = (uint32_t)t;
    list_add_tail(&undo, &l->link);
}

bool xs_late_answer(const struct xsd_sockmsg *hdr, const char *body)
{
    list_for_each (pos, &owed) {
        struct late *l = list_entry(pos, struct late, link);
        uint64_t number;

        if (l->id != hdr->req_id)
            continue;
        list_del(&l->link);
        if (hdr->type == XS_WATCH && l->type == XS_WATCH) {
            list_add_tail(&undo, &l->link);
        } else if (hdr->type == XS_TRANSACTION_START && l->type == XS_TRANSACTION_START &&
                   !parse_u64(body, strnlen(body, hdr->len), &number) && number <= UINT32_MAX) {
            l->transaction = (uint32_t)number;
            list_add_tail(&undo, &l->link);
        } else {
            heap_free(l);
        }
        if (list_empty(&owed))
            wake_all(&xs_conn.quiet);
        return true;
    }
    return false;
}

int xs_late_undo(void)
{
    while (!list_empty(&undo)) {
        struct late *l = list_first(&undo, struct late, link);
        const bool watch = l->type == XS_WATCH;
        struct xs_request rq = {
            .id = xs_conn.next_id++,
            .type = watch ? XS_UNWATCH : XS_TRANSACTION_END,
            .transaction = l->transaction,
            .parts = {{watch ? l->text : "F", watch ? l->len : 2}},
            .part_count = 1,
            .more = true, /* another one follows, whose sender called this */
        };
        int ret;

        list_del(&l->link); /* in no list, so that no answer frees it while it is being written */
        ret = xs_write_message(&rq);
        if (ret == -ETIMEDOUT) {
            list_add_tail(undo.next, &l->link); /* the first again */
        } else if (ret) {
            heap_free(l);
        } else {
            l->id = rq.id; /* its answer is dropped, too */
            l->type = rq.type;
            list_add_tail(&owed, &l->link);
        }
        if (ret)
            return ret;
    }
    return 0;
}
