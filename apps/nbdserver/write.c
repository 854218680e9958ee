/* SPDX-License-Identifier: MIT */
/* NBD_CMD_WRITE: the payload passes through buffers, each of which is written as soon as it is full. */
#include <string.h>

#include "connection_private.h"

static void write_done(struct disk_io *io, int ret)
{
    struct piece *p = container_of(io, struct piece, io);
    struct task *t = p->task;
    struct connection *c = t->connection;

    t->pending--;
    if (ret && !t->error)
        t->error = reply_error_for(ret);
    piece_free(c, p);
    if (!t->pending && t->abandoned)
        task_free(t);
    else if (!t->pending && t->cut == t->r.length)
        command_finish(t);
    connection_advance_later(c);
}

void write_begin(struct task *t)
{
    t->connection->writing = t;
}

static void start(struct connection *c)
{
    struct task *t = c->writing;
    struct piece *p = c->filling;

    p->task = t;
    p->io = (struct disk_io){.disk = c->agreed.export->disk,
                             .op = DISK_WRITE,
                             .offset = t->r.offset + t->cut,
                             .len = c->filled,
                             .data = p->data,
                             .done = write_done};
    t->cut += c->filled;
    t->pending++;
    c->filling = NULL;
    if (t->cut == t->r.length)
        c->writing = NULL;
    disk_start(&p->io);
}

size_t write_input(struct connection *c, const uint8_t *data, size_t len)
{
    const struct task *t = c->writing;
    uint32_t want;

    if (!c->filling) {
        c->filling = pool_take(&c->share);
        c->filled = 0;
    }
    if (!c->filling)
        return 0;
    want = MIN(t->r.length - t->cut, POOL_BUFFER) - c->filled;
    len = MIN(len, (size_t)want);
    memcpy(c->filling->data + c->filled, data, len);
    c->filled += (uint32_t)len;
    if (len == want)
        start(c);
    return len;
}

void write_drop(struct connection *c)
{
    struct task *t = c->writing;

    if (!t)
        return;
    if (c->filling)
        piece_free(c, c->filling);
    c->filling = NULL;
    c->writing = NULL;
    t->abandoned = true;
    if (!t->pending)
        task_free(t);
}
