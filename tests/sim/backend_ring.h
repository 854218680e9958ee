/* SPDX-License-Identifier: MIT */
/* The ring's part of a backend. */
#ifndef RINGLET_TESTS_BACKEND_RING_H
#define RINGLET_TESTS_BACKEND_RING_H

#include "backend.h"
#include "hostile.h"

static inline bool writes(const struct pending *r)
{
    return r->op == BLKIF_OP_WRITE;
}

/* Maps the pages of a request's segments. False: Xen refuses. */
bool backend_map(struct backend *b, struct pending *r);

/* A connected backend's turn. */
void backend_ring_turn(struct backend *b);

#endif
