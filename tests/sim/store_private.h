/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the simulated XenStore. */
#ifndef RINGLET_TESTS_STORE_PRIVATE_H
#define RINGLET_TESTS_STORE_PRIVATE_H

#include "sim.h"

#include <ringlet/xenstore.h>
#include <xen/io/xs_wire.h>

#define PATH 160

enum { MAY_READ = 1, MAY_WRITE = 2 };

#define PERMS_MAX 2

struct perms {
    unsigned owner;
    uint8_t others; /* their permissions */
    unsigned count;
    struct {
        unsigned id;
        uint8_t may;
    } domain[PERMS_MAX];
};

struct node {
    char path[PATH];
    struct perms perms;
    char *value;
    size_t len;
    uint64_t changed;
};

struct transaction;

/* ---- sim_store.c; results that are a text are XenStore's name of an error, NULL: none ---- */

void store_copy_text(char *to, const char *text, size_t size);
struct node *store_find(const char *path);
/* A write by domid; 0: by the toolstack or a backend, regardless of permissions. */
void store_put(unsigned domid, const char *path, const void *value, size_t len);
/* A directory with these permissions ("n3 r7"); its children stay. */
void store_mkdir(const char *path, const char *perms);
void store_set_perms(const char *path, const char *perms);
/* Nodes that the guest owns. */
unsigned store_owned(void);
/* Of the guest's. */
unsigned store_watches(void);
unsigned store_transactions(void);
/* Removes the node and all below it; false when there is none. */
bool store_unset(const char *path);
struct transaction *store_transaction(uint32_t id);
/* 0: there are as many as may be. */
uint32_t store_begin(void);
/* Nodes that it would make. */
unsigned store_made(const struct transaction *t);
const char *store_end(struct transaction *t, bool commit);
/* In a transaction: the node is to have that value, NULL: is to go. */
void store_change(struct transaction *t, const char *path, const char *value, size_t len);
/* false: there are as many as may be. */
bool store_add_watch(const char *path, const char *given, const char *token);
const char *store_remove_watch(const char *token);
/* The names below a node, each with a NUL; their length. */
size_t store_list(const char *path, char *names, size_t size);
/* Answers a read. absent: the error for an absent node. */
const char *store_read(struct transaction *t, const struct xsd_sockmsg *hdr, const char *path,
                       const char *absent);

/* ---- store_perms.c ---- */

void store_perms_init(bool is_ocaml);
unsigned store_quota(enum store_quota which);
void store_parse_perms(struct perms *p, const char *text);
bool store_may(const struct perms *p, unsigned domid, unsigned want);
/* The path of the node's parent; NULL: the root. Valid until the next call. */
const char *store_parent(const char *path);
/* Checks the guest's permission. given: the path in the request. NULL, or the error: no
 * permission, or no node. */
const char *store_access(const char *given, const char *path, unsigned want);
/* Would writing so much be too much for the guest, which has made so many nodes in its transaction? */
bool store_full(const char *path, size_t len, unsigned made);

/* ---- sim_toolstack.c ---- */

/* The guest's domain is made. */
void toolstack_domain(void);

/* ---- store_wire.c ---- */

void store_wire_init(const struct store_options *o);
void store_wire_new_domain(void);
/* Sends to the guest, after the messages that wait already. */
void store_message(uint32_t type, uint32_t id, uint32_t tx, const void *body, size_t len);

#endif
