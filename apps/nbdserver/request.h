/* SPDX-License-Identifier: MIT */
/* The requests of the transmission phase: parsed, and checked against what was agreed on. */
#ifndef NBDSERVER_REQUEST_H
#define NBDSERVER_REQUEST_H

#include "export.h"

#define REQUEST_BYTES 28u

struct request {
    uint16_t flags, type;
    uint64_t cookie, offset;
    uint32_t length;
};

/* What client and server have agreed on. */
struct agreement {
    struct export *export;
    bool structured;  /* structured replies */
    bool block_sizes; /* the client has asked for the block sizes, and so keeps to them */
    bool allocation;  /* NBD_CMD_BLOCK_STATUS tells of base:allocation */
};

/* from: REQUEST_BYTES. False: these bytes are no request; the stream makes no sense any more. */
bool request_parse(const uint8_t *from, struct request *out);

/* NBD_OK, or the error that is its reply: enum nbd_error. Not for NBD_CMD_DISC, which has none. */
uint32_t request_check(const struct request *r, const struct agreement *a);

/* The bytes that follow the request: must be read, also when the request is refused. */
uint32_t request_payload(const struct request *r);

#endif
