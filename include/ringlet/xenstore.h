/* SPDX-License-Identifier: MIT */
/*
 * The XenStore client (xen/io/xs_wire.h, docs/misc/xenstore.txt). Requests carry their own req_id,
 * so many can be under way at once: each thread's call waits for its own answer only, and xs_batch
 * sends several before it waits. Thread context unless said otherwise. Paths are absolute or
 * relative to the domain's own directory; any length that XenStore takes (no fixed buffers here).
 * Everything read is the peer's or the toolstack's word: use the typed reads.
 *
 * Errors of all calls: XenStore's own as -errno (-ENOENT, -EACCES, -EINVAL, -ENOSPC, -EQUOTA as
 * -ENOSPC, -EAGAIN for a transaction conflict ...), -E2BIG (message over 4096 bytes), -ENOMEM,
 * -EPROTO (an answer that is not one), -ENOTCONN (no XenStore, or the connection broke before),
 * -EIO (an error name that is not known).
 */
#ifndef RINGLET_XENSTORE_H
#define RINGLET_XENSTORE_H

#include <ringlet/list.h>
#include <ringlet/thread.h>
#include <ringlet/xen.h>

/* XenStore's number of it, and in the upper half how often the domain was resumed before. */
typedef uint64_t xs_transaction_t;
#define XS_NO_TRANSACTION 0

/* -ENOTCONN when the domain has no XenStore. */
int xs_init(void);

/* *value: a heap block of *len bytes (may hold NULs) and one NUL behind them; the caller frees it.
 * len may be NULL. */
int xs_read(xs_transaction_t t, const char *dir, const char *node, char **value, size_t *len);
/* dir/node; node may be NULL. In all calls. */
int xs_write(xs_transaction_t t, const char *dir, const char *node, const void *value, size_t len);
int xs_printf(xs_transaction_t t, const char *dir, const char *node, const char *fmt, ...)
    RINGLET_PRINTF(4, 5);
int xs_mkdir(xs_transaction_t t, const char *dir, const char *node);
int xs_rm(xs_transaction_t t, const char *dir, const char *node);
/* *names: one heap block with *count pointers and the names behind them; the caller frees it. A
 * directory of any size up to 1 MiB of names; -EAGAIN: a large one changed each of 64 times while
 * it was read. */
int xs_list(xs_transaction_t t, const char *dir, const char *node, char ***names, unsigned *count);
/* perm as in xs_wire: "n0", "r5", "b0", ... in one string with blanks between. */
int xs_set_permissions(xs_transaction_t t, const char *dir, const char *node, const char *perms);
int xs_get_domain_path(domid_t domid, char **path);

/*
 * A number in a range. Missing key: *out = def and 0. Malformed or out of [min, max]: *out = def, a
 * warning that names key and value, and -ERANGE or -EINVAL: the caller decides whether that is
 * fatal. Other errors: *out = def.
 */
int xs_read_u64(xs_transaction_t t, const char *dir, const char *node, uint64_t min, uint64_t max,
                uint64_t def, uint64_t *out);

/* For messages: as much of text as fits in buf, with '?' for what is not printable ASCII, so that
 * nobody who writes to XenStore writes a line of our console. Returns buf. Any context. */
char *xs_printable(const char *text, size_t len, char *buf, size_t size);

/* ---- several at once: all are sent before the first answer is waited for ---- */

struct xs_watch;

/* _BEGIN: t becomes a transaction's, for xs_transaction_from; nothing else is looked at. */
enum xs_op { XS_OP_READ, XS_OP_WRITE, XS_OP_RM, XS_OP_WATCH, XS_OP_BEGIN };

struct xs_batch_item {
    enum xs_op op;
    const char *dir, *node;
    union {
        const char *text;       /* to write */
        struct xs_watch *watch; /* as xs_watch's; the batch's transaction has no part in it */
    };
    xs_transaction_t t; /* begun */
    char *value;        /* read: heap block or NULL; the caller frees it (xs_batch_free) */
    size_t len;
    int ret;
};

