/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol.h"

struct connections session_server;
struct file_disk session_disk;
struct export session_export;

static int memory = -1;

static struct session *session_of(struct transport *t)
{
    return container_of(t, struct session, transport);
}

/* ---- the transport ---- */

static size_t room(struct transport *t)
{
    const struct session *s = session_of(t);
    const size_t unacked = s->out_len - s->acked;
    const size_t limit = s->room ? s->room : SESSION_OUT;

    if (s->refs == SESSION_REFS)
        return 0;
    return unacked < limit ? MIN(limit - unacked, SESSION_OUT - s->out_len) : 0;
}

static bool send(struct transport *t, const void *data, size_t len, bool copy)
{
    struct session *s = session_of(t);

    if (s->refuses) {
        s->refuses--;
        return false;
    }
    if (len > room(t))
        abort();
    while (s->out_len + len > s->out_size) {
        s->out_size = s->out_size ? 2 * s->out_size : 65536;
        s->out = realloc(s->out, s->out_size);
    }
    memcpy(s->out + s->out_len, data, len);
    if (!copy) {
        s->ref[(s->first_ref + s->refs) % SESSION_REFS] =
            (struct session_ref){data, s->out_len, len};
        s->refs++;
    }
    s->out_len += len;
    return true;
}

static void push(struct transport *t)
{
    (void)t;
}

static void deliver(struct session *s)
{
    if (s->delivering) {
        s->again = true;
        return;
    }
    s->delivering = true;
    do {
        s->again = false;
        if (s->in_from < s->in_len && s->connection)
            s->in_from +=
                connection_input(s->connection, s->in + s->in_from, s->in_len - s->in_from);
    } while (s->again && s->connection);
    s->delivering = false;
    if (s->in_from == s->in_len)
        s->in_from = s->in_len = 0;
}

static void resume(struct transport *t)
{
    deliver(session_of(t));
}

static void end(struct transport *t)
{
    session_of(t)->closed = true;
    session_of(t)->connection = NULL;
}

static void reset(struct transport *t)
{
    session_of(t)->aborted = true;
    session_of(t)->connection = NULL;
}

/* ---- the disk ---- */

uint8_t session_byte(uint64_t offset)
{
    return (uint8_t)(offset * 31 + offset / 512 * 7 + 1);
}

static const uint8_t *content(void)
{
    static uint8_t data[SESSION_DISK];

    if (!data[0]) {
        for (uint64_t i = 0; i < SESSION_DISK; i++)
            data[i] = session_byte(i);
    }
    return data;
}

void session_begin(unsigned buffers, uint64_t seed)
{
    connections_init(&session_server, 16);
    memory = memfd_create("disk", 0);
    if (memory < 0 || pwrite(memory, content(), SESSION_DISK, 0) != SESSION_DISK)
        abort();
    if (file_disk_open(&session_disk, memory, buffers, seed))
        abort();
    session_export = (struct export){.name = "xvda",
                                     .description = "a disk",
                                     .disk = &session_disk.disk,
                                     .size = SESSION_DISK,
                                     .sector = 512,
                                     .trim = true};
    list_add_tail(&session_server.exports, &session_export.link);
}

unsigned session_complete(unsigned most)
{
    const unsigned n = file_disk_complete(&session_disk, most);

    connections_run(&session_server);
    return n;
}

bool session_end(void)
{
    const struct pool *p = &session_disk.disk.pool;
    bool clean;

    while (session_complete(100))
        ;
    connections_tick(&session_server, 1);
    clean = !session_server.count && pool_is_whole(p) && p->reserved == p->seats * POOL_RESERVE &&
            !session_export.connections;
    file_disk_close(&session_disk);
    close(memory);
    return clean;
}

/* ---- the client ---- */

static bool in_use;

static bool unused(const void *data, size_t len, bool ended)
{
    (void)data;
    (void)len;
    (void)ended;
    return !in_use;
}

void session_use(bool use)
{
    in_use = use;
}

