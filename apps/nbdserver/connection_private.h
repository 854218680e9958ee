/* SPDX-License-Identifier: MIT */
/*
 * What the sources of a connection share. connection.c: its life, and the client's bytes; read.c,
 * write.c: data; command.c: the other requests; output.c: the replies on their way.
 */
#ifndef NBDSERVER_CONNECTION_PRIVATE_H
#define NBDSERVER_CONNECTION_PRIVATE_H

#include "connection.h"
#include "negotiate.h"
#include "reply.h"
#include "request.h"

/* Bytes that wait for the transport: a header, which is copied, and perhaps a buffer's data. */
struct out {
    struct list link;
    uint8_t head[REPLY_MAX];
    uint8_t head_len; /* 0: none, or it is sent */
    const uint8_t *data;
    uint32_t len, sent;  /* of data */
    struct piece *piece; /* whose buffer it is, or */
    struct task *task;   /* what ends with it */
};

/* A buffer of the pool, and the part of a request that it is used for. */
struct piece {
    struct list
        link; /* in pool->free, task->pieces, connection->unacked or ->cooling, or in no list */
    uint8_t *data;
    struct task *task;
    struct disk_io io;
    struct out out;
    /* of a chunk of a structured reply: */
    struct piece *first;
    bool read;
    int ret;        /* the disk's, then */
    unsigned waits; /* in the first one: pieces that are not read */
    uint32_t len;   /* in the first one: bytes of all */
    bool bad;       /* in the first one: reading one failed */
    uint64_t end;   /* in `unacked`: of connection->queued, behind its last byte */
};

/* The order in which the pieces of a read may be sent. */
enum task_order {
    TASK_CHUNKS, /* structured: chunks of up to CHUNK_MAX bytes, in any order, as the disk ends them */
    TASK_WHOLE,  /* after all of them have been read, so that an error can be said */
    TASK_STREAM, /* as TASK_WHOLE, if there are buffers; else one after the other: an error in the middle then ends the
                  * connection. It begins when earlier reads are out, so that those cannot wait for it with
                  * buffers that it needs */
};

/* A request in flight. */
struct task {
    struct list link;         /* in connection->idle or ->reading */
    struct list ordered_link; /* in connection->ordered */
    struct connection *connection;
    struct request r;
    uint32_t error;   /* the first one: enum nbd_error */
    uint32_t cut;     /* bytes for which pieces have been begun */
    unsigned pending; /* pieces, or the flush, that the disk has */
    enum task_order order;
    bool begun; /* TASK_STREAM: it is sent before all of it has been read */
    bool flushed;
    bool abandoned; /* a write whose payload will not be complete: it has no reply */
    struct list
        pieces; /* by offset: that were read and cannot be sent yet; of TASK_CHUNKS also those that are being read */
    uint32_t put;      /* bytes of them that were put out */
    struct disk_io io; /* of requests without data, and of flushes */
    struct out out;
};

enum connection_state {
    CONNECTION_NEGOTIATES,
    CONNECTION_SERVES,
    CONNECTION_ENDS, /* takes no more, answers what it has, then closes */
    CONNECTION_LOST, /* no transport; waits for the disk */
};

struct connection {
    struct list link;  /* connections->list */
    struct list later; /* connections->later, or empty */
    struct connections *all;
    struct transport *transport;                              /* not in CONNECTION_LOST */
    struct tls *tls;                                          /* whose transport that is, or NULL */
    bool (*unused)(const void *data, size_t len, bool ended); /* the transport's */
    enum connection_state state;
    struct negotiation *negotiation; /* until that is done */
    struct agreement agreed;
    struct pool_share share;

    /* input */
    uint8_t header[REQUEST_BYTES];
    unsigned have;         /* bytes of it */
    struct task *writing;  /* whose payload comes next, or NULL */
    struct piece *filling; /* the buffer that it is copied to, or NULL */
    uint32_t filled;
    uint32_t skip;     /* bytes of a payload that was refused */
    unsigned in_input; /* calls of input and resume that run: it stays */
    bool blocked;      /* it did not take all */

    /* requests */
    struct task task[CONNECTION_TASKS];
    struct list idle;
    unsigned tasks;      /* not idle */
    struct list reading; /* tasks that need more buffers, in order */
    struct list ordered; /* reads of TASK_WHOLE and TASK_STREAM that are not put out, in order */
    bool stream_open; /* the first of them is a stream and has put out something: nothing else may
                          * come in between */

    /* output */
    struct list out;        /* struct out */
    struct list held;       /* struct out, until the stream has ended */
    struct list unacked;    /* pieces that were sent, in order */
    struct list cooling;    /* pieces that the transport still refers to */
    uint64_t queued, acked; /* bytes */

    /* patience */
    uint64_t since;  /* the client owes something since then; 0: it does not */
    bool progress;   /* it sent or acknowledged something since the last tick */
    uint64_t opened; /* the first tick; 0: there was none */
};

/* ---- connection.c ---- */

struct task *task_begin(struct connection *c, const struct request *r);
void task_free(struct task *t);
/* Takes bytes of the client, without what encrypted them; as connection_input(), but it does not advance. */
size_t connection_take(struct connection *c, const uint8_t *data, size_t len);
/* Does all that has become possible: to be called at the end of each event. May free the connection. */
void connection_advance(struct connection *c);
/* The same, in connections_run(): what a disk ends at once goes out at once. */
void connection_advance_later(struct connection *c);
/* A reset: the client broke the protocol, or took too long. */
void connection_cut(struct connection *c);
void piece_free(struct connection *c, struct piece *p);

/* ---- output.c ---- */

void output_put(struct connection *c, struct out *o, const struct task *t);
/* The reply of a request without data, or an error. The task ends with it. */
void output_reply(struct task *t, uint32_t error);
/* Gives the transport what it takes. */
void output_run(struct connection *c);
void output_acked(struct connection *c, size_t n);
/* Frees all that waits. */
void output_drop(struct connection *c);
/* Frees pieces that the transport does not refer to any more. */
void output_cool(struct connection *c);
/* The stream's last byte was put out: others go on. */
void output_release_held(struct connection *c);

/* ---- read.c ---- */

/* NBD_CMD_READ and NBD_CMD_CACHE. */
void read_begin(struct task *t);
/* Begins pieces for which there are buffers. */
void read_run(struct connection *c);
/* The transport is gone: frees what the disk does not have. */
void read_drop(struct connection *c);

/* ---- write.c ---- */

/* The payload follows. */
void write_begin(struct task *t);
/* Takes bytes of the payload; returns how many. */
size_t write_input(struct connection *c, const uint8_t *data, size_t len);
/* The payload will not be complete: what is left of it is not written. */
void write_drop(struct connection *c);

/* ---- command.c ---- */

/* A request that has no data: also a flush behind a write with FUA. */
void command_begin(struct task *t);
/* All of the request is done but perhaps a flush: replies, now or after that. */
void command_finish(struct task *t);

#endif
