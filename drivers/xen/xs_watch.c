/* SPDX-License-Identifier: MIT */
/* XenStore watches. An event names the watch by its token, a text that is never used twice. */
#include "xs_private.h"

#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define TOKEN_SIZE 20 /* a 64-bit number in hexadecimal */

static struct list watches;
static uint64_t next_token;
static const char *fired_path; /* of the event that is being told */

/* The position of xs_watch_resume(). Watches may be removed while it waits for an answer. */
static struct {
    struct list *next;  /* the next watch to register */
    struct xs_watch *w; /* the one whose request is in progress; NULL: none, or it was removed */
} resuming;

void xs_watch_init(void)
{
    list_init(&watches);
    memset(&resuming, 0, sizeof(resuming));
}

void xs_watch_event(struct xs_watch *w)
{
    w->events++;
    wake_all(&w->wq);
    if (w->fn)
        w->fn(w);
}

static struct xs_watch *find(const char *token)
{
    list_for_each (pos, &watches) {
        struct xs_watch *w = list_entry(pos, struct xs_watch, link);

        if (strcmp(w->token, token) == 0)
            return w;
    }
    return NULL;
}

bool xs_watch_fire(const char *token, const char *path)
{
    struct xs_watch *w = find(token);

    if (!w)
        return false;
    fired_path = path;
    xs_watch_event(w);
    list_for_each_safe (pos, &watches) {
        struct xs_watch *other = list_entry(pos, struct xs_watch, link);

        if (xs_watch_concerned(other, w, path))
            xs_watch_event(other);
    }
    fired_path = NULL;
    return true;
}

const char *xs_watch_path(void)
{
    return fired_path;
}

void xs_watch_wake_all(void)
{
    list_for_each_safe (pos, &watches)
        xs_watch_event(list_entry(pos, struct xs_watch, link));
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

static void fill_parts(struct xs_part *parts, const struct xs_watch *w)
{
    parts[0] = (struct xs_part){w->path, strlen(w->path) + 1};
    parts[1] = (struct xs_part){w->token, strlen(w->token) + 1};
}

static int request(uint32_t type, const struct xs_watch *w)
{
    struct xs_part parts[XS_WATCH_PARTS];

    fill_parts(parts, w);
    return xs_call(type, XS_NO_TRANSACTION, parts, XS_WATCH_PARTS, NULL, NULL);
}

static void register_again(struct xs_watch *w)
{
    char *const path = w->path, *const token = w->token;
    struct xs_part parts[XS_WATCH_PARTS];
    struct xs_request rq = {0};
    int ret;

    fill_parts(parts, w);
    resuming.w = w;
    xs_enlist(&rq, XS_WATCH, XS_NO_TRANSACTION, parts, XS_WATCH_PARTS);
    ret = xs_write_request(&rq);
    if (!ret)
        ret = xs_finish(&rq);
    if (!resuming.w) { /* removed meanwhile: w must not be accessed */
        heap_free(path);
        heap_free(token);
    } else if (ret && !xs_broken()) {
        pr_warn("XenStore: %s cannot be watched any more: %s\n", path, errno_name(ret));
        xs_watch_fire(token, path); /* waiters check the condition themselves */
    }
    resuming.w = NULL;
}

void xs_watch_resume(void)
{
    resuming.next = watches.next;
    while (resuming.next != &watches && !xs_broken()) {
        struct xs_watch *w = list_entry(resuming.next, struct xs_watch, link);

        resuming.next = w->link.next;
        if (w->registered)
            register_again(w);
    }
    resuming.next = NULL;
}

void xs_watch_forget(struct xs_watch *w)
{
    if (resuming.next == &w->link)
        resuming.next = w->link.next;
    list_del(&w->link);
    if (resuming.w == w) {
        resuming.w = NULL; /* register_again() frees the texts, to which a request points */
    } else {
        heap_free(w->path);
        heap_free(w->token);
    }
    w->path = w->token = NULL;
}

int xs_watch_enlist(struct xs_watch *w, const char *dir, const char *node)
{
    int ret;

    list_init(&w->link);
    wait_queue_init(&w->wq);
    w->events = w->seen = 0;
    w->registered = false;
    w->shared = NULL;
    ret = make_texts(w, dir, node);
    list_add_tail(&watches, &w->link);
    if (ret)
        xs_watch_forget(w);
    return ret;
}

int xs_watch_prepare(struct xs_watch *w, const char *dir, const char *node,
                     struct xs_part parts[XS_WATCH_PARTS])
{
    /* Before the request: the first event may come together with the answer. */
    int ret = xs_watch_enlist(w, dir, node);

    if (!ret)
        fill_parts(parts, w);
    return ret;
}

void xs_watch_settle(struct xs_watch *w, int ret)
{
    if (ret)
        xs_watch_forget(w);
}

int xs_watch(struct xs_watch *w, const char *dir, const char *node)
{
    struct xs_batch_item item = {.op = XS_OP_WATCH, .dir = dir, .node = node, .watch = w};
    int ret = xs_batch(XS_NO_TRANSACTION, &item, 1);

    return ret ? ret : item.ret;
}

int xs_unwatch(struct xs_watch *w)
{
    int ret;

    if (!w->token)
        return -EINVAL;
    if (w->shared)
        return xs_unwatch_shared(w);
    w->registered = false;
    /* Events may come until the answer does; they still find the watch. */
    ret = request(XS_UNWATCH, w);
    xs_watch_forget(w);
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
