/* SPDX-License-Identifier: MIT */
/* Starts a frontend, from the key that names its backend; waits for it, and stops it. */
#include "frontend_private.h"

#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/suspend.h>
#include <xen/io/xs_wire.h>

#define CONNECT_TIMEOUT (60 * NSEC_PER_SEC) /* libxl waits 40 s for a hotplug script */
#define CLOSE_TIMEOUT   (10 * NSEC_PER_SEC)

static bool path_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '@' || c == '/';
}

/* An absolute path as XenStore allows it, short enough that keys can be added to it. */
static bool plausible_path(const char *path, size_t len)
{
    if (len < 2 || len > XENSTORE_ABS_PATH_MAX / 2 || path[0] != '/' || path[len - 1] == '/')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!path_character(path[i]) || (path[i] == '/' && path[i + 1] == '/'))
            return false;
    return true;
}

static int read_once(struct frontend *fe)
{
    struct xs_batch_item item[] = {
        {.op = XS_OP_READ, .dir = fe->path, .node = "backend"},
        {.op = XS_OP_READ, .dir = fe->path, .node = "backend-id", .limit = &fe->messages},
        {.op = XS_OP_READ, .dir = fe->path, .node = "state", .limit = &fe->messages},
    };
    const char *name = fe->name ? fe->name : fe->path;
    uint64_t id, state;
    int ret = xs_batch(XS_NO_TRANSACTION, item, ARRAY_SIZE(item));

    if (!ret)
        ret = item[0].ret;
    if (ret)
        goto out;
    ret = -EINVAL;
    if (!plausible_path(item[0].value, item[0].len)) {
        pr_err_limited(&fe->messages, "%s: %s/backend is no path of a backend\n", name, fe->path);
        goto out;
    }
    if (item[1].ret == -ENOENT) {
        pr_err_limited(&fe->messages, "%s: %s/backend-id is missing\n", name, fe->path);
        goto out;
    }
    ret = xs_item_u64(&item[1], 0, DOMID_FIRST_RESERVED - 1, 0, &id);
    if (ret) {
        ret = ret == -ERANGE ? -EINVAL : ret;
        goto out;
    }
    fe->backend_id = (domid_t)id;
    ret = xs_item_u64(&item[2], 0, XenbusStateReconfigured, XenbusStateUnknown, &state);
    if (ret && ret != -EINVAL && ret != -ERANGE) /* an invalid state counts as none */
        goto out;
    fe->own_state = (unsigned)state;
    heap_free(fe->backend_path);
    fe->backend_path = item[0].value;
    item[0].value = NULL;
    ret = 0;
out:
    xs_batch_free(item, ARRAY_SIZE(item));
    return ret;
}

int frontend_read_backend(struct frontend *fe)
{
    unsigned before;
    int ret;

    do {
        before = suspend_count(); /* one half may have been read in another domain */
        ret = read_once(fe);
    } while (before != suspend_count());
    return ret;
}

static void free_paths(struct frontend *fe)
{
    heap_free(fe->path);
    heap_free(fe->backend_path);
    fe->path = fe->backend_path = NULL;
}

/*
 * Initialising is the toolstack's value: there was no earlier use. One that ended with Closed is
 * complete, and a second Closing could meet a backend that has just followed it.
 */
enum frontend_state frontend_first_state(unsigned own_state)
{
    switch (own_state) {
    case XenbusStateUnknown:
    case XenbusStateInitialising:
        return FE_WAIT_INIT;
    case XenbusStateClosed:
        return FE_RESET_WAIT;
    default:
        return FE_FOUND;
    }
}

int frontend_start(struct frontend *fe, const char *path, const struct frontend_ops *ops,
                   void *priv)
{
    const char *number = strrchr(path, '/');
    char thread[32];
    uint64_t before;
    int ret = -ENOMEM;

    fe->ops = ops;
    fe->priv = priv;
    fe->backend_state = XenbusStateUnknown;
    fe->messages.name = fe->name ? fe->name : path;
    wait_queue_init(&fe->wq);
    wait_queue_init(&fe->events);
    if (!fe->connect_timeout_ns)
        fe->connect_timeout_ns = CONNECT_TIMEOUT;
    if (!fe->close_timeout_ns)
        fe->close_timeout_ns = CLOSE_TIMEOUT;
    fe->deadline = MIN(clock_deadline(fe->connect_timeout_ns), thread_deadline());
    fe->path = heap_strndup(path, strlen(path), MEM_XENSTORE);
    before = thread_set_deadline(thread_current(), fe->deadline);
    if (fe->path)
        ret = frontend_read_backend(fe);
    thread_set_deadline(thread_current(), before);
    fe->state = frontend_first_state(fe->own_state);
    if (!ret) {
        format(thread, sizeof(thread), "%s-%s", ops->type, number ? number + 1 : path);
        ret = thread_create(&fe->thread, thread, frontend_thread, fe, THREAD_STACK_DEFAULT);
    }
    if (ret)
        free_paths(fe);
    else
        frontend_add(fe);
    return ret;
}

int frontend_wait_connected(struct frontend *fe)
{
    wait_event(&fe->wq, fe->state >= FE_CONNECTED, DEADLINE_NEVER);
    return fe->state == FE_CONNECTED ? 0 : fe->error;
}

int frontend_stop(struct frontend *fe)
{
    int ret;

    if (!fe->thread)
        return 0;
    if (!fe->close_by)
        fe->close_by = xs_close_deadline(fe->close_timeout_ns);
    if (!fe->close_wanted) /* it may be waiting for XenStore */
        thread_set_deadline(fe->thread, MIN(fe->close_by, fe->deadline));
    fe->close_wanted = true;
    wake_all(&fe->events);
    ret = thread_join(fe->thread);
    if (ret)
        return ret;
    fe->thread = NULL;
    free_paths(fe);
    return fe->close_error;
}
