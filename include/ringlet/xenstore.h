/* SPDX-License-Identifier: MIT */
/*
 * The XenStore client (xen/io/xs_wire.h, docs/misc/xenstore.txt). Requests have their own req_id,
 * so many can be in progress at once: each thread's call waits only for its own answer, and
 * xs_batch sends several before it waits. Thread context unless stated otherwise. Paths are
 * absolute or relative to the domain's own directory, of any length that XenStore accepts (there
 * are no fixed buffers here). All values are written by the peer or the toolstack: use the typed
 * reads.
 *
 * Errors of all calls. XenStore answers by name; C xenstored and oxenstored differ:
 *
 *   -ENOENT           the node is absent
 *   -EACCES           no permission; or the node is absent, and C xenstored does not tell, as the
 *                     nearest existing directory is not readable. Those above our own directory are
 *                     readable, those above a backend's are not: xs_absent() decides.
 *   -EPERM            not permitted for an unprivileged domain
 *   -EINVAL           no path, or one over 2048 (absolute: 3072) bytes
 *   -ENOSPC           a quota: by default 1000 nodes, 2048 bytes in each, 128 watches and 10
 *                     transactions of a domain. (oxenstored's EQUOTA; C xenstored's E2BIG of a watch)
 *   -E2BIG            a message over 4096 bytes, the request or the answer
 *   -EAGAIN           the transaction met a conflict: xs_transaction starts it again
 *   -ENOMEM           in the guest or in xenstored; a retry may help
 *   -ETIMEDOUT        no answer before the thread's deadline (thread_set_deadline): the request may
 *                     have been done, or be done later. A transaction or watch that a late answer
 *                     reports is undone.
 *   -EPROTO           an invalid answer
 *   -ENOTCONN         there is no XenStore, or the connection broke before
 *   -EIO              an error whose name is unknown
 */
#ifndef RINGLET_XENSTORE_H
#define RINGLET_XENSTORE_H

#include <ringlet/list.h>
#include <ringlet/thread.h>
#include <ringlet/xen.h>

/* XenStore's number of the transaction, and in the upper half the number of resumes of the
 * domain before it. */
typedef uint64_t xs_transaction_t;
#define XS_NO_TRANSACTION 0

/* Whether the error of a read in dir means that the node is absent. In another domain's
 * directory, which has an absolute path, a node without read permission counts as absent. */
static inline bool xs_absent(const char *dir, int err)
{
    return err == -ENOENT || (err == -EACCES && dir[0] == '/');
}

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
/* *perms: such a string, in a heap block that the caller frees. */
int xs_get_permissions(xs_transaction_t t, const char *dir, const char *node, char **perms);
int xs_get_domain_path(domid_t domid, char **path);

/*
 * A number in a range. Absent key: *out = def and 0. Malformed or out of [min, max]: *out = def, a
 * warning that names key and value, and -ERANGE or -EINVAL: the caller decides whether that is
 * fatal. Other errors: *out = def.
 */
int xs_read_u64(xs_transaction_t t, const char *dir, const char *node, uint64_t min, uint64_t max,
                uint64_t def, uint64_t *out);

/* For messages: as much of text as fits in buf, with '?' for each byte that is not printable
 * ASCII, so that a value in XenStore cannot start a line on our console. Returns buf. Any
 * context. */
char *xs_printable(const char *text, size_t len, char *buf, size_t size);

/* ---- several at once: all are sent before the first answer is awaited ---- */

struct xs_watch;

struct ratelimit;

/* _BEGIN: t becomes a transaction, for xs_transaction_from; the other fields are not used. */
enum xs_op { XS_OP_READ, XS_OP_WRITE, XS_OP_RM, XS_OP_WATCH, XS_OP_BEGIN };

struct xs_batch_item {
    enum xs_op op;
    const char *dir, *node;
    union {
        const char *text;       /* to write */
        struct xs_watch *watch; /* as xs_watch's; independent of the batch's transaction */
    };
    xs_transaction_t t; /* begun */
    /* limits messages about the value, which another domain wrote; NULL: no limit */
    struct ratelimit *limit;
    char *value; /* read: heap block or NULL; the caller frees it (xs_batch_free) */
    size_t len;
    int ret;
};

