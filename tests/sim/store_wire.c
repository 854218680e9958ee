/* SPDX-License-Identifier: MIT */
/* XenStore's messages: requests off the ring, answers that come late and in pieces. */
#include "store_private.h"

#include <stdio.h>

#define QUEUE (128 * 1024)

static char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1];
static size_t in_len;
static char out[QUEUE];
static size_t out_first, out_last;
static uint64_t out_due; /* when the oldest answer may go */
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

static const char *serve(const struct xsd_sockmsg *hdr, const char *body)
{
    static char path[PATH], text[4096];
    const char *rest = body + strnlen(body, hdr->len) + 1;
    size_t rest_len = hdr->len - MIN((size_t)(rest - body), (size_t)hdr->len);
    struct transaction *t = store_transaction(hdr->tx_id);
    const char *error;

    if (hdr->tx_id && !t)
        return "ENOENT";
    if (hdr->type != XS_TRANSACTION_END)
        absolute(path, body);
    switch (hdr->type) {
    case XS_READ:
        return store_read(t, hdr, path);
    case XS_WRITE:
        if (t)
            store_change(t, path, rest, rest_len);
        ok(hdr);
        if (!t)
            store_put(path, rest, rest_len);
        return NULL;
    case XS_RM:
        if (!store_find(path))
            return "ENOENT";
        if (t)
            store_change(t, path, NULL, 0);
        else
            store_unset(path);
        ok(hdr);
        return NULL;
    case XS_DIRECTORY:
        store_message(XS_DIRECTORY, hdr->req_id, hdr->tx_id, text,
                      store_list(path, text, sizeof(text)));
        return NULL;
    case XS_TRANSACTION_START:
        store_message(XS_TRANSACTION_START, hdr->req_id, 0, text,
                      (size_t)snprintf(text, sizeof(text), "%u", store_begin()) + 1);
        return NULL;
    case XS_TRANSACTION_END:
        error = t ? store_end(t, body[0] == 'T') : "ENOENT";
        if (!error)
            ok(hdr);
        return error;
    case XS_WATCH:
        store_add_watch(path, body, rest);
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

static void run(struct actor *a)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    bool moved = receive(options.portion);

    moved |= transmit(options.portion);
    if (moved)
        sim_raise(boot_info.xenstore_port, 500);
    if (x->req_cons != x->req_prod)
        actor_wake(a, 0);
    /* with a full ring the guest's notification comes when it has read */
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
    in_len = out_first = out_last = 0;
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
    if (one_in(2)) /* what a toolstack does for PVH; a PV domain's page comes with its memory */
        memset(x, 0, sizeof(*x));
    CHECK(sim_bind(&channel, 0, boot_info.xenstore_port), "simulation: XenStore's port");
}
