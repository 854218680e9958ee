/* SPDX-License-Identifier: MIT */
/*
 * A connection of the NBD server in a test: the test is the client, the transport is memory, and the
 * disk a file in memory. What was sent by reference is looked at again when it is acknowledged: it must
 * not have changed.
 */
#ifndef RINGLET_TESTS_NBD_SESSION_H
#define RINGLET_TESTS_NBD_SESSION_H

#include "connection.h"
#include "export.h"
#include "file_disk.h"

#define SESSION_DISK (4u << 20) /* bytes */
#define SESSION_OUT  (48u << 20)
#define SESSION_REFS 4096u
#define SESSION_HELD (1u << 20)

struct session_ref {
    const uint8_t *data;
    size_t at, len; /* in `out` */
};

struct session {
    struct transport transport;
    struct connection *connection; /* NULL: it has ended */
    bool closed, aborted;
    /* to the client */
    uint8_t *out;
    size_t out_size, out_len, out_read, acked;
    struct session_ref ref[SESSION_REFS];
    unsigned first_ref, refs;
    size_t room;      /* that is taken until it is acknowledged; 0: all that there is */
    unsigned refuses; /* sends that fail for want of memory */
    bool changed;     /* something was sent by reference and changed before it was acknowledged */
    /* from the client: what the connection has not taken */
    uint8_t *in;
    size_t in_from, in_len;
    bool delivering, again;
};

/* What several connections share; one at a time in a process. */
extern struct connections session_server;
extern struct file_disk session_disk;
extern struct export session_export;

/* A disk of SESSION_DISK bytes, whose byte n is session_byte(n), with `buffers` buffers. */
void session_begin(unsigned buffers, uint64_t seed);
/* The disk ends `most` requests at most; how many it did. */
unsigned session_complete(unsigned most);
/* All connections have ended. False: some did not, or buffers are in use. */
bool session_end(void);
uint8_t session_byte(uint64_t offset);

void session_open(struct session *s);
/* The client goes; its memory is freed when the connection has ended. */
void session_close(struct session *s);
void session_send(struct session *s, const void *data, size_t len);
/* The disk ends everything, and the client acknowledges everything, until nothing happens any more. */
void session_settle(struct session *s);
/* Whether the transport refers to what was acknowledged. */
void session_use(bool use);
/* The client acknowledges n bytes at most. */
void session_ack(struct session *s, size_t n);

/* ---- what a client sends ---- */

void session_hello(struct session *s, uint32_t flags);
void session_option(struct session *s, uint32_t option, const void *data, size_t len);
/* NBD_OPT_GO (or _INFO) for this export with some information requests. */
void session_go(struct session *s, uint32_t option, const char *name, const uint16_t *infos,
                unsigned count);
/* "base:allocation" of this export by NBD_OPT_SET_META_CONTEXT or _LIST_. */
void session_context(struct session *s, uint32_t option, const char *name, const char *query);
void session_request(struct session *s, unsigned type, unsigned flags, uint64_t cookie,
                     uint64_t offset, uint32_t length);
/* A handshake; its replies are read. structured, and the block sizes and base:allocation are asked for. */
void session_handshake(struct session *s, bool structured);

/* ---- what a client reads ---- */

/* The next n bytes that were sent; NULL: there are not so many. */
const uint8_t *session_read(struct session *s, size_t n);
static inline size_t session_unread(const struct session *s)
{
    return s->out_len - s->out_read;
}

#endif
