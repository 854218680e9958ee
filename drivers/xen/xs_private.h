/* SPDX-License-Identifier: MIT */
/*
 * Internals of the XenStore client. From the bottom up: the byte ring (xs_ring.c), messages from
 * bytes (xs_message.c), requests and their answers (xs_connection.c); xenstore.c, xs_list.c,
 * xs_batch.c, xs_number.c, xs_watch.c and xs_watch_shared.c are the calls of xenstore.h; xs_late.c
 * has the requests that timed out; xs_stats.c counts waits. Ring and messages have no global state,
 * so that a test or a fuzzer can call them with any input.
 */
#ifndef RINGLET_XS_PRIVATE_H
#define RINGLET_XS_PRIVATE_H

#include <kernel/xenstore.h>
#include <xen/io/xs_wire.h>

/* ---- xs_ring.c: bytes to and from the shared page ---- */

/* The client's own indexes are stored here and never read back from the page. */
struct xs_ring {
    struct xenstore_domain_interface *intf;
    uint32_t req_prod, rsp_cons;
};

/* Drops bytes that an earlier user of the page did not read. */
void xs_ring_init(struct xs_ring *r, struct xenstore_domain_interface *intf);
/* The number of bytes taken, 0..len; -EPROTO: the other side's index is invalid. */
int xs_ring_write(struct xs_ring *r, const void *data, size_t len);
/* The number of bytes got, 0..size; -EPROTO. *notify: the ring was full, its writer may wait. */
int xs_ring_read(struct xs_ring *r, void *buf, size_t size, bool *notify);

/* ---- xs_message.c: messages out of bytes ---- */

struct xs_parser {
    struct xsd_sockmsg hdr; /* complete when have >= sizeof(hdr) */
    size_t have;            /* bytes of header and body so far */
    char body[XENSTORE_PAYLOAD_MAX + 1];
};

void xs_parser_reset(struct xs_parser *p);
/*
 * Takes bytes up to the end of one message; *used is their number. 1: the message is complete (hdr,
 * and body with a NUL behind it) until the next reset; 0: more is needed; -EPROTO: a length over
 * XENSTORE_PAYLOAD_MAX.
 */
int xs_parser_feed(struct xs_parser *p, const char *data, size_t len, size_t *used);

/* The -errno for XS_ERROR's text, -EIO for one that is not known. */
int xs_error_number(const char *text, size_t len);
/* The token of an XS_WATCH_EVENT, NULL when the body is not "path NUL token NUL"; then body itself
 * is the path. */
const char *xs_event_token(const char *body, size_t len);

/* ---- xs_connection.c: requests and their answers ---- */

struct xs_part {
    const void *data;
    size_t len;
};

/* Parts a path needs: dir, "/", node, NUL. */
#define XS_PATH_PARTS 4
unsigned xs_path_parts(struct xs_part *parts, const char *dir, const char *node);

/* At most: a path and a value. */
#define XS_PARTS_MAX (XS_PATH_PARTS + 1)

struct xs_request {
    struct list link; /* in the list of requests in progress */
    uint32_t id, type;
    xs_transaction_t transaction;
    struct xs_part parts[XS_PARTS_MAX]; /* resubmitted after a resume */
    unsigned part_count;
    bool done;
    bool unsent;            /* not sent again yet since the domain was resumed */
    bool keep;              /* in: the caller needs the answer's body */
    bool more;              /* in: others follow, and the last of them is announced */
    struct xs_watch *watch; /* in: the watch that it registers; NULL: none */
    xs_transaction_t epoch; /* out: xs_epoch() of the answer */
    int ret;                /* 0 or -errno */
    char *body;             /* heap, with a NUL behind it */
    size_t len;
    char number[24]; /* the answer to TRANSACTION_START: taken without memory, so that it can end */
    struct wait_queue wq;
};

/* Shared by xs_connection.c and xs_resume.c. */
struct xs_connection {
    struct xs_ring ring;
    evtchn_port_t port;
    bool up, broken;
    bool suspended; /* `sending` is held for that */
    uint32_t next_id;
    uint32_t epoch;       /* how often the domain was resumed */
    struct list requests; /* in progress, oldest first */
    /* The unwritten rest of a message that was begun when its thread's deadline passed. */
    char *rest;
    size_t rest_len, rest_at;
    struct mutex sending; /* held while a message is written, and while the domain is suspended */
    struct wait_queue space;
    struct wait_queue quiet; /* woken when the last request is answered */
    struct xs_stats stats;
    unsigned blocked; /* threads that wait for XenStore now */
    uint64_t blocked_since;
};

extern struct xs_connection xs_conn;

/* A new ring and port, nothing received. 0 or evtchn_bind_existing's error. */
int xs_attach(void);
/* Adds rq to the requests in progress, with room for its parts. */
void xs_enlist(struct xs_request *rq, uint32_t type, xs_transaction_t t,
               const struct xs_part *parts, unsigned count);
