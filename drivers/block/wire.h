/* SPDX-License-Identifier: MIT */
/*
 * What blkfront and a backend share in memory, in the layout of protocol "x86_64-abi" (which is
 * also the native one of other 64-bit machines), and of "x86_32-abi", into which ring.c turns it.
 * The structures are Ringlet's own: those of
 * xen/io/blkif.h take the size of a ring entry from BLKIF_MAX_SEGMENTS_PER_REQUEST, which has not
 * had the same value in all versions of that header, and leave padding that would carry stale bytes
 * to the peer.
 */
#ifndef RINGLET_BLOCK_WIRE_H
#define RINGLET_BLOCK_WIRE_H

#include <kernel/ring_index.h>
#include <ringlet/xen.h>
#include <xen/io/blkif.h>

#define WIRE_SEGMENTS       11 /* in a ring entry */
#define WIRE_INDIRECT_PAGES 8  /* of an indirect request */
#define WIRE_SECTOR_SHIFT   9 /* every sector field counts 512 bytes, whatever "sector-size" says */

struct wire_segment {
    grant_ref_t gref;
    uint8_t first, last; /* sectors in the page, inclusive */
    uint16_t zero;
};

#define WIRE_SECTORS_PER_PAGE (PAGE_SIZE >> WIRE_SECTOR_SHIFT)

/* BLKIF_OP_READ, _WRITE, _WRITE_BARRIER, _FLUSH_DISKCACHE */
struct wire_request {
    uint8_t operation, segments;
    uint16_t handle;
    uint32_t zero;
    uint64_t id;
    uint64_t sector;
    struct wire_segment seg[WIRE_SEGMENTS];
};

/* BLKIF_OP_INDIRECT */
struct wire_indirect {
    uint8_t operation, indirect_op;
    uint16_t segments;
    uint32_t zero;
    uint64_t id;
    uint64_t sector;
    uint16_t handle, zero2;
    grant_ref_t gref[WIRE_INDIRECT_PAGES];
    uint32_t zero3;
};

/* BLKIF_OP_DISCARD */
struct wire_discard {
    uint8_t operation, flag;
    uint16_t handle;
    uint32_t zero;
    uint64_t id;
    uint64_t sector;
    uint64_t sectors;
};

/* A 64-bit number as 32-bit x86 aligns it. */
typedef uint64_t wire_u64 __attribute__((aligned(4)));

/* The same for both layouts, but that it ends with status in the 32-bit one. */
struct wire_response {
    wire_u64 id;
    uint8_t operation, zero;
    int16_t status;
    uint32_t zero2;
};

/*
 * Protocol "x86_32-abi": the compiler of a 32-bit guest puts no padding before the 64-bit id, so
 * all from there on lies 4 bytes earlier, in each kind of request, and so do the entries: 108
 * bytes.
 */
struct wire32_request {
    uint8_t operation, segments;
    uint16_t handle;
    wire_u64 id;
    wire_u64 sector;
    struct wire_segment seg[WIRE_SEGMENTS];
};

struct wire32_indirect {
    uint8_t operation, indirect_op;
    uint16_t segments;
    wire_u64 id;
    wire_u64 sector;
    uint16_t handle, zero;
    grant_ref_t gref[WIRE_INDIRECT_PAGES];
};

struct wire32_discard {
    uint8_t operation, flag;
    uint16_t handle;
    wire_u64 id;
    wire_u64 sector;
    wire_u64 sectors;
};

union wire32_entry {
    struct wire32_request request;
    struct wire32_indirect indirect;
    struct wire32_discard discard;
    struct wire_response response;
};

union wire_entry {
    struct wire_request request;
    struct wire_indirect indirect;
    struct wire_discard discard;
    struct wire_response response;
};

struct wire_ring {
    union {
        struct ring_index index;
        struct {
            uint32_t req_prod, req_event;
            uint32_t rsp_prod, rsp_event;
        };
    };
    uint8_t pad[48];
    union wire_entry entry[];
};

