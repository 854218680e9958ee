/* SPDX-License-Identifier: MIT */
/*
 * Lists a directory: in one message where it fits, otherwise in parts (XS_DIRECTORY_PART). Each
 * part has the directory's generation, a text that differs after each change; a list whose parts
 * are of two generations is started again. An empty name ends the last part.
 */
#include "xs_private.h"

#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#define LIST_MAX      (1UL << 20) /* bytes of names; far beyond any quota of nodes */
#define LIST_ATTEMPTS 64          /* as a transaction's */

/* "a NUL b NUL" as an array of pointers with the text behind it. */
static int make_names(const char *body, size_t len, char ***names, unsigned *count)
{
    unsigned n = 0;
    char **list;
    char *text;

    if (len && body[len - 1])
        return -EPROTO;
    for (size_t i = 0; i < len; i++)
        n += !body[i];
    list = heap_alloc((n + 1) * sizeof(*list) + len, MEM_XENSTORE);
    if (!list)
        return -ENOMEM;
    text = (char *)(list + n + 1);
    if (len) /* otherwise there may be no body */
        memcpy(text, body, len);
    for (unsigned i = 0; i < n; i++) {
        list[i] = text;
        text += strlen(text) + 1;
    }
    list[n] = NULL;
    *names = list;
    *count = n;
    return 0;
}

struct parts {
    char *generation; /* of the first part; NULL: none yet */
    char *text;
    size_t len, size;
    bool complete;
};

static void forget(struct parts *p)
{
    heap_free(p->generation);
    heap_free(p->text);
    *p = (struct parts){0};
}

static int append(struct parts *p, const char *text, size_t len)
{
    char *larger;

    if (!len)
        return 0;
    if (len > LIST_MAX - p->len)
        return -E2BIG;
    if (p->len + len > p->size) {
        p->size = 2 * (p->len + len);
        larger = heap_alloc(p->size, MEM_XENSTORE);
        if (!larger)
            return -ENOMEM;
        if (p->len)
            memcpy(larger, p->text, p->len);
        heap_free(p->text);
        p->text = larger;
    }
    memcpy(p->text + p->len, text, len);
    p->len += len;
    return 0;
}

/* "generation NUL name NUL name NUL", and one NUL more at the end of the list. */
static int take_part(struct parts *p, const char *body, size_t len)
{
    size_t head = strnlen(body, len) + 1;

    if (head >= len || body[len - 1])
        return -EPROTO;
    if (!p->generation)
        p->generation = heap_strndup(body, head - 1, MEM_XENSTORE);
    else if (strcmp(p->generation, body))
        return -EAGAIN;
    if (!p->generation)
        return -ENOMEM;
    body += head;
    len -= head;
    p->complete = len == 1 || !body[len - 2];
    return append(p, body, len - p->complete);
}

static int next_part(struct parts *p, xs_transaction_t t, const char *dir, const char *node)
{
    struct xs_part parts[XS_PATH_PARTS + 1];
    unsigned n = xs_path_parts(parts, dir, node);
    char offset[24];
    char *body;
    size_t len;
    int ret;

    parts[n++] =
        (struct xs_part){offset, (size_t)format(offset, sizeof(offset), "%zu", p->len) + 1};
    ret = xs_call(XS_DIRECTORY_PART, t, parts, n, &body, &len);
    if (!ret)
        ret = take_part(p, body, len);
    heap_free(body);
    return ret;
}

static int list_in_parts(xs_transaction_t t, const char *dir, const char *node, char ***names,
                         unsigned *count)
{
    struct parts p = {0};
    int ret = -EAGAIN;

    for (unsigned i = 0; i < LIST_ATTEMPTS && ret == -EAGAIN; i++) {
        forget(&p);
        do
            ret = next_part(&p, t, dir, node);
        while (!ret && !p.complete);
    }
    if (!ret)
        ret = make_names(p.text, p.len, names, count);
    forget(&p);
    return ret;
}

int xs_list(xs_transaction_t t, const char *dir, const char *node, char ***names, unsigned *count)
{
    struct xs_part parts[XS_PATH_PARTS];
    char *body;
    size_t len;
    int ret;

    *names = NULL;
    *count = 0;
    if (!dir)
        return -EINVAL;
    ret = xs_call(XS_DIRECTORY, t, parts, xs_path_parts(parts, dir, node), &body, &len);
    if (ret == -E2BIG)
        return list_in_parts(t, dir, node, names, count);
    if (!ret)
        ret = make_names(body, len, names, count);
    heap_free(body);
    return ret;
}
