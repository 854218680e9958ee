/* SPDX-License-Identifier: MIT */
/* Several XenStore requests with one wait: all are written before the first answer is waited for.
 */
#include "xs_private.h"

#include <ringlet/event_channel.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

static int send_item(struct xs_request *rq, xs_transaction_t t, const struct xs_batch_item *item)
{
    static const uint32_t type[] = {
        [XS_OP_READ] = XS_READ,
        [XS_OP_WRITE] = XS_WRITE,
        [XS_OP_RM] = XS_RM,
        [XS_OP_WATCH] = XS_WATCH,
        [XS_OP_BEGIN] = XS_TRANSACTION_START,
    };
    struct xs_part parts[XS_PATH_PARTS + 1];
    unsigned n;
    int ret;

    if ((unsigned)item->op >= ARRAY_SIZE(type) || (!item->dir && item->op != XS_OP_BEGIN) ||
        (item->op == XS_OP_WRITE && !item->text) || (item->op == XS_OP_WATCH && !item->watch))
        return -EINVAL;
    rq->keep = item->op == XS_OP_READ;
    switch (item->op) {
    case XS_OP_WATCH:
        ret = xs_watch_prepare(item->watch, item->dir, item->node, parts);
        if (ret)
            return ret;
        rq->watch = item->watch;
        ret = xs_send(rq, XS_WATCH, XS_NO_TRANSACTION, parts, XS_WATCH_PARTS);
        if (ret)
            xs_watch_settle(item->watch, ret);
        return ret;
    case XS_OP_BEGIN:
        parts[0] = (struct xs_part){"", 1};
        return xs_send(rq, XS_TRANSACTION_START, XS_NO_TRANSACTION, parts, 1);
    default:
        n = xs_path_parts(parts, item->dir, item->node);
        if (item->op == XS_OP_WRITE)
            parts[n++] = (struct xs_part){item->text, strlen(item->text)};
        return xs_send(rq, type[item->op], t, parts, n);
    }
}

/* Waits for the answer and takes its values. */
static int finish_item(struct xs_request *rq, struct xs_batch_item *item)
{
    int ret = xs_finish(rq);

    if (item->op == XS_OP_WATCH) {
        xs_watch_settle(item->watch, ret);
    } else if (item->op == XS_OP_BEGIN) {
        if (!ret)
            ret = xs_transaction_begun(rq->epoch, rq->number, rq->len, &item->t);
    } else {
        item->value = rq->body;
        item->len = rq->len;
    }
    return ret;
}

int xs_batch(xs_transaction_t t, struct xs_batch_item *items, unsigned count)
{
    const uint64_t before = xs_chain();
    struct xs_request *requests;
    int ret = 0;

    for (unsigned i = 0; i < count; i++) {
        items[i].value = NULL;
        items[i].len = 0;
        items[i].t = XS_NO_TRANSACTION;
        items[i].ret = -ECANCELED;
    }
    if (in_handler())
        return -EDEADLK;
    requests = heap_zalloc(count, sizeof(*requests), MEM_XENSTORE);
    if (!requests)
        return -ENOMEM;
    for (unsigned i = 0; i < count && !xs_broken(); i++) {
        requests[i].more = true;
        items[i].ret = send_item(&requests[i], t, &items[i]);
    }
    if (!xs_broken())
        evtchn_notify(xs_conn.port);
    for (unsigned i = 0; i < count; i++) {
        if (!items[i].ret)
            items[i].ret = finish_item(&requests[i], &items[i]);
    }
    xs_chain_add(before);
    for (unsigned i = 0; i < count && !ret; i++)
        if (items[i].ret == -ECANCELED)
            ret = -ENOTCONN;
        else if (items[i].ret == -ETIMEDOUT || (xs_broken() && items[i].ret == -EPROTO))
            ret = items[i].ret;
    heap_free(requests);
    return ret;
}

void xs_batch_free(struct xs_batch_item *items, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        heap_free(items[i].value);
        items[i].value = NULL;
    }
}
