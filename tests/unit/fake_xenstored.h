/* SPDX-License-Identifier: MIT */
/*
 * A small xenstored at the other end of the ring: a flat table of nodes, watches by prefix,
 * transactions that conflict when the test wants it. It runs when the guest is idle (seam_idle).
 *
 * Permissions are those of libxl: the guest owns its own directory (relative paths). Of other
 * domains it may read the directories of its own backends, and nothing else. As their parents are
 * not readable, an absent node there is EACCES, as in C xenstored (oxenstored answers ENOENT:
 * fake.ocaml).
 */
#ifndef RINGLET_TESTS_FAKE_XENSTORED_H
#define RINGLET_TESTS_FAKE_XENSTORED_H

#include "host/seam.h"

#include <kernel/event_channel.h>
#include <kernel/xenstore.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <xen/io/xs_wire.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef FAKE_NODES
#define FAKE_NODES 384
#endif
#define FAKE_WATCHES 32
#define FAKE_QUEUE   (256 * 1024)

struct fake_node {
    char path[3100];
    char value[4096];
    size_t len;
    bool used;
};

static struct {
    struct fake_node nodes[FAKE_NODES];
    struct {
        char path[256], token[64];
        bool used;
    } watches[FAKE_WATCHES];
    /* request being received */
    char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    size_t in_len;
    /* bytes not yet on the ring */
    char out[FAKE_QUEUE];
    size_t out_len;
    /* behaviour */
    bool silent;        /* neither reads nor writes */
    unsigned portion;   /* bytes per turn in each direction; 0 = no limit */
    bool reverse;       /* answers held back and given in reverse order */
    unsigned conflicts; /* transaction ends that still fail with EAGAIN */
    unsigned full;      /* transaction starts that still fail with ENOSPC */
    const char *error;  /* every request gets this error */
    /* or: the error of this one, NULL for none */
    const char *(*refuse)(uint32_t type, const char *body);
    bool ocaml;         /* absent nodes are ENOENT regardless of their parents */
    const char *hidden; /* nodes with this prefix exist, but the guest may not read them */
    /* the guest's quotas; 0: only the table's size. xenstored's are 1000, 128 and, for the bytes
     * of a value, 2048 */
    unsigned quota_nodes, quota_watches, quota_bytes;
    unsigned directory; /* bytes of names in one answer at most; 0 = 4096 */
    unsigned generation;
    bool mangle_type; /* answers of the wrong type */
    /* hook after each request: may change nodes, raise events */
    void (*after)(uint32_t type, const char *body);
    /* counts */
    unsigned requests, starts, ends, aborted;
    uint32_t in_transaction; /* requests that carried a transaction id */
} fake;

