/* SPDX-License-Identifier: MIT */
/* Numbers in XenStore: other domains wrote them, so each has a range and a default. */
#include "xs_private.h"

#include <kernel/ratelimit.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>

#define SHOWN 48 /* characters of an invalid value that are printed */

char *xs_printable(const char *text, size_t len, char *buf, size_t size)
{
    size_t n = MIN(len, size - 1);

    for (size_t i = 0; i < n; i++)
        buf[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    buf[n] = '\0';
    return buf;
}

static void warn(struct ratelimit *limit, const char *dir, const char *node, const char *text,
                 size_t len, const char *what)
{
    char shown[SHOWN + 1];

    pr_warn_limited(limit, "XenStore: %s%s%s is \"%s\"%s: %s\n", dir, node ? "/" : "",
                    node ? node : "", xs_printable(text, len, shown, sizeof(shown)),
                    len > SHOWN ? "..." : "", what);
}

static int number(struct ratelimit *limit, const char *dir, const char *node, const char *text,
                  size_t len, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value;
    int ret = parse_u64(text, len, &value);

    if (ret) {
        warn(limit, dir, node, text, len, ret == -ERANGE ? "over 64 bits" : "not a number");
        return ret;
    }
    if (value < min || value > max) {
        char what[80];

        format(what, sizeof(what), "not in %llu..%llu", (unsigned long long)min,
               (unsigned long long)max);
        warn(limit, dir, node, text, len, what);
        return -ERANGE;
    }
    *out = value;
    return 0;
}

int xs_read_u64(xs_transaction_t t, const char *dir, const char *node, uint64_t min, uint64_t max,
                uint64_t def, uint64_t *out)
{
    char *text;
    size_t len;
    int ret = xs_read(t, dir, node, &text, &len);

    *out = def;
    if (ret)
        return xs_absent(dir, ret) ? 0 : ret;
    ret = number(NULL, dir, node, text, len, min, max, out);
    heap_free(text);
    return ret;
}

int xs_item_u64(const struct xs_batch_item *item, uint64_t min, uint64_t max, uint64_t def,
                uint64_t *out)
{
    *out = def;
    if (item->ret)
        return xs_absent(item->dir, item->ret) ? 0 : item->ret;
    if (!item->value)
        return -EINVAL;
    return number(item->limit, item->dir, item->node, item->value, item->len, min, max, out);
}
