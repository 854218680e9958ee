/* SPDX-License-Identifier: MIT */
/*
 * Encodes replies of the transmission phase. Each function writes up to REPLY_MAX bytes at `to` and
 * returns their number; the data of a read follow them on the wire.
 */
#ifndef NBDSERVER_REPLY_H
#define NBDSERVER_REPLY_H

#include "protocol.h"

#define REPLY_MAX 40u

/* The number of NBD_OPT_SET_META_CONTEXT's "base:allocation". */
#define REPLY_CONTEXT_ALLOCATION 1u

/* A whole reply, or the beginning of that to a read. error: enum nbd_error. */
size_t reply_simple(uint8_t *to, uint64_t cookie, uint32_t error);

/* Chunks of structured replies; done: it is the last one of its reply. */
size_t reply_none(uint8_t *to, uint64_t cookie);
size_t reply_error(uint8_t *to, uint64_t cookie, uint32_t error, bool done);
/* Reading the bytes at `offset` failed. */
size_t reply_error_offset(uint8_t *to, uint64_t cookie, uint32_t error, uint64_t offset, bool done);
/* len bytes from `offset` on follow. */
size_t reply_data(uint8_t *to, uint64_t cookie, uint64_t offset, uint32_t len, bool done);
/* One extent of len bytes, from the request's offset on: allocated, of any content. */
size_t reply_allocated(uint8_t *to, uint64_t cookie, uint32_t len);

/* The protocol's error for a driver's: 0 or -errno. */
uint32_t reply_error_for(int ret);

#endif