static struct {
    char bytes[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    size_t len;
} fake_held[64];
static unsigned fake_held_count;
/* The state at the beginning of the newest transaction; one that fails changes nothing. */
static struct fake_node fake_before[FAKE_NODES];
static bool fake_changing; /* by a request in a transaction */

static inline void fake_copy(char *to, size_t size, const char *text)
{
    if (strlen(text) >= size)
        abort();
    memcpy(to, text, strlen(text) + 1);
}

static inline void fake_bytes(const void *data, size_t len)
{
    if (fake.out_len + len > sizeof(fake.out))
        abort();
    memcpy(fake.out + fake.out_len, data, len);
    fake.out_len += len;
}

/* Any message, well formed or not. */
static inline void fake_message(uint32_t type, uint32_t id, uint32_t tx, const void *body,
                                size_t len)
{
    struct xsd_sockmsg hdr = {.type = type, .req_id = id, .tx_id = tx, .len = (uint32_t)len};

    if (fake.reverse && type != XS_WATCH_EVENT) {
        memcpy(fake_held[fake_held_count].bytes, &hdr, sizeof(hdr));
        memcpy(fake_held[fake_held_count].bytes + sizeof(hdr), body, len);
        fake_held[fake_held_count++].len = sizeof(hdr) + len;
        return;
    }
    fake_bytes(&hdr, sizeof(hdr));
    fake_bytes(body, len);
}

static inline struct fake_node *fake_find_in(struct fake_node *nodes, const char *path)
{
    for (unsigned i = 0; i < FAKE_NODES; i++)
        if (nodes[i].used && strcmp(nodes[i].path, path) == 0)
            return &nodes[i];
    return NULL;
}

/* Relative paths are below the guest's own directory, which is "". */
static inline struct fake_node *fake_find(const char *path)
{
    return fake_find_in(fake.nodes, path);
}

static inline void fake_fire(const char *path)
{
    for (unsigned i = 0; i < FAKE_WATCHES; i++) {
        size_t n = strlen(fake.watches[i].path);
        static char body[4096]; /* small stacks call this */
        size_t len;

        if (!fake.watches[i].used || strncmp(path, fake.watches[i].path, n))
            continue;
        fake_copy(body, sizeof(body), path);
        len = strlen(path) + 1;
        fake_copy(body + len, sizeof(body) - len, fake.watches[i].token);
        len += strlen(body + len) + 1;
        fake_message(XS_WATCH_EVENT, 0, 0, body, len);
    }
}

static inline void fake_put(struct fake_node *nodes, const char *path, const void *value,
                            size_t len)
{
    struct fake_node *n = fake_find_in(nodes, path);

    for (unsigned i = 0; !n && i < FAKE_NODES; i++)
        if (!nodes[i].used)
            n = &nodes[i];
    if (!n)
        abort();
    n->used = true;
    fake_copy(n->path, sizeof(n->path), path);
    memcpy(n->value, value, len);
    n->len = len;
}

static inline void fake_set(const char *path, const void *value, size_t len)
{
    fake_put(fake.nodes, path, value, len);
    if (!fake_changing) /* written outside the transaction: it stays if the transaction fails */
        fake_put(fake_before, path, value, len);
    fake_fire(path);
}

static inline void fake_text(const char *path, const char *value)
{
    fake_set(path, value, strlen(value));
}

static inline void fake_remove(const char *path)
{
    struct fake_node *n = fake_find(path);

    if (n) {
        n->used = false;
        n = fake_changing ? NULL : fake_find_in(fake_before, path);
        if (n)
            n->used = false;
        fake_fire(path);
    }
}

/* A node's value as text; "" when there is none. */
static inline const char *fake_value(const char *path)
{
    static char text[4097];
    struct fake_node *n = fake_find(path);

    memcpy(text, n ? n->value : "", n ? n->len : 0);
    text[n ? n->len : 0] = '\0';
    return text;
}

static inline void fake_watch(const char *path, const char *token, bool add)
{
    for (unsigned i = 0; i < FAKE_WATCHES; i++) {
        if (add && !fake.watches[i].used) {
            fake.watches[i].used = true;
            fake_copy(fake.watches[i].path, sizeof(fake.watches[i].path), path);
            fake_copy(fake.watches[i].token, sizeof(fake.watches[i].token), token);
            return;
        }
        if (!add && fake.watches[i].used && strcmp(fake.watches[i].token, token) == 0) {
            fake.watches[i].used = false;
            return;
        }
    }
    abort();
}

static inline bool fake_watched(const char *token)
{
    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        if (fake.watches[i].used && strcmp(fake.watches[i].token, token) == 0)
            return true;
    return false;
}

/* The names in a directory; their length in bytes. */
static inline size_t fake_names(const char *path, char *names, size_t size)
{
    size_t len = 0, n = strlen(path);

    for (unsigned i = 0; i < FAKE_NODES; i++) {
        const char *rest = fake.nodes[i].path + n + 1;

        if (!fake.nodes[i].used || strncmp(fake.nodes[i].path, path, n) ||
            fake.nodes[i].path[n] != '/' || strchr(rest, '/'))
            continue;
        fake_copy(names + len, size - len, rest);
        len += strlen(rest) + 1;
    }
    return len;
}

static inline void fake_directory(const struct xsd_sockmsg *hdr, const char *path)
{
    static char names[FAKE_NODES * 64];
    size_t len = fake_names(path, names, sizeof(names));

    if (len > (fake.directory ? fake.directory : XENSTORE_PAYLOAD_MAX))
        fake_message(XS_ERROR, hdr->req_id, hdr->tx_id, "E2BIG", 6);
    else
        fake_message(XS_DIRECTORY, hdr->req_id, hdr->tx_id, names, len);
}

/* Whole names from an offset on, as many as fit; a NUL more ends the last part. */
static inline void fake_directory_part(const struct xsd_sockmsg *hdr, const char *path,
                                       const char *offset)
{
    static char names[FAKE_NODES * 64], body[XENSTORE_PAYLOAD_MAX];
    size_t all = fake_names(path, names, sizeof(names)), at = strtoul(offset, NULL, 10);
    size_t max = fake.directory ? fake.directory : sizeof(body);
    size_t len = (size_t)snprintf(body, sizeof(body), "%u", fake.generation) + 1;

    while (at < all && len + strlen(names + at) + 2 <= max) {
        memcpy(body + len, names + at, strlen(names + at) + 1);
        len += strlen(names + at) + 1;
        at += strlen(names + at) + 1;
    }
    if (at >= all)
        body[len++] = '\0';
    fake_message(XS_DIRECTORY_PART, hdr->req_id, hdr->tx_id, body, len);
}

/* ---- permissions and quotas ---- */

/* The length of the backend directory /local/domain/D/backend/TYPE/GUEST/DEVICE that path is in, or
 * of path. */
static inline size_t fake_directory_of(const char *path)
{
    size_t n = 0;

    for (unsigned slashes = 0; path[n]; n++)
        if (path[n] == '/' && ++slashes == 8)
            break;
    return n;
}

static inline bool fake_any_in(const char *path, size_t len)
{
    for (unsigned i = 0; i < FAKE_NODES; i++)
        if (fake.nodes[i].used && !strncmp(fake.nodes[i].path, path, len) &&
            (!fake.nodes[i].path[len] || fake.nodes[i].path[len] == '/'))
            return true;
    return false;
}

/* The error for a guest's read or write of path, or NULL. */
static inline const char *fake_refuses(const char *path, bool write)
{
    if (strlen(path) > (path[0] == '/' ? XENSTORE_ABS_PATH_MAX : XENSTORE_REL_PATH_MAX))
        return "EINVAL";
    if (fake.hidden && !strncmp(path, fake.hidden, strlen(fake.hidden)))
        return "EACCES";
    if (path[0] != '/')
        return NULL;
    if (write)
        return "EACCES";
    if (fake_any_in(path, fake_directory_of(path)))
        return NULL;
    return fake.ocaml ? "ENOENT" : "EACCES";
}

/* C xenstored's error when a quota of the guest is used up. */
static inline const char *fake_quota(const struct xsd_sockmsg *hdr, const char *path, size_t len)
{
    unsigned nodes = 0, used = 0;

    for (unsigned i = 0; i < FAKE_NODES; i++)
        nodes += fake.nodes[i].used && fake.nodes[i].path[0] != '/';
    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        used += fake.watches[i].used;
    if (hdr->type == XS_WATCH && fake.quota_watches && used >= fake.quota_watches)
        return "E2BIG";
    if (hdr->type != XS_WRITE)
        return NULL;
    if (fake.quota_bytes && len > fake.quota_bytes)
        return "ENOSPC";
    return fake.quota_nodes && !fake_find(path) && nodes >= fake.quota_nodes ? "ENOSPC" : NULL;
}

static inline const char *fake_permits(const struct xsd_sockmsg *hdr, const char *path)
{
    switch (hdr->type) {
    case XS_READ:
    case XS_DIRECTORY:
    case XS_DIRECTORY_PART:
        return fake_refuses(path, false);
    case XS_WRITE:
    case XS_MKDIR:
    case XS_RM:
    case XS_SET_PERMS:
        return fake_refuses(path, true);
    default:
        return NULL;
    }
}

static inline void fake_request(const struct xsd_sockmsg *hdr, const char *body)
{
    const char *path = body, *error = fake.error;
    const char *rest = body + strnlen(body, hdr->len) + 1;
    uint32_t type = fake.mangle_type ? hdr->type + 1 : hdr->type;
    struct fake_node *n;

    fake.requests++;
    fake.in_transaction += hdr->tx_id != 0;
    if (!error && fake.refuse)
        error = fake.refuse(hdr->type, body);
    if (!error)
        error = fake_permits(hdr, path);
    if (!error)
        error = fake_quota(hdr, path, hdr->len - MIN((size_t)(rest - body), (size_t)hdr->len));
    if (!error && (hdr->type == XS_READ || hdr->type == XS_RM) && !fake_find(path))
        error = "ENOENT";
    if (!error && hdr->type == XS_UNWATCH && !fake_watched(rest))
        error = "ENOENT";
    if (!error && hdr->type == XS_TRANSACTION_END && body[0] == 'T' && fake.conflicts) {
        fake.conflicts--;
        error = "EAGAIN";
    }
    if (!error && hdr->type == XS_TRANSACTION_START && fake.full) {
        fake.full--;
        error = "ENOSPC";
    }
    fake.starts += hdr->type == XS_TRANSACTION_START && !error;
    fake.ends += hdr->type == XS_TRANSACTION_END;
    if (hdr->type == XS_TRANSACTION_START)
        memcpy(fake_before, fake.nodes, sizeof(fake_before));
    if (hdr->type == XS_TRANSACTION_END && (error || body[0] == 'F'))
        memcpy(fake.nodes, fake_before, sizeof(fake_before));
    if (error) {
        fake_message(XS_ERROR, hdr->req_id, hdr->tx_id, error, strlen(error) + 1);
        return;
    }
    switch (hdr->type) {
    case XS_READ:
        n = fake_find(path);
        fake_message(type, hdr->req_id, hdr->tx_id, n->value, n->len);
        break;
    case XS_DIRECTORY:
        fake_directory(hdr, path);
        break;
    case XS_DIRECTORY_PART:
        fake_directory_part(hdr, path, rest);
        break;
    case XS_TRANSACTION_START:
        fake_message(type, hdr->req_id, 0, "4711", 5);
        break;
    case XS_GET_PERMS:
        fake_message(type, hdr->req_id, hdr->tx_id, "n0\0r5\0b17", sizeof("n0\0r5\0b17"));
        break;
    case XS_GET_DOMAIN_PATH:
        fake_message(type, hdr->req_id, 0, "/local/domain/3", 16);
        break;
    default:
        fake_message(type, hdr->req_id, hdr->tx_id, "OK", 3);
        break;
    }
    if (hdr->type == XS_TRANSACTION_END)
        fake.aborted += body[0] == 'F';
    if (hdr->type == XS_WATCH) {
        fake_watch(path, rest, true);
        fake_fire(path);
    }
    if (hdr->type == XS_UNWATCH)
        fake_watch(path, rest, false);
    fake_changing = hdr->tx_id != 0;
    if (hdr->type == XS_WRITE)
        fake_set(path, rest, hdr->len - (size_t)(rest - body));
    if (hdr->type == XS_RM)
        fake_remove(path);
    fake_changing = false;
    if (fake.after)
        fake.after(hdr->type, body);
}

static inline bool fake_receive(unsigned limit)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    unsigned n = 0;

