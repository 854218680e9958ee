/* SPDX-License-Identifier: MIT */
/*
 * The connection to XenStore: requests are written whole, one thread at a time; answers are taken
 * off the ring in handler context and given to the request with their id. A thread waits only for
 * its own answer, so any number of requests can be in progress.
 */
#include "xs_private.h"

#include <kernel/arch.h>
#include <kernel/xenstore.h>
#include <ringlet/event_channel.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

/* Reads of the ring per event. Each read takes all that was announced before it; a peer that
 * continues writing also continues notifying, and is served again after all other handlers. */
#define READS_PER_EVENT 8

struct xs_connection xs_conn;

static struct xs_parser parser;
static char chunk[XENSTORE_RING_SIZE]; /* handlers do not nest */

void xs_complete(struct xs_request *rq, int ret)
{
    list_del(&rq->link);
    rq->ret = ret;
    rq->done = true;
    rq->epoch = xs_epoch();
    if (rq->watch) /* the thread may not run before a resume, which registers it again */
        rq->watch->registered = ret == 0;
    wake_all(&rq->wq);
    if (list_empty(&xs_conn.requests) && !xs_late_owed())
        wake_all(&xs_conn.quiet);
}

void xs_break(const char *why)
{
    xs_conn.stats.errors++;
    if (xs_conn.broken)
        return;
    xs_conn.broken = true;
    evtchn_mask(xs_conn.port);
    pr_err("XenStore: %s; the connection is given up\n", why);
    while (!list_empty(&xs_conn.requests))
        xs_complete(list_first(&xs_conn.requests, struct xs_request, link), -EPROTO);
    xs_late_reset();
    xs_watch_wake_all();
}

static struct xs_request *find_request(uint32_t id)
{
    list_for_each (pos, &xs_conn.requests) {
        struct xs_request *rq = list_entry(pos, struct xs_request, link);

        if (rq->id == id)
            return rq;
    }
    return NULL;
}

static void take_answer(const struct xsd_sockmsg *hdr, const char *body)
{
    struct xs_request *rq = find_request(hdr->req_id);
    int ret = 0;

    if (!rq) {
        if (xs_late_answer(hdr, body))
            xs_conn.stats.late++;
        else
            xs_conn.stats.errors++;
        return;
    }
    xs_conn.stats.replies++;
    if (hdr->type == XS_ERROR) {
        ret = xs_error_number(body, hdr->len);
        if (ret == -E2BIG && rq->type == XS_WATCH)
            ret = -ENOSPC; /* C xenstored's error for the quota of watches */
    } else if (hdr->type != rq->type) {
        xs_conn.stats.errors++;
        ret = -EPROTO;
    } else if (rq->type == XS_TRANSACTION_START) {
        rq->len = MIN((size_t)hdr->len, sizeof(rq->number)); /* (one that is longer is no number) */
        memcpy(rq->number, body, rq->len);
    } else if (rq->keep) {
        rq->body = heap_strndup(body, hdr->len, MEM_XENSTORE);
        rq->len = hdr->len;
        if (!rq->body)
            ret = -ENOMEM;
    }
    xs_complete(rq, ret);
}

static void take_message(const struct xsd_sockmsg *hdr, const char *body)
{
    const char *token;

    xs_late_heard();
    if (hdr->type != XS_WATCH_EVENT) {
        take_answer(hdr, body);
        return;
    }
    token = xs_event_token(body, hdr->len);
    if (token && xs_watch_fire(token, body))
        xs_conn.stats.watch_events++;
    else
        xs_conn.stats.errors++;
}

static int take_bytes(const char *data, size_t len)
{
    while (len) {
        size_t used;
        int ret = xs_parser_feed(&parser, data, len, &used);

        if (ret < 0)
            return ret;
        data += used;
        len -= used;
        if (ret) {
            take_message(&parser.hdr, parser.body);
            xs_parser_reset(&parser);
        }
    }
    return 0;
}

/* Reads the bytes that have arrived; false when there were none. */
static bool receive(void)
{
    for (unsigned i = 0; i < READS_PER_EVENT; i++) {
        bool notify;
        int len = xs_ring_read(&xs_conn.ring, chunk, sizeof(chunk), &notify);

        if (len < 0) {
            xs_break("the ring's indexes make no sense");
            return true;
        }
        if (notify)
            evtchn_notify(xs_conn.port);
        if (take_bytes(chunk, (size_t)len)) {
            xs_break("a message is longer than 4096 bytes");
            return true;
        }
        if (len == 0)
            return i > 0;
    }
    return true;
}

