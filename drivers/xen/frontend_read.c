/* SPDX-License-Identifier: MIT */
/*
 * Reads the backend's state, and in the same batch the reads of the next step, assuming the
 * expected state: the driver's keys, and a transaction for the frontend's own. XenStore answers in
 * order, so keys that are read after a state are as they were in it. In another state these reads
 * are wasted; but a guest that starts usually finds its backend waiting, and waits for XenStore's
 * answers are most of the time of a start.
 */
#include "frontend_private.h"

#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>

#define RETRY (100 * NSEC_PER_MSEC) /* when memory is short */

void frontend_read_drop(struct frontend *fe)
{
    xs_batch_free(fe->asked, fe->asked_count);
    fe->asked_count = 0;
    fe->read = NULL;
    xs_transaction_drop(fe->early);
    fe->early = XS_NO_TRANSACTION;
}

/* No reads that the next step does not need. */
static bool wants_more(const struct frontend *fe)
{
    return fe->state == FE_WAIT_INIT || fe->state == FE_WAIT_CONNECT;
}

/* 0 and the backend's state (Unknown when it has none), or the error of the read. */
static int ask(struct frontend *fe, bool watch, unsigned *state)
{
    struct xs_batch_item *item = fe->asked, *theirs;
    uint64_t value = XenbusStateUnknown;
    int ret;

    frontend_read_drop(fe);
    if (watch)
        *item++ = (struct xs_batch_item){
            .op = XS_OP_WATCH, .dir = fe->backend_path, .node = "state", .watch = &fe->watch};
    *item++ = (struct xs_batch_item){.op = XS_OP_READ, .dir = fe->backend_path, .node = "state"};
    theirs = item;
    if (wants_more(fe) && fe->ops->reads)
        item += fe->ops->reads(fe, item);
    if (fe->state == FE_WAIT_INIT)
        *item++ = (struct xs_batch_item){.op = XS_OP_BEGIN};
    fe->asked_count = (unsigned)(item - fe->asked);

    ret = xs_batch(XS_NO_TRANSACTION, fe->asked, fe->asked_count);
    if (fe->state == FE_WAIT_INIT)
        fe->early = item[-1].t; /* without one the keys get a transaction of their own later */
    if (!ret && watch)
        ret = fe->asked[0].ret;
    for (struct xs_batch_item *i = theirs - 1; i < item; i++)
        i->limit = &fe->messages;
    /* a key that could not be read for want of memory is not an absent key */
    for (struct xs_batch_item *i = theirs - 1; i < item && !ret; i++)
        ret = i->ret == -ENOMEM ? -ENOMEM : 0;
    if (!ret) {
        ret = xs_item_u64(&theirs[-1], 0, FE_EV_BACKEND_LAST, XenbusStateUnknown, &value);
        ret = ret == -EINVAL || ret == -ERANGE ? 0 : ret;
    }
    *state = (unsigned)value;
    if (ret)
        frontend_read_drop(fe);
    else
        fe->read = theirs;
    return ret;
}

int frontend_watch_backend(struct frontend *fe)
{
    unsigned state;
    int ret = ask(fe, true, &state);

    fe->look_again = !ret;
    if (ret == -ENOMEM && fe->watch.token)
        return 0; /* the initial event of the watch will cause the read */
    if (ret && fe->watch.token)
        xs_unwatch(&fe->watch);
    if (ret)
        return ret;
    /* The initial event of the watch came before the values that were read. No other event is
     * mistaken for it. */
    fe->watch.seen = MIN(fe->watch.events, 1ULL);
    fe->backend_state = state;
    return 0;
}

int frontend_read_more(struct frontend *fe)
{
    unsigned state;

    return fe->read ? 0 : ask(fe, false, &state);
}

/* XenStore itself failed: the effect depends on whether the frontend still needs it. */
static unsigned xenstore_failed(struct frontend *fe, int err)
{
    if (fe->state == FE_CLOSING || fe->state == FE_CLOSE_WAIT)
        return XenbusStateUnknown; /* no more events of the backend will come */
    if (err == -ENOMEM) {
        fe->watch.seen = fe->watch.events - 1; /* the change still has to be read */
        thread_sleep(RETRY);
        return FE_EVENTS;
    }
    if (err == -ETIMEDOUT)
        return FE_EVENTS; /* it is fe's own deadline, or that of a thread that stops it */
    pr_err_limited(&fe->messages, "%s: cannot read the state of %s: %s\n", frontend_name(fe),
                   fe->backend_path, errno_name(err));
    if (fe->state == FE_CONNECTED)
        return FE_EVENTS; /* ring and event channel work without XenStore */
    fe->fail_reason = err;
    return FE_EV_FAIL;
}

unsigned frontend_backend_changed(struct frontend *fe)
{
    unsigned before = fe->backend_state, state;
    int ret;

    fe->watch.seen = fe->watch.events;
    ret = ask(fe, false, &state);
    if (ret)
        return xenstore_failed(fe, ret);
    fe->backend_state = state;
    if (fe->state == FE_CONNECTED && fe->ops->changed && before == XenbusStateConnected &&
        state == XenbusStateConnected)
        fe->ops->changed(fe);
    return fe->backend_state;
}
