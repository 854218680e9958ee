/* SPDX-License-Identifier: MIT */
/*
 * The grant table, version 1 only, grown on demand up to a budget (xen/grant_table.h; XSA-396 for
 * the rules on ending). Nothing here blocks; thread and handler context.
 */
#ifndef RINGLET_GRANT_TABLE_H
#define RINGLET_GRANT_TABLE_H

#include <ringlet/list.h>
#include <ringlet/xen.h>

/*
 * Grants peer access to the page at va. Returns the reference (> 0), or -ENOSPC: no entry is free
 * and the table cannot grow (see gnttab_wait); -ERANGE: the frame lies beyond the 16 TiB of version
 * 1. The caller owns the reference until gnttab_end returns 0.
 */
int gnttab_grant(domid_t peer, const void *va, bool readonly);

/* The same for the page of this domain with a frame number (page_frame). */
int gnttab_grant_frame(domid_t peer, uint64_t frame, bool readonly);

/*
 * Ends a grant in one atomic attempt, whose result decides. 0: the peer has no access any more and
 * the reference is free again. -EBUSY: the peer still maps or uses the page; nothing has changed
 * and the caller still owns the reference. -EINVAL: not a granted reference.
 */
int gnttab_end(grant_ref_t ref);

/* Whether the peer has the page mapped now, so that gnttab_end would return -EBUSY. Only a hint: the
 * peer may map it at any moment. */
bool gnttab_busy(grant_ref_t ref);

/*
 * Takes over a reference for which gnttab_end returned -EBUSY. The page is pinned (page_pin), so
 * that it is not reused while the peer maps it, and gnttab_end is retried periodically until it
 * succeeds. va: the granted page; the caller may free it at once. A page that cannot be pinned
 * (static memory) is reported, once. Never fails.
 */
void gnttab_quarantine(grant_ref_t ref, const void *va);
/* gnttab_end, and gnttab_quarantine if that returns -EBUSY. True when the grant ended at once. */
bool gnttab_end_or_quarantine(grant_ref_t ref, const void *va);

/* gnttab_wait: fn(w) is called once, in handler context, when at least w->need references are
 * available. The caller owns w, which must stay valid until then or until it is cancelled. */
struct gnttab_waiter {
    struct list link;
    unsigned need;
    void (*fn)(struct gnttab_waiter *w);
};

void gnttab_wait(struct gnttab_waiter *w);
void gnttab_wait_cancel(struct gnttab_waiter *w); /* harmless when it is not waiting */

/* References that are available now, including those for which the table can still grow. */
unsigned gnttab_available(void);

struct gnttab_stats {
    uint64_t made, ended; /* since boot; a resume ends all */
    uint64_t busy;        /* ends that returned -EBUSY */
    unsigned in_use, high_water;
    unsigned quarantined;        /* references now in quarantine */
    unsigned frames, max_frames; /* now, and Xen's limit */
};

void gnttab_get_stats(struct gnttab_stats *out);

#endif