/* What the 64-bit layout has in front of the id and the 32-bit one has not. */
#define WIRE_PADDING 4

#define WIRE_SEGMENTS_PER_PAGE (PAGE_SIZE / sizeof(struct wire_segment))
#define WIRE_SEGMENTS_MAX      (WIRE_INDIRECT_PAGES * WIRE_SEGMENTS_PER_PAGE)
/* A ring has a power of two of entries: as many as fit behind the indexes. */
#define WIRE_SLOTS_PER_PAGE 32
#define WIRE_RING_PAGES_MAX 16

/* Queues of a device: the most that this driver uses. */
#define QUEUES_MAX 16

_Static_assert(sizeof(struct wire_segment) == 8, "segment");
_Static_assert(sizeof(struct wire_segment) == sizeof(struct blkif_request_segment), "segment");
_Static_assert(offsetof(struct wire_segment, first) ==
                   offsetof(struct blkif_request_segment, first_sect),
               "first_sect");
_Static_assert(offsetof(struct wire_segment, last) ==
                   offsetof(struct blkif_request_segment, last_sect),
               "last_sect");
_Static_assert(WIRE_SEGMENTS_PER_PAGE == 512, "segments in an indirect page");

_Static_assert(sizeof(struct wire_request) == 112, "request");
_Static_assert(offsetof(struct wire_request, segments) ==
                   offsetof(struct blkif_request, nr_segments),
               "nr_segments");
_Static_assert(offsetof(struct wire_request, handle) == offsetof(struct blkif_request, handle),
               "handle");
_Static_assert(offsetof(struct wire_request, id) == offsetof(struct blkif_request, id), "id");
_Static_assert(offsetof(struct wire_request, sector) ==
                   offsetof(struct blkif_request, sector_number),
               "sector_number");
_Static_assert(offsetof(struct wire_request, seg) == offsetof(struct blkif_request, seg), "seg");
_Static_assert(offsetof(struct wire_request, seg) == 24, "seg");

_Static_assert(sizeof(struct wire_indirect) == 64, "indirect request");
_Static_assert(sizeof(struct wire_indirect) == sizeof(struct blkif_request_indirect), "indirect");
_Static_assert(offsetof(struct wire_indirect, indirect_op) ==
                   offsetof(struct blkif_request_indirect, indirect_op),
               "indirect_op");
_Static_assert(offsetof(struct wire_indirect, segments) ==
                   offsetof(struct blkif_request_indirect, nr_segments),
               "nr_segments");
_Static_assert(offsetof(struct wire_indirect, id) == offsetof(struct blkif_request_indirect, id) &&
                   offsetof(struct wire_indirect, id) == offsetof(struct wire_request, id),
               "id");
_Static_assert(offsetof(struct wire_indirect, sector) ==
                   offsetof(struct blkif_request_indirect, sector_number),
               "sector_number");
_Static_assert(offsetof(struct wire_indirect, handle) ==
                   offsetof(struct blkif_request_indirect, handle),
               "handle");
_Static_assert(offsetof(struct wire_indirect, gref) ==
                   offsetof(struct blkif_request_indirect, indirect_grefs),
               "indirect_grefs");

_Static_assert(sizeof(struct wire_discard) == 32, "discard request");
_Static_assert(sizeof(struct wire_discard) == sizeof(struct blkif_request_discard), "discard");
_Static_assert(offsetof(struct wire_discard, flag) == offsetof(struct blkif_request_discard, flag),
               "flag");
_Static_assert(offsetof(struct wire_discard, handle) ==
                   offsetof(struct blkif_request_discard, handle),
               "handle");
_Static_assert(offsetof(struct wire_discard, id) == offsetof(struct blkif_request_discard, id) &&
                   offsetof(struct wire_discard, id) == offsetof(struct wire_request, id),
               "id");
_Static_assert(offsetof(struct wire_discard, sector) ==
                   offsetof(struct blkif_request_discard, sector_number),
               "sector_number");
