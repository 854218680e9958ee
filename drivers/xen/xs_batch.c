/* SPDX-License-Identifier: MIT */
/* Several XenStore requests with one wait: all are written before the first answer is waited for.
 */
#include "xs_private.h"

#include <ringlet/heap.h>
#include <ringlet/string.h>

static int send_item(struct xs_request *rq, xs_transaction_t t, const struct xs_batch_item *item)
{
    static const uint32_t type[] = {
        [XS_OP_READ] = XS_READ, [XS_OP_WRITE] = XS_WRITE, [XS_OP_RM] = XS_RM};
    struct xs_part parts[XS_PATH_PARTS + 1];
    unsigned n;

    if (!item->dir || (unsigned)item->op >= ARRAY_SIZE(type) ||
        (item->op == XS_OP_WRITE && !item->text))
        return -EINVAL;
    n = xs_path_parts(parts, item->dir, item->node);
    if (item->op == XS_OP_WRITE)
        parts[n++] = (struct xs_part){item->text, strlen(item->text)};
    rq->keep = item->op == XS_OP_READ;
    return xs_send(rq, type[item->op], t, parts, n);
}

int xs_batch(xs_transaction_t t, struct xs_batch_item *items, unsigned count)
{
    const uint64_t before = xs_chain();
    struct xs_request *requests;
    int ret = 0;

    for (unsigned i = 0; i < count; i++) {
        items[i].value = NULL;
        items[i].len = 0;
        items[i].ret = -ECANCELED;
    }
    if (in_handler())
        return -EDEADLK;
    requests = heap_zalloc(count, sizeof(*requests), MEM_XENSTORE);
    if (!requests)
        return -ENOMEM;
    for (unsigned i = 0; i < count && !xs_broken(); i++)
        items[i].ret = send_item(&requests[i], t, &items[i]);
    for (unsigned i = 0; i < count; i++) {
        if (items[i].ret)
            continue;
        items[i].ret = xs_finish(&requests[i]);
        items[i].value = requests[i].body;
        items[i].len = requests[i].len;
    }
    xs_chain_add(before);
    for (unsigned i = 0; i < count && !ret; i++)
        if (items[i].ret == -ECANCELED)
            ret = -ENOTCONN;
        else if (xs_broken() && items[i].ret == -EPROTO)
            ret = -EPROTO;
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
