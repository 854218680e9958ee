/* SPDX-License-Identifier: MIT */
/*
 * The grant table, version 1 only, grown on demand up to a budget (xen/grant_table.h; XSA-396 for
 * the rules on ending). Nothing here blocks; thread and handler context.
 */
#ifndef RINGLET_GRANT_TABLE_H
#define RINGLET_GRANT_TABLE_H

#include <ringlet/list.h>
#include <ringlet/xen.h>

/* 0; -ENOSYS without grant tables; -ENOMEM; Xen's error. */
int gnttab_init(void);

/*
 * Grants peer access to the page at va. The reference (> 0), or -ENOSPC: no entry is free and the
 * table cannot grow (see gnttab_wait); -ERANGE: the frame lies beyond the 16 TiB of version 1. The
 * caller owns the reference until gnttab_end says 0.
 */
int gnttab_grant(domid_t peer, const void *va, bool readonly);

/*
 * Ends a grant in one atomic attempt, whose result decides. 0: the peer has no access any more and
 * the reference is free again. -EBUSY: the peer still maps or uses the page; nothing has changed
 * and the caller still owns the reference. -EINVAL: not a granted reference.
 */
int gnttab_end(grant_ref_t ref);

/* Would gnttab_end say -EBUSY now? A hint only: the peer may map at any moment. */
bool gnttab_busy(grant_ref_t ref);

/*
 * For a reference whose end said -EBUSY: takes it over, pins the page (page_pin) so that it is
 * never handed out while the peer maps it, and tries again from time to time until the end
 * succeeds. va: the granted page. When the page cannot be pinned (static memory) that is reported
 * once. The caller may free the page right away. Never fails.
 */
void gnttab_quarantine(grant_ref_t ref, const void *va);
/* gnttab_end, and gnttab_quarantine if that is busy. True when it ended at once. */
bool gnttab_end_or_quarantine(grant_ref_t ref, const void *va);

/* Calls fn(w) once in handler context when at least w->need references can be had. The caller owns
 * w. */
struct gnttab_waiter {
    struct list link;
    unsigned need;
    void (*fn)(struct gnttab_waiter *w);
};

void gnttab_wait(struct gnttab_waiter *w);
void gnttab_wait_cancel(struct gnttab_waiter *w); /* harmless when it is not waiting */

/* References that could be had now, growing the table as far as it goes. */
unsigned gnttab_available(void);

/*
 * After a resume (suspend.h): every reference is void, those in quarantine included, whose pages
 * nobody maps any more. Owners must forget theirs before the next gnttab_grant, as numbers are
 * given anew; until then gnttab_end says -EINVAL to an old one. Who waits for references is called
 * soon.
 */
void gnttab_resume(void);

struct gnttab_stats {
    uint64_t made, ended; /* since boot; a resume ends all */
    uint64_t busy;        /* ends that said -EBUSY */
    unsigned in_use, high_water;
    unsigned quarantined;        /* references now in quarantine */
    unsigned frames, max_frames; /* now, and Xen's limit */
};

void gnttab_get_stats(struct gnttab_stats *out);

#endif
