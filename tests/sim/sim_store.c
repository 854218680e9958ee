/* SPDX-License-Identifier: MIT */
/*
 * XenStore's nodes: absolute paths, watches by prefix, and transactions that see their own writes
 * and conflict when another client changed a node that they accessed. Permissions and quotas are in
 * store_perms.c, messages in store_wire.c.
 */
#include "store_private.h"

#include <stdio.h>
#include <stdlib.h>

#define NODES        1400
#define WATCHES      140
#define TRANSACTIONS 12
#define CHANGES      320

struct change {
    char path[PATH];
    char *value; /* NULL: removed */
    size_t len;
};

static struct node nodes[NODES];
static unsigned node_count;
static uint64_t changes;
static struct {
    char path[PATH], given[PATH], token[64];
    bool used;
} watches[WATCHES];
static struct transaction {
    uint32_t id; /* 0: free */
    uint64_t begun;
    char touched[CHANGES][PATH];
    bool existed[CHANGES]; /* ... then */
    struct change change[CHANGES];
    unsigned touched_count, change_count;
} transactions[TRANSACTIONS];
static uint32_t next_transaction;

static struct store_options options;

char store_guest[32];
unsigned store_guest_id;
void (*store_changed)(const char *path);

/* ---- nodes ---- */

void store_copy_text(char *to, const char *text, size_t size)
{
    CHECK(strlen(text) < size, "simulation: a long path in XenStore: %s", text);
    memcpy(to, text, strlen(text) + 1);
}

struct node *store_find(const char *path)
{
    size_t n = strlen(path) + 1;

    for (unsigned i = 0; i < node_count; i++) {
        if (!memcmp(nodes[i].path, path, n))
            return &nodes[i];
    }
    return NULL;
}

/* Whether the guest gets an event for a changed node: it may read the node, or its directory. */
static bool heard(const struct node *n)
{
    const char *up = store_parent(n->path);
    const struct node *parent = up ? store_find(up) : NULL;

    return store_may(&n->perms, store_guest_id, MAY_READ) ||
           (parent && store_may(&parent->perms, store_guest_id, MAY_READ));
}

static void fire(const char *path, bool to_guest)
{
    for (unsigned i = 0; i < WATCHES && to_guest; i++) {
        static char body[PATH + 64 + 2];
        size_t n = strlen(watches[i].path), len;

        if (!watches[i].used || strncmp(path, watches[i].path, n) || (path[n] && path[n] != '/'))
            continue;
        len = (size_t)snprintf(body, sizeof(body), "%s", path) + 1;
        len += (size_t)snprintf(body + len, sizeof(body) - len, "%s", watches[i].token) + 1;
        store_message(XS_WATCH_EVENT, 0, 0, body, len);
    }
    if (store_changed)
        store_changed(path);
}

/* A node and its parents; with the parent's permissions, but owned by domid. */
static struct node *make(unsigned domid, const char *path)
{
    struct node *n = store_find(path);
    char name[PATH];
    const char *up;

    if (n)
        return n;
    store_copy_text(name, path, PATH); /* it may be store_parent's */
    up = store_parent(name);
    n = up ? make(domid, up) : NULL;
    if (n)
        n->changed = ++changes; /* its children have changed */
    CHECK(node_count < NODES, "simulation: too many nodes in XenStore");
    nodes[node_count] = (struct node){.perms = n ? n->perms : (struct perms){0}};
    n = &nodes[node_count++];
    store_copy_text(n->path, name, PATH);
    n->value = calloc(1, 1);
    if (!n->value)
        abort();
    if (domid)
        n->perms.owner = domid;
    return n;
}

unsigned store_owned(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < node_count; i++)
        n += nodes[i].perms.owner == store_guest_id;
    return n;
}

void store_set_perms(const char *path, const char *perms)
{
    struct node *n = store_find(path);
    bool before = heard(n);

    store_parse_perms(&n->perms, perms);
    n->changed = ++changes;
    fire(path, before || heard(n));
    /* its children, too, as `xenstore-chmod -r` does */
    for (unsigned i = 0; i < node_count; i++) {
        size_t len = strlen(path);

        if (strncmp(nodes[i].path, path, len) || nodes[i].path[len] != '/')
            continue;
        n = &nodes[i];
        before = heard(n);
        store_parse_perms(&n->perms, perms);
        n->changed = ++changes;
        fire(n->path, before || heard(n));
    }
}

