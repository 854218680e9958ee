/* SPDX-License-Identifier: MIT */
/* NBD_CMD_READ and NBD_CMD_CACHE: in pieces of a buffer each. */
#include "connection_private.h"

/* Of what must not be sent before all of it was read: at most what a connection has for itself, beside the buffer of a
 * payload that is not complete. Large chunks cost the disk's backend and the client less. */
#define WHOLE_MAX ((POOL_RESERVE - 1) * POOL_BUFFER)
#define CHUNK_MAX WHOLE_MAX

static bool is_last(const struct task *t)
{
    return !t->pending && t->cut == t->r.length;
}

static uint32_t position(const struct piece *p)
{
    return (uint32_t)(p->io.offset - p->task->r.offset);
}

static void put_piece(struct piece *p)
{
    p->out.piece = p;
    p->out.data = p->data;
    p->out.len = p->io.len;
    output_put(p->task->connection, &p->out, p->task);
}

/* ---- structured: chunks of some pieces ---- */

/* A chunk of one piece, or an error in its place. */
static void put_alone(struct task *t, struct piece *p, bool done)
{
    p->out = (struct out){.piece = p};
    if (p->ret) {
        p->out.head_len = (uint8_t)reply_error_offset(p->out.head, t->r.cookie,
                                                      reply_error_for(p->ret), p->io.offset, done);
        output_put(t->connection, &p->out, t);
    } else {
        p->out.head_len =
            (uint8_t)reply_data(p->out.head, t->r.cookie, p->io.offset, p->io.len, done);
        put_piece(p);
    }
}

/* All of it has been read. */
static void chunk_put(struct task *t, struct piece *first)
{
    const bool done = is_last(t), bad = first->bad;
    uint32_t left = first->len;

    for (struct list *at = &first->link, *next; left; at = next) {
        struct piece *p = list_entry(at, struct piece, link);

        next = at->next;
        list_del(at);
        left -= p->io.len;
        if (bad) {
            put_alone(t, p, done && !left);
            continue;
        }
        p->out = (struct out){0};
        if (p == first)
            p->out.head_len =
                (uint8_t)reply_data(p->out.head, t->r.cookie, p->io.offset, first->len, done);
        put_piece(p);
    }
    if (done)
        task_free(t);
}

static void chunk_add(struct task *t, struct piece *first, struct piece *p)
{
    if (p == first) {
        p->waits = p->len = 0;
        p->bad = false;
    }
    p->first = first;
    p->read = false;
    first->waits++;
    first->len += p->io.len;
    list_add_tail(&t->pieces, &p->link);
}

static void chunk_read(struct task *t, struct piece *p, int ret)
{
    struct piece *first = p->first;

    p->read = true;
    p->ret = ret;
    first->bad |= ret != 0;
    if (!--first->waits)
        chunk_put(t, first);
}

/* Those that were read go. */
static void chunks_drop(struct task *t)
{
    list_for_each_safe (at, &t->pieces) {
        struct piece *p = list_entry(at, struct piece, link);

        list_del(&p->link);
        if (p->read)
            piece_free(t->connection, p);
    }
}

/* ---- one header, then all data ---- */

static void keep_in_order(struct task *t, struct piece *p)
{
    struct list *at = t->pieces.prev;

    while (at != &t->pieces && position(list_entry(at, struct piece, link)) > position(p))
        at = at->prev;
    list_insert(&p->link, at, at->next);
}

static void drop_pieces(struct task *t)
{
    list_for_each_safe (at, &t->pieces) {
        struct piece *p = list_entry(at, struct piece, link);

        list_del(&p->link);
        piece_free(t->connection, p);
    }
}

/* The next piece in order, if it is there; the first has the header. */
static bool put_next(struct task *t)
{
    struct piece *p = list_first(&t->pieces, struct piece, link);

    if (!p || position(p) != t->put)
        return false;
    list_del(&p->link);
    p->out = (struct out){0};
    if (!t->put) {
        p->out.head_len =
            (uint8_t)(t->r.flags & NBD_CMD_FLAG_DF
                          ? reply_data(p->out.head, t->r.cookie, t->r.offset, t->r.length, true)
                          : reply_simple(p->out.head, t->r.cookie, NBD_OK));
    }
    t->put += p->io.len;
    put_piece(p);
    return true;
}

/* All of it has been read. */
static void whole_read(struct task *t)
{
    list_del(&t->ordered_link);
    if (t->error) {
        drop_pieces(t);
        output_reply(t, t->error);
        return;
    }
    while (put_next(t))
        ;
    task_free(t);
}

/* Whether it may begin to be sent: all of it has been read, or it has all the buffers that it can get. An error is
 * said as long as it has not begun. */
static bool may_begin(const struct task *t)
{
    return t->put || t->begun || is_last(t);
}

