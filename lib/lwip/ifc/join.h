/* SPDX-License-Identifier: MIT */
/*
 * Consecutive TCP segments of one connection as one large frame, which the backend, or the network
 * card behind it, cuts into the same segments (GSO). Those that lwIP sends while the core lock is held
 * once are joined; some are larger than one frame already (lib/lwip/port/large.h).
 *
 * lwIP does not touch a segment that somebody else holds a reference of (tcp_output_segment_busy), so
 * the frame refers to their payload.
 */
#ifndef RINGLET_LWIP_JOIN_H
#define RINGLET_LWIP_JOIN_H

#include <ringlet/compiler.h>
#include <ringlet/netfront.h>

#include "lwip/pbuf.h"

#define JOIN_HEAD     128u /* bytes of Ethernet, IP and TCP headers */
#define JOIN_SEGMENTS 46u  /* of 1460 bytes: more than 64 KiB */

/* The headers of a TCP frame. */
struct join_headers {
    unsigned ip, tcp, payload; /* offsets; payload: of all headers, their bytes */
    bool v6;
};

struct join {
    unsigned segments; /* of lwIP's; 0: it is empty */
    bool closed;       /* nothing can be added */
    unsigned gso_size; /* bytes of data of each segment but the last */
    unsigned bytes;    /* of all headers and data */
    struct join_headers headers;
    uint8_t head[JOIN_HEAD];
    uint32_t next; /* the sequence number behind the data */
    unsigned count,
        slots; /* of fragments, and the slots that netfront needs to send these without a copy */
    struct netfront_tx_frag frag[NETFRONT_FRAGS_MAX];
    struct pbuf *held[JOIN_SEGMENTS];
};

/*
 * Whether p is a frame of TCP over IPv4 without fragmentation, or IPv6 without further headers, with
 * all headers in its first buffer, and whose lengths agree.
 */
bool join_parse(const struct pbuf *p, struct join_headers *out);

/*
 * Adds a frame that join_parse has accepted: true if it fits. size: bytes of data of the segments that it
 * is cut into; 0: it is one. An empty join takes every frame of few enough pieces; others must fit in so many
 * slots that nothing is copied. What cannot be joined with another (SYN, RST, URG) closes it. Holds a
 * reference of p.
 */
bool join_add(struct join *j, struct pbuf *p, const struct join_headers *h, unsigned size);

/*
 * Makes the headers fit the whole, with the sum of the pseudo header as its checksum, and describes
 * it in *tx; gso only if it is to be cut. The join stays as it is.
 */
void join_finish(struct join *j, struct netfront_tx *tx);

/* Ends the references: their number; the join is empty. */
unsigned join_drop(struct join *j);

/* Whether the frame refers to some of these bytes. */
bool join_refers(const struct join *j, const void *data, size_t len);

/* The sum of a TCP pseudo header, not inverted, folded, in the byte order of memory. len: of the TCP
 * header and data. */
uint16_t join_pseudo_sum(const uint8_t *frame, const struct join_headers *h, unsigned len);

#endif