void store_mkdir(const char *path, const char *perms)
{
    struct node *n = make(0, path);
    struct perms want;

    store_parse_perms(&want, perms);
    if (memcmp(&n->perms, &want, sizeof(want)))
        store_set_perms(path, perms);
}

void store_put(unsigned domid, const char *path, const void *value, size_t len)
{
    struct node *n = make(domid, path);

    free(n->value);
    n->value = malloc(len + 1);
    if (!n->value)
        abort();
    memcpy(n->value, value, len);
    n->value[len] = '\0';
    n->len = len;
    n->changed = ++changes;
    TRACE("xenstore  %s = \"%.40s\"", path, n->value);
    sim_note(len, changes);
    fire(path, heard(n));
}

/* The node and all below it. */
bool store_unset(const char *top)
{
    char path[PATH]; /* a watcher may search for others, with join() */
    size_t len = strlen(top);
    struct node *n;
    const char *up;
    bool any = false;

    store_copy_text(path, top, PATH);
    for (unsigned i = 0; i < node_count;) {
        char gone[PATH];
        bool to_guest;

        if (strncmp(nodes[i].path, path, len) ||
            (nodes[i].path[len] && nodes[i].path[len] != '/')) {
            i++;
            continue;
        }
        store_copy_text(gone, nodes[i].path, PATH);
        to_guest = heard(&nodes[i]);
        free(nodes[i].value);
        nodes[i] = nodes[--node_count];
        changes++;
        any = true;
        fire(gone, to_guest); /* watches below it fire, too */
    }
    up = store_parent(path);
    n = any && up ? store_find(up) : NULL;
    if (n)
        n->changed = ++changes;
    if (any)
        TRACE("xenstore  removed %s", path);
    return any;
}

static const char *join(const char *dir, const char *node)
{
    static char path[PATH];

    snprintf(path, sizeof(path), "%s%s%s", dir, node ? "/" : "", node ? node : "");
    return path;
}

void store_set(const char *dir, const char *node, const void *value, size_t len)
{
    store_put(0, join(dir, node), value, len);
}

void store_text(const char *dir, const char *node, const char *text)
{
    store_set(dir, node, text, strlen(text));
}

void store_u64(const char *dir, const char *node, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    store_text(dir, node, text);
}

void store_remove(const char *dir, const char *node)
{
    store_unset(join(dir, node));
}

const char *store_get(const char *dir, const char *node, size_t *len)
{
    struct node *n = store_find(join(dir, node));

    if (len)
        *len = n ? n->len : 0;
    return n ? n->value : NULL;
}

uint64_t store_number(const char *dir, const char *node, uint64_t def)
{
    const char *text = store_get(dir, node, NULL);
    char *end;
    unsigned long long n;

    if (!text || !*text)
        return def;
    n = strtoull(text, &end, 10);
    return *end ? def : n;
}

/* ---- transactions ---- */

struct transaction *store_transaction(uint32_t id)
{
    for (unsigned i = 0; id && i < TRANSACTIONS; i++) {
        if (transactions[i].id == id)
            return &transactions[i];
    }
    return NULL;
}

unsigned store_transactions(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < TRANSACTIONS; i++)
        n += transactions[i].id != 0;
    return n;
}

unsigned store_made(const struct transaction *t)
{
    unsigned n = 0;

    for (unsigned i = 0; t && i < t->change_count; i++)
        n += t->change[i].value && !store_find(t->change[i].path);
    return n;
}

uint32_t store_begin(void)
{
    for (unsigned i = 0; i < TRANSACTIONS && store_transactions() < store_quota(QUOTA_TRANSACTIONS);
         i++) {
        struct transaction *t = &transactions[i];

        if (t->id)
            continue;
        t->touched_count = t->change_count = 0;
        t->begun = changes;
        return t->id = ++next_transaction;
    }
    totals.quota_transactions++;
    return 0;
}

static void touch(struct transaction *t, const char *path)
{
    CHECK(t->touched_count < CHANGES, "simulation: a long transaction");
    t->existed[t->touched_count] = store_find(path) != NULL;
    store_copy_text(t->touched[t->touched_count++], path, PATH);
}

void store_change(struct transaction *t, const char *path, const char *value, size_t len)
{
    struct change *c = &t->change[t->change_count++];

    touch(t, path);
    store_copy_text(c->path, path, PATH);
    c->len = len;
    c->value = NULL;
    if (value) {
        c->value = malloc(len + 1);
        if (!c->value)
            abort();
        memcpy(c->value, value, len);
    }
}