static bool ring_event(evtchn_port_t port, void *arg)
{
    bool writer = !list_empty(&xs_conn.space.waiters);
    bool received = receive();

    (void)port;
    (void)arg;
    wake_all(&xs_conn.space); /* there may be space now, or the connection may be broken */
    return received || writer;
}

bool xs_broken(void)
{
    return !xs_conn.up || xs_conn.broken;
}

/* Writes as fast as the peer makes space. The bytes written before an error: -EPROTO, or
 * -ETIMEDOUT at the thread's deadline. */
static size_t write_bytes(const char *data, size_t len, int *err)
{
    size_t done = 0;

    *err = 0;
    while (done < len) {
        int n = xs_ring_write(&xs_conn.ring, data + done, len - done);

        if (n < 0) {
            xs_break("the ring's indexes make no sense");
            *err = -EPROTO;
            break;
        }
        done += (size_t)n;
        if (n)
            continue;
        /* The reader must be notified of the bytes in the ring before it can make space. */
        evtchn_notify(xs_conn.port);
        xs_block_begin();
        *err = wait_on_own(&xs_conn.space);
        xs_block_end();
        if (xs_conn.broken)
            *err = -EPROTO;
        if (*err)
            break;
    }
    return done;
}

int xs_write_rest(void)
{
    int ret;

    if (!xs_conn.rest)
        return 0;
    xs_conn.rest_at +=
        write_bytes(xs_conn.rest + xs_conn.rest_at, xs_conn.rest_len - xs_conn.rest_at, &ret);
    if (xs_conn.rest_at == xs_conn.rest_len || ret == -EPROTO)
        xs_drop_rest();
    return ret;
}

void xs_drop_rest(void)
{
    heap_free(xs_conn.rest);
    xs_conn.rest = NULL;
}

/* Stores a message from byte `at` of part `i` on. 0 or -ENOMEM. */
static int keep_rest(const struct xs_part *parts, unsigned count, unsigned i, size_t at)
{
    size_t len = 0;

    for (unsigned k = i; k < count; k++)
        len += parts[k].len;
    xs_conn.rest = heap_alloc(len - at, MEM_XENSTORE);
    if (!xs_conn.rest)
        return -ENOMEM;
    xs_conn.rest_len = xs_conn.rest_at = 0;
    for (; i < count; i++, at = 0) {
        memcpy(xs_conn.rest + xs_conn.rest_len, (const char *)parts[i].data + at,
               parts[i].len - at);
        xs_conn.rest_len += parts[i].len - at;
    }
    return 0;
}

/* The header and all parts. Returns the number of parts. */
static unsigned message_parts(const struct xs_request *rq, struct xsd_sockmsg *hdr,
                              struct xs_part parts[XS_PARTS_MAX + 1])
{
    *hdr = (struct xsd_sockmsg){
        .type = rq->type, .req_id = rq->id, .tx_id = (uint32_t)rq->transaction};
    parts[0] = (struct xs_part){hdr, sizeof(*hdr)};
    for (unsigned i = 0; i < rq->part_count; i++) {
        hdr->len += (uint32_t)rq->parts[i].len;
        parts[i + 1] = rq->parts[i];
    }
    return rq->part_count + 1;
}

int xs_keep_message(const struct xs_request *rq)
{
    struct xsd_sockmsg hdr;
    struct xs_part parts[XS_PARTS_MAX + 1];
    const unsigned count = message_parts(rq, &hdr, parts);

    return keep_rest(parts, count, 0, 0);
}

int xs_write_message(const struct xs_request *rq)
{
    struct xsd_sockmsg hdr;
    struct xs_part parts[XS_PARTS_MAX + 1];
    const unsigned count = message_parts(rq, &hdr, parts);
    int ret = xs_write_rest();

    for (unsigned i = 0; i < count && !ret; i++) {
        size_t done = write_bytes(parts[i].data, parts[i].len, &ret);

        if (ret == -ETIMEDOUT && (i || done)) {
            /* XenStore waits for the whole of a message that was begun */
            ret = keep_rest(parts, count, i, done);
            if (ret) {
                xs_break("a message cannot be ended for want of memory");
                ret = -EPROTO;
            }
            break;
        }
    }
    if (!rq->more)
        evtchn_notify(xs_conn.port);
    return ret;
}

