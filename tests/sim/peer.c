/* SPDX-License-Identifier: MIT */
/* A backend's states, and its reactions to the frontend's changes (peer.h). */
#include "peer.h"

#include "hostile.h"

#include <stdio.h>

static struct peer *peers[4];
static unsigned peer_count;

static bool has_directory(const struct peer *p)
{
    return store_get(p->directory, NULL, NULL);
}

void peer_set_state(struct peer *p, unsigned state)
{
    p->state = state;
    if (!has_directory(p) && !p->hostile) /* it is not created again without permissions */
        return;
    store_u64(p->directory, "state", state);
}

void peer_offer(struct peer *p, const char *key, int value)
{
    if (value == ABSENT)
        store_remove(p->directory, key);
    else
        store_u64(p->directory, key, (unsigned)value);
}

void peer_not_offered(struct peer *p, const char *what)
{
    CHECK(p->hostile || p->returned, "the frontend uses %s that was not offered", what);
    p->not_mine = !p->hostile;
}

void peer_refuse(struct peer *p)
{
    if (p->not_mine || p->returned) /* the frontend may only see that it closes, as any would */
        peer_set_state(p, XenbusStateClosing);
    /* it may have given up meanwhile */
    CHECK(store_number(p->frontend, "state", 0) != p->ops->published || p->hostile || p->returned,
          "the frontend has published keys, and its ring or event channel cannot be used");
}

static void start(struct peer *p)
{
    if (!has_directory(p)) /* it went with the one before */
        toolstack_backend(p->frontend, p->directory, p->domid);
    store_u64(p->directory, "online", 1);
    p->ops->write_offers(p);
    if (!p->hostile || !hostile_at(p, AT_INIT))
        peer_set_state(p, XenbusStateInitWait);
}

static void follow(struct peer *p)
{
    p->frontend_state = (unsigned)store_number(p->frontend, "state", XenbusStateUnknown);
    p->found &= p->frontend_state != XenbusStateInitialising;
    if (!p->present)
        return;
    if (p->frontend_state == p->ops->published && p->state == XenbusStateInitWait) {
        p->ops->connect(p);
        return;
    }
    switch (p->frontend_state) {
    case XenbusStateInitialising:
        if (p->state == XenbusStateClosed)
            p->returned = false;
        if (p->state == XenbusStateClosed || p->state == XenbusStateInitialising)
            start(p);
        break;
    case XenbusStateClosing:
        p->leaving = true;
        if (p->hostile && hostile_at(p, AT_CLOSING))
            break;
        if (p->state != XenbusStateClosed && p->state != XenbusStateClosing)
            peer_set_state(p, XenbusStateClosing);
        break;
    case XenbusStateClosed:
        p->leaving = true;
        if (p->hostile && hostile_at(p, AT_CLOSED))
            break;
        if (!p->hostile || !hostile_keeps_mappings(p))
            p->ops->disconnect(p);
        if (p->state != XenbusStateClosed)
            peer_set_state(p, XenbusStateClosed);
        break;
    default:
        break;
    }
}

/* ---- it goes and comes back ---- */

void peer_die(struct peer *p)
{
    bool returns = p->return_at != NEVER && p->deaths;

    TRACE("backend   %u dies%s", p->devid, p->powerless ? " with its cache" : "");
    p->die_turn = p->detach_turn = 0;
    p->present = false;
    p->leaving = true;
    p->ops->disconnect(p);
    p->state = XenbusStateUnknown;
    store_remove(p->directory, NULL);
    totals.restarts++;
    p->ops->died(p, returns);
    if (!returns)
        return;
    p->return_at = seam_now + below(one_in(4) ? 2000000000 : 2000000);
    actor_wake(&p->actor, p->return_at - seam_now);
}

/* With its present offers, and perhaps as another domain. */
static void come_back(struct peer *p)
{
    p->ops->draw(p);
    p->return_at = 0;
    p->returned = true;
    if (--p->deaths) {
        p->die_turn = 1 + below(one_in(3) ? 20 : 400);
        p->powerless = one_in(2);
    }
    if (one_in(3)) {
        p->domid = p->domid == 7 ? 8 : 7;
        p->ops->take_over(p, true);
    } else {
        p->ops->take_over(p, false);
        p->present = true;
        p->look = true;
        p->found = store_number(p->frontend, "state", 0) == p->ops->published;
        start(p);
    }
    TRACE("backend   %u is back in domain %u", p->devid, p->domid);
    actor_wake(&p->actor, 0);
}

void peer_return(struct peer *p)
{
    p->present = true;
    p->look = true;
    p->state = XenbusStateInitialising;
    store_u64(p->frontend, "state", XenbusStateInitialising);
    start(p);
}

void peer_detach(struct peer *p)
{
    p->leaving = true;
    store_u64(p->directory, "online", 0);
    peer_set_state(p, XenbusStateClosing);
}

/* ---- the actor ---- */

static void run(struct actor *a)
{
    struct peer *p = (struct peer *)a;

    if (!p->present) {
        if (!p->deaths || p->return_at == NEVER)
            return;
        if (seam_now >= p->return_at)
            come_back(p);
        else
            actor_wake(&p->actor, p->return_at - seam_now);
        return;
    }
    if (!has_directory(p) && !p->hostile) { /* the toolstack has removed it: its driver lets go */
        p->leaving = true;
        p->ops->disconnect(p);
        p->state = XenbusStateUnknown;
        return;
    }
    if (p->die_turn && !--p->die_turn) {
        peer_die(p);
        return;
    }
    if (p->detach_turn && !--p->detach_turn)
        peer_detach(p);
    if (p->look) {
        p->look = false;
        follow(p);
    }
    if (p->hostile && hostile_turn(p))
        return;
    if (p->state == XenbusStateConnected && p->ops->mapped(p))
        p->ops->turn(p);
}

static void changed(const char *path)
{
    for (unsigned i = 0; i < peer_count; i++) {
        struct peer *p = peers[i];
        size_t n = strlen(p->frontend);

        if (strncmp(path, p->frontend, n) || strcmp(path + n, "/state"))
            continue;
        p->look = true;
        actor_wake(&p->actor, below(3000));
    }
}

void peer_create(struct peer *p, const struct peer_ops *ops, unsigned devid, domid_t domid,
                 bool visible)
{
    p->actor = (struct actor){.name = "backend", .due = NEVER, .run = run};
    p->ops = ops;
    p->devid = devid;
    p->domid = domid;
    if (!visible)
        return;
    CHECK(peer_count < ARRAY_SIZE(peers), "simulation: too many backends");
    peers[peer_count++] = p;
    store_changed = changed;
    sim_add_actor(&p->actor);
}

void peer_attach(struct peer *p, const char *type)
{
    snprintf(p->frontend, sizeof(p->frontend), "%s/device/%s/%u", store_guest, p->ops->device,
             p->devid);
    snprintf(p->directory, sizeof(p->directory), "/local/domain/%u/backend/%s/%u/%u", p->domid,
             type, store_guest_id, p->devid);
    toolstack_attach(p->frontend, p->directory, p->domid, p->devid);
    peer_return(p);
}