static bool conflicts(const struct transaction *t)
{
    for (unsigned i = 0; i < t->touched_count; i++) {
        const struct node *n = store_find(t->touched[i]);

        if ((n && n->changed > t->begun) || (n != NULL) != t->existed[i])
            return true;
    }
    return options.conflict_in && one_in(options.conflict_in);
}

const char *store_end(struct transaction *t, bool commit)
{
    bool conflict = commit && conflicts(t);

    for (unsigned i = 0; i < t->change_count; i++) {
        struct change *c = &t->change[i];

        if (commit && !conflict && c->value)
            store_put(store_guest_id, c->path, c->value, c->len);
        else if (commit && !conflict)
            store_unset(c->path);
        free(c->value);
    }
    t->id = 0;
    totals.conflicts += conflict;
    return conflict ? "EAGAIN" : NULL;
}

/* ---- requests ---- */

unsigned store_watches(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < WATCHES; i++)
        n += watches[i].used;
    return n;
}

bool store_add_watch(const char *path, const char *given, const char *token)
{
    for (unsigned i = 0; i < WATCHES && store_watches() < store_quota(QUOTA_WATCHES); i++) {
        if (watches[i].used)
            continue;
        watches[i].used = true;
        store_copy_text(watches[i].path, path, PATH);
        store_copy_text(watches[i].given, given, PATH);
        store_copy_text(watches[i].token, token, sizeof(watches[i].token));
        return true;
    }
    totals.quota_watches++;
    return false;
}

const char *store_remove_watch(const char *token)
{
    for (unsigned i = 0; i < WATCHES; i++) {
        if (watches[i].used && !strcmp(watches[i].token, token)) {
            watches[i].used = false;
            return NULL;
        }
    }
    return "ENOENT";
}

size_t store_list(const char *path, char *names, size_t size)
{
    size_t n = strlen(path), len = 0;

    for (unsigned i = 0; i < node_count; i++) {
        const char *child = nodes[i].path + n + 1;
        size_t child_len;
        bool seen = false;

        if (strncmp(nodes[i].path, path, n) || nodes[i].path[n] != '/')
            continue;
        child_len = strcspn(child, "/");
        for (size_t at = 0; at < len; at += strlen(names + at) + 1)
            seen |= strlen(names + at) == child_len && !memcmp(names + at, child, child_len);
        if (seen || len + child_len + 1 > size)
            continue;
        memcpy(names + len, child, child_len);
        names[len + child_len] = '\0';
        len += child_len + 1;
    }
    return len;
}

const char *store_read(struct transaction *t, const struct xsd_sockmsg *hdr, const char *path,
                       const char *absent)
{
    const struct node *n = store_find(path);

    if (t) {
        touch(t, path);
        for (unsigned i = t->change_count; i; i--) {
            const struct change *c = &t->change[i - 1];

            if (strcmp(c->path, path))
                continue;
            if (!c->value)
                return "ENOENT";
            store_message(XS_READ, hdr->req_id, hdr->tx_id, c->value, c->len);
            return NULL;
        }
    }
    if (!n)
        return absent;
    store_message(XS_READ, hdr->req_id, hdr->tx_id, n->value, n->len);
    return NULL;
}

static void begin_as(unsigned domid)
{
    for (unsigned i = 0; i < node_count; i++)
        free(nodes[i].value);
    node_count = 0;
    memset(watches, 0, sizeof(watches));
    store_guest_id = domid;
    snprintf(store_guest, sizeof(store_guest), "/local/domain/%u", domid);
    toolstack_domain();
}

unsigned store_used(enum store_quota which)
{
    return which == QUOTA_NODES     ? store_owned()
           : which == QUOTA_WATCHES ? store_watches()
                                    : store_transactions();
}

void store_new_domain(unsigned domid)
{
    for (unsigned i = 0; i < TRANSACTIONS; i++) {
        if (transactions[i].id)
            store_end(&transactions[i], false);
    }
    begin_as(domid);
    store_wire_new_domain();
}

void store_init(const struct store_options *o)
{
    changes = 0;
    memset(transactions, 0, sizeof(transactions));
    next_transaction = 0;
    options = *o;
    store_wire_init(o);
    store_perms_init(o->ocaml);
    begin_as(3);
}