    for (; x->req_cons != x->req_prod && n < limit; n++) {
        const struct xsd_sockmsg *hdr = (const void *)fake.in;
        static char copy[sizeof(fake.in) + 1];

        fake.in[fake.in_len++] = x->req[MASK_XENSTORE_IDX(x->req_cons)];
        x->req_cons++;
        if (fake.in_len < sizeof(*hdr) || fake.in_len < sizeof(*hdr) + hdr->len)
            continue;
        fake.in_len = 0;
        memcpy(copy, fake.in, sizeof(fake.in));
        copy[sizeof(*hdr) + hdr->len] = '\0';
        fake_request((const void *)copy, copy + sizeof(*hdr));
    }
    return n > 0;
}

static inline bool fake_transmit(unsigned limit)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    unsigned n = 0;

    while (n < limit && n < fake.out_len && x->rsp_prod - x->rsp_cons < XENSTORE_RING_SIZE) {
        x->rsp[MASK_XENSTORE_IDX(x->rsp_prod)] = fake.out[n++];
        x->rsp_prod++;
    }
    memmove(fake.out, fake.out + n, fake.out_len - n);
    fake.out_len -= n;
    return n > 0;
}

/* One turn of the daemon. */
static inline void fake_run(void)
{
    unsigned limit = fake.portion ? fake.portion : ~0U;
    bool moved;

    if (fake.silent)
        return;
    moved = fake_receive(limit);
    while (fake_held_count && boot_info.xenstore->req_cons == boot_info.xenstore->req_prod) {
        fake_held_count--;
        fake_bytes(fake_held[fake_held_count].bytes, fake_held[fake_held_count].len);
    }
    if (fake_transmit(limit) || moved)
        seam_raise(boot_info.xenstore_port);
}

static inline int fake_setup(void)
{
    seam_init(8 << 20);
    memset(&fake, 0, sizeof(fake));
    memset(fake_before, 0, sizeof(fake_before));
    fake_held_count = 0;
    seam_idle = fake_run;
    return evtchn_init() || xs_init();
}

#endif
