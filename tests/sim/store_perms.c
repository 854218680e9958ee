/* SPDX-License-Identifier: MIT */
/*
 * Permissions and quotas of the simulated XenStore, as in xenstored (docs/misc/xenstore.txt of Xen;
 * the errors of C xenstored). A node has an owner, who may do everything, permissions of all
 * others, and permissions of single domains. A new node inherits its parent's permissions, but is
 * owned by its creator, unless that is the toolstack. An absent node is ENOENT where the nearest
 * existing directory permits the access, otherwise EACCES; oxenstored answers ENOENT in both cases.
 */
#include "store_private.h"

#include <stdio.h>
#include <stdlib.h>

static bool ocaml;
static unsigned quota[STORE_QUOTAS];

void store_perms_init(bool is_ocaml)
{
    static const unsigned usual[STORE_QUOTAS] = {[QUOTA_NODES] = 1000,
                                                 [QUOTA_WATCHES] = 128,
                                                 [QUOTA_TRANSACTIONS] = 10,
                                                 [QUOTA_BYTES] = 2048};

    ocaml = is_ocaml;
    memcpy(quota, usual, sizeof(quota));
}

unsigned store_quota(enum store_quota which)
{
    return quota[which];
}

unsigned store_limit(enum store_quota which, unsigned n)
{
    unsigned before = quota[which];

    quota[which] = n;
    return before;
}

void store_parse_perms(struct perms *p, const char *text)
{
    static const char letter[] = {'n', 'r', 'w', 'b'};
    unsigned n = 0;

    memset(p, 0, sizeof(*p));
    while (*text) {
        const char *may = memchr(letter, *text, sizeof(letter));
        char *end;
        unsigned id = (unsigned)strtoul(text + 1, &end, 10);

        CHECK(may && n <= PERMS_MAX, "simulation: bad permissions: %s", text);
        if (!n++) {
            p->owner = id;
            p->others = (uint8_t)(may - letter);
        } else {
            p->domain[p->count].id = id;
            p->domain[p->count++].may = (uint8_t)(may - letter);
        }
        text = *end ? end + 1 : end;
    }
}

bool store_may(const struct perms *p, unsigned domid, unsigned want)
{
    if (!domid || p->owner == domid)
        return true;
    for (unsigned i = 0; i < p->count; i++)
        if (p->domain[i].id == domid)
            return (p->domain[i].may & want) == want;
    return (p->others & want) == want;
}

const char *store_parent(const char *path)
{
    static char parent[PATH];
    char *slash;

    store_copy_text(parent, path, PATH);
    slash = strrchr(parent, '/');
    if (!slash || slash == parent)
        return NULL;
    *slash = '\0';
    return parent;
}

static bool valid(const char *given, const char *path)
{
    size_t n = strlen(path);

    if (strlen(given) > (given[0] == '/' ? XENSTORE_ABS_PATH_MAX : XENSTORE_REL_PATH_MAX))
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = path[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!letter && c != '-' && c != '_' && c != '@' && c != '/')
            return false;
        if (c == '/' && (path[i + 1] == '/' || (!path[i + 1] && i)))
            return false;
    }
    return n > 0;
}

const char *store_access(const char *given, const char *path, unsigned want)
{
    const struct node *n = store_find(path);
    const char *error;

    if (!valid(given, path))
        return "EINVAL";
    if (n) {
        error = store_may(&n->perms, store_guest_id, want) ? NULL : "EACCES";
    } else {
        while (!n && (path = store_parent(path)))
            n = store_find(path);
        error = n && store_may(&n->perms, store_guest_id, want) ? "ENOENT" : "EACCES";
        if (ocaml && want == MAY_READ)
            error = "ENOENT";
    }
    totals.xs_refused += error && !strcmp(error, "EACCES");
    return error;
}

/* Absent parents of `path` are created, too. */
static unsigned to_be_made(const char *path)
{
    unsigned n = 0;

    while (path && !store_find(path)) {
        n++;
        path = store_parent(path);
    }
    return n;
}

bool store_full(const char *path, size_t len, unsigned made)
{
    bool nodes = store_owned() + made + to_be_made(path) > quota[QUOTA_NODES] && !store_find(path);

    totals.quota_nodes += nodes;
    return nodes || len > quota[QUOTA_BYTES];
}
