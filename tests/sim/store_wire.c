/* SPDX-License-Identifier: MIT */
/* XenStore's messages: requests from the ring, answers that come late and in pieces. */
#include "store_private.h"

#include <stdio.h>

#define QUEUE (128 * 1024)

static char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1];
static size_t in_len;
static char out[QUEUE];
static size_t out_first, out_last;
static uint64_t out_due; /* when the oldest answer may go */
static uint64_t silent_until;
static struct store_options options;
static struct sim_channel channel;
static void run(struct actor *a);
static struct actor actor = {.name = "xenstore", .due = NEVER, .run = run};

/* The guest's relative paths are below its own directory. */
static void absolute(char *to, const char *path)
{
    static char full[4200]; /* small stacks call this */

    if (path[0] == '/')
        snprintf(full, sizeof(full), "%s", path);
    else
        snprintf(full, sizeof(full), "%s/%s", store_guest, path);
    store_copy_text(to, full, PATH);
}

static void put(const void *data, size_t len)
{
    if (out_first == out_last)
        out_first = out_last = 0;
    CHECK(out_last + len <= QUEUE, "simulation: XenStore's queue is full");
    memcpy(out + out_last, data, len);
    out_last += len;
}

void store_message(uint32_t type, uint32_t id, uint32_t tx, const void *body, size_t len)
{
    struct xsd_sockmsg hdr = {.type = type, .req_id = id, .tx_id = tx, .len = (uint32_t)len};

    if (out_first == out_last)
        out_due = seam_now + (options.delay_ns ? below(options.delay_ns) : 0);
    put(&hdr, sizeof(hdr));
    put(body, len);
    actor_wake(&actor, 0);
    totals.xs_messages++;
}

static void ok(const struct xsd_sockmsg *hdr)
{
    store_message(hdr->type, hdr->req_id, hdr->tx_id, "OK", 3);
}

static const char *write(struct transaction *t, const struct xsd_sockmsg *hdr, const char *path,
                         const char *value, size_t len)
{
    if (store_full(path, len, store_made(t)))
        return "ENOSPC"; /* oxenstored: EQUOTA, which is the same to the client */
    if (t)
        store_change(t, path, value, len);
    ok(hdr);
    if (!t)
        store_put(store_guest_id, path, value, len);
    return NULL;
}

/* Removing an absent node is no error where it could have existed. */
static const char *remove_node(struct transaction *t, const struct xsd_sockmsg *hdr,
                               const char *path, bool absent)
{
    const char *up = store_parent(path);

    if (absent && (!up || !store_find(up)))
        return "ENOENT";
    if (t && !absent)
        store_change(t, path, NULL, 0);
    else if (!absent)
        store_unset(path);
    ok(hdr);
    return NULL;
}

static const char *serve(const struct xsd_sockmsg *hdr, const char *body)
{
    static char path[PATH], text[4096];
    const char *rest = body + strnlen(body, hdr->len) + 1;
    size_t rest_len = hdr->len - MIN((size_t)(rest - body), (size_t)hdr->len);
    struct transaction *t = store_transaction(hdr->tx_id);
    const char *error = NULL;
    uint32_t id;

    if (hdr->tx_id && !t)
        return "ENOENT";
    if (hdr->type != XS_TRANSACTION_END && hdr->type != XS_TRANSACTION_START)
        absolute(path, body);
    if (hdr->type == XS_READ || hdr->type == XS_DIRECTORY)
        error = store_access(body, path, MAY_READ);
    if (hdr->type == XS_WRITE || hdr->type == XS_RM)
        error = store_access(body, path, MAY_WRITE);
    if (error && strcmp(error, "ENOENT"))
        return error;
    switch (hdr->type) {
    case XS_READ:
        return store_read(t, hdr, path, error);
    case XS_WRITE:
        return write(t, hdr, path, rest, rest_len);
    case XS_RM:
        return remove_node(t, hdr, path, error != NULL);
    case XS_DIRECTORY:
        if (error)
            return error;
        store_message(XS_DIRECTORY, hdr->req_id, hdr->tx_id, text,
                      store_list(path, text, sizeof(text)));
        return NULL;
    case XS_TRANSACTION_START:
        id = store_begin();
        if (!id)
            return "ENOSPC";
        store_message(XS_TRANSACTION_START, hdr->req_id, 0, text,
                      (size_t)snprintf(text, sizeof(text), "%u", id) + 1);
        return NULL;
    case XS_TRANSACTION_END:
        error = t ? store_end(t, body[0] == 'T') : "ENOENT";
        if (!error)
            ok(hdr);
        return error;
    case XS_WATCH:
        if (!store_add_watch(path, body, rest))
            return "E2BIG"; /* as C xenstored answers */
        ok(hdr);
        store_message(XS_WATCH_EVENT, 0, 0, body, hdr->len);
        return NULL;
    case XS_UNWATCH:
        error = store_remove_watch(rest);
        if (!error)
            ok(hdr);
        return error;
    default:
        return "ENOSYS";
    }
}

