/* SPDX-License-Identifier: MIT */
/*
 * A connection: from the greeting to its end. It knows nothing of sockets and threads: a transport
 * gives it the client's bytes, and is given those for the client. It is called with the server's lock
 * held, and never waits.
 *
 * Limits: CONNECTION_TASKS requests in flight; further ones wait in the transport. Data pass through
 * the disk's buffers, of which a connection has a share (pool.h).
 *
 *   read   the disk reads into buffers, and the transport is given them by reference. A
 *          buffer is used again when the client has acknowledged all of it.
 *   write  the payload is copied once, from the transport's memory into buffers, and the disk writes
 *          these.
 */
#ifndef NBDSERVER_CONNECTION_H
#define NBDSERVER_CONNECTION_H

#include <ringlet/list.h>

#include "disk.h"

#define CONNECTION_TASKS 64u

#define CONNECTION_NEGOTIATION_NS (30 * NSEC_PER_SEC) /* for the whole handshake */
#define CONNECTION_STALL_NS       (60 * NSEC_PER_SEC) /* without a byte that the client owes */

struct connection;

/* Called by the connection only, and, but for unused(), not any more after close(), abort() or
 * connection_lost(). */
struct transport {
    /* How many bytes send() takes now. */
    size_t (*room)(struct transport *t);
    /* Queues len bytes, at most room(). copy: they are copied; else they must stay until they are
     * acknowledged. False: there is no memory: it is tried again at connection_writable(). */
    bool (*send)(struct transport *t, const void *data, size_t len, bool copy);
    /* What was queued goes out. */
    void (*push)(struct transport *t);
    /* connection_input() takes bytes again: it is to be called. */
    void (*resume)(struct transport *t);
    /* All has been acknowledged: an orderly end. */
    void (*close)(struct transport *t);
    /* A reset. */
    void (*abort)(struct transport *t);
    /* Whether nothing will be sent from this memory any more: of a buffer that was acknowledged, or of a
     * connection that has ended. Also called after that. May be NULL: always. */
    bool (*unused)(const void *data, size_t len, bool ended);
};

struct tls_identity;

struct connections {
    struct tls_identity *identity; /* tls.h; NULL: there is no TLS, else all clients must use it */
    struct list list;              /* of struct connection */
    struct list exports;           /* of struct export */
    struct list later;             /* of struct connection: something has ended */
    unsigned count, max;
    bool stopping;
    /* statistics */
    uint64_t accepted, refused, cut;
    uint64_t reads, writes, others, errors; /* requests by their replies */
    uint64_t bytes_read, bytes_written;
};

void connections_init(struct connections *s, unsigned max);

/*
 * A client that has connected; its greeting is sent. NULL: too many connections, no memory, or the
 * server ends: the transport is still the caller's. Otherwise the transport must stay until it was
 * called with close or abort, or until connection_lost().
 */
struct connection *connection_open(struct connections *s, struct transport *t);

/* Takes bytes of the client and returns how many. If not all: the transport keeps the rest until
 * resume(). It may have ended the connection. */
size_t connection_input(struct connection *c, const void *data, size_t len);
/* The client has acknowledged n more bytes. */
void connection_acked(struct connection *c, size_t n);
/* send() may work again. */
void connection_writable(struct connection *c);
/* The client will send no more. */
void connection_eof(struct connection *c);
/* The transport is gone. The connection frees itself when the disk has ended its requests. */
void connection_lost(struct connection *c);

/* To be called about once a second: cuts clients that owe something for too long. now: ns. */
void connections_tick(struct connections *s, uint64_t now);
/* No new requests: they get NBD_ESHUTDOWN. Each connection ends when its requests are done. */
void connections_stop(struct connections *s);
/* The disk is detached or lost: its exports are gone. Connections stay, and get NBD_ESHUTDOWN. */
void connections_disk_gone(struct connections *s, struct disk *d);
/* Whether the transport still refers to buffers that were acknowledged: connections_cool() is to be called soon,
 * as nothing may happen by itself. */
bool connections_are_cooling(const struct connections *s);
/* Uses those again that it does not refer to any more. */
void connections_cool(struct connections *s);
/* Whether some are in the handshake. */
bool connections_negotiating(const struct connections *s);
/* After disk_complete(): goes on with what has become possible. */
void connections_run(struct connections *s);
/* After events of a disk: gives its buffers to those who wait. */
void connections_serve(struct pool *p);

#endif