/*
 * XenStore executes the items one after the other, in this order: a value read after a key existed
 * at the same time as that key. 0 when all were answered (each item's ret is its result), otherwise
 * the error that prevented it; but a watch whose ret is 0 is registered and a transaction whose ret
 * is 0 has begun.
 */
int xs_batch(xs_transaction_t t, struct xs_batch_item *items, unsigned count);
void xs_batch_free(struct xs_batch_item *items, unsigned count);
/* The number in an item that was read, as xs_read_u64. */
int xs_item_u64(const struct xs_batch_item *item, uint64_t min, uint64_t max, uint64_t def,
                uint64_t *out);

/* ---- transactions ---- */

/*
 * Runs fn(t, arg) in a transaction and commits; after a conflict (-EAGAIN) again, up to 64 times.
 * fn's error aborts and is returned; -ENOSPC also when the domain's quota of transactions was used
 * up for 2 s. A resume of the domain (suspend.h) is a conflict: later calls of fn in that
 * transaction return -EAGAIN.
 */
int xs_transaction(int (*fn)(xs_transaction_t t, void *arg), void *arg);
/* The same with a first attempt in t, which XS_OP_BEGIN has begun, and which has ended
 * afterwards with any result. XS_NO_TRANSACTION: there is none. */
int xs_transaction_from(xs_transaction_t t, int (*fn)(xs_transaction_t t, void *arg), void *arg);
/* Ends t, which is not needed and has changed nothing. XS_NO_TRANSACTION: does nothing. */
void xs_transaction_drop(xs_transaction_t t);

/* ---- watches ---- */

struct xs_watch {
    struct list link;
    char *path; /* as registered */
    char *token;
    struct wait_queue wq;
    uint64_t events; /* fired since registered; merged: an event means "read again" */
    uint64_t seen;
    bool registered;                /* XenStore knows it */
    struct xs_shared_watch *shared; /* of a driver that shares watches; otherwise NULL */
    /* Called in handler context at each event, and by the call that notices that the connection
     * is broken; must not wait. May be NULL. */
    void (*fn)(struct xs_watch *w);
    void *arg; /* the owner's */
};

/* Called in a watch's fn: what has changed, the watched path or one below it, as XenStore has written
 * it. NULL: not known, as the connection broke; and outside of fn. */
const char *xs_watch_path(void);

/* The caller owns w, sets fn and arg before, and must preserve it until xs_unwatch has returned.
 * Fires once right after registration (XenStore's rule). */
int xs_watch(struct xs_watch *w, const char *dir, const char *node);
/* w is the caller's again whatever is returned. -ETIMEDOUT: XenStore hears of it later. */
int xs_unwatch(struct xs_watch *w);
/* Waits for events since the last call. 0, -ETIMEDOUT, or -ENOTCONN when the connection is broken
 * (which counts as an event for every watch). */
int xs_watch_wait(struct xs_watch *w, uint64_t deadline);

struct xs_stats {
    uint64_t requests, replies, watch_events;
    uint64_t round_trips; /* times a thread waited for an answer */
    uint64_t errors;      /* malformed or unexpected messages */
    uint64_t given_up;    /* requests without an answer before their thread's deadline */
    /* answers to these, and to the requests that undid them, which were dropped */
    uint64_t late;
    /*
     * The number of sequential waits for XenStore: calls and waits for a watch that began after the
     * one counted before had ended. A wait that overlaps with it is not counted, so this is the
     * longest chain of waits of which each may have needed the one before. A call is one wait, and
     * so is an xs_batch; a service's wait for events is none.
     */
    uint64_t waits;
    uint64_t wait_ns; /* time in which at least one thread was in such a wait */
};

/* Since xs_init; always on. Any context. */
void xs_get_stats(struct xs_stats *out);

#endif
