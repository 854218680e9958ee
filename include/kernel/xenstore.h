/* SPDX-License-Identifier: MIT */
/* The XenStore client, for the code that starts and resumes the guest, and for frontends. */
#ifndef RINGLET_KERNEL_XENSTORE_H
#define RINGLET_KERNEL_XENSTORE_H

#include <ringlet/xenstore.h>

/* -ENOTCONN when the domain has no XenStore: no page, or no port. (The domain in which XenStore runs has a
 * page that nobody serves, and no port.) */
int xs_init(void);

/* Whether XenStore owes answers to calls that timed out (-ETIMEDOUT), and has sent nothing
 * since: it may be dead. Any context. */
bool xs_silent(void);
/* The deadline for XenStore's answers while closing something within ns from now. It is earlier
 * while xs_silent(), as an earlier close has waited already: the devices of a guest that shuts
 * down do not each wait for the whole of their time. */
uint64_t xs_close_deadline(uint64_t ns);

/* ---- around a suspend (suspend.h) ---- */

/* Waits until no call is in progress (a few seconds at most). From then on the calls of other
 * threads wait. Thread context; xs_resume must follow. */
void xs_suspend(void);
/* Lets calls continue. Not cancelled: the connection is a new one; calls that were in progress
 * are sent again, transactions have ended with a conflict, each watch is registered again and
 * fires once. */
void xs_resume(bool cancelled);

/* ---- shared watches ---- */

/*
 * Like xs_watch, for one of many watches below the directory `root`: all of them share one watch on
 * root in XenStore, whose quota is about 100 watches per domain. w fires for a change of dir/node,
 * of anything below it, or of a directory above it (removing a directory removes its contents), and
 * once at first, in the caller's context. xs_unwatch ends it. Errors of xs_watch; -EINVAL: dir is
 * neither root nor below it.
 */
int xs_watch_shared(struct xs_watch *w, const char *root, const char *dir, const char *node);

/* Bracket a wait for a watch by other means than the calls here, so that it counts as one wait.
 * `before` is the value that xs_wait_begin returned. */
uint64_t xs_wait_begin(void);
void xs_wait_end(uint64_t before);

#endif
