/* SPDX-License-Identifier: MIT */
/*
 * Runs a frontend's state machine: one thread per device waits for events (a change of the
 * backend's state, the deadline, a close, an error found by the driver), looks each up in the table
 * (frontend_table.c) and acts. Starting and stopping are in frontend_start.c.
 */
#include "frontend_private.h"

#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define RETRY      (100 * NSEC_PER_MSEC) /* between attempts when memory is short */
#define RETRIES    10                    /* to write a state */
#define LAST_WORDS NSEC_PER_SEC          /* for XenStore, after a close has used up its time */
#define SETTLED    NSEC_PER_SEC          /* a shorter connection does not end the time away */

const char *frontend_name(const struct frontend *fe)
{
    return fe->name ? fe->name : fe->path;
}

void frontend_enter(struct frontend *fe, enum frontend_state state)
{
    fe->state = state;
    /* The backend's state may have a meaning in the new state, too, and will not change again. */
    fe->look_again = true;
    wake_all(&fe->wq);
}

void frontend_set_deadline(struct frontend *fe, uint64_t deadline)
{
    if (fe->close_by)
        deadline = MIN(deadline, fe->close_by);
    fe->deadline = deadline;
    thread_set_deadline(thread_current(), deadline);
}

/* ---- the frontend's state node ---- */

static int set_state_in(xs_transaction_t t, void *arg)
{
    struct frontend *fe = arg;
    char *old;
    int ret = xs_read(t, fe->path, "state", &old, NULL);

    if (ret)
        return ret;
    heap_free(old);
    return xs_printf(t, fe->path, "state", "%u", fe->own_state);
}

/* A device that the toolstack has removed must not come back as a lone state node: the node is
 * only changed, never created. -ENODEV: it does not exist. */
static int change_state(struct frontend *fe, unsigned state)
{
    int ret;

    fe->own_state = state;
    for (unsigned i = 0; (ret = xs_transaction(set_state_in, fe)) == -ENOMEM && i < RETRIES; i++)
        /* a backend that is not informed keeps the pages mapped, and the disk open */
        thread_sleep(RETRY);
    return ret == -ENOENT ? -ENODEV : ret;
}

/* Errors do not matter: the backend will time out. */
static void set_closing_state(struct frontend *fe, unsigned state)
{
    int ret = change_state(fe, state);

    if (ret == -ENOTCONN || ret == -EPROTO)
        fe->backend_state = XenbusStateUnknown; /* no more events of it will come */
}

/* ---- connecting ---- */

/* The state that says that the keys are there. */
static unsigned published(const struct frontend *fe)
{
    return fe->ops->published ? fe->ops->published : (unsigned)XenbusStateInitialised;
}

struct publication {
    struct frontend *fe;
    struct frontend_key keys[FRONTEND_KEYS_MAX];
    unsigned count;
    struct xs_batch_item items[FRONTEND_KEYS_MAX + 2];
};

/* Keys are for the device of the negotiation: they must not be created again where the toolstack
 * has removed it, nor written to a device that has replaced it. */
static int same_backend(const struct frontend *fe, const struct xs_batch_item *item)
{
    if (item->ret)
        return item->ret == -ENOENT ? -ENODEV : item->ret;
    return strcmp(item->value, fe->backend_path) ? -ENODEV : 0;
}

static int publish(xs_transaction_t t, void *arg)
{
    struct publication *p = arg;
    char state[] = {(char)('0' + published(p->fe)), '\0'};
    int ret;

    for (unsigned i = 0; i < p->count; i++)
        p->items[i] = (struct xs_batch_item){
            .op = p->keys[i].value[0] ? XS_OP_WRITE : XS_OP_RM,
            .dir = p->fe->path,
            .node = p->keys[i].name,
            .text = p->keys[i].value,
        };
    p->items[p->count] = (struct xs_batch_item){
        .op = XS_OP_WRITE, .dir = p->fe->path, .node = "state", .text = state};
    p->items[p->count + 1] =
        (struct xs_batch_item){.op = XS_OP_READ, .dir = p->fe->path, .node = "backend"};
    ret = xs_batch(t, p->items, p->count + 2);
    if (!ret)
        ret = same_backend(p->fe, &p->items[p->count + 1]);
    for (unsigned i = 0; i <= p->count && !ret; i++) {
        bool gone = p->items[i].op == XS_OP_RM && p->items[i].ret == -ENOENT;

        ret = gone ? 0 : p->items[i].ret;
    }
    xs_batch_free(p->items, p->count + 2);
    return ret;
}

