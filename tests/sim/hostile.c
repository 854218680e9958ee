/* SPDX-License-Identifier: MIT */
/* When a hostile backend does what it does, and what becomes of it then (hostile.h). */
#include "backend_ring.h"

const char *const device_state_name[AT_STATES] = {
    "init", "initialised", "idle", "busy", "closing", "closed", "gone",
};

unsigned hostile_ops(void)
{
    return hostile_op_count + hostile_store_count();
}

const char *hostile_name(unsigned op)
{
    return op < hostile_op_count ? hostile_op[op].name : hostile_store_name(op - hostile_op_count);
}

bool hostile_applies(unsigned op, enum device_state at)
{
    return op >= hostile_op_count || hostile_op[op].states >> at & 1;
}

const char *hostile_expected(unsigned op, enum device_state at)
{
    if (op >= hostile_op_count || !(hostile_op[op].fatal >> at & 1))
        return NULL;
    return at == AT_BUSY && hostile_op[op].why ? hostile_op[op].why : "error: xvda: backend";
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

void hostile_begin(struct backend *b, struct hostile *h, unsigned op, enum device_state at)
{
    memset(h, 0, offsetof(struct hostile, extra));
    h->op = op;
    h->at = at;
    b->hostile = h;
    b->mute = false;
}

void hostile_end(struct backend *b)
{
    struct hostile *h = b->hostile;

    while (h->extra_count) {
        h->extra_count--;
        grant_unmap(h->extra[h->extra_count].ref, h->extra[h->extra_count].write);
    }
    backend_disconnect(b);
    b->hostile = NULL;
    b->mute = false;
}

bool hostile_keeps_mappings(const struct backend *b)
{
    return b->hostile->at >= AT_CLOSED && hostile_applies(b->hostile->op, AT_GONE);
}

static void fire(struct backend *b)
{
    struct hostile *h = b->hostile;

    b->aim = b->count ? b->taken[0]->queue : &b->queue[b->queues ? below(b->queues) : 0];
    if (h->op < hostile_op_count) {
        if (!b->mapped && hostile_op[h->op].states != HOSTILE_ANY)
            return; /* the frontend went before there was a ring */
        TRACE("hostile   %s, device %s", hostile_name(h->op), device_state_name[h->at]);
        /* a lie must not be taken back before it was heard */
        h->silent = one_in(3) || hostile_expected(h->op, h->at);
        hostile_op[h->op].fn(b);
    } else {
        TRACE("hostile   %s, device %s", hostile_name(h->op), device_state_name[h->at]);
        hostile_store(b, h->op - hostile_op_count);
    }
    h->fired = true;
    sim_note(h->op, h->at);
    actor_wake(&b->actor, 100);
}

bool hostile_at(struct backend *b, enum device_state at)
{
    if (b->hostile->fired || b->hostile->at != at)
        return false;
    fire(b);
    return b->hostile->state_taken && one_in(2);
}

/* What goes on after the operation. */
static bool afterwards(struct backend *b)
{
    struct hostile *h = b->hostile;

    if (h->storm) {
        h->storm--;
        sim_raise(b->aim->channel.port, 0);
        actor_wake(&b->actor, 20);
    }
    if (h->extra_count && one_in(4)) { /* released late */
        h->extra_count--;
        grant_unmap(h->extra[h->extra_count].ref, h->extra[h->extra_count].write);
        actor_wake(&b->actor, 1000);
    }
    if (h->flaps) {
        h->flaps--;
        hostile_random_state(b);
        actor_wake(&b->actor, 20000);
        if (!h->flaps)
            backend_set_state(b, one_in(2) ? XenbusStateClosed : XenbusStateConnected);
        return true;
    }
    return h->silent;
}

bool hostile_turn(struct backend *b)
{
    struct hostile *h = b->hostile;

    if (h->fired)
        return afterwards(b);
    if (b->state != XenbusStateConnected || !b->mapped)
        return false;
    /* its first requests may come before it has written its state */
    if (h->at != AT_BUSY && b->frontend_state != XenbusStateConnected)
        return false;
    if (h->at == AT_BUSY)
        backend_take(b, 1 + below(8));
    if ((h->at == AT_IDLE && !b->count) || (h->at == AT_BUSY && b->count))
        fire(b);
    return h->fired;
}
