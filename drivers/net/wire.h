/* SPDX-License-Identifier: MIT */
/*
 * What netfront and a backend share in memory (xen/io/netif.h). The structures are Ringlet's own:
 * their rings have the head that include/kernel/ring_index.h works on, and each entry is written or
 * copied as a whole.
 */
#ifndef RINGLET_NET_WIRE_H
#define RINGLET_NET_WIRE_H

#include <kernel/ring_index.h>
#include <ringlet/netfront.h>
#include <ringlet/xen.h>
#include <xen/io/netif.h>

/* size: in the first entry of a frame that of the whole frame, in the others their own. */
struct wire_tx_request {
    grant_ref_t gref;
    uint16_t offset, flags; /* NETTXF_... */
    uint16_t id, size;
};

/* In place of a request or a response, behind the frame's first. */
struct wire_extra {
    uint8_t type, flags; /* XEN_NETIF_EXTRA_... */
    union {
        struct {
            uint16_t size;
            uint8_t type, zero;
            uint16_t features;
        } gso;
        uint8_t group[6]; /* XEN_NETIF_EXTRA_TYPE_MCAST_... */
    };
};

struct wire_tx_response {
    uint16_t id;
    int16_t status; /* NETIF_RSP_...; of the entry of an extra nothing but the status is set */
    uint8_t stale[8];
};

struct wire_rx_request {
    uint16_t id, zero;
    grant_ref_t gref;
};

struct wire_rx_response {
    uint16_t id, offset, flags; /* NETRXF_... */
    int16_t status;             /* bytes, or a negative NETIF_RSP_... */
};

union wire_tx_entry {
    struct wire_tx_request request;
    struct wire_extra extra;
    struct wire_tx_response response;
};

union wire_rx_entry {
    struct wire_rx_request request;
    struct wire_extra extra;
    struct wire_rx_response response;
};

struct wire_tx_ring {
    struct ring_index index;
    uint8_t pad[48];
    union wire_tx_entry entry[];
};

struct wire_rx_ring {
    struct ring_index index;
    uint8_t pad[48];
    union wire_rx_entry entry[];
};

/* A ring is a page and has a power of two of entries; both rings have the same number. */
#define WIRE_SLOTS 256u
/* Entries of a frame, extras not counted, that every backend takes. */
#define WIRE_FRAME_SLOTS XEN_NETIF_NR_SLOTS_MIN
/* The size in a frame's first request has 16 bits. */
#define WIRE_TX_MAX XEN_NETIF_MAX_TX_SIZE

_Static_assert(sizeof(struct wire_tx_request) == sizeof(struct netif_tx_request), "tx request");
_Static_assert(sizeof(struct wire_tx_request) == 12, "tx request");
_Static_assert(offsetof(struct wire_tx_request, gref) == offsetof(struct netif_tx_request, gref),
               "gref");
_Static_assert(offsetof(struct wire_tx_request, offset) ==
                   offsetof(struct netif_tx_request, offset),
               "offset");
_Static_assert(offsetof(struct wire_tx_request, flags) == offsetof(struct netif_tx_request, flags),
               "flags");
_Static_assert(offsetof(struct wire_tx_request, id) == offsetof(struct netif_tx_request, id), "id");
_Static_assert(offsetof(struct wire_tx_request, size) == offsetof(struct netif_tx_request, size),
               "size");
_Static_assert(offsetof(struct wire_tx_response, id) == offsetof(struct netif_tx_response, id),
               "id");
_Static_assert(offsetof(struct wire_tx_response, status) ==
                   offsetof(struct netif_tx_response, status),
               "status");
_Static_assert(sizeof(struct wire_tx_response) == 12, "tx response");

_Static_assert(sizeof(struct wire_extra) == sizeof(struct netif_extra_info), "extra");
_Static_assert(sizeof(struct wire_extra) == 8, "extra");
_Static_assert(offsetof(struct wire_extra, flags) == offsetof(struct netif_extra_info, flags),
               "flags");
_Static_assert(offsetof(struct wire_extra, gso.size) ==
                   offsetof(struct netif_extra_info, u.gso.size),
               "gso.size");
_Static_assert(offsetof(struct wire_extra, gso.type) ==
                   offsetof(struct netif_extra_info, u.gso.type),
               "gso.type");
_Static_assert(offsetof(struct wire_extra, gso.features) ==
                   offsetof(struct netif_extra_info, u.gso.features),
               "gso.features");
_Static_assert(offsetof(struct wire_extra, group) ==
                   offsetof(struct netif_extra_info, u.mcast.addr),
               "group");

_Static_assert(sizeof(struct wire_rx_request) == sizeof(struct netif_rx_request), "rx request");
_Static_assert(offsetof(struct wire_rx_request, id) == offsetof(struct netif_rx_request, id), "id");
_Static_assert(offsetof(struct wire_rx_request, gref) == offsetof(struct netif_rx_request, gref),
               "gref");
_Static_assert(sizeof(struct wire_rx_response) == sizeof(struct netif_rx_response), "rx response");
_Static_assert(offsetof(struct wire_rx_response, id) == offsetof(struct netif_rx_response, id),
               "id");
_Static_assert(offsetof(struct wire_rx_response, offset) ==
                   offsetof(struct netif_rx_response, offset),
               "offset");
_Static_assert(offsetof(struct wire_rx_response, flags) ==
                   offsetof(struct netif_rx_response, flags),
               "flags");
_Static_assert(offsetof(struct wire_rx_response, status) ==
                   offsetof(struct netif_rx_response, status),
               "status");

_Static_assert(sizeof(union wire_tx_entry) == 12, "tx entry");
_Static_assert(sizeof(union wire_rx_entry) == 8, "rx entry");
_Static_assert(sizeof(union wire_tx_entry) == sizeof(union netif_tx_sring_entry), "tx entry");
_Static_assert(sizeof(union wire_rx_entry) == sizeof(union netif_rx_sring_entry), "rx entry");
_Static_assert(offsetof(struct wire_tx_ring, entry) == offsetof(struct netif_tx_sring, ring),
               "tx ring");
_Static_assert(offsetof(struct wire_rx_ring, entry) == offsetof(struct netif_rx_sring, ring),
               "rx ring");
_Static_assert(offsetof(struct ring_index, req_event) == offsetof(struct netif_tx_sring, req_event),
               "req_event");
_Static_assert(offsetof(struct ring_index, rsp_prod) == offsetof(struct netif_tx_sring, rsp_prod),
               "rsp_prod");
_Static_assert(offsetof(struct ring_index, rsp_event) == offsetof(struct netif_tx_sring, rsp_event),
               "rsp_event");

#define WIRE_TX_BYTES(slots) (sizeof(struct wire_tx_ring) + (slots) * sizeof(union wire_tx_entry))
#define WIRE_RX_BYTES(slots) (sizeof(struct wire_rx_ring) + (slots) * sizeof(union wire_rx_entry))
_Static_assert(WIRE_TX_BYTES(WIRE_SLOTS) <= PAGE_SIZE && WIRE_TX_BYTES(2 * WIRE_SLOTS) > PAGE_SIZE,
               "entries of a tx ring");
_Static_assert(WIRE_RX_BYTES(WIRE_SLOTS) <= PAGE_SIZE && WIRE_RX_BYTES(2 * WIRE_SLOTS) > PAGE_SIZE,
               "entries of an rx ring");
_Static_assert(WIRE_FRAME_SLOTS == NETFRONT_FRAGS_MAX, "slots of a frame");

#endif
