/* SPDX-License-Identifier: MIT */
/* The time of a hostile backend's operation, and the time after it (hostile.h). */
#include "hostile.h"

#include <stdio.h>

const struct hostile_kind *hostile_kind = &hostile_disk;

const char *const device_state_name[AT_STATES] = {
    "init", "initialised", "idle", "busy", "closing", "closed", "gone",
};

unsigned hostile_ops(void)
{
    return hostile_kind->op_count + hostile_store_count();
}

const char *hostile_name(unsigned op)
{
    return op < hostile_kind->op_count ? hostile_kind->op[op].name
                                       : hostile_store_name(op - hostile_kind->op_count);
}

bool hostile_applies(unsigned op, enum device_state at)
{
    return op >= hostile_kind->op_count || hostile_kind->op[op].states >> at & 1;
}

const char *hostile_expected(unsigned op, enum device_state at)
{
    static char text[40];

    if (op >= hostile_kind->op_count || !(hostile_kind->op[op].fatal >> at & 1))
        return NULL;
    if (at == AT_BUSY && hostile_kind->op[op].why)
        return hostile_kind->op[op].why;
    snprintf(text, sizeof(text), "error: %s: backend", hostile_kind->device);
    return text;
}

unsigned hostile_pairs(void)
{
    unsigned n = 0;

    for (unsigned op = 0; op < hostile_ops(); op++) {
        for (unsigned at = 0; at < AT_STATES; at++)
            n += hostile_applies(op, (enum device_state)at);
    }
    return n;
}

void hostile_pair(unsigned n, unsigned *op_out, enum device_state *at_out)
{
    for (unsigned op = 0; op < hostile_ops(); op++) {
        for (unsigned at = 0; at < AT_STATES; at++) {
            if (!hostile_applies(op, (enum device_state)at) || n--)
                continue;
            *op_out = op;
            *at_out = (enum device_state)at;
            return;
        }
    }
}

/* ---- when ---- */

void hostile_begin(struct peer *p, struct hostile *h, unsigned op, enum device_state at)
{
    memset(h, 0, offsetof(struct hostile, extra));
    h->op = op;
    h->at = at;
    p->hostile = h;
    p->mute = false;
}

void hostile_end(struct peer *p)
{
    struct hostile *h = p->hostile;

    while (h->extra_count) {
        h->extra_count--;
        sim_grant_unmap(h->extra[h->extra_count].ref, h->extra[h->extra_count].write);
    }
    p->ops->disconnect(p);
    p->hostile = NULL;
    p->mute = false;
}

bool hostile_keeps_mappings(const struct peer *p)
{
    return p->hostile->at >= AT_CLOSED && hostile_applies(p->hostile->op, AT_GONE);
}

static void fire(struct peer *p)
{
    struct hostile *h = p->hostile;

    p->ops->aim(p);
    if (h->op < hostile_kind->op_count) {
        if (!p->ops->mapped(p) && hostile_kind->op[h->op].states != HOSTILE_ANY)
            return; /* the frontend went before there was a ring */
        TRACE("hostile   %s, device %s", hostile_name(h->op), device_state_name[h->at]);
        /* a lie must not be taken back before it was heard */
        h->silent = one_in(3) || hostile_expected(h->op, h->at);
        hostile_kind->op[h->op].fn(p);
    } else {
        TRACE("hostile   %s, device %s", hostile_name(h->op), device_state_name[h->at]);
        hostile_store(p, h->op - hostile_kind->op_count);
    }
    h->fired = true;
    sim_note(h->op, h->at);
    actor_wake(&p->actor, 100);
}

bool hostile_at(struct peer *p, enum device_state at)
{
    if (p->hostile->fired || p->hostile->at != at)
        return false;
    fire(p);
    return p->hostile->state_taken && one_in(2);
}

/* On a page that is mapped, with its grant ended or not. */
static void scribble(const grant_ref_t *ref)
{
    uint8_t *page = grant_mapped_page(*ref);

    if (page)
        peer_fill(page + below(4000), (uint8_t)below(256), below(96));
}

/* The honest actions after the operation. */
static bool afterwards(struct peer *p)
{
    struct hostile *h = p->hostile;

    if (h->storm) {
        h->storm--;
        p->ops->raise(p);
        actor_wake(&p->actor, 20);
    }
    if (h->writes && h->extra_count) {
        h->writes--;
        scribble(&h->extra[below(h->extra_count)].ref);
        actor_wake(&p->actor, 100);
    }
    if (h->extra_count && !h->writes && one_in(4)) { /* released late */
        h->extra_count--;
        sim_grant_unmap(h->extra[h->extra_count].ref, h->extra[h->extra_count].write);
        actor_wake(&p->actor, 1000);
    }
    if (h->flaps) {
        h->flaps--;
        hostile_random_state(p);
        actor_wake(&p->actor, 20000);
        if (!h->flaps)
            peer_set_state(p, one_in(2) ? XenbusStateClosed : XenbusStateConnected);
        return true;
    }
    return h->silent;
}

bool hostile_turn(struct peer *p)
{
    struct hostile *h = p->hostile;

    if (h->fired)
        return afterwards(p);
    if (p->state != XenbusStateConnected || !p->ops->mapped(p))
        return false;
    /* its first requests may come before it has written its state */
    if (h->at != AT_BUSY && !p->ops->settled(p))
        return false;
    if (h->at == AT_BUSY)
        p->ops->take(p);
    if ((h->at == AT_IDLE && !p->ops->busy(p)) || (h->at == AT_BUSY && p->ops->busy(p)))
        fire(p);
    return h->fired;
}
