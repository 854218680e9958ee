/* SPDX-License-Identifier: MIT */
/* Shared by oracle.c and oracle_crash.c. */
#ifndef RINGLET_TESTS_ORACLE_PRIVATE_H
#define RINGLET_TESTS_ORACLE_PRIVATE_H

#include "sim.h"

/* Bytes that a place of the disk may have. */
struct memory_of {
    struct memory_of *next;
    uint64_t offset;
    size_t bytes;
    uint64_t begun, end; /* of the write that put them there */
    /* an alternative: the time since which it is impossible; 0: it is possible */
    uint64_t until;
    bool ok;
    uint8_t data[];
};

/*
 * Other contents that a block may have: data that differ from base must equal one of them, byte for
 * byte. Collected once for a block, as there are usually few.
 */
#define CANDIDATES_MAX 2048

struct candidate {
    uint64_t offset;
    size_t bytes;
    const uint8_t *data;
};

/* Starts anew for the block; adds one that overlaps it, or the writes under way that do. */
void candidates_begin(uint64_t offset, size_t bytes);
void candidates_add(uint64_t offset, size_t bytes, const uint8_t *data);
void candidates_add_active(const struct oracle *o);
/* The first byte of data that neither known nor a candidate has; -1: none. */
int candidates_explain(const uint8_t *data, const uint8_t *known);

struct memory_of *memory_make(uint64_t offset, size_t bytes, const uint8_t *data);
/* A write to a cached disk ended. */
void oracle_remember(struct oracle *o, const struct oracle_op *op, bool ok);

#endif
