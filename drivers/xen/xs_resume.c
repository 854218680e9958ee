/* SPDX-License-Identifier: MIT */
/*
 * XenStore around a suspend. Before it, messages are written and answers read to their ends, so
 * that the ring is empty when the domain is saved: the daemon of the new domain would otherwise
 * begin in the middle of a message. Only a daemon that does not answer leaves requests over, which
 * are asked again.
 */
#include "xs_private.h"

#include <ringlet/clock.h>
#include <ringlet/event_channel.h>
#include <ringlet/printk.h>

#define QUIET_TIMEOUT (5 * NSEC_PER_SEC)

void xs_suspend(void)
{
    if (xs_broken())
        return;
    mutex_lock(&xs_conn.sending);
    xs_conn.suspended = true;
    evtchn_notify(xs_conn.port); /* a batch may have been interrupted before it did */
    if (!wait_event(&xs_conn.quiet, list_empty(&xs_conn.requests), clock_deadline(QUIET_TIMEOUT)))
        pr_warn("XenStore: requests without an answer, suspending all the same\n");
}

/*
 * What was not answered: in a transaction it is a conflict, and who wanted to get rid of a watch is
 * rid of it. The rest may have been done before, but the new XenStore was filled without it.
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
        struct xs_request *rq = list_first(&again, struct xs_request, link);

        list_del(&rq->link);
        if (xs_broken()) {
            xs_complete(rq, -EPROTO);
        } else {
            list_add_tail(&xs_conn.requests, &rq->link);
            rq->more = false;
            xs_write_request(rq); /* an error has ended it, too */
        }
    }
}

void xs_resume(bool cancelled)
{
    if (!xs_conn.suspended)
        return;
    if (!cancelled && !xs_broken()) {
        xs_conn.epoch++;
        if (xs_attach()) {
            xs_break("it is not there any more after a resume");
        } else {
            xs_watch_resume(); /* not those that are asked for again */
            ask_again();
        }
    }
    xs_conn.suspended = false;
    mutex_unlock(&xs_conn.sending);
}
