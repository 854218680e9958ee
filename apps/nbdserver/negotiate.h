/* SPDX-License-Identifier: MIT */
/*
 * The handshake: fixed newstyle negotiation. It knows nothing of sockets: bytes of the client go in,
 * answers are left in `out`. Options that are not known, or too long, are refused and skipped; what
 * no client would send ends the connection.
 */
#ifndef NBDSERVER_NEGOTIATE_H
#define NBDSERVER_NEGOTIATE_H

#include "request.h"

/* Bytes of an option's data: the longest name, and some queries or information requests. Longer ones
 * are refused, and those beyond SKIP_MAX end the connection. */
#define NEGOTIATE_DATA_MAX (NBD_STRING_MAX + 2048u)
#define NEGOTIATE_SKIP_MAX (1u << 20)
/* Of the answers to one option. */
#define NEGOTIATE_OUT_MAX 8192u

enum negotiate_state {
    NEGOTIATE_FLAGS,  /* the client's flags are awaited */
    NEGOTIATE_OPTION, /* an option's header */
    NEGOTIATE_DATA,   /* its data */
    NEGOTIATE_SKIP,   /* the data of an option that was refused */
    NEGOTIATE_TLS,    /* TLS follows, then negotiate_secured() */
    NEGOTIATE_DONE,   /* the transmission phase follows: see `agreed` */
    NEGOTIATE_ENDED,  /* to be closed, when `out` has been sent */
};

enum negotiate_tls {
    NEGOTIATE_PLAIN,   /* there is none */
    NEGOTIATE_SECURES, /* it must be begun before anything else */
    NEGOTIATE_SECURED, /* it has begun */
};

struct negotiation {
    enum negotiate_state state;
    enum negotiate_tls tls;
    const struct list *exports;
    bool fixed, no_zeroes;
    struct agreement agreed;    /* export: NULL until NEGOTIATE_DONE */
    struct export *context_for; /* of which base:allocation was asked for */
    uint32_t option, length;
    uint32_t have; /* bytes in `in`, or those that were skipped */
    uint8_t in[NEGOTIATE_DATA_MAX];
    size_t out_len;
    uint8_t out[NEGOTIATE_OUT_MAX];
};

/* Begins: the server's greeting is in `out`. tls: whether it is required. */
void negotiate_begin(struct negotiation *n, const struct list *exports, bool tls);
/* In NEGOTIATE_TLS: the next bytes are those within TLS. What was agreed before is not any more. */
void negotiate_secured(struct negotiation *n);

/*
 * Takes up to len bytes and returns how many. It takes nothing while `out` has something, which the
 * caller sends and then sets out_len to 0, and nothing from NEGOTIATE_TLS on.
 */
size_t negotiate_input(struct negotiation *n, const uint8_t *data, size_t len);

#endif
