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
/* Of the data of a write whose pages are mapped. */
uint64_t backend_data_sum(const struct pending *r);

/* Maps the page of a reference for a request, or finds its mapping; NULL: Xen refuses. kept: the
 * mapping outlives the request. */
uint8_t *backend_map_page(struct backend_queue *q, grant_ref_t ref, bool write, bool *kept);
void backend_unmap_page(struct backend_queue *q, grant_ref_t ref, bool write, bool kept);
/* May unmap some of its unused persistent mappings; all of them, with none in use. */
void backend_drop_some(struct backend *b);
void backend_drop_all(struct backend *b);

/* A connected backend's turn. */
void backend_ring_turn(struct backend *b);

#endif
