/* SPDX-License-Identifier: MIT */
/*
 * XenStore around a suspend. Before it, messages are written and answers read completely, so that
 * the ring is empty when the domain is saved: otherwise the new domain's daemon would begin in the
 * middle of a message. Requests remain only if the daemon does not answer, and are resubmitted.
 */
#include "xs_private.h"

#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/event_channel.h>
#include <ringlet/printk.h>

#define QUIET_TIMEOUT (5 * NSEC_PER_SEC)

void xs_suspend(void)
{
    uint64_t before;

    if (xs_broken())
        return;
    mutex_lock(&xs_conn.sending);
    xs_conn.suspended = true;
    before = thread_set_deadline(thread_current(), clock_deadline(QUIET_TIMEOUT));
    xs_write_rest();
    evtchn_notify(xs_conn.port); /* a batch may have been interrupted before it did */
    if (!wait_event_own(&xs_conn.quiet, list_empty(&xs_conn.requests) && !xs_late_owed()))
        pr_warn("XenStore: requests without an answer, suspending all the same\n");
    thread_set_deadline(thread_current(), before);
}

/*
 * Requests without an answer: in a transaction they are a conflict, and removing a watch has
 * succeeded. The others may have been done before, but the new XenStore does not have their
 * effects. A request may time out, and is gone then, whenever this function waits: it sends copies.
 */
static void ask_again(void)
{
    struct list again = LIST_INIT(again);

    list_for_each_safe (l, &xs_conn.requests) {
        struct xs_request *rq = list_entry(l, struct xs_request, link);

        if (rq->transaction != XS_NO_TRANSACTION) {
            xs_complete(rq, -EAGAIN);
        } else if (rq->type == XS_UNWATCH) {
            xs_complete(rq, 0);
        } else {
            list_del(&rq->link);
            list_add_tail(&again, &rq->link);
        }
    }
    while (!list_empty(&again)) {
        int ret = xs_broken() ? -EPROTO : xs_write_rest();
        struct xs_request *rq = list_first(&again, struct xs_request, link);

        if (!rq)
            break;
        if (!ret)
            ret = xs_keep_message(rq);
        if (ret) {
            xs_complete(rq, ret);
        } else {
            list_del(&rq->link);
            list_add_tail(&xs_conn.requests, &rq->link);
            rq->unsent = false;
        }
    }
    if (!xs_broken())
        xs_write_rest();
    if (!xs_broken())
        evtchn_notify(xs_conn.port);
}

void xs_resume(bool cancelled)
{
    if (!xs_conn.suspended)
        return;
    if (!cancelled && !xs_broken()) {
        xs_conn.epoch++;
        xs_late_reset();
        xs_drop_rest();
        list_for_each (l, &xs_conn.requests)
            list_entry(l, struct xs_request, link)->unsent = true;
        if (xs_attach()) {
            xs_break("it is not there any more after a resume");
        } else {
            xs_watch_resume(); /* not those that are resubmitted */
            ask_again();
        }
    }
    xs_conn.suspended = false;
    mutex_unlock(&xs_conn.sending);
}
