/* SPDX-License-Identifier: MIT */
/*
 * The inside of the XenStore client. From the bottom up: the byte ring (xs_ring.c), messages out of
 * bytes (xs_message.c), requests and their answers (xs_connection.c); xenstore.c, xs_list.c,
 * xs_batch.c, xs_number.c and xs_watch.c are the calls of xenstore.h; xs_waits.c keeps count. Ring
 * and messages keep no state of their own, so that a test or a fuzzer can feed them whatever it
 * likes.
 */
#ifndef RINGLET_XS_PRIVATE_H
#define RINGLET_XS_PRIVATE_H

#include <ringlet/xenstore.h>
#include <xen/io/xs_wire.h>

/* ---- xs_ring.c: bytes to and from the shared page ---- */

/* The indexes that are ours are kept here and never read back from the page. */
struct xs_ring {
    struct xenstore_domain_interface *intf;
    uint32_t req_prod, rsp_cons;
};

/* Drops what an earlier user of the page left unread. */
void xs_ring_init(struct xs_ring *r, struct xenstore_domain_interface *intf);
/* The number of bytes taken, 0..len; -EPROTO: the other side's index makes no sense. */
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
 * Takes bytes up to the end of one message; *used says how many. 1: the message is complete (hdr,
 * and body with a NUL behind it) until the next reset; 0: more is needed; -EPROTO: a length over
 * XENSTORE_PAYLOAD_MAX.
 */
int xs_parser_feed(struct xs_parser *p, const char *data, size_t len, size_t *used);

/* The -errno for XS_ERROR's text, -EIO for one that is not known. */
int xs_error_number(const char *text, size_t len);
/* The token of an XS_WATCH_EVENT, NULL when the body is not "path NUL token NUL". */
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
    struct list link; /* in the list of those under way */
    uint32_t id, type;
    xs_transaction_t transaction;
    struct xs_part parts[XS_PARTS_MAX]; /* to ask again after a resume */
    unsigned part_count;
    bool done;
    bool keep;              /* in: the answer's body is wanted */
    bool more;              /* in: others follow, and the last of them is announced */
    struct xs_watch *watch; /* in: what it registers; NULL: nothing */
    xs_transaction_t epoch; /* out: xs_epoch() of the answer */
    int ret;                /* 0 or -errno */
    char *body;             /* heap, with a NUL behind it */
    size_t len;
    struct wait_queue wq;
};

/* What xs_connection.c and xs_resume.c share. */
struct xs_connection {
    struct xs_ring ring;
    evtchn_port_t port;
    bool up, broken;
    bool suspended; /* `sending` is held for that */
    uint32_t next_id;
    uint32_t epoch;       /* how often the domain was resumed */
    struct list requests; /* under way, oldest first */
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
/* Makes rq one that is under way; with room for its parts. */
void xs_enlist(struct xs_request *rq, uint32_t type, xs_transaction_t t,
               const struct xs_part *parts, unsigned count);
/* Writes it; conn.sending is held. 0, or -EPROTO, which has ended rq. */
int xs_write_request(const struct xs_request *rq);
/* The end of a request under way. */
void xs_complete(struct xs_request *rq, int ret);
void xs_break(const char *why);

/* Writes a request whole, waiting for space. 0: it is under way, and rq and what parts point to
 * must stay until xs_finish(rq); else nothing was sent. */
int xs_send(struct xs_request *rq, uint32_t type, xs_transaction_t t, const struct xs_part *parts,
            unsigned count);
/* Waits for the answer. rq->ret. */
int xs_finish(struct xs_request *rq);
/* Both; *body (the caller frees it) and *len only when body is not NULL. */
int xs_call(uint32_t type, xs_transaction_t t, const struct xs_part *parts, unsigned count,
            char **body, size_t *len);
bool xs_broken(void);
/* The upper half of a transaction whose beginning is answered now. */
xs_transaction_t xs_epoch(void);
/* The transaction that XS_TRANSACTION_START's answer tells of; epoch: when that came, as should the
 * domain be resumed before the asking thread runs again, it has ended. 0 or -EPROTO. */
int xs_transaction_begun(xs_transaction_t epoch, const char *body, size_t len, xs_transaction_t *t);
/* Did the transaction end because the domain was resumed? */
bool xs_transaction_void(xs_transaction_t t);

/* ---- xs_waits.c ---- */

/* Around each wait of a thread for the other side. */
void xs_block_begin(void);
void xs_block_end(void);
/* Around a call that waits, however often: what _chain returned is given to _chain_add. */
uint64_t xs_chain(void);
void xs_chain_add(uint64_t before);

/* ---- xs_watch.c ---- */

#define XS_WATCH_PARTS 2

void xs_watch_init(void);
/* Fills the parts of the request that registers w, which can fire from now on. 0 or -ENOMEM; after
 * 0, _settle comes with the request's result. */
int xs_watch_prepare(struct xs_watch *w, const char *dir, const char *node,
                     struct xs_part parts[XS_WATCH_PARTS]);
void xs_watch_settle(struct xs_watch *w, int ret);
/* In handler context: an event with this token; false when no watch has it. */
bool xs_watch_fire(const char *token);
/* The domain was resumed: registers all that were registered. conn.sending is held, so that none of
 * them can be taken away meanwhile. */
void xs_watch_resume(void);
/* The connection broke: all who wait for a watch. */
void xs_watch_wake_all(void);

#endif
