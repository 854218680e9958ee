/* SPDX-License-Identifier: MIT */
/* The other end of the XenStore ring: requests come out as messages, and answers, well formed or
 * not, go in as bytes. */
#ifndef RINGLET_TESTS_XS_PEER_H
#define RINGLET_TESTS_XS_PEER_H

#include "fuzz.h"

#include <xen/io/xs_wire.h>

struct xs_peer {
    uint32_t req_cons, rsp_prod;
    size_t in_len, out_len;
    union {
        struct xsd_sockmsg hdr;
        char bytes[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX + 1];
    } in;
    char out[64 * 1024];
};

/* The next whole request in p->in, with a NUL behind it; false when there is none. */
static inline bool peer_next(struct xs_peer *p)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;

    if (p->in_len >= sizeof(p->in.hdr) && p->in_len == sizeof(p->in.hdr) + p->in.hdr.len)
        p->in_len = 0; /* the one that was given last */
    must(x->req_prod - p->req_cons <= XENSTORE_RING_SIZE);
    if (p->req_cons != x->req_prod)
        seam_raise(boot_info.xenstore_port); /* there will be space */
    while (p->req_cons != x->req_prod) {
        p->in.bytes[p->in_len++] = x->req[MASK_XENSTORE_IDX(p->req_cons)];
        x->req_cons = ++p->req_cons;
        if (p->in_len < sizeof(p->in.hdr))
            continue;
        must(p->in.hdr.len <= XENSTORE_PAYLOAD_MAX);
        if (p->in_len == sizeof(p->in.hdr) + p->in.hdr.len) {
            p->in.bytes[p->in_len] = '\0';
            return true;
        }
    }
    return false;
}

/* Bytes that do not fit are dropped: the connection is far behind then. */
static inline void peer_bytes(struct xs_peer *p, const void *data, size_t len)
{
    len = MIN(len, sizeof(p->out) - p->out_len);
    memcpy(p->out + p->out_len, data, len);
    p->out_len += len;
}

static inline void peer_message(struct xs_peer *p, uint32_t type, uint32_t id, const void *body,
                                size_t len)
{
    struct xsd_sockmsg hdr = {.type = type, .req_id = id, .len = (uint32_t)len};

    peer_bytes(p, &hdr, sizeof(hdr));
    peer_bytes(p, body, len);
}

/* Puts at most limit bytes on the ring, and an event. */
static inline void peer_flush(struct xs_peer *p, size_t limit)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    size_t n = 0;

    for (; n < MIN(limit, p->out_len) && p->rsp_prod - x->rsp_cons < XENSTORE_RING_SIZE; n++)
        x->rsp[MASK_XENSTORE_IDX(p->rsp_prod++)] = p->out[n];
    x->rsp_prod = p->rsp_prod;
    memmove(p->out, p->out + n, p->out_len - n);
    p->out_len -= n;
    seam_raise(boot_info.xenstore_port);
}

#endif