void session_open(struct session *s)
{
    memset(s, 0, sizeof(*s));
    s->in = malloc(SESSION_HELD);
    s->transport = (struct transport){.room = room,
                                      .send = send,
                                      .push = push,
                                      .resume = resume,
                                      .close = end,
                                      .abort = reset,
                                      .unused = unused};
    s->connection = connection_open(&session_server, &s->transport);
}

void session_close(struct session *s)
{
    struct connection *c = s->connection;

    s->connection = NULL;
    if (c)
        connection_lost(c);
    free(s->in);
    free(s->out);
}

void session_send(struct session *s, const void *data, size_t len)
{
    if (!s->connection || !len || len > SESSION_HELD - s->in_len)
        return;
    memcpy(s->in + s->in_len, data, len);
    s->in_len += len;
    deliver(s);
}

void session_ack(struct session *s, size_t n)
{
    n = MIN(n, s->out_len - s->acked);
    s->acked += n;
    while (s->refs) {
        const struct session_ref *r = &s->ref[s->first_ref % SESSION_REFS];

        if (r->at + r->len > s->acked)
            break;
        s->changed |= memcmp(r->data, s->out + r->at, r->len) != 0;
        s->first_ref++;
        s->refs--;
    }
    if (s->connection && n)
        connection_acked(s->connection, n);
}

void session_settle(struct session *s)
{
    bool any;

    do {
        any = session_complete(7) > 0;
        connections_serve(&session_disk.disk.pool);
        any |= s->out_len != s->acked && s->connection;
        session_ack(s, s->out_len - s->acked);
        if (s->connection)
            connection_writable(s->connection);
    } while (any);
}

/* ---- messages ---- */

void session_hello(struct session *s, uint32_t flags)
{
    uint8_t b[4];

    put_be(b, 4, flags);
    session_send(s, b, sizeof(b));
}

void session_option(struct session *s, uint32_t option, const void *data, size_t len)
{
    uint8_t b[16];

    put_be(b, 8, NBD_OPTION_MAGIC);
    put_be(b + 8, 4, option);
    put_be(b + 12, 4, len);
    session_send(s, b, sizeof(b));
    session_send(s, data, len);
}

void session_go(struct session *s, uint32_t option, const char *name, const uint16_t *infos,
                unsigned count)
{
    uint8_t b[256];
    const size_t n = strlen(name);

    put_be(b, 4, n);
    memcpy(b + 4, name, n);
    put_be(b + 4 + n, 2, count);
    for (unsigned i = 0; i < count; i++)
        put_be(b + 6 + n + 2 * i, 2, infos[i]);
    session_option(s, option, b, 6 + n + 2 * count);
}

void session_context(struct session *s, uint32_t option, const char *name, const char *query)
{
    uint8_t b[256];
    const size_t n = strlen(name), q = query ? strlen(query) : 0;

    put_be(b, 4, n);
    memcpy(b + 4, name, n);
    put_be(b + 4 + n, 4, query != NULL);
    if (query) {
        put_be(b + 8 + n, 4, q);
        memcpy(b + 12 + n, query, q);
    }
    session_option(s, option, b, query ? 12 + n + q : 8 + n);
}

void session_request(struct session *s, unsigned type, unsigned flags, uint64_t cookie,
                     uint64_t offset, uint32_t length)
{
    uint8_t b[28];

    put_be(b, 4, NBD_REQUEST_MAGIC);
    put_be(b + 4, 2, flags);
    put_be(b + 6, 2, type);
    put_be(b + 8, 8, cookie);
    put_be(b + 16, 8, offset);
    put_be(b + 24, 4, length);
    session_send(s, b, sizeof(b));
}

void session_handshake(struct session *s, bool structured)
{
    static const uint16_t block_size = NBD_INFO_BLOCK_SIZE;

    session_hello(s, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
    if (structured) {
        session_option(s, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
        session_context(s, NBD_OPT_SET_META_CONTEXT, "xvda", "base:allocation");
    }
    session_go(s, NBD_OPT_GO, "xvda", &block_size, 1);
    session_settle(s);
    s->out_read = s->out_len;
}

const uint8_t *session_read(struct session *s, size_t n)
{
    const uint8_t *at = s->out + s->out_read;

    if (session_unread(s) < n)
        return NULL;
    s->out_read += n;
    return at;
}
