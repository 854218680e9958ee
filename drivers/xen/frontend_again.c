/* SPDX-License-Identifier: MIT */
/*
 * Beginning, and beginning again: after a resume, or when a backend went and the device stays.
 * Until a frontend is connected again it watches who its backend is, too: a driver domain that was
 * started again has another number, and a device that is detached then has nobody else to say so.
 */
#include "frontend_private.h"

#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define RETRY   (100 * NSEC_PER_MSEC) /* when memory is short; and between attempts to connect */
#define RETRIES 10

static int say_initialising(struct frontend *fe)
{
    int ret = xs_printf(XS_NO_TRANSACTION, fe->path, "state", "%u", XenbusStateInitialising);

    if (!ret)
        fe->own_state = XenbusStateInitialising;
    return ret;
}

void frontend_begin(struct frontend *fe)
{
    int ret = frontend_watch_backend(fe);

    if (!ret && fe->own_state == XenbusStateUnknown)
        ret = say_initialising(fe);
    if (ret) {
        pr_err("%s: cannot start: %s\n", frontend_name(fe), errno_name(ret));
        frontend_fail(fe, ret);
    }
}

static void find_and_begin(struct frontend *fe, const char *after)
{
    int ret;

    if (fe->watch.token)
        xs_unwatch(&fe->watch);
    fe->backend_state = XenbusStateUnknown;
    frontend_enter(fe, FE_WAIT_INIT);
    ret = frontend_read_backend(fe);
    if (ret) {
        pr_err("%s: its backend is not there after %s: %s\n", frontend_name(fe), after,
               errno_name(ret));
        frontend_fail(fe, fe->away && ret == -ENOENT ? -ENODEV : ret);
        return;
    }
    frontend_enter(fe, frontend_first_state(fe->own_state));
    frontend_begin(fe);
}

static bool may_come_back(const struct frontend *fe)
{
    return fe->was_connected && fe->reconnect_timeout_ns && fe->ops->away;
}

static int watch_directory(struct frontend *fe)
{
    int ret;

    fe->directory.fn = frontend_watch_fired;
    fe->directory.arg = fe;
    ret = fe->directory.token ? 0 : xs_watch(&fe->directory, fe->path, "backend");
    if (ret)
        pr_err("%s: cannot watch %s: %s\n", frontend_name(fe), fe->path, errno_name(ret));
    return ret;
}

void frontend_restart(struct frontend *fe)
{
    fe->deadline = clock_deadline(fe->away ? fe->reconnect_timeout_ns : fe->connect_timeout_ns);
    fe->reconnect_deadline = 0;
    if (may_come_back(fe))
        watch_directory(fe); /* without it, a backend that goes now is waited for in vain */
    find_and_begin(fe, "a resume");
}

/* ---- away ---- */

void frontend_away(struct frontend *fe, unsigned event)
{
    int ret;

    if (fe->state == FE_WAIT_CONNECT || clock_now() < fe->settled)
        thread_sleep(RETRY); /* one that does not stay is not asked all the time ... */
    if (fe->away)
        return;
    fe->away = true;
    fe->orderly = event == XenbusStateClosing || event == XenbusStateClosed;
    if (clock_now() >= fe->settled || !fe->reconnect_deadline) /* ... nor for ever */
        fe->reconnect_deadline = clock_deadline(fe->reconnect_timeout_ns);
    fe->deadline = fe->reconnect_deadline;
    fe->ops->away(fe);
    ret = watch_directory(fe);
    if (ret)
        frontend_fail(fe, ret);
}

void frontend_look_no_more(struct frontend *fe)
{
    if (fe->directory.token)
        xs_unwatch(&fe->directory);
    fe->directory.seen = fe->directory.events;
}

void frontend_reconnect(struct frontend *fe, unsigned event)
{
    frontend_away(fe, event);
    fe->ops->ended(fe, fe->orderly && event == XenbusStateClosed);
    find_and_begin(fe, "its backend went");
}

/* ---- for good? ---- */

/* The backend's directory may go, or come, between two reads, and that alone is no detaching. So
 * `online` is read on both sides of `state`; a transaction would be one more for the quota that all
 * devices share, just when each of them has lost the same driver domain. */
static int read_directories(struct frontend *fe, bool *detached)
{
    struct xs_batch_item item[] = {
        {.op = XS_OP_READ, .dir = fe->path, .node = "backend"},
        {.op = XS_OP_READ, .dir = fe->backend_path, .node = "online"},
        {.op = XS_OP_READ, .dir = fe->backend_path, .node = "state"},
        {.op = XS_OP_READ, .dir = fe->backend_path, .node = "online"},
    };
    int ret = xs_batch(XS_NO_TRANSACTION, item, ARRAY_SIZE(item));

    for (unsigned i = 0; i < ARRAY_SIZE(item) && !ret; i++)
        ret = item[i].ret == -ENOMEM ? -ENOMEM : 0;
    if (!ret) {
        const bool moved = !item[0].ret && strcmp(item[0].value, fe->backend_path) != 0;
        const bool online = (!item[1].ret && strcmp(item[1].value, "1") == 0) ||
                            (!item[3].ret && strcmp(item[3].value, "1") == 0);

        *detached = item[0].ret || (!moved && !online && item[2].ret != -ENOENT);
    }
    xs_batch_free(item, ARRAY_SIZE(item));
    return ret;
}

static bool comes_back(struct frontend *fe)
{
    bool detached = true;

    if (!may_come_back(fe))
        return false;
    for (unsigned i = 0; read_directories(fe, &detached) == -ENOMEM && i < RETRIES; i++)
        thread_sleep(RETRY);
    return !detached;
}

unsigned frontend_judge(struct frontend *fe, unsigned event)
{
    enum frontend_action action = frontend_next(fe->state, event);
    bool ends = action == FE_DO_LEAVE || action == FE_DO_RECONNECT;

    if (fe->away && (event == XenbusStateClosing || event == XenbusStateClosed))
        ends = true; /* so detaching begins, also with nobody there to close */
    return event > FE_EV_BACKEND_LAST || !ends || comes_back(fe) ? event : (unsigned)FE_EV_DETACH;
}

unsigned frontend_directory_changed(struct frontend *fe)
{
    struct xs_batch_item item[] = {
        {.op = XS_OP_READ, .dir = fe->path, .node = "backend"},
        {.op = XS_OP_READ, .dir = fe->path, .node = "state"},
    };
    unsigned event = FE_EVENTS;
    uint64_t state;
    int ret;

    fe->directory.seen = fe->directory.events;
    ret = xs_batch(XS_NO_TRANSACTION, item, ARRAY_SIZE(item));
    for (unsigned i = 0; i < ARRAY_SIZE(item) && !ret; i++)
        ret = item[i].ret == -ENOENT ? 0 : item[i].ret;
    if (ret == -ENOMEM) {
        fe->directory.seen--; /* the change is still to be read */
        thread_sleep(RETRY);
    } else if (!ret && item[0].ret) {
        event = FE_EV_DETACH;
    } else if (!ret) {
        /* a state that is not ours: somebody has made the device anew */
        xs_item_u64(&item[1], 0, XenbusStateReconfigured, XenbusStateUnknown, &state);
        if (strcmp(item[0].value, fe->backend_path) != 0 || state != fe->own_state)
            event = FE_EV_MOVED;
    }
    xs_batch_free(item, ARRAY_SIZE(item));
    return event;
}
