/* SPDX-License-Identifier: MIT */
#ifndef NBDSERVER_IDENTITY_H
#define NBDSERVER_IDENTITY_H

#include <bearssl.h>
#include <stdbool.h>

#define IDENTITY_CHAIN   8u
#define IDENTITY_ANCHORS 8u

struct identity_anchor;

/* Who the server is, and whose clients it serves. */
struct tls_identity {
    br_x509_certificate chain[IDENTITY_CHAIN]; /* the server's first */
    size_t certificates;
    br_skey_decoder_context key; /* has the private key */
    bool has_key;
    br_x509_trust_anchor anchor[IDENTITY_ANCHORS];
    size_t anchors; /* 0: clients need no certificate */
};

#endif
