/* SPDX-License-Identifier: MIT */
/*
 * Replies on their way: first in `out`, until the transport takes them, then, if they have a buffer, in
 * `unacked`, until the client has acknowledged its last byte.
 */
#include "connection_private.h"

void output_put(struct connection *c, struct out *o, const struct task *t)
{
    const struct task *first = list_first(&c->ordered, struct task, ordered_link);

    list_add_tail(c->stream_open && t != first ? &c->held : &c->out, &o->link);
}

void output_release_held(struct connection *c)
{
    while (!list_empty(&c->held)) {
        struct list *o = c->held.next;

        list_del(o);
        list_add_tail(&c->out, o);
    }
}

void output_reply(struct task *t, uint32_t error)
{
    struct connection *c = t->connection;
    struct out *o = &t->out;

    if (c->state == CONNECTION_LOST) {
        task_free(t);
        return;
    }
    *o = (struct out){.task = t};
    if (!c->agreed.structured)
        o->head_len = (uint8_t)reply_simple(o->head, t->r.cookie, error);
    else if (error)
        o->head_len = (uint8_t)reply_error(o->head, t->r.cookie, error, true);
    else
        o->head_len = (uint8_t)reply_none(o->head, t->r.cookie);
    c->all->errors += error != NBD_OK;
    output_put(c, o, t);
}

/* ---- to the transport ---- */

static bool send(struct connection *c, const void *data, size_t len, bool copy)
{
    if (!c->transport->send(c->transport, data, len, copy))
        return false;
    c->queued += len;
    return true;
}

/* The answers of the handshake, as a whole. */
static bool send_answers(struct connection *c)
{
    struct negotiation *n = c->negotiation;

    if (!n || !n->out_len)
        return true;
    if (c->transport->room(c->transport) < n->out_len || !send(c, n->out, n->out_len, true))
        return false;
    n->out_len = 0;
    return true;
}

/* False: the transport takes no more now. */
static bool send_out(struct connection *c, struct out *o)
{
    if (o->head_len) {
        if (c->transport->room(c->transport) < o->head_len || !send(c, o->head, o->head_len, true))
            return false;
        o->head_len = 0;
    }
    while (o->sent < o->len) {
        const size_t room = c->transport->room(c->transport);
        const size_t n = MIN(room, (size_t)(o->len - o->sent));

        if (!n || !send(c, o->data + o->sent, n, false))
            return false;
        o->sent += (uint32_t)n;
    }
    return true;
}

/* It has been sent. */
static void finish(struct connection *c, struct out *o)
{
    list_del(&o->link);
    if (o->task) {
        task_free(o->task);
    } else if (o->len) {
        o->piece->end = c->queued;
        list_add_tail(&c->unacked, &o->piece->link);
    } else {
        piece_free(c, o->piece);
    }
}

void output_run(struct connection *c)
{
    const uint64_t before = c->queued;
    struct out *o;

    if (c->state == CONNECTION_LOST)
        return;
    if (send_answers(c)) {
        while ((o = list_first(&c->out, struct out, link)) && send_out(c, o))
            finish(c, o);
    }
    if (c->queued != before)
        c->transport->push(c->transport);
}

/* ---- acknowledged ---- */

static bool unused(const struct connection *c, const struct piece *p)
{
    return !c->unused || c->unused(p->data, POOL_BUFFER, c->state == CONNECTION_LOST);
}

void output_cool(struct connection *c)
{
    list_for_each_safe (at, &c->cooling) {
        struct piece *p = list_entry(at, struct piece, link);

        if (!unused(c, p))
            continue;
        list_del(&p->link);
        piece_free(c, p);
    }
}

void output_acked(struct connection *c, size_t n)
{
    struct piece *p;

    c->acked += n;
    while ((p = list_first(&c->unacked, struct piece, link)) && p->end <= c->acked) {
        list_del(&p->link);
        if (unused(c, p))
            piece_free(c, p);
        else
            list_add_tail(&c->cooling, &p->link);
    }
}

static void drop(struct connection *c, struct list *outs)
{
    list_for_each_safe (at, outs) {
        struct out *o = list_entry(at, struct out, link);

        list_del(&o->link);
        if (o->task)
            task_free(o->task);
        else if (o->sent) /* a part of it may be on its way */
            list_add_tail(&c->cooling, &o->piece->link);
        else
            piece_free(c, o->piece);
    }
}

void output_drop(struct connection *c)
{
    drop(c, &c->out);
    drop(c, &c->held);
    while (!list_empty(&c->unacked)) {
        struct list *p = c->unacked.next;

        list_del(p);
        list_add_tail(&c->cooling, p);
    }
}