_Static_assert(offsetof(struct wire_discard, sectors) ==
                   offsetof(struct blkif_request_discard, nr_sectors),
               "nr_sectors");

#define WIRE32_IS_EARLIER(kind, field)                                     \
    _Static_assert(offsetof(struct wire32_##kind, field) + WIRE_PADDING == \
                       offsetof(struct wire_##kind, field),                \
                   #kind " " #field)
WIRE32_IS_EARLIER(request, id);
WIRE32_IS_EARLIER(request, sector);
WIRE32_IS_EARLIER(request, seg);
WIRE32_IS_EARLIER(indirect, id);
WIRE32_IS_EARLIER(indirect, sector);
WIRE32_IS_EARLIER(indirect, handle);
WIRE32_IS_EARLIER(indirect, gref);
WIRE32_IS_EARLIER(discard, id);
WIRE32_IS_EARLIER(discard, sector);
WIRE32_IS_EARLIER(discard, sectors);
_Static_assert(sizeof(union wire32_entry) == 108, "ring entry of 32-bit x86");
_Static_assert(sizeof(struct wire32_indirect) == 56, "indirect request of 32-bit x86");
_Static_assert(sizeof(struct wire32_discard) == 28, "discard request of 32-bit x86");
_Static_assert(offsetof(struct wire32_request, id) == 4, "id of 32-bit x86");
_Static_assert(offsetof(struct wire_response, status) + 2 == 12, "response of 32-bit x86");

_Static_assert(sizeof(struct wire_response) == 16, "response");
_Static_assert(sizeof(struct wire_response) == sizeof(struct blkif_response), "response");
_Static_assert(offsetof(struct wire_response, operation) ==
                   offsetof(struct blkif_response, operation),
               "operation");
_Static_assert(offsetof(struct wire_response, status) == offsetof(struct blkif_response, status),
               "status");

_Static_assert(sizeof(union wire_entry) == 112, "ring entry");
_Static_assert(offsetof(struct wire_ring, entry) == 64, "ring");
_Static_assert(offsetof(struct wire_ring, entry) == offsetof(struct blkif_sring, ring), "ring");
_Static_assert(offsetof(struct wire_ring, req_event) == offsetof(struct blkif_sring, req_event),
               "req_event");
_Static_assert(offsetof(struct wire_ring, rsp_prod) == offsetof(struct blkif_sring, rsp_prod),
               "rsp_prod");
_Static_assert(offsetof(struct wire_ring, rsp_event) == offsetof(struct blkif_sring, rsp_event),
               "rsp_event");

/* the number of entries: the largest power of two that fits, for 1 page as for 16 */
#define WIRE_RING_BYTES(slots) (sizeof(struct wire_ring) + (slots) * sizeof(union wire_entry))
_Static_assert(WIRE_RING_BYTES(WIRE_SLOTS_PER_PAGE) <= PAGE_SIZE &&
                   WIRE_RING_BYTES(2 * WIRE_SLOTS_PER_PAGE) > PAGE_SIZE,
               "entries of a one-page ring");
_Static_assert(WIRE_RING_BYTES(16 * WIRE_SLOTS_PER_PAGE) <= 16 * PAGE_SIZE &&
                   WIRE_RING_BYTES(32 * WIRE_SLOTS_PER_PAGE) > 16 * PAGE_SIZE,
               "entries of a 16-page ring");
/* ... and for the smaller entries the same number */
#define WIRE32_RING_BYTES(slots) (sizeof(struct wire_ring) + (slots) * sizeof(union wire32_entry))
_Static_assert(WIRE32_RING_BYTES(2 * WIRE_SLOTS_PER_PAGE) > PAGE_SIZE &&
                   WIRE32_RING_BYTES(32 * WIRE_SLOTS_PER_PAGE) > 16 * PAGE_SIZE,
               "entries of a ring of 32-bit x86");

#endif
