/* SPDX-License-Identifier: MIT */
/* The calls of xenstore.h that are one request each, and transactions. */
#include "xs_private.h"

#include <ringlet/clock.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#define TRANSACTION_ATTEMPTS 64
#define QUOTA_PAUSE          (10 * NSEC_PER_MSEC)
#define QUOTA_ATTEMPTS       200

int xs_read(xs_transaction_t t, const char *dir, const char *node, char **value, size_t *len)
{
    struct xs_part parts[XS_PATH_PARTS];

    *value = NULL;
    if (!dir)
        return -EINVAL;
    return xs_call(XS_READ, t, parts, xs_path_parts(parts, dir, node), value, len);
}

int xs_write(xs_transaction_t t, const char *dir, const char *node, const void *value, size_t len)
{
    struct xs_part parts[XS_PATH_PARTS + 1];
    unsigned n;

    if (!dir || (!value && len))
        return -EINVAL;
    n = xs_path_parts(parts, dir, node);
    parts[n++] = (struct xs_part){value, len};
    return xs_call(XS_WRITE, t, parts, n, NULL, NULL);
}

int xs_printf(xs_transaction_t t, const char *dir, const char *node, const char *fmt, ...)
{
    char text[256];
    char *block = NULL;
    va_list ap;
    int len, ret;

    va_start(ap, fmt);
    len = vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (len > XENSTORE_PAYLOAD_MAX)
        return -E2BIG;
    if ((size_t)len >= sizeof(text)) {
        block = heap_alloc((size_t)len + 1, MEM_XENSTORE);
        if (!block)
            return -ENOMEM;
        va_start(ap, fmt);
        vformat(block, (size_t)len + 1, fmt, ap);
        va_end(ap);
    }
    ret = xs_write(t, dir, node, block ? block : text, (size_t)len);
    heap_free(block);
    return ret;
}

static int path_call(uint32_t type, xs_transaction_t t, const char *dir, const char *node)
{
    struct xs_part parts[XS_PATH_PARTS];

    if (!dir)
        return -EINVAL;
    return xs_call(type, t, parts, xs_path_parts(parts, dir, node), NULL, NULL);
}

int xs_mkdir(xs_transaction_t t, const char *dir, const char *node)
{
    return path_call(XS_MKDIR, t, dir, node);
}

int xs_rm(xs_transaction_t t, const char *dir, const char *node)
{
    return path_call(XS_RM, t, dir, node);
}

int xs_set_permissions(xs_transaction_t t, const char *dir, const char *node, const char *perms)
{
    struct xs_part parts[XS_PATH_PARTS + 1];
    unsigned n;
    char *list;
    int ret;

    if (!dir || !perms)
        return -EINVAL;
    list = heap_strndup(perms, strlen(perms), MEM_XENSTORE);
    if (!list)
        return -ENOMEM;
    /* On the wire each permission ends with a NUL. */
    for (char *c = list; *c; c++)
        if (*c == ' ')
            *c = '\0';
    n = xs_path_parts(parts, dir, node);
    parts[n++] = (struct xs_part){list, strlen(perms) + 1};
    ret = xs_call(XS_SET_PERMS, t, parts, n, NULL, NULL);
    heap_free(list);
    return ret;
}

int xs_get_permissions(xs_transaction_t t, const char *dir, const char *node, char **perms)
{
    struct xs_part parts[XS_PATH_PARTS];
    size_t len;
    int ret;

    *perms = NULL;
    if (!dir)
        return -EINVAL;
    ret = xs_call(XS_GET_PERMS, t, parts, xs_path_parts(parts, dir, node), perms, &len);
    for (size_t i = 0; !ret && i + 1 < len; i++)
        if (!(*perms)[i])
            (*perms)[i] = ' ';
    return ret;
}

int xs_get_domain_path(domid_t domid, char **path)
{
    char text[8];
    struct xs_part part = {text, 0};

    *path = NULL;
    part.len = (size_t)format(text, sizeof(text), "%u", domid) + 1;
    return xs_call(XS_GET_DOMAIN_PATH, XS_NO_TRANSACTION, &part, 1, path, NULL);
}

int xs_transaction_begun(xs_transaction_t epoch, const char *body, size_t len, xs_transaction_t *t)
{
    uint64_t id;

    if (parse_u64(body, strnlen(body, len), &id) || id == XS_NO_TRANSACTION || id > UINT32_MAX)
        return -EPROTO;
    *t = epoch | id;
    return 0;
}

/* Other threads may use up xenstored's quota of transactions (10 by default), as when many
 * devices lose one driver domain; their transactions are short. */
static int begin(xs_transaction_t *t)
{
    int ret = -ENOSPC;

    for (unsigned i = 0; i < QUOTA_ATTEMPTS && ret == -ENOSPC; i++) {
        struct xs_batch_item item = {.op = XS_OP_BEGIN};

        if (i && clock_now() + QUOTA_PAUSE >= thread_deadline())
            break;
        if (i)
            thread_sleep(QUOTA_PAUSE);
        ret = xs_batch(XS_NO_TRANSACTION, &item, 1);
        *t = item.t;
        ret = ret ? ret : item.ret;
    }
    return ret;
}

static int end(xs_transaction_t t, bool commit)
{
    struct xs_part verdict = {commit ? "T" : "F", 2};

    return xs_call(XS_TRANSACTION_END, t, &verdict, 1, NULL, NULL);
}

void xs_transaction_drop(xs_transaction_t t)
{
    if (t != XS_NO_TRANSACTION)
        end(t, false);
}

int xs_transaction(int (*fn)(xs_transaction_t t, void *arg), void *arg)
{
    return xs_transaction_from(XS_NO_TRANSACTION, fn, arg);
}

int xs_transaction_from(xs_transaction_t t, int (*fn)(xs_transaction_t t, void *arg), void *arg)
{
    int ret = -EAGAIN;

    for (unsigned i = 0; i < TRANSACTION_ATTEMPTS && ret == -EAGAIN; i++) {
        ret = i || t == XS_NO_TRANSACTION ? begin(&t) : 0;
        if (ret)
            continue;
        ret = fn(t, arg);
        if (ret == -EAGAIN && xs_transaction_void(t))
            continue;
        if (ret) {
            end(t, false);
            return ret;
        }
        ret = end(t, true);
    }
    return ret;
}
