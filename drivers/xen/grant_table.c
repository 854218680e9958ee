/* SPDX-License-Identifier: MIT */
/*
 * The grant table, version 1. A free entry's `frame` field holds the next free reference: Xen reads
 * an entry only when its flags mark it valid, so the free list needs no memory of its own, and
 * taking a reference touches the cache line that is then filled. Entries beyond `fresh` have never
 * been used; the table grows when the list is empty and those are used up.
 */
#include "grant_private.h"

#include <kernel/arch.h>
#include <kernel/grant_table.h>
#include <ringlet/clock.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))
/* Xen changes only the in-use bits of a valid entry, each at most twice per map or copy; a peer
 * that makes it do so without end gets -EBUSY. */
#define END_ATTEMPTS 8

_Static_assert(sizeof(struct grant_entry_v1) == 8, "grant entry v1 ABI");
_Static_assert(offsetof(struct grant_entry_v1, domid) == 2, "grant entry v1 ABI");
_Static_assert(offsetof(struct grant_entry_v1, frame) == 4, "grant entry v1 ABI");
_Static_assert(sizeof(struct gnttab_query_size) == 16, "gnttab_query_size ABI");

static struct {
    struct grant_entry_v1 *table;
    grant_ref_t free; /* the reference used last, 0 = none */
    grant_ref_t fresh, limit;
    unsigned listed;     /* length of the free list */
    unsigned high_water; /* before the last suspension */
    unsigned frames, max_frames;
    bool grow_failed; /* the last attempt to grow failed: do not count on more */
    uint64_t made, busy;
    struct list waiters;
    struct timer wake; /* calls waiters in handler context */
} gt;

/* Entries that were ever used and are not in the free list. So making and ending grants need no
 * counter. */
static unsigned in_use(void)
{
    return gt.fresh - GNTTAB_NR_RESERVED_ENTRIES - gt.listed;
}

/* A fresh entry is used only when all others are in use. */
static unsigned high_water(void)
{
    return MAX(gt.high_water, (unsigned)(gt.fresh - GNTTAB_NR_RESERVED_ENTRIES));
}

static RINGLET_COLD int grow(void)
{
    unsigned want = MIN(gt.frames ? gt.frames * 2 : 1, gt.max_frames);
    void *table;
    int ret = -ENOSPC;

    if (want > gt.frames) {
        ret = arch_map_grant_frames(want, &table);
        if (ret && want > gt.frames + 1) {
            want = gt.frames + 1;
            ret = arch_map_grant_frames(want, &table);
        }
    }
    if (ret) {
        if (!gt.grow_failed && ret != -ENOSPC)
            pr_warn("grant table: %u of %u frames, no more: %s\n", gt.frames, gt.max_frames,
                    errno_name(ret));
        gt.grow_failed = true;
        return ret;
    }
    gt.table = table;
    gt.frames = want;
    gt.limit = (grant_ref_t)(want * ENTRIES_PER_FRAME);
    gt.grow_failed = false;
    return 0;
}

static grant_ref_t take(void)
{
    grant_ref_t ref = gt.free;

    if (ref) {
        gt.free = gt.table[ref].frame;
        gt.listed--;
        return ref;
    }
    if (gt.fresh == gt.limit && grow())
        return 0;
    return gt.fresh++;
}

static void give_back(grant_ref_t ref)
{
    gt.table[ref].frame = gt.free;
    gt.free = ref;
    gt.listed++;
}

static inline int grant(domid_t peer, xen_pfn_t frame, bool readonly)
{
    struct grant_entry_v1 *e;
    grant_ref_t ref;

    if (frame >> 32) /* version 1 knows 16 TiB */
        return -ERANGE;
    ref = take();
    if (!ref)
        return -ENOSPC;
    e = &gt.table[ref];
    WRITE_ONCE(e->frame, (uint32_t)frame);
    WRITE_ONCE(e->domid, peer);
    wmb(); /* Xen must not see a valid entry with the old frame or domain */
    WRITE_ONCE(e->flags, (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0)));
    gt.made++;
    return (int)ref;
}

int gnttab_grant(domid_t peer, const void *va, bool readonly)
{
    return grant(peer, arch_frame(va), readonly);
}

int gnttab_grant_frame(domid_t peer, uint64_t frame, bool readonly)
{
    return grant(peer, frame, readonly);
}

static bool ours(grant_ref_t ref)
{
    return ref >= GNTTAB_NR_RESERVED_ENTRIES && ref < gt.fresh;
}

