/* SPDX-License-Identifier: MIT */
/*
 * Grants that a peer did not unmap (XSA-396). The page is pinned, so that it is not allocated again
 * when it is freed, and the end of the grant is retried: after 100 ms, then at intervals that
 * double up to 5 s.
 */
#include "grant_private.h"

#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>

#define RETRY_FIRST (100 * NSEC_PER_MSEC)
#define RETRY_LAST  (5 * NSEC_PER_SEC)
#define RETRY_WORK  256 /* references tried per timer call: handlers do bounded work */

struct quarantined {
    struct list link;
    grant_ref_t ref;
    const void *pinned; /* NULL: the page could not be pinned */
    unsigned *held;     /* the owner's counter; NULL: none */
};

static struct list grants;
static struct timer retry;
static uint64_t interval;
static unsigned count;      /* references in quarantine */
static unsigned recorded;   /* of these in the list */
static unsigned round_left; /* of these not yet tried in this round */
static bool static_reported, memory_reported;

static void release(struct quarantined *q)
{
    if (q->pinned)
        page_unpin(q->pinned);
    if (q->held && *q->held)
        --*q->held;
    list_del(&q->link);
    heap_free(q);
    recorded--;
    count--;
}

static void try_again(struct timer *t)
{
    unsigned work = MIN(round_left, RETRY_WORK);

    for (unsigned i = 0; i < work; i++) {
        struct quarantined *q = list_first(&grants, struct quarantined, link);

        if (!q)
            break;
        if (gnttab_end(q->ref) == -EBUSY) {
            list_del(&q->link);
            list_add_tail(&grants, &q->link);
        } else {
            release(q);
        }
    }
    if (list_empty(&grants)) {
        round_left = 0; /* the round ended early: the next one must not try references twice */
        return;
    }
    round_left -= work;
    if (round_left) {
        timer_start(t, 0); /* the rest of the round, after other handlers have run */
        return;
    }
    round_left = recorded;
    interval = MIN(interval * 2, RETRY_LAST);
    timer_start(t, clock_deadline(interval));
}

void gnttab_quarantine_counted(grant_ref_t ref, const void *va, unsigned *held)
{
    struct quarantined *q = heap_alloc(sizeof(*q), MEM_GRANT);
    int ret = page_pin(va);

    if (ret && !static_reported) {
        pr_warn("grant table: the page at %p is still used by a peer and cannot be pinned: %s\n",
                va, errno_name(ret));
        static_reported = true;
    }
    count++;
    if (held)
        ++*held;
    if (!q) {
        /* Without a record the reference and the page are never used again, which is safe. */
        if (!memory_reported)
            pr_err("grant table: no memory to remember grant %u, its page is lost\n", ref);
        memory_reported = true;
        return;
    }
    q->ref = ref;
    q->pinned = ret ? NULL : va;
    q->held = held;
    list_add_tail(&grants, &q->link);
    recorded++;
    round_left++;
    interval = RETRY_FIRST;
    /* An earlier time stays: a stream of new references must not delay the old ones forever. */
    if (!retry.armed || retry.deadline > clock_deadline(interval))
        timer_start(&retry, clock_deadline(interval));
}

void gnttab_quarantine(grant_ref_t ref, const void *va)
{
    gnttab_quarantine_counted(ref, va, NULL);
}

void gnttab_quarantine_retry(const unsigned *held)
{
    list_for_each_safe (l, &grants) {
        struct quarantined *q = list_entry(l, struct quarantined, link);

        if (q->held == held && gnttab_end(q->ref) != -EBUSY)
            release(q);
    }
    round_left = MIN(round_left, recorded);
}

void gnttab_quarantine_forget(const unsigned *held)
{
    list_for_each (l, &grants) {
        struct quarantined *q = list_entry(l, struct quarantined, link);

        if (q->held == held)
            q->held = NULL;
    }
}

bool gnttab_end_or_quarantine(grant_ref_t ref, const void *va)
{
    if (gnttab_end(ref) != -EBUSY)
        return true;
    gnttab_quarantine(ref, va);
    return false;
}

void quarantine_init(void)
{
    list_init(&grants);
    timer_init(&retry, try_again);
    interval = RETRY_FIRST;
    count = recorded = round_left = 0;
    static_reported = memory_reported = false;
}

void quarantine_release(void)
{
    while (!list_empty(&grants))
        release(list_first(&grants, struct quarantined, link));
    timer_stop(&retry);
    count = round_left = 0;
}

unsigned quarantine_count(void)
{
    return count;
}