/*
 * XenStore does them one after the other, in this order: what is read behind a key was there when
 * that key was. 0 when all were answered (each item's ret says how), else the error that kept them
 * from it; but a watch whose ret is 0 is registered and a transaction whose ret is 0 has begun.
 */
int xs_batch(xs_transaction_t t, struct xs_batch_item *items, unsigned count);
void xs_batch_free(struct xs_batch_item *items, unsigned count);
/* The number in an item that was read, as xs_read_u64. */
int xs_item_u64(const struct xs_batch_item *item, uint64_t min, uint64_t max, uint64_t def,
                uint64_t *out);

/* ---- transactions ---- */

/*
 * Runs fn(t, arg) in a transaction and commits; after a conflict (-EAGAIN) again, up to 64 times.
 * fn's error aborts and is returned; -ENOSPC also when for 2 s xenstored has had as many of the
 * domain's transactions as it takes. A resume of the domain (suspend.h) is such a conflict: what fn
 * calls in that transaction afterwards is -EAGAIN.
 */
int xs_transaction(int (*fn)(xs_transaction_t t, void *arg), void *arg);
/* The same, where the first attempt is in t, which XS_OP_BEGIN has begun, and which has ended
 * afterwards whatever is returned. XS_NO_TRANSACTION: there is none. */
int xs_transaction_from(xs_transaction_t t, int (*fn)(xs_transaction_t t, void *arg), void *arg);
/* Ends t, in which nothing was changed, after all. XS_NO_TRANSACTION: does nothing. */
void xs_transaction_drop(xs_transaction_t t);

/* ---- watches ---- */

struct xs_watch {
    struct list link;
    char *path; /* as registered */
    char *token;
    struct wait_queue wq;
    uint64_t events; /* fired since registered; merged: an event says "look again" */
    uint64_t seen;
    bool registered; /* XenStore knows it */
    /* Called in handler context at each event, and from whichever call notices that the connection
     * is broken; must not wait. May be NULL. */
    void (*fn)(struct xs_watch *w);
    void *arg; /* the owner's */
};

/* The caller owns w, sets fn and arg before, and keeps it until xs_unwatch has returned. Fires once
 * right after registration (XenStore's rule). */
int xs_watch(struct xs_watch *w, const char *dir, const char *node);
int xs_unwatch(struct xs_watch *w);
/* Waits for events since the last call. 0, -ETIMEDOUT, or -ENOTCONN when the connection is broken
 * (which counts as an event for every watch). */
int xs_watch_wait(struct xs_watch *w, uint64_t deadline);

/* ---- around a suspend (suspend.h) ---- */

/* Waits until nothing is under way (at most some seconds); from now on other threads' calls wait.
 * Thread context; xs_resume must follow. */
void xs_suspend(void);
/* Calls go on. Not cancelled: the connection is a new one; what was still under way is asked again,
 * transactions have ended with a conflict, each watch is registered again and fires once. */
void xs_resume(bool cancelled);

struct xs_stats {
    uint64_t requests, replies, watch_events;
    uint64_t round_trips; /* times a thread waited for an answer */
    uint64_t errors;      /* malformed or unexpected messages */
    /*
     * How much of the guest's way depends on XenStore: calls and waits for a watch that began after
     * the one counted before had ended. One that overlaps with it is not counted, so this is the
     * longest chain of waits of which each can have needed the one before. A call is one wait, an
     * xs_batch also; what a service waits for until it comes is none.
     */
    uint64_t waits;
    uint64_t wait_ns; /* time in which at least one thread was in such a wait */
};

/* Since xs_init; always on. Any context. */
void xs_get_stats(struct xs_stats *out);

/* For those that wait for a watch by other means than the calls here: brackets around what counts
 * as one wait. `before` is what xs_wait_begin returned. */
uint64_t xs_wait_begin(void);
void xs_wait_end(uint64_t before);

#endif
