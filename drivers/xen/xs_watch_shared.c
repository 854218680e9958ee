/* SPDX-License-Identifier: MIT */
/*
 * Watches that share one of XenStore's. A domain's quota is about 100 of those, and a disk, for
 * example, watches several nodes in its directory; so XenStore has one watch on the directory of
 * all disks, and the path in each event selects the shared watches that it concerns.
 */
#include "xs_private.h"

#include <kernel/xenstore.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

struct xs_shared_watch {
    struct list link;
    struct xs_watch watch; /* of the root */
    unsigned users;
};

static struct list roots = LIST_INIT(roots);
/* Held during requests to XenStore: a caller that shares a watch must know whether it exists. */
static struct mutex asking = MUTEX_INIT(asking);

/* Whether path is the directory dir, or below it. */
static bool within(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool xs_watch_concerned(const struct xs_watch *w, const struct xs_watch *of, const char *path)
{
    if (!w->shared || &w->shared->watch != of)
        return false;
    /* a path that is not below the root concerns all of them */
    return within(path, w->path) || within(w->path, path) || !within(path, of->path);
}

static struct xs_shared_watch *find(const char *root)
{
    list_for_each (l, &roots) {
        struct xs_shared_watch *s = list_entry(l, struct xs_shared_watch, link);

        if (strcmp(s->watch.path, root) == 0)
            return s;
    }
    return NULL;
}

/* The watch of a root, with one more user. */
static int join(const char *root, struct xs_shared_watch **out)
{
    struct xs_shared_watch *s = find(root);
    int ret = 0;

    if (!s) {
        s = heap_zalloc(1, sizeof(*s), MEM_XENSTORE);
        ret = s ? xs_watch(&s->watch, root, NULL) : -ENOMEM;
        if (ret)
            heap_free(s);
        else
            list_add_tail(&roots, &s->link);
    }
    if (ret)
        return ret;
    s->users++;
    *out = s;
    return 0;
}

static int leave(struct xs_shared_watch *s)
{
    int ret;

    if (--s->users)
        return 0;
    list_del(&s->link);
    ret = xs_unwatch(&s->watch);
    heap_free(s);
    return ret;
}

int xs_watch_shared(struct xs_watch *w, const char *root, const char *dir, const char *node)
{
    struct xs_shared_watch *s = NULL;
    int ret;

    if (!within(dir, root))
        return -EINVAL;
    if (in_handler())
        return -EDEADLK;
    ret = mutex_lock_own(&asking);
    if (ret)
        return ret;
    ret = join(root, &s);
    if (!ret) {
        ret = xs_watch_enlist(w, dir, node);
        if (ret)
            leave(s);
        else
            w->shared = s;
    }
    mutex_unlock(&asking);
    if (!ret)
        xs_watch_event(w);
    return ret;
}

int xs_unwatch_shared(struct xs_watch *w)
{
    struct xs_shared_watch *s = w->shared;
    int ret;

    if (in_handler())
        return -EDEADLK;
    w->shared = NULL;
    xs_watch_forget(w);
    ret = mutex_lock_own(&asking);
    if (ret) {
        s->users--; /* the next caller that shares it ends it */
        return ret;
    }
    ret = leave(s);
    mutex_unlock(&asking);
    return ret;
}