int xs_write_request(struct xs_request *rq)
{
    int ret = xs_write_message(rq);

    if (ret == -ETIMEDOUT)
        xs_complete(rq, ret);
    return ret;
}

xs_transaction_t xs_epoch(void)
{
    return (xs_transaction_t)xs_conn.epoch << 32;
}

bool xs_transaction_void(xs_transaction_t t)
{
    return t != XS_NO_TRANSACTION && t >> 32 != xs_conn.epoch;
}

unsigned xs_path_parts(struct xs_part *parts, const char *dir, const char *node)
{
    unsigned n = 0;

    parts[n++] = (struct xs_part){dir, strlen(dir)};
    if (node) {
        parts[n++] = (struct xs_part){"/", 1};
        parts[n++] = (struct xs_part){node, strlen(node)};
    }
    parts[n++] = (struct xs_part){"", 1};
    return n;
}

void xs_enlist(struct xs_request *rq, uint32_t type, xs_transaction_t t,
               const struct xs_part *parts, unsigned count)
{
    rq->type = type;
    rq->transaction = t;
    memcpy(rq->parts, parts, count * sizeof(*parts));
    rq->part_count = count;
    rq->id = xs_conn.next_id++;
    rq->done = false;
    rq->ret = 0;
    rq->body = NULL;
    rq->len = 0;
    wait_queue_init(&rq->wq);
    list_add_tail(&xs_conn.requests, &rq->link);
    xs_conn.stats.requests++;
}

int xs_send(struct xs_request *rq, uint32_t type, xs_transaction_t t, const struct xs_part *parts,
            unsigned count)
{
    size_t len = 0;
    int ret;

    if (in_handler())
        return -EDEADLK;
    if (xs_broken())
        return -ENOTCONN;
    for (unsigned i = 0; i < count; i++)
        len += parts[i].len;
    if (len > XENSTORE_PAYLOAD_MAX || count > XS_PARTS_MAX)
        return -E2BIG;
    ret = mutex_lock_own(&xs_conn.sending);
    if (ret)
        return ret;
    if (xs_conn.broken) {
        mutex_unlock(&xs_conn.sending);
        return -ENOTCONN;
    }
    if (xs_transaction_void(t)) { /* now, as the mutex may be held until a resume */
        mutex_unlock(&xs_conn.sending);
        return -EAGAIN;
    }
    ret = xs_late_undo();
    if (!ret) {
        xs_enlist(rq, type, t, parts, count);
        ret = xs_write_request(rq); /* an error has completed and unlinked rq too */
    }
    mutex_unlock(&xs_conn.sending);
    return ret;
}

int xs_finish(struct xs_request *rq)
{
    if (!rq->done) {
        xs_conn.stats.round_trips++;
        xs_block_begin();
        wait_event_own(&rq->wq, rq->done);
        xs_block_end();
    }
    if (!rq->done) {
        xs_conn.stats.given_up++;
        xs_late_add(rq);
        xs_complete(rq, -ETIMEDOUT);
    }
    return rq->ret;
}

int xs_call(uint32_t type, xs_transaction_t t, const struct xs_part *parts, unsigned count,
            char **body, size_t *len)
{
    struct xs_request rq = {.keep = body != NULL};
    const uint64_t before = xs_chain();
    int ret = xs_send(&rq, type, t, parts, count);

    if (!ret) {
        ret = xs_finish(&rq);
        xs_chain_add(before);
    } else if (ret == -ETIMEDOUT) {
        xs_late_unsent(type, t, parts, count);
    }
    if (body) {
        *body = rq.body;
        if (len)
            *len = rq.len;
    }
    return ret;
}

int xs_attach(void)
{
    int ret;

    xs_parser_reset(&parser);
    if (!boot_info.xenstore || !boot_info.xenstore_port)
        return -ENOTCONN;
    xs_ring_init(&xs_conn.ring, boot_info.xenstore);
    xs_conn.port = boot_info.xenstore_port;
    ret = evtchn_bind_existing(xs_conn.port, ring_event, NULL);
    return ret ? ret : evtchn_unmask(xs_conn.port);
}

int xs_init(void)
{
    int ret;

    memset(&xs_conn, 0, sizeof(xs_conn));
    list_init(&xs_conn.requests);
    mutex_init(&xs_conn.sending);
    wait_queue_init(&xs_conn.space);
    wait_queue_init(&xs_conn.quiet);
    xs_late_init();
    xs_watch_init();
    ret = xs_attach();
    xs_conn.up = ret == 0;
    return ret;
}
