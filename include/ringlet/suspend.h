/* SPDX-License-Identifier: MIT */
/*
 * Suspending the domain on the toolstack's request (the word "suspend" in control/shutdown): for
 * xl save, a migration, a checkpoint. It goes on either as it was ("cancelled": a checkpoint, or a
 * save that failed; nothing has happened to it), or as another domain with the same memory,
 * possibly on another host ("resumed"): all event channels, grants and backends are gone, XenStore
 * holds what the toolstack has put there, the domain's number and machine frames are others.
 *
 * The order of things, all in the shutdown thread:
 *
 *   suspend()           newest hook first      may wait; other threads and handlers run
 *   (XenStore falls silent, the domain stops and runs again)
 *   -- only when resumed: event channels, grants, console and XenStore are made anew
 *   restart()           oldest first           only when resumed; must not wait: nobody has run
 *                                              since the suspend, and nobody may before all know
 *   -- XenStore is told of the watches again and goes on
 *   resume(cancelled)   oldest first           may wait; XenStore works
 *
 * What is kept for everybody: XenStore calls that are under way end with their own answer, no
 * matter what comes between, transactions start over, watches stay and fire once; what was printed
 * is printed; clock_now() stands still while the domain is stopped, so that deadlines mean time in
 * which the guest ran, and is never set back (clock_wall() jumps forward).
 *
 * What is lost: every event channel but those of console and XenStore, VIRQs included, and every
 * grant reference. Owners forget theirs in restart() without asking anybody: the number may be
 * another's soon (evtchn_close and gnttab_end say -EINVAL until then).
 */
#ifndef RINGLET_SUSPEND_H
#define RINGLET_SUSPEND_H

#include <ringlet/list.h>

/* Each function may be NULL. */
struct suspend_hook {
    struct list link;
    void (*suspend)(void);
    void (*restart)(void);
    void (*resume)(bool cancelled);
};

/* The caller owns h, which stays registered for ever; registering it again changes nothing. Any
 * context. */
void suspend_register(struct suspend_hook *h);

/*
 * Suspends now. 0 resumed, 1 cancelled, -errno: Xen refused, which the hooks see as a cancel.
 * -EBUSY: another thread does it. Thread context.
 */
int domain_suspend(void);

/* How often the domain was resumed: who reads several things that must belong together compares
 * it before and after. Any context. */
unsigned suspend_count(void);

#endif