/* Publishes the driver's keys, or fewer where XenStore's quota of nodes does not allow as many. */
static int publish_keys(struct frontend *fe, struct publication *p)
{
    for (fe->fewer_keys = 0;; fe->fewer_keys++) {
        int ret = fe->ops->negotiate(fe, p->keys, &p->count);

        if (!ret && p->count > FRONTEND_KEYS_MAX)
            ret = -E2BIG;
        if (ret)
            return ret;
        ret = xs_transaction_from(fe->early, publish, p);
        fe->early = XS_NO_TRANSACTION;
        if (ret == -ENOSPC && fe->fewer_keys < FRONTEND_FEWEST_KEYS)
            continue;
        if (ret)
            pr_err_limited(&fe->messages, "%s: cannot write its keys to %s: %s\n",
                           frontend_name(fe), fe->path, errno_name(ret));
        return ret;
    }
}

static int negotiate(struct frontend *fe)
{
    struct publication *p = heap_zalloc(1, sizeof(*p), MEM_XENSTORE);
    int ret;

    if (!p)
        return -ENOMEM;
    p->fe = fe;
    ret = frontend_read_more(fe);
    if (!ret)
        ret = publish_keys(fe, p);
    if (!ret) {
        fe->own_state = published(fe);
        if (fe->fewer_keys)
            pr_warn_limited(&fe->messages,
                            "%s: the guest's quota in XenStore is reached: it makes do with fewer "
                            "keys\n",
                            frontend_name(fe));
    }
    heap_free(p);
    frontend_read_drop(fe);
    return ret;
}

static void connect(struct frontend *fe)
{
    int ret = frontend_read_more(fe);

    if (!ret)
        ret = fe->ops->connected(fe);
    frontend_read_drop(fe);
    if (!ret) {
        frontend_set_deadline(fe, DEADLINE_NEVER);
        fe->was_connected = true;
        fe->settled = fe->away ? clock_deadline(SETTLED) : 0;
        fe->away = false;
        /* waiters may start I/O while the state is written */
        frontend_enter(fe, FE_CONNECTED);
        if (fe->own_state != XenbusStateConnected)
            ret = change_state(fe, XenbusStateConnected);
        frontend_look_no_more(fe);
        frontend_watch_property(fe);
    }
    if (ret && fe->state == FE_WAIT_CONNECT && frontend_backend_went(fe))
        frontend_reconnect(fe, XenbusStateUnknown);
    else if (ret)
        frontend_fail(fe, ret);
}

/* ---- closing ---- */

static void report_timeout(const struct frontend *fe, const char *what, uint64_t ns)
{
    bool whole = ns % NSEC_PER_SEC == 0;

    pr_err("%s: backend %s did not %s within %llu %s: it is in state %s\n", frontend_name(fe),
           fe->backend_path, what,
           (unsigned long long)(ns / (whole ? NSEC_PER_SEC : NSEC_PER_MSEC)), whole ? "s" : "ms",
           xenbus_state_name(fe->backend_state));
}

static int reason_for(const struct frontend *fe, unsigned event)
{
    switch (event) {
    case FE_EV_CLOSE:
        return -ESHUTDOWN;
    case FE_EV_FAIL:
        return fe->fail_reason;
    case FE_EV_TIMEOUT:
        if (fe->away)
            report_timeout(fe, "come back", fe->reconnect_timeout_ns);
        else
            report_timeout(fe, "connect", fe->connect_timeout_ns);
        return -ETIMEDOUT;
    default: /* FE_EV_DETACH */
        if (fe->backend_state == XenbusStateUnknown)
            pr_warn("%s: backend %s is gone\n", frontend_name(fe), fe->backend_path);
        else
            pr_warn("%s: backend %s closes: it went to state %s\n", frontend_name(fe),
                    fe->backend_path, xenbus_state_name(fe->backend_state));
        return -ENODEV;
    }
}

static void lose(struct frontend *fe, unsigned event)
{
    if (fe->lost_called)
        return;
    fe->lost_called = true;
    fe->error = reason_for(fe, event);
    fe->away = false;
    fe->ops->lost(fe, fe->error);
    frontend_set_deadline(fe, xs_close_deadline(fe->close_timeout_ns));
}

static void finish(struct frontend *fe, unsigned event)
{
    if (fe->lost_called && event == FE_EV_TIMEOUT) {
        report_timeout(fe, "close", fe->close_timeout_ns);
        fe->close_error = -ETIMEDOUT;
        /* The backend did not follow: the closed state is written to XenStore all the same. */
        if (!xs_silent())
            thread_set_deadline(thread_current(), clock_deadline(LAST_WORDS));
    }
    lose(fe, event);
    fe->ops->disconnected(fe);
    if (fe->state != FE_CLOSE_WAIT)
        set_closing_state(fe, XenbusStateClosed);
    frontend_enter(fe, FE_CLOSED);
}

/* One step of closing the connection that an earlier user of the device left open. */
static void reset(struct frontend *fe, unsigned own, enum frontend_state next)
{
    int ret = change_state(fe, own);

    if (ret) {
        pr_err("%s: cannot write %s to %s/state: %s\n", frontend_name(fe), xenbus_state_name(own),
               fe->path, errno_name(ret));
        frontend_fail(fe, ret);
    } else {
        frontend_enter(fe, next);
    }
}