/* Writes it; conn.sending is held. 0, or -EPROTO or -ETIMEDOUT, which has completed rq. */
int xs_write_request(struct xs_request *rq);
/* The same for a request that is in no list. -ETIMEDOUT: no byte of it was written. A request
 * that was begun is 0: the bytes without space are written before the next one. */
int xs_write_message(const struct xs_request *rq);
/* Writes the rest of a message that was begun. 0, -EPROTO or -ETIMEDOUT. */
int xs_write_rest(void);
/* Stores a copy of rq's message for xs_write_rest(), so that rq may complete before it is written.
 * No rest may be left from before. 0 or -ENOMEM. */
int xs_keep_message(const struct xs_request *rq);
/* The connection is not read any more. */
void xs_drop_rest(void);
/* Completes a request in progress. */
void xs_complete(struct xs_request *rq, int ret);
void xs_break(const char *why);

/* Writes a request, waiting for space until the thread's deadline. 0: it is in progress, and rq
 * and the data of parts must stay until xs_finish(rq); otherwise nothing was sent. */
int xs_send(struct xs_request *rq, uint32_t type, xs_transaction_t t, const struct xs_part *parts,
            unsigned count);
/* Waits for the answer until the thread's deadline. rq->ret. */
int xs_finish(struct xs_request *rq);
/* Both; *body (the caller frees it) and *len only when body is not NULL. */
int xs_call(uint32_t type, xs_transaction_t t, const struct xs_part *parts, unsigned count,
            char **body, size_t *len);
bool xs_broken(void);
/* The upper half of a transaction that is begun by an answer now. */
xs_transaction_t xs_epoch(void);
/* The transaction from XS_TRANSACTION_START's answer; epoch: that of the answer, as the
 * transaction has ended if the domain is resumed before the calling thread runs again. 0 or
 * -EPROTO. */
int xs_transaction_begun(xs_transaction_t epoch, const char *body, size_t len, xs_transaction_t *t);
/* Whether the transaction ended because the domain was resumed. */
bool xs_transaction_void(xs_transaction_t t);

/* ---- xs_late.c ---- */

void xs_late_init(void);
/* No answers are outstanding any more, and nothing has to be undone. */
void xs_late_reset(void);
/* rq has timed out: its answer, if it was sent, will be dropped. */
void xs_late_add(const struct xs_request *rq);
/* No byte of a request was sent before its thread's deadline. XS_UNWATCH and XS_TRANSACTION_END are
 * sent later, as the caller does not repeat them. */
void xs_late_unsent(uint32_t type, xs_transaction_t t, const struct xs_part *parts, unsigned count);
/* Whether this is the answer to one of them. */
bool xs_late_answer(const struct xsd_sockmsg *hdr, const char *body);
/* A message came. */
void xs_late_heard(void);
/* Whether answers are outstanding. conn.quiet is woken when there are none. */
bool xs_late_owed(void);
/* Writes requests that undo the effects of requests that timed out; conn.sending is held. 0 or
 * xs_write_message's error. */
int xs_late_undo(void);

/* ---- xs_stats.c ---- */

/* Bracket each wait of a thread for the other side. */
void xs_block_begin(void);
void xs_block_end(void);
/* Bracket a call that waits any number of times: the value of _chain is passed to _chain_add. */
uint64_t xs_chain(void);
void xs_chain_add(uint64_t before);

/* ---- xs_watch.c ---- */

#define XS_WATCH_PARTS 2

void xs_watch_init(void);
/* Adds w to the watches that can fire, without a request. 0 or -ENOMEM. */
int xs_watch_enlist(struct xs_watch *w, const char *dir, const char *node);
/* Removes w from them. */
void xs_watch_forget(struct xs_watch *w);
/* Records an event for w; not for the watches that share it. */
void xs_watch_event(struct xs_watch *w);
/* Fills the parts of the request that registers w, which can fire from now on. 0 or -ENOMEM; after
 * 0, _settle comes with the request's result. */
int xs_watch_prepare(struct xs_watch *w, const char *dir, const char *node,
                     struct xs_part parts[XS_WATCH_PARTS]);
void xs_watch_settle(struct xs_watch *w, int ret);
/* In handler context: an event about path with this token; false when no watch has it. */
bool xs_watch_fire(const char *token, const char *path);
/* The domain was resumed: registers all watches again. conn.sending is held. A watch may be removed
 * meanwhile, when the deadline of its owner passes. */
void xs_watch_resume(void);
/* The connection broke: wakes all waiters for watches. */
void xs_watch_wake_all(void);

/* ---- xs_watch_shared.c ---- */

/* Whether an event about `path` concerns w, which shares `of`. */
bool xs_watch_concerned(const struct xs_watch *w, const struct xs_watch *of, const char *path);
/* xs_unwatch for a watch that shares. */
int xs_unwatch_shared(struct xs_watch *w);

#endif
