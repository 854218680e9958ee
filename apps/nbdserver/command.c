/* SPDX-License-Identifier: MIT */
/* Requests without data. */
#include "connection_private.h"

static void command_done(struct disk_io *io, int ret)
{
    struct task *t = container_of(io, struct task, io);
    struct connection *c = t->connection;

    t->pending--;
    if (ret && !t->error)
        t->error = reply_error_for(ret);
    command_finish(t);
    connection_advance_later(c);
}

static void start(struct task *t, enum disk_op op)
{
    t->io = (struct disk_io){.disk = t->connection->agreed.export->disk,
                             .op = op,
                             .offset = t->r.offset,
                             .len = t->r.length,
                             .done = command_done};
    t->pending++;
    disk_start(&t->io);
}

/* A disk may have a cache: FUA is a flush when all of the request's data have been written. */
void command_finish(struct task *t)
{
    const bool fua = t->r.flags & NBD_CMD_FLAG_FUA &&
                     (t->r.type == NBD_CMD_WRITE || t->r.type == NBD_CMD_WRITE_ZEROES ||
                      t->r.type == NBD_CMD_TRIM);

    if (fua && !t->error && !t->flushed) {
        t->flushed = true;
        start(t, DISK_FLUSH);
        return;
    }
    output_reply(t, t->error);
}

static void block_status(struct task *t)
{
    t->out = (struct out){.task = t};
    t->out.head_len = (uint8_t)reply_allocated(t->out.head, t->r.cookie, t->r.length);
    output_put(t->connection, &t->out, t);
}

void command_begin(struct task *t)
{
    switch (t->r.type) {
    case NBD_CMD_FLUSH:
        start(t, DISK_FLUSH);
        break;
    case NBD_CMD_TRIM:
        start(t, DISK_TRIM);
        break;
    case NBD_CMD_WRITE_ZEROES:
        start(t, DISK_ZERO);
        break;
    default:
        /* a backend tells nothing of what is allocated: all of it is, then */
        block_status(t);
        break;
    }
}
