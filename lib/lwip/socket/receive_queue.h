/* SPDX-License-Identifier: MIT */
/* What a TCP connection has received and nobody has read: pbufs, from which the reader's copy is made. */
#ifndef RINGLET_LWIP_SOCKET_RECEIVE_QUEUE_H
#define RINGLET_LWIP_SOCKET_RECEIVE_QUEUE_H

#include "lib/fs/iov.h"
#include "lib/lwip/socket/symbols.h"
#include "lwip/pbuf.h"

struct receive_queue {
    struct pbuf **ring;
    unsigned size, first, count; /* of the ring: places, and those in use */
    unsigned offset;             /* bytes of the first pbuf that were read */
    size_t bytes;
};

/* Takes p, of at least one byte. -ENOMEM: p stays the caller's. */
int receive_queue_add(struct receive_queue *q, struct pbuf *p);
/* Copies up to len bytes to *to, and takes them; the number. */
size_t receive_queue_take(struct receive_queue *q, struct iov *to, size_t len);
/* The same without taking them. */
size_t receive_queue_copy(const struct receive_queue *q, struct iov *to, size_t len);
/* Frees all, the ring as well; the bytes that there were. */
size_t receive_queue_clear(struct receive_queue *q);

#endif