static void act(struct frontend *fe, unsigned event)
{
    enum frontend_action action = frontend_next(fe->state, event);
    int ret;

    if (action != FE_DO_NEGOTIATE && action != FE_DO_CONNECT)
        frontend_read_drop(fe);
    switch (action) {
    case FE_DO_RESET:
        reset(fe, XenbusStateClosing, FE_RESET);
        break;
    case FE_DO_RESET_END:
        reset(fe, XenbusStateClosed, FE_RESET_WAIT);
        break;
    case FE_DO_BEGIN:
        reset(fe, XenbusStateInitialising, FE_WAIT_INIT);
        break;
    case FE_DO_NEGOTIATE:
        ret = negotiate(fe);
        if (ret == -ENODEV && fe->directory.token)
            frontend_reconnect(fe, event); /* the device has another backend meanwhile, or none */
        else if (ret && frontend_backend_went(fe))
            frontend_reconnect(fe, XenbusStateUnknown);
        else if (ret)
            frontend_fail(fe, ret);
        else
            frontend_enter(fe, FE_WAIT_CONNECT);
        break;
    case FE_DO_CONNECT:
        connect(fe);
        break;
    case FE_DO_LOSE:
        lose(fe, event);
        set_closing_state(fe, XenbusStateClosing);
        frontend_enter(fe, FE_CLOSING);
        break;
    case FE_DO_CLOSE:
        set_closing_state(fe, XenbusStateClosed);
        frontend_enter(fe, FE_CLOSE_WAIT);
        break;
    case FE_DO_FINISH:
        finish(fe, event);
        break;
    case FE_DO_RESTART:
        frontend_restart(fe);
        break;
    case FE_DO_LEAVE:
        frontend_away(fe, event);
        set_closing_state(fe, XenbusStateClosing);
        frontend_enter(fe, FE_LEAVE);
        break;
    case FE_DO_LEAVE_END:
        set_closing_state(fe, XenbusStateClosed);
        frontend_enter(fe, FE_LEAVE_WAIT);
        break;
    case FE_DO_RECONNECT:
        frontend_reconnect(fe, event);
        break;
    default:
        break;
    }
}

/* ---- events ---- */

static bool something_happened(const struct frontend *fe)
{
    return fe->fail_wanted || fe->close_wanted || fe->look_again ||
           fe->watch.events != fe->watch.seen || fe->directory.events != fe->directory.seen ||
           frontend_property_fired(fe);
}

static void wait_for_event(struct frontend *fe)
{
    /* the backend's next step is the only one to wait for */
    const bool due = fe->state != FE_CONNECTED;
    uint64_t before = 0;

    if (frontend_suspending() || something_happened(fe))
        return;
    if (due)
        before = xs_wait_begin();
    wait_event(&fe->events, frontend_suspending() || something_happened(fe), fe->deadline);
    if (due)
        xs_wait_end(before);
}

static unsigned next_event(struct frontend *fe)
{
    wait_for_event(fe);
    if (frontend_suspending())
        frontend_read_drop(fe); /* no transaction is left open in XenStore */
    frontend_park(fe);
    if (fe->resume_wanted) {
        fe->resume_wanted = false;
        return FE_EV_RESUME;
    }
    if (fe->fail_wanted) {
        fe->fail_wanted = false;
        return FE_EV_FAIL;
    }
    if (fe->close_wanted) {
        fe->close_wanted = false;
        return FE_EV_CLOSE;
    }
    if (clock_now() >= fe->deadline) {
        /* Also when the backend never stops changing its state. */
        fe->deadline = DEADLINE_NEVER;
        return FE_EV_TIMEOUT;
    }
    if (fe->look_again) {
        fe->look_again = false;
        return frontend_judge(fe, fe->backend_state);
    }
    if (fe->directory.events != fe->directory.seen)
        return frontend_directory_changed(fe);
    if (fe->watch.events != fe->watch.seen)
        return frontend_judge(fe, frontend_backend_changed(fe));
    if (frontend_property_fired(fe))
        frontend_property_changed(fe);
    return FE_EVENTS;
}

void frontend_watch_fired(struct xs_watch *w)
{
    struct frontend *fe = w->arg;

    wake_all(&fe->events);
}

void frontend_thread(void *arg)
{
    struct frontend *fe = arg;

    fe->watch.fn = frontend_watch_fired;
    fe->watch.arg = fe;
    frontend_set_deadline(fe, fe->deadline);
    frontend_begin(fe);
    while (fe->state != FE_CLOSED)
        act(fe, next_event(fe));
    frontend_read_drop(fe);
    frontend_remove(fe);
    frontend_look_no_more(fe);
    frontend_unwatch_property(fe);
    if (fe->watch.token)
        xs_unwatch(&fe->watch);
}

void frontend_fail(struct frontend *fe, int reason)
{
    if (fe->fail_wanted || fe->lost_called)
        return;
    fe->fail_reason = reason < 0 ? reason : -EIO;
    fe->fail_wanted = true;
    wake_all(&fe->events);
}
