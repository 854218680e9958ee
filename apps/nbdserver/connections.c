/* SPDX-License-Identifier: MIT */
/* What concerns all connections. */
#include <string.h>

#include "connection_private.h"

void connections_init(struct connections *s, unsigned max)
{
    memset(s, 0, sizeof(*s));
    list_init(&s->list);
    list_init(&s->exports);
    list_init(&s->later);
    s->max = max;
}

/* Whether it is the client's turn: to complete a handshake or a request, or to take a reply. */
static bool client_owes(const struct connection *c)
{
    if (c->state == CONNECTION_NEGOTIATES || c->acked < c->queued || !list_empty(&c->out))
        return true;
    if (c->blocked)
        return false; /* ours */
    return c->have || c->writing || c->skip;
}

static bool has_patience(struct connection *c, uint64_t now)
{
    const bool progress = c->progress;

    c->progress = false;
    if (!c->opened)
        c->opened = now;
    if (c->state == CONNECTION_NEGOTIATES)
        return now - c->opened < CONNECTION_NEGOTIATION_NS;
    if (progress || !client_owes(c))
        c->since = 0;
    else if (!c->since)
        c->since = now;
    return !c->since || now - c->since < CONNECTION_STALL_NS;
}

void connections_tick(struct connections *s, uint64_t now)
{
    list_for_each_safe (at, &s->list) {
        struct connection *c = list_entry(at, struct connection, link);

        if (c->state != CONNECTION_LOST && !has_patience(c, now))
            connection_cut(c);
        connection_advance(c);
    }
}

void connections_stop(struct connections *s)
{
    s->stopping = true;
    list_for_each_safe (at, &s->list) {
        struct connection *c = list_entry(at, struct connection, link);

        if (c->state == CONNECTION_NEGOTIATES)
            connection_cut(c);
        connection_advance(c);
    }
}

void connections_disk_gone(struct connections *s, struct disk *d)
{
    list_for_each (at, &s->exports) {
        struct export *e = list_entry(at, struct export, link);

        if (e->disk == d)
            e->gone = true;
    }
}

bool connections_are_cooling(const struct connections *s)
{
    list_for_each (at, &s->list) {
        if (!list_empty(&list_entry(at, struct connection, link)->cooling))
            return true;
    }
    return false;
}

void connections_cool(struct connections *s)
{
    list_for_each_safe (at, &s->list) {
        struct connection *c = list_entry(at, struct connection, link);

        if (!list_empty(&c->cooling))
            connection_advance(c);
    }
}

bool connections_negotiating(const struct connections *s)
{
    list_for_each (at, &s->list) {
        if (list_entry(at, struct connection, link)->state == CONNECTION_NEGOTIATES)
            return true;
    }
    return false;
}

void connection_advance_later(struct connection *c)
{
    if (list_empty(&c->later))
        list_add_tail(&c->all->later, &c->later);
}

void connections_run(struct connections *s)
{
    struct connection *c;

    while ((c = list_first(&s->later, struct connection, later))) {
        list_del(&c->later);
        connection_advance(c);
    }
}

void connections_serve(struct pool *p)
{
    struct pool_share *s;

    while ((s = pool_next(p)))
        connection_advance(container_of(s, struct connection, share));
}
