/* SPDX-License-Identifier: MIT */
/*
 * The connection to XenStore: requests are written whole, one thread at a time; answers are taken
 * off the ring in handler context and given to the request with their id. A thread waits for its
 * own answer only, so any number of requests can be under way.
 */
#include "xs_private.h"

#include <ringlet/arch.h>
#include <ringlet/event_channel.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

/* Times the handler looks at the ring per event. Each look takes all that was announced before it;
 * a peer that goes on writing also goes on notifying, and gets its next turn after everybody else.
 */
#define READS_PER_EVENT 8

static struct {
    struct xs_ring ring;
    evtchn_port_t port;
    bool up, broken;
    uint32_t next_id;
    struct list requests; /* under way, oldest first */
    struct mutex sending; /* held while a message is written */
    struct wait_queue space;
    struct xs_stats stats;
} conn;

static struct xs_parser parser;
static char chunk[XENSTORE_RING_SIZE]; /* handlers do not nest */

static void complete(struct xs_request *rq, int ret)
{
    list_del(&rq->link);
    rq->ret = ret;
    rq->done = true;
    wake_all(&rq->wq);
}

static void break_connection(const char *why)
{
    conn.stats.errors++;
    if (conn.broken)
        return;
    conn.broken = true;
    evtchn_mask(conn.port);
    pr_err("XenStore: %s; the connection is given up\n", why);
    while (!list_empty(&conn.requests))
        complete(list_first(&conn.requests, struct xs_request, link), -EPROTO);
    xs_watch_wake_all();
}

static struct xs_request *find_request(uint32_t id)
{
    list_for_each (pos, &conn.requests) {
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
        conn.stats.errors++;
        return;
    }
    conn.stats.replies++;
    if (hdr->type == XS_ERROR) {
        ret = xs_error_number(body, hdr->len);
    } else if (hdr->type != rq->type) {
        conn.stats.errors++;
        ret = -EPROTO;
    } else if (rq->keep) {
        rq->body = heap_strndup(body, hdr->len, MEM_XENSTORE);
        rq->len = hdr->len;
        if (!rq->body)
            ret = -ENOMEM;
    }
    complete(rq, ret);
}

static void take_message(const struct xsd_sockmsg *hdr, const char *body)
{
    const char *token;

    if (hdr->type != XS_WATCH_EVENT) {
        take_answer(hdr, body);
        return;
    }
    token = xs_event_token(body, hdr->len);
    if (token && xs_watch_fire(token))
        conn.stats.watch_events++;
    else
        conn.stats.errors++;
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

/* Reads what has come; false when there was nothing. */
static bool receive(void)
{
    for (unsigned i = 0; i < READS_PER_EVENT; i++) {
        bool notify;
        int len = xs_ring_read(&conn.ring, chunk, sizeof(chunk), &notify);

        if (len < 0) {
            break_connection("the ring's indexes make no sense");
            return true;
        }
        if (notify)
            evtchn_notify(conn.port);
        if (take_bytes(chunk, (size_t)len)) {
            break_connection("a message is longer than 4096 bytes");
            return true;
        }
        if (len == 0)
            return i > 0;
    }
    return true;
}

static bool ring_event(evtchn_port_t port, void *arg)
{
    bool writer = !list_empty(&conn.space.waiters);
    bool received = receive();

    (void)port;
    (void)arg;
    wake_all(&conn.space); /* there may be space now, or the connection may be broken */
    return received || writer;
}

bool xs_broken(void)
{
    return !conn.up || conn.broken;
}

/* One part of a message; the peer makes space at its own pace. */
static int write_part(const char *data, size_t len)
{
    while (len) {
        int n = xs_ring_write(&conn.ring, data, len);

        if (n < 0) {
            break_connection("the ring's indexes make no sense");
            return -EPROTO;
        }
        if (n == 0) {
            /* The reader must know of what is there before it can make space. */
            evtchn_notify(conn.port);
            wait_on(&conn.space, DEADLINE_NEVER);
            if (conn.broken)
                return -EPROTO;
            continue;
        }
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int write_message(const struct xsd_sockmsg *hdr, const struct xs_part *parts, unsigned count)
{
    int ret = write_part((const char *)hdr, sizeof(*hdr));

    for (unsigned i = 0; i < count && !ret; i++)
        ret = write_part(parts[i].data, parts[i].len);
    evtchn_notify(conn.port);
    return ret;
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

int xs_send(struct xs_request *rq, uint32_t type, xs_transaction_t t, const struct xs_part *parts,
            unsigned count)
{
    struct xsd_sockmsg hdr = {.type = type, .tx_id = t};
    size_t len = 0;
    int ret;

    if (in_handler())
        return -EDEADLK;
    if (xs_broken())
        return -ENOTCONN;
    for (unsigned i = 0; i < count; i++)
        len += parts[i].len;
    if (len > XENSTORE_PAYLOAD_MAX)
        return -E2BIG;
    ret = mutex_lock(&conn.sending);
    if (ret)
        return ret;
    if (conn.broken) {
        mutex_unlock(&conn.sending);
        return -ENOTCONN;
    }
    rq->type = type;
    rq->id = hdr.req_id = conn.next_id++;
    rq->done = false;
    rq->ret = 0;
    rq->body = NULL;
    rq->len = 0;
    wait_queue_init(&rq->wq);
    list_add_tail(&conn.requests, &rq->link);
    conn.stats.requests++;
    hdr.len = (uint32_t)len;
    ret = write_message(&hdr, parts, count);
    mutex_unlock(&conn.sending);
    return ret; /* an error has completed and unlinked rq too */
}

int xs_finish(struct xs_request *rq)
{
    if (!rq->done)
        conn.stats.round_trips++;
    wait_event(&rq->wq, rq->done, DEADLINE_NEVER);
    return rq->ret;
}

int xs_call(uint32_t type, xs_transaction_t t, const struct xs_part *parts, unsigned count,
            char **body, size_t *len)
{
    struct xs_request rq = {.keep = body != NULL};
    int ret = xs_send(&rq, type, t, parts, count);

    if (!ret)
        ret = xs_finish(&rq);
    if (body) {
        *body = rq.body;
        if (len)
            *len = rq.len;
    }
    return ret;
}

int xs_init(void)
{
    int ret;

    memset(&conn, 0, sizeof(conn));
    list_init(&conn.requests);
    mutex_init(&conn.sending);
    wait_queue_init(&conn.space);
    xs_parser_reset(&parser);
    xs_watch_init();
    if (!boot_info.xenstore)
        return -ENOTCONN;
    xs_ring_init(&conn.ring, boot_info.xenstore);
    conn.port = boot_info.xenstore_port;
    ret = evtchn_bind_existing(conn.port, ring_event, NULL);
    if (ret)
        return ret;
    conn.up = true;
    return evtchn_unmask(conn.port);
}

void xs_get_stats(struct xs_stats *out)
{
    *out = conn.stats;
}