static bool receive(unsigned limit)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    bool any = x->req_cons != x->req_prod;

    CHECK(x->req_prod - x->req_cons <= XENSTORE_RING_SIZE, "XenStore's ring was overrun");
    while (x->req_cons != x->req_prod && limit--) {
        struct xsd_sockmsg hdr;
        const char *error;

        in[in_len++] = x->req[MASK_XENSTORE_IDX(x->req_cons)];
        x->req_cons++;
        if (in_len < sizeof(hdr))
            continue;
        memcpy(&hdr, in, sizeof(hdr));
        CHECK(hdr.len <= XENSTORE_PAYLOAD_MAX, "a message of %u bytes to XenStore", hdr.len);
        if (in_len < sizeof(hdr) + hdr.len)
            continue;
        in[in_len] = '\0';
        in_len = 0;
        error = serve(&hdr, in + sizeof(hdr));
        if (error)
            store_message(XS_ERROR, hdr.req_id, hdr.tx_id, error, strlen(error) + 1);
    }
    return any;
}

static bool transmit(unsigned limit)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    size_t room = XENSTORE_RING_SIZE - (x->rsp_prod - x->rsp_cons);
    size_t n = MIN(MIN(room, (size_t)limit), out_last - out_first);

    if (out_due > seam_now)
        return false;
    for (size_t i = 0; i < n; i++)
        x->rsp[MASK_XENSTORE_IDX(x->rsp_prod + i)] = out[out_first + i];
    out_first += n;
    x->rsp_prod += (uint32_t)n;
    return n;
}

void store_silence(uint64_t until)
{
    silent_until = until;
    if (until != NEVER)
        actor_wake(&actor, until > seam_now ? until - seam_now : 0);
    TRACE("xenstore  %s", until ? "stops to answer" : "goes on");
}

static void run(struct actor *a)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    bool moved;

    if (seam_now < silent_until) {
        if (silent_until != NEVER)
            actor_wake(a, silent_until - seam_now);
        return;
    }
    moved = receive(options.portion);
    moved |= transmit(options.portion);
    if (moved)
        sim_raise(boot_info.xenstore_port, 500);
    if (x->req_cons != x->req_prod)
        actor_wake(a, 0);
    /* with a full ring the guest notifies when it has read */
    if (out_first != out_last && x->rsp_prod - x->rsp_cons < XENSTORE_RING_SIZE)
        actor_wake(a, out_due > seam_now ? out_due - seam_now : 0);
}

static void notified(struct sim_channel *c)
{
    (void)c;
    actor_wake(&actor, below(300));
}

void store_wire_init(const struct store_options *o)
{
    in_len = out_first = out_last = silent_until = 0;
    options = *o;
    actor.due = NEVER;
    sim_add_actor(&actor);
    channel.notified = notified;
    CHECK(sim_bind(&channel, 0, boot_info.xenstore_port), "simulation: XenStore's port");
}

void store_wire_new_domain(void)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;

    CHECK(!in_len && x->req_cons == x->req_prod,
          "the domain was stopped in the middle of a message to XenStore");
    out_first = out_last = 0;
    actor.due = NEVER;
    if (one_in(2)) /* as a toolstack does for PVH; a PV domain's page is in its memory */
        memset(x, 0, sizeof(*x));
    CHECK(sim_bind(&channel, 0, boot_info.xenstore_port), "simulation: XenStore's port");
}
