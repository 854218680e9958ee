/* SPDX-License-Identifier: MIT */
/*
 * What a TCP connection has been given to send and the peer has not acknowledged: chunks of memory that
 * netfront sends from without a copy (netfront_mem_alloc), a page each for large writes. Data is
 * written behind what the last chunk has, so that lwIP sees long contiguous pieces.
 */
#ifndef RINGLET_LWIP_SOCKET_SEND_BUFFER_H
#define RINGLET_LWIP_SOCKET_SEND_BUFFER_H

#include <ringlet/list.h>

#include "lib/lwip/socket/symbols.h"

struct send_buffer {
    struct list chunks;
    uint32_t queued; /* bytes in all chunks that are not acknowledged */
    uint32_t acked;  /* of the first chunk */
};

/* Room for up to `want` bytes in one piece, in *room, where at least 1; NULL: no memory. It holds
 * until the next call. */
void *send_buffer_reserve(struct send_buffer *b, size_t want, size_t *room);
/* The first n bytes of it are in use. */
void send_buffer_commit(struct send_buffer *b, size_t n);
void send_buffer_acked(struct send_buffer *b, size_t n);
/*
 * Nothing refers to the memory any more but perhaps frames that wait: for room in a device
 * (net_core_refers), or for the address of a neighbour, where lwIP has no count of references. Then it is
 * reused only when these have gone, some seconds later. in_use: frames may wait for neighbours.
 */
void send_buffer_clear(struct send_buffer *b, bool in_use);

/* All sockets' together take less than half of what is sent from: those that send much may have more. */
bool send_buffers_are_few(void);

#endif
