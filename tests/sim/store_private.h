/* SPDX-License-Identifier: MIT */
/* What the two halves of the simulated XenStore know of each other. */
#ifndef RINGLET_TESTS_STORE_PRIVATE_H
#define RINGLET_TESTS_STORE_PRIVATE_H

#include "sim.h"

#include <ringlet/xenstore.h>
#include <xen/io/xs_wire.h>

#define PATH 160

struct node {
    char path[PATH];
    char *value;
    size_t len;
    uint64_t changed;
};

struct transaction;

/* ---- sim_store.c; results that are a text are XenStore's name of an error, NULL: none ---- */

void store_copy_text(char *to, const char *text, size_t size);
struct node *store_find(const char *path);
void store_put(const char *path, const void *value, size_t len);
/* The node and what is below it; false when there is none. */
bool store_unset(const char *path);
struct transaction *store_transaction(uint32_t id);
uint32_t store_begin(void);
const char *store_end(struct transaction *t, bool commit);
/* In a transaction: the node is to have that value, NULL: is to go. */
void store_change(struct transaction *t, const char *path, const char *value, size_t len);
void store_add_watch(const char *path, const char *given, const char *token);
const char *store_remove_watch(const char *token);
/* The names below a node, each with a NUL; their length. */
size_t store_list(const char *path, char *names, size_t size);
/* Answers a request to read. */
const char *store_read(struct transaction *t, const struct xsd_sockmsg *hdr, const char *path);

/* ---- store_wire.c ---- */

void store_wire_init(const struct store_options *o);
void store_wire_new_domain(void);
/* To the guest, after what waits already. */
void store_message(uint32_t type, uint32_t id, uint32_t tx, const void *body, size_t len);

#endif