/* Waiters are called in handler context from a timer that is due at once, never from here: the
 * caller may be in any context, and a waiter may end grants itself. */
static RINGLET_COLD void wake_waiters_soon(void)
{
    struct gnttab_waiter *w = list_first(&gt.waiters, struct gnttab_waiter, link);

    if (w && !gt.wake.armed && gnttab_available() >= w->need)
        timer_start(&gt.wake, 0);
}

int gnttab_end(grant_ref_t ref)
{
    struct grant_entry_v1 *e;
    uint16_t flags;

    if (!ours(ref))
        return -EINVAL;
    e = &gt.table[ref];
    flags = READ_ONCE(e->flags);
    if (flags == GTF_invalid)
        return -EINVAL;
    for (unsigned i = 0; !(flags & (GTF_reading | GTF_writing)); i++) {
        if (i == END_ATTEMPTS)
            break;
        /* A full barrier both ways: the peer's writes are visible after it. */
        if (__atomic_compare_exchange_n(&e->flags, &flags, GTF_invalid, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            give_back(ref);
            if (!list_empty(&gt.waiters))
                wake_waiters_soon();
            return 0;
        }
    }
    gt.busy++;
    return -EBUSY;
}

bool gnttab_busy(grant_ref_t ref)
{
    return ours(ref) && (READ_ONCE(gt.table[ref].flags) & (GTF_reading | GTF_writing));
}

unsigned gnttab_available(void)
{
    unsigned frames = gt.grow_failed ? gt.frames : gt.max_frames;

    return gt.listed + (unsigned)(frames * ENTRIES_PER_FRAME) - gt.fresh;
}

void gnttab_wait(struct gnttab_waiter *w)
{
    list_add_tail(&gt.waiters, &w->link);
    wake_waiters_soon();
}

void gnttab_wait_cancel(struct gnttab_waiter *w)
{
    if (w->link.next)
        list_del(&w->link);
    wake_waiters_soon(); /* the next one may need less */
}

/* First come, first served: a waiter for many references is not overtaken by those that need
 * few. A waiter that waits again goes to the end and is not called again in this pass. */
static RINGLET_COLD void call_waiters(struct timer *t)
{
    unsigned count = 0;

    (void)t;
    list_for_each (pos, &gt.waiters)
        count++;
    for (; count; count--) {
        struct gnttab_waiter *w = list_first(&gt.waiters, struct gnttab_waiter, link);

        if (!w || gnttab_available() < w->need)
            break;
        list_del(&w->link);
        w->fn(w);
    }
    wake_waiters_soon();
}

/* The table's size may change with Xen. */
static RINGLET_COLD int query_frames(void)
{
    struct gnttab_query_size query = {.dom = DOMID_SELF};
    long ret = hypercall_grant_table_op(GNTTABOP_query_size, &query, 1);

    if (ret < 0)
        return (int)ret;
    if (query.status != GNTST_okay || query.max_nr_frames == 0)
        return -ENOSYS;
    /* A reference is returned as a positive int. */
    gt.max_frames = MIN(query.max_nr_frames, (uint32_t)(INT32_MAX / ENTRIES_PER_FRAME));
    return 0;
}

/* Nothing is granted and no frame is mapped. */
static void reset(void)
{
    gt.free = 0;
    gt.listed = 0;
    gt.fresh = gt.limit = GNTTAB_NR_RESERVED_ENTRIES;
    gt.frames = 0;
    gt.grow_failed = false;
}

RINGLET_COLD int gnttab_init(void)
{
    int ret;

    memset(&gt, 0, sizeof(gt));
    ret = query_frames();
    if (ret)
        return ret;
    list_init(&gt.waiters);
    timer_init(&gt.wake, call_waiters);
    quarantine_init();
    reset();
    return grow();
}

RINGLET_COLD void gnttab_resume(void)
{
    unsigned frames = gt.max_frames;

    gt.high_water = high_water();
    reset();
    quarantine_release();
    if (query_frames())
        gt.max_frames = frames; /* the old value is the best guess */
    grow();                     /* without a frame the next grant tries again */
    wake_waiters_soon();
}

RINGLET_COLD void gnttab_get_stats(struct gnttab_stats *out)
{
    *out = (struct gnttab_stats){
        .made = gt.made,
        .ended = gt.made - in_use(),
        .busy = gt.busy,
        .in_use = in_use(),
        .high_water = high_water(),
        .quarantined = quarantine_count(),
        .frames = gt.frames,
        .max_frames = gt.max_frames,
    };
}
