/* SPDX-License-Identifier: MIT */
/*
 * The ring for a backend that supports both layouts: field by field, not by moving bytes as the
 * driver does.
 */
#ifndef RINGLET_TESTS_RING_ABI_H
#define RINGLET_TESTS_RING_ABI_H

#include "drivers/block/wire.h"

#include <ringlet/string.h>

/* Entry i of a ring with the layout of x86 guests of `bits` bits. */
static inline void *abi_entry(struct wire_ring *ring, unsigned abi, unsigned i)
{
    return (uint8_t *)ring + sizeof(*ring) +
           i * (abi == 32 ? sizeof(union wire32_entry) : sizeof(union wire_entry));
}

static inline size_t abi_request_bytes(unsigned abi)
{
    return abi == 32 ? sizeof(union wire32_entry) : sizeof(union wire_entry);
}

static inline size_t abi_response_bytes(unsigned abi)
{
    return abi == 32 ? 12 : sizeof(struct wire_response);
}

/* raw: a copy of an entry of a 32-bit ring. */
static inline union wire_entry abi_decode32(const union wire32_entry *raw)
{
    union wire_entry e;

    memset(&e, 0, sizeof(e));
    if (raw->request.operation == BLKIF_OP_INDIRECT) {
        e.indirect.operation = raw->indirect.operation;
        e.indirect.indirect_op = raw->indirect.indirect_op;
        e.indirect.segments = raw->indirect.segments;
        e.indirect.id = raw->indirect.id;
        e.indirect.sector = raw->indirect.sector;
        e.indirect.handle = raw->indirect.handle;
        memcpy(e.indirect.gref, raw->indirect.gref, sizeof(e.indirect.gref));
    } else if (raw->request.operation == BLKIF_OP_DISCARD) {
        e.discard.operation = raw->discard.operation;
        e.discard.flag = raw->discard.flag;
        e.discard.handle = raw->discard.handle;
        e.discard.id = raw->discard.id;
        e.discard.sector = raw->discard.sector;
        e.discard.sectors = raw->discard.sectors;
    } else {
        e.request.operation = raw->request.operation;
        e.request.segments = raw->request.segments;
        e.request.handle = raw->request.handle;
        e.request.id = raw->request.id;
        e.request.sector = raw->request.sector;
        memcpy(e.request.seg, raw->request.seg, sizeof(e.request.seg));
    }
    return e;
}

#endif
