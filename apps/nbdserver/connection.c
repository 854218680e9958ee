/* SPDX-License-Identifier: MIT */
/* The life of a connection, and the client's bytes. */
#include "connection.h"

#include <stdlib.h>
#include <string.h>

#include "connection_private.h"
#include "tls.h"

/* ---- pieces and tasks ---- */

void piece_free(struct connection *c, struct piece *p)
{
    pool_give(&c->share, p);
}

struct task *task_begin(struct connection *c, const struct request *r)
{
    struct task *t = list_first(&c->idle, struct task, link);

    list_del(&t->link);
    *t = (struct task){.connection = c, .r = *r};
    list_init(&t->link);
    list_init(&t->ordered_link);
    list_init(&t->pieces);
    c->tasks++;
    return t;
}

static void count(struct connections *s, const struct request *r)
{
    if (r->type == NBD_CMD_READ) {
        s->reads++;
        s->bytes_read += r->length;
    } else if (r->type == NBD_CMD_WRITE) {
        s->writes++;
        s->bytes_written += r->length;
    } else {
        s->others++;
    }
}

void task_free(struct task *t)
{
    struct connection *c = t->connection;

    count(c->all, &t->r);
    list_del(&t->link);
    list_add_head(&c->idle, &t->link);
    c->tasks--;
}

/* ---- the end ---- */

static void destroy(struct connection *c)
{
    list_del(&c->link);
    list_del(&c->later);
    c->all->count--;
    pool_leave(&c->share);
    if (c->agreed.export)
        c->agreed.export->connections--;
    free(c->negotiation);
    tls_free(c->tls);
    free(c);
}

/* The transport is not called any more. */
static void lose(struct connection *c)
{
    c->state = CONNECTION_LOST;
    write_drop(c);
    read_drop(c);
    output_drop(c);
}

void connection_cut(struct connection *c)
{
    if (c->state == CONNECTION_LOST)
        return;
    c->all->cut++;
    c->transport->abort(c->transport);
    lose(c);
}

void connection_lost(struct connection *c)
{
    if (c->state == CONNECTION_LOST)
        return;
    lose(c);
    connection_advance(c);
}

static bool is_done(const struct connection *c)
{
    return !c->tasks && list_empty(&c->out) && !(c->negotiation && c->negotiation->out_len) &&
           c->acked >= c->queued;
}

static bool in_request(const struct connection *c)
{
    return c->have || c->writing || c->skip;
}

/* True: the connection is not there any more. */
static bool end(struct connection *c)
{
    if (c->all->stopping && c->state == CONNECTION_SERVES && !in_request(c))
        c->state = CONNECTION_ENDS;
    if (c->state == CONNECTION_ENDS && is_done(c)) {
        c->transport->close(c->transport);
        lose(c);
    }
    if (c->state != CONNECTION_LOST || c->tasks || c->in_input)
        return false;
    output_cool(c);
    if (c->share.held)
        return false;
    destroy(c);
    return true;
}

/* Whether connection_input() would take something now. */
static bool takes_input(const struct connection *c)
{
    if (c->state == CONNECTION_NEGOTIATES)
        return !c->negotiation->out_len;
    if (c->state != CONNECTION_SERVES)
        return true;
    if (c->writing && !c->skip)
        return c->filling || pool_has(&c->share, 1);
    return c->have || c->skip || !list_empty(&c->idle);
}

void connection_advance(struct connection *c)
{
    if (c->state != CONNECTION_LOST) {
        output_cool(c);
        read_run(c);
        output_run(c);
    }
    if (end(c))
        return;
    if (c->blocked && !c->in_input && c->state != CONNECTION_LOST && takes_input(c)) {
        c->blocked = false;
        c->transport->resume(c->transport);
    }
}

/* ---- the client's bytes ---- */

/* TLS begins when the answer has been sent. */
static void start_tls(struct connection *c)
{
    struct negotiation *n = c->negotiation;

    if (n->state != NEGOTIATE_TLS || n->out_len)
        return;
    c->tls = tls_open(c->all->identity, c);
    if (!c->tls) {
        connection_cut(c);
        return;
    }
    c->transport = tls_transport(c->tls);
    c->unused = NULL; /* all is copied */
    negotiate_secured(n);
}

/* The handshake is over, one way or the other, when its answers have been sent. */
static void leave_negotiation(struct connection *c)
{
    struct negotiation *n = c->negotiation;

    if (c->state == CONNECTION_LOST || n->state < NEGOTIATE_DONE || n->out_len)
        return;
    c->state = CONNECTION_ENDS;
    if (n->state == NEGOTIATE_DONE && pool_join(&n->agreed.export->disk->pool, &c->share)) {
        c->agreed = n->agreed;
        c->agreed.export->connections++;
        c->state = CONNECTION_SERVES;
    }
    free(n);
    c->negotiation = NULL;
}

