/* SPDX-License-Identifier: MIT */
/*
 * Suspend on the toolstack's order ("suspend" in control/shutdown), for xl save, a migration or a
 * checkpoint. Afterwards the domain continues unchanged ("cancelled": a checkpoint, or a save that
 * failed), or as another domain with the same memory, possibly on another host ("resumed"): all
 * event channels, grants and backends are gone, XenStore has only the toolstack's nodes, the
 * domain's number and machine frames have changed.
 *
 * The order of steps, all in the shutdown thread:
 *
 *   suspend()           newest hook first      may wait; other threads and handlers run
 *   (XenStore is quiesced, the domain stops and runs again)
 *   -- only when resumed: event channels, grants, console and XenStore are set up again
 *   restart()           oldest first           only when resumed; must not wait: no other thread
 *                                              has run since the suspend, or runs before all hooks
 *   -- the watches are registered again, and XenStore calls continue
 *   resume(cancelled)   oldest first           may wait; XenStore works
 *
 * The system preserves: XenStore calls in progress, which return their own answer in all cases,
 * while transactions start over, and watches stay and fire once; printed text; and clock_now(),
 * which stands still while the domain is stopped, so that deadlines count the time in which the
 * guest ran, and is never set back (clock_wall() jumps forward).
 *
 * Lost are all event channels but those of console and XenStore, including VIRQs, and all grant
 * references. Owners drop theirs in restart(), without closing or ending them: the same number may
 * soon belong to another owner (evtchn_close and gnttab_end return -EINVAL until then).
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

/* The caller owns h, which stays registered until the guest ends; registering it again changes
 * nothing. Any context. */
void suspend_register(struct suspend_hook *h);

/*
 * Suspends now. 0 resumed, 1 cancelled, -errno: Xen refused, which the hooks see as a cancel.
 * -EBUSY: another thread does it, or it is forbidden. Thread context.
 */
int domain_suspend(void);

/*
 * For a domain whose work cannot go on in another one: until suspend_permit() was called as often as
 * this, no suspend begins (domain_suspend() is -EBUSY). The toolstack's order is acknowledged and then
 * reported as not obeyed; libxl gives up after a time, and the domain goes on. A suspend that has begun is
 * not held up. Any context.
 */
void suspend_forbid(void);
void suspend_permit(void);

/* The number of times that the domain was resumed. A caller that reads several values which must
 * belong together compares it before and after. Any context. */
unsigned suspend_count(void);

#endif