/* What the stream can do now; true: it has ended, and another read is the first. */
static bool stream_run(struct connection *c, struct task *t)
{
    if (t->error && t->put) {
        connection_cut(c); /* its header said that there was no error */
        return false;
    }
    if (t->error) {
        drop_pieces(t);
        if (!is_last(t))
            return false;
        list_del(&t->ordered_link);
        output_reply(t, t->error);
        return true;
    }
    while (may_begin(t) && put_next(t))
        c->stream_open = true;
    if (t->put < t->r.length)
        return false;
    c->stream_open = false;
    list_del(&t->ordered_link);
    task_free(t);
    output_release_held(c);
    return true;
}

static void run_streams(struct connection *c)
{
    struct task *t;

    do
        t = list_first(&c->ordered, struct task, ordered_link);
    while (t && t->order == TASK_STREAM && stream_run(c, t));
}

/* ---- pieces ---- */

static void read_done(struct disk_io *io, int ret)
{
    struct piece *p = container_of(io, struct piece, io);
    struct task *t = p->task;
    struct connection *c = t->connection;

    t->pending--;
    if (ret && !t->error)
        t->error = reply_error_for(ret);
    if (c->state == CONNECTION_LOST) {
        piece_free(c, p);
        if (!t->pending)
            task_free(t);
    } else if (t->r.type == NBD_CMD_CACHE) {
        piece_free(c, p);
        if (is_last(t))
            output_reply(t, t->error);
    } else if (t->order == TASK_CHUNKS) {
        chunk_read(t, p, ret);
    } else {
        keep_in_order(t, p);
        if (t->order == TASK_WHOLE && is_last(t))
            whole_read(t);
        run_streams(c);
    }
    connection_advance_later(c);
}

/* Begins so many pieces, for which there are buffers: those of a chunk. */
static void start(struct task *t, unsigned count)
{
    struct piece *first = NULL;

    while (count--) {
        struct piece *p = pool_take(&t->connection->share);

        first = first ? first : p;
        p->task = t;
        p->io = (struct disk_io){.disk = t->connection->agreed.export->disk,
                                 .op = DISK_READ,
                                 .offset = t->r.offset + t->cut,
                                 .len = MIN(t->r.length - t->cut, POOL_BUFFER),
                                 .data = p->data,
                                 .done = read_done};
        t->cut += p->io.len;
        t->pending++;
        if (t->order == TASK_CHUNKS && t->r.type == NBD_CMD_READ)
            chunk_add(t, first, p);
        disk_start(&p->io);
    }
}

/* There is no buffer for it now. If none comes back by itself, of replies that the client acknowledges or of writes,
 * it cannot wait until it has been read as a whole. */
static void short_of_buffers(struct connection *c, struct task *t)
{
    const unsigned own = DIV_ROUND_UP(t->cut, POOL_BUFFER) + (c->filling ? 1 : 0);

    if (t->order != TASK_STREAM || t->begun || t->pending || c->share.held > own)
        return;
    t->begun = true;
    run_streams(c);
}

/* (A few pieces at a time, as buffers come back, would be as many requests of the disk.) */
void read_run(struct connection *c)
{
    struct task *t;

    while ((t = list_first(&c->reading, struct task, link))) {
        const unsigned left = DIV_ROUND_UP(t->r.length - t->cut, POOL_BUFFER);
        const unsigned count = MIN(left, CHUNK_MAX / POOL_BUFFER);

        if (!pool_wants(&c->share, count)) {
            short_of_buffers(c, t);
            return;
        }
        start(t, count);
        if (t->cut == t->r.length)
            list_del(&t->link);
    }
}

void read_drop(struct connection *c)
{
    for (unsigned i = 0; i < CONNECTION_TASKS; i++) {
        if (c->task[i].connection && c->task[i].order == TASK_CHUNKS)
            chunks_drop(&c->task[i]);
    }
    list_for_each_safe (at, &c->reading) {
        struct task *t = list_entry(at, struct task, link);

        list_del(&t->link);
        t->r.length = t->cut;
        if (!t->pending && t->order == TASK_CHUNKS)
            task_free(t);
    }
    list_for_each_safe (at, &c->ordered) {
        struct task *t = list_entry(at, struct task, ordered_link);

        list_del(&t->ordered_link);
        drop_pieces(t);
        if (!t->pending)
            task_free(t);
    }
    c->stream_open = false;
}

void read_begin(struct task *t)
{
    const bool one = t->r.flags & NBD_CMD_FLAG_DF || !t->connection->agreed.structured;

    t->order = !one ? TASK_CHUNKS : t->r.length <= WHOLE_MAX ? TASK_WHOLE : TASK_STREAM;
    if (t->r.type == NBD_CMD_CACHE)
        t->order = TASK_CHUNKS;
    if (t->order == TASK_STREAM && t->r.flags & NBD_CMD_FLAG_DF) {
        output_reply(t, NBD_EOVERFLOW);
        return;
    }
    list_add_tail(&t->connection->reading, &t->link);
    if (t->order != TASK_CHUNKS)
        list_add_tail(&t->connection->ordered, &t->ordered_link);
}
