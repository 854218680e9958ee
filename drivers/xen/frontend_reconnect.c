/* SPDX-License-Identifier: MIT */
/*
 * Connecting, and connecting again: after a resume, or when a backend went and the device stays.
 * Until a frontend is connected again it also watches the key that names its backend: a driver
 * domain that was restarted has another number, and a device that is detached then has no backend
 * to announce it.
 */
#include "frontend_private.h"

#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/format.h>
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

    frontend_unwatch_property(fe);
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
    char root[32];
    int ret;

    if (fe->directory.token)
        return 0;
    fe->directory.fn = frontend_watch_fired;
    fe->directory.arg = fe;
    /* all devices of a type may be away at once, with their driver domain */
    format(root, sizeof(root), "device/%s", fe->ops->type);
    ret = xs_watch_shared(&fe->directory, root, fe->path, "backend");
    if (ret)
        pr_err("%s: cannot watch %s: %s\n", frontend_name(fe), fe->path, errno_name(ret));
    return ret;
}

void frontend_restart(struct frontend *fe)
{
    frontend_set_deadline(
        fe, clock_deadline(fe->away ? fe->reconnect_timeout_ns : fe->connect_timeout_ns));
    fe->reconnect_deadline = 0;
    if (may_come_back(fe))
        watch_directory(fe); /* without it, a backend that goes now is awaited in vain */
    find_and_begin(fe, "a resume");
}

/* ---- away ---- */

void frontend_away(struct frontend *fe, unsigned event)
{
    int ret;

    if (fe->state == FE_WAIT_CONNECT || clock_now() < fe->settled)
        thread_sleep(RETRY); /* a backend that does not stay is not contacted all the time ... */
    if (fe->away)
        return;
    fe->away = true;
    fe->orderly = event == XenbusStateClosing || event == XenbusStateClosed;
    if (clock_now() >= fe->settled || !fe->reconnect_deadline) /* ... nor without end */
        fe->reconnect_deadline = clock_deadline(fe->reconnect_timeout_ns);
    frontend_set_deadline(fe, fe->reconnect_deadline);
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

/* ---- detached or not ---- */

/* The backend's directory may go, or come, between two reads, and that alone is no detach. So
 * `online` is read before and after `state`; a transaction would use up the quota that all
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

        *detached = item[0].ret || (!moved && !online && !xs_absent(fe->backend_path, item[2].ret));
    }
    xs_batch_free(item, ARRAY_SIZE(item));
    return ret;
}

static bool comes_back(struct frontend *fe)
{
    bool detached = true;
    int ret;

    if (!may_come_back(fe))
        return false;
    for (unsigned i = 0; (ret = read_directories(fe, &detached)) == -ENOMEM && i < RETRIES; i++)
        thread_sleep(RETRY);
    return ret == -ETIMEDOUT ||
           !detached; /* if this is not known it continues until its own timeout */
}

bool frontend_backend_went(struct frontend *fe)
{
    uint64_t state = XenbusStateUnknown;

    if (!may_come_back(fe) || xs_read_u64(XS_NO_TRANSACTION, fe->backend_path, "state", 0,
                                          FE_EV_BACKEND_LAST, XenbusStateUnknown, &state))
        return false;
    return state == XenbusStateUnknown && comes_back(fe);
}

unsigned frontend_judge(struct frontend *fe, unsigned event)
{
    enum frontend_action action;
    bool ends;

    /* The backend was only invisible, and is Connected to rings that are gone: the new
     * connection begins with closing the old one, as after an earlier use that was not closed. */
    if (fe->away && fe->state == FE_WAIT_INIT && event == XenbusStateConnected)
        frontend_enter(fe, FE_FOUND);

    action = frontend_next(fe->state, event);
    ends = action == FE_DO_LEAVE || action == FE_DO_RECONNECT;

    if (fe->away && (event == XenbusStateClosing || event == XenbusStateClosed))
        ends = true; /* a detach begins like this, also without a backend that closes */
    return event > FE_EV_BACKEND_LAST || !ends || comes_back(fe) ? event : (unsigned)FE_EV_DETACH;
}

unsigned frontend_directory_changed(struct frontend *fe)
{
    struct xs_batch_item item[] = {
        {.op = XS_OP_READ, .dir = fe->path, .node = "backend"},
        {.op = XS_OP_READ, .dir = fe->path, .node = "state", .limit = &fe->messages},
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
        /* a state that this frontend did not write: the device was created again */
        xs_item_u64(&item[1], 0, XenbusStateReconfigured, XenbusStateUnknown, &state);
        if (strcmp(item[0].value, fe->backend_path) != 0 || state != fe->own_state)
            event = FE_EV_MOVED;
    }
    xs_batch_free(item, ARRAY_SIZE(item));
    return event;
}