static size_t input_negotiation(struct connection *c, const uint8_t *data, size_t len)
{
    const size_t n = negotiate_input(c->negotiation, data, len);

    output_run(c);
    start_tls(c);
    leave_negotiation(c);
    return n;
}

/* The header is complete: the request begins, or is refused. */
static void begin(struct connection *c)
{
    struct request r;
    struct task *t;
    uint32_t error;

    if (!request_parse(c->header, &r) || request_payload(&r) > NBD_PAYLOAD_MAX) {
        connection_cut(c);
        return;
    }
    if (r.type == NBD_CMD_DISC) {
        c->state = CONNECTION_ENDS;
        return;
    }
    error = c->all->stopping ? NBD_ESHUTDOWN : request_check(&r, &c->agreed);
    t = task_begin(c, &r);
    if (error) {
        c->skip = request_payload(&r);
        output_reply(t, error);
    } else if (r.type == NBD_CMD_WRITE) {
        write_begin(t);
    } else if (r.type == NBD_CMD_READ || r.type == NBD_CMD_CACHE) {
        read_begin(t);
        read_run(c);
    } else {
        command_begin(t);
    }
}

static size_t input_header(struct connection *c, const uint8_t *data, size_t len)
{
    const size_t n = MIN(len, (size_t)(REQUEST_BYTES - c->have));

    if (!c->have && list_empty(&c->idle))
        return 0;
    memcpy(c->header + c->have, data, n);
    c->have += (unsigned)n;
    if (c->have == REQUEST_BYTES) {
        c->have = 0;
        begin(c);
    }
    return n;
}

static size_t input_some(struct connection *c, const uint8_t *data, size_t len)
{
    size_t n;

    if (c->state == CONNECTION_NEGOTIATES)
        return input_negotiation(c, data, len);
    if (c->state != CONNECTION_SERVES)
        return len; /* nothing that comes now matters */
    if (c->skip) {
        n = MIN(len, (size_t)c->skip);
        c->skip -= (uint32_t)n;
        return n;
    }
    return c->writing ? write_input(c, data, len) : input_header(c, data, len);
}

size_t connection_take(struct connection *c, const uint8_t *data, size_t len)
{
    const struct tls *tls = c->tls;
    size_t done = 0;

    while (done < len && c->tls == tls) {
        const size_t n = input_some(c, data + done, len - done);

        if (!n) {
            /* something may have ended already that it waits for */
            output_run(c);
            c->blocked = true;
            break;
        }
        done += n;
    }
    c->progress |= done > 0;
    return done;
}

size_t connection_input(struct connection *c, const void *data, size_t len)
{
    size_t n = 0;

    c->in_input++;
    if (!c->tls)
        n = connection_take(c, data, len);
    if (c->tls && n < len)
        n = c->state == CONNECTION_LOST ? len
                                        : n + tls_input(c->tls, (const uint8_t *)data + n, len - n);
    c->in_input--;
    connection_advance(c);
    return n;
}

void connection_acked(struct connection *c, size_t n)
{
    c->progress = true;
    if (c->tls)
        n = tls_acked(c->tls, n);
    output_acked(c, n);
    connection_writable(c);
}

void connection_writable(struct connection *c)
{
    size_t acked = 0;

    if (c->tls && c->state != CONNECTION_LOST)
        acked = tls_acked(c->tls, 0);
    if (acked)
        output_acked(c, acked);
    if (c->state == CONNECTION_NEGOTIATES) {
        output_run(c);
        start_tls(c);
        leave_negotiation(c);
    }
    connection_advance(c);
}

void connection_eof(struct connection *c)
{
    if (c->state >= CONNECTION_ENDS)
        return;
    write_drop(c);
    c->skip = 0;
    c->state = CONNECTION_ENDS;
    connection_advance(c);
}

/* ---- opening ---- */

struct connection *connection_open(struct connections *s, struct transport *transport)
{
    struct connection *c = s->stopping || s->count >= s->max ? NULL : calloc(1, sizeof(*c));

    if (c)
        c->negotiation = malloc(sizeof(*c->negotiation));
    if (!c || !c->negotiation) {
        s->refused++;
        free(c);
        return NULL;
    }
    c->all = s;
    c->transport = transport;
    c->unused = transport->unused;
    list_init(&c->later);
    list_init(&c->idle);
    list_init(&c->reading);
    list_init(&c->ordered);
    list_init(&c->out);
    list_init(&c->held);
    list_init(&c->unacked);
    list_init(&c->cooling);
    list_init(&c->share.link);
    for (unsigned i = 0; i < CONNECTION_TASKS; i++)
        list_add_tail(&c->idle, &c->task[i].link);
    list_add_tail(&s->list, &c->link);
    s->count++;
    s->accepted++;
    negotiate_begin(c->negotiation, &s->exports, s->identity);
    output_run(c);
    return c;
}
