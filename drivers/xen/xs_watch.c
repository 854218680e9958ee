/* SPDX-License-Identifier: MIT */
/* XenStore watches. An event names the watch by its token, a text that is never used twice. */
#include "xs_private.h"

#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#define TOKEN_SIZE 20 /* a 64-bit number in hexadecimal */

static struct list watches;
static uint64_t next_token;

void xs_watch_init(void)
{
    list_init(&watches);
}

bool xs_watch_fire(const char *token)
{
    list_for_each (pos, &watches) {
        struct xs_watch *w = list_entry(pos, struct xs_watch, link);

        if (strcmp(w->token, token) == 0) {
            w->events++;
            wake_all(&w->wq);
            if (w->fn)
                w->fn(w);
            return true;
        }
    }
    return false;
}

void xs_watch_wake_all(void)
{
    list_for_each_safe (pos, &watches) {
        struct xs_watch *w = list_entry(pos, struct xs_watch, link);

        w->events++;
        wake_all(&w->wq);
        if (w->fn)
            w->fn(w);
    }
}

static int make_texts(struct xs_watch *w, const char *dir, const char *node)
{
    size_t size = strlen(dir) + (node ? 1 + strlen(node) : 0) + 1;

    w->path = heap_alloc(size, MEM_XENSTORE);
    w->token = heap_alloc(TOKEN_SIZE, MEM_XENSTORE);
    if (!w->path || !w->token)
        return -ENOMEM;
    format(w->path, size, "%s%s%s", dir, node ? "/" : "", node ? node : "");
    format(w->token, TOKEN_SIZE, "w%llx", (unsigned long long)next_token++);
    return 0;
}

static int request(uint32_t type, const struct xs_watch *w)
{
    const struct xs_part parts[] = {
        {w->path, strlen(w->path) + 1},
        {w->token, strlen(w->token) + 1},
    };

    return xs_call(type, XS_NO_TRANSACTION, parts, ARRAY_SIZE(parts), NULL, NULL);
}

static void forget(struct xs_watch *w)
{
    list_del(&w->link);
    heap_free(w->path);
    heap_free(w->token);
    w->path = w->token = NULL;
}

int xs_watch(struct xs_watch *w, const char *dir, const char *node)
{
    int ret;

    if (!dir)
        return -EINVAL;
    list_init(&w->link);
    wait_queue_init(&w->wq);
    w->events = w->seen = 0;
    ret = make_texts(w, dir, node);
    if (!ret) {
        /* Before the request: the first event may come together with the answer. */
        list_add_tail(&watches, &w->link);
        ret = request(XS_WATCH, w);
    }
    if (ret)
        forget(w);
    return ret;
}

int xs_unwatch(struct xs_watch *w)
{
    int ret;

    if (!w->token)
        return -EINVAL;
    /* Events may come until the answer does; they still find the watch. */
    ret = request(XS_UNWATCH, w);
    forget(w);
    wake_all(&w->wq);
    return ret;
}

int xs_watch_wait(struct xs_watch *w, uint64_t deadline)
{
    wait_event(&w->wq, w->events != w->seen || xs_broken(), deadline);
    if (xs_broken())
        return -ENOTCONN;
    if (w->events == w->seen)
        return -ETIMEDOUT;
    w->seen = w->events;
    return 0;
}
