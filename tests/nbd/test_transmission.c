/* SPDX-License-Identifier: MIT */
/* The transmission phase: requests, their replies, and what becomes of data. */
#include "session.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol.h"

#define MIB (1u << 20)

static struct session s;
static struct session *client = &s; /* whose replies are read */
static uint8_t data[2 * MIB];

static int begin(bool structured)
{
    session_begin(200, 3);
    session_open(&s);
    session_handshake(&s, structured);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 4096);
    return 0;
}

static int simple(void **state)
{
    (void)state;
    return begin(false);
}

static int structured(void **state)
{
    (void)state;
    return begin(true);
}

static int teardown(void **state)
{
    const bool changed = s.changed;

    (void)state;
    session_close(&s);
    return session_end() && !changed ? 0 : -1;
}

static uint64_t next(unsigned bytes)
{
    const uint8_t *p = session_read(client, bytes);

    assert_non_null(p);
    return get_be(p, bytes);
}

static void assert_reply(uint64_t cookie, uint32_t error)
{
    assert_true(next(4) == NBD_SIMPLE_REPLY_MAGIC);
    assert_int_equal(next(4), error);
    assert_int_equal(next(8), cookie);
}

/* A chunk; returns the length of its payload. */
static size_t assert_chunk(uint64_t cookie, bool *done, unsigned *type)
{
    unsigned flags;

    assert_true(next(4) == NBD_STRUCTURED_REPLY_MAGIC);
    flags = (unsigned)next(2);
    assert_true(flags <= 1);
    *done = flags;
    *type = (unsigned)next(2);
    assert_int_equal(next(8), cookie);
    return next(4);
}

static void assert_last(uint64_t cookie, uint32_t error)
{
    unsigned type;
    bool done;
    const size_t len = assert_chunk(cookie, &done, &type);

    assert_true(done);
    assert_int_equal(type, error ? NBD_REPLY_TYPE_ERROR : NBD_REPLY_TYPE_NONE);
    assert_int_equal(len, error ? 6 : 0);
    if (error) {
        assert_int_equal(next(4), error);
        assert_int_equal(next(2), 0);
    }
}

static void assert_bytes(uint64_t offset, size_t len)
{
    const uint8_t *p = session_read(client, len);

    assert_non_null(p);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(p[i], session_byte(offset + i));
}

/* The chunks of a read in any order; the bytes that were read. errors: how many chunks say an error. */
static size_t assert_chunks(uint64_t cookie, uint64_t offset, size_t len, unsigned *errors)
{
    static bool seen[SESSION_DISK / 512];
    size_t total = 0;
    bool done = false;

    memset(seen, 0, sizeof(seen));
    *errors = 0;
    while (!done) {
        unsigned type;
        const size_t n = assert_chunk(cookie, &done, &type);
        uint64_t at;

        if (type == NBD_REPLY_TYPE_ERROR_OFFSET) {
            assert_int_equal(n, 14);
            assert_int_equal(next(4), NBD_EIO);
            assert_int_equal(next(2), 0);
            at = next(8);
            assert_true(at >= offset && at < offset + len);
            ++*errors;
            continue;
        }
        assert_int_equal(type, NBD_REPLY_TYPE_OFFSET_DATA);
        at = next(8);
        assert_true(at >= offset && at + n - 8 <= offset + len);
        assert_bytes(at, n - 8);
        for (uint64_t i = at / 512; i < (at + n - 8) / 512; i++) {
            assert_false(seen[i]);
            seen[i] = true;
        }
        total += n - 8;
    }
    return total;
}

static void assert_disk(uint64_t offset, const uint8_t *expected, size_t len)
{
    uint8_t *found = malloc(len);

    assert_int_equal(pread(session_disk.fd, found, len, (off_t)offset), len);
    assert_memory_equal(found, expected, len);
    free(found);
}

static void write_request(uint64_t cookie, uint64_t offset, uint32_t len, unsigned flags)
{
    session_request(&s, NBD_CMD_WRITE, flags, cookie, offset, len);
    session_send(&s, data, len);
}

/* ---- reads ---- */

static void simple_read(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_READ, 0, 7, 1024, 100 * 1024);
    session_settle(&s);
    assert_reply(7, NBD_OK);
    assert_bytes(1024, 100 * 1024);
    assert_int_equal(session_unread(&s), 0);
}

/* Larger than all buffers: it streams, in order, with one header. */
static void simple_stream(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 3 * MIB);
    session_request(&s, NBD_CMD_READ, 0, 2, 512, 512);
    session_request(&s, NBD_CMD_READ, 0, 3, 0, MIB);
    session_request(&s, NBD_CMD_FLUSH, 0, 4, 0, 0);
    session_request(&s, NBD_CMD_READ, 0, 5, 4096, 4096);
    session_settle(&s);
    for (int left = 5; left; left--) {
        uint64_t cookie;

        assert_true(next(4) == NBD_SIMPLE_REPLY_MAGIC);
        assert_int_equal(next(4), 0);
        cookie = next(8);
        if (cookie == 1)
            assert_bytes(0, 3 * MIB);
        else if (cookie == 2)
            assert_bytes(512, 512);
        else if (cookie == 3)
            assert_bytes(0, MIB);
        else if (cookie == 5)
            assert_bytes(4096, 4096);
        else
            assert_int_equal(cookie, 4);
    }
    assert_int_equal(session_unread(&s), 0);
}

static void structured_read(void **state)
{
    unsigned errors;

    (void)state;
    session_request(&s, NBD_CMD_READ, 0, 9, 512, MIB);
    session_settle(&s);
    /* in chunks of 128 KiB, each with a header of 28 bytes */
    assert_int_equal(session_unread(&s), MIB + MIB / (128 * 1024) * 28);
    assert_int_equal(assert_chunks(9, 512, MIB, &errors), MIB);
    assert_int_equal(errors, 0);
    assert_int_equal(session_unread(&s), 0);
}

static void structured_read_of_all(void **state)
{
    unsigned errors;

    (void)state;
    session_request(&s, NBD_CMD_READ, 0, 9, 0, SESSION_DISK);
    session_settle(&s);
    assert_int_equal(assert_chunks(9, 0, SESSION_DISK, &errors), SESSION_DISK);
}

static void dont_fragment(void **state)
{
    unsigned type;
    bool done;

    (void)state;
    session_request(&s, NBD_CMD_READ, NBD_CMD_FLAG_DF, 9, 4096, 128 * 1024);
    session_settle(&s);
    assert_int_equal(assert_chunk(9, &done, &type), 128 * 1024 + 8);
    assert_true(done);
    assert_int_equal(type, NBD_REPLY_TYPE_OFFSET_DATA);
    assert_int_equal(next(8), 4096);
    assert_bytes(4096, 128 * 1024);
    session_request(&s, NBD_CMD_READ, NBD_CMD_FLAG_DF, 9, 0, 128 * 1024 + 512);
    session_settle(&s);
    assert_last(9, NBD_EOVERFLOW);
}

/* ---- errors of reads ---- */

static void simple_read_error(void **state)
{
    (void)state;
    session_disk.bad_from = 64 * 1024;
    session_disk.bad_to = session_disk.bad_from + 512;
    session_request(&s, NBD_CMD_READ, 0, 7, 0, 100 * 1024);
    session_request(&s, NBD_CMD_READ, 0, 8, 0, 32 * 1024);
    session_settle(&s);
    for (int i = 0; i < 2; i++) {
        if (get_be(s.out + s.out_read + 8, 8) == 7) {
            assert_reply(7, NBD_EIO);
        } else {
            assert_reply(8, NBD_OK);
            assert_bytes(0, 32 * 1024);
        }
    }
    assert_int_equal(session_unread(&s), 0);
}

/* One as long as Linux' requests is read as a whole first: also behind others, whose buffers it waits for. */
static void simple_long_read_error(void **state)
{
    const uint32_t most = POOL_SHARE_MAX * POOL_BUFFER;

    (void)state;
    session_disk.bad_from = most - 512;
    session_disk.bad_to = most;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, MIB);
    session_request(&s, NBD_CMD_READ, 0, 2, 0, most);
    session_request(&s, NBD_CMD_READ, 0, 3, 0, MIB);
    session_request(&s, NBD_CMD_READ, 0, 4, 512, most);
    session_settle(&s);
    assert_false(s.aborted);
    assert_reply(1, NBD_OK);
    assert_bytes(0, MIB);
    assert_reply(2, NBD_EIO);
    assert_reply(3, NBD_OK);
    assert_bytes(0, MIB);
    assert_reply(4, NBD_EIO);
    assert_int_equal(session_unread(&s), 0);
}

/* A payload that is not complete keeps a buffer: the read does not wait for that. */
static void simple_read_beside_a_payload(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 3 * MIB);
    session_request(&s, NBD_CMD_WRITE, 0, 2, 3 * MIB, 4096);
    session_send(&s, data, 100);
    session_settle(&s);
    assert_reply(1, NBD_OK);
    assert_bytes(0, 3 * MIB);
    session_send(&s, data + 100, 3996);
    session_settle(&s);
    assert_reply(2, NBD_OK);
}

/* A longer one is said to have no error before the error is known: there is no other way than to cut it. */
static void stream_error_cuts(void **state)
{
    (void)state;
    session_disk.bad_from = 2 * MIB;
    session_disk.bad_to = 2 * MIB + 512;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 3 * MIB);
    session_request(&s, NBD_CMD_READ, 0, 2, 0, 512);
    session_settle(&s);
    assert_true(s.aborted);
}

/* Not if it is in what was read before there was no buffer left. */
static void stream_error_at_first(void **state)
{
    (void)state;
    session_disk.bad_from = MIB;
    session_disk.bad_to = MIB + 512;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 3 * MIB);
    session_settle(&s);
    assert_reply(1, NBD_EIO);
    assert_int_equal(session_unread(&s), 0);
}

static void structured_read_error(void **state)
{
    unsigned errors;

    (void)state;
    session_disk.bad_from = 64 * 1024;
    session_disk.bad_to = session_disk.bad_from + 512;
    session_request(&s, NBD_CMD_READ, 0, 9, 0, MIB);
    session_settle(&s);
    assert_int_equal(assert_chunks(9, 0, MIB, &errors), MIB - POOL_BUFFER);
    assert_int_equal(errors, 1);
}

/* ---- writes ---- */

static void writes(void **state)
{
    (void)state;
    write_request(1, 8192, 4096, 0);
    write_request(2, MIB, MIB, 0);
    session_settle(&s);
    for (int i = 0; i < 2; i++) {
        assert_true(next(4) == NBD_SIMPLE_REPLY_MAGIC);
        assert_int_equal(next(4), 0);
        next(8);
    }
    assert_disk(8192, data, 4096);
    assert_disk(MIB, data, MIB);
    assert_int_equal(session_disk.flushes, 0);
}

/* With FUA it is flushed once, behind the last of its pieces. */
static void fua_flushes_once(void **state)
{
    (void)state;
    write_request(1, 0, 100 * 1024, NBD_CMD_FLAG_FUA);
    session_request(&s, NBD_CMD_READ, NBD_CMD_FLAG_FUA, 2, MIB, 512);
    session_settle(&s);
    assert_int_equal(session_disk.flushes, 1);
    assert_int_equal(session_unread(&s), 16 + 16 + 512);
    session_disk.flush_result = -EIO;
    s.out_read = s.out_len;
    write_request(3, 0, 512, NBD_CMD_FLAG_FUA);
    session_settle(&s);
    assert_reply(3, NBD_EIO);
}

static void a_payload_in_parts(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_WRITE, 0, 1, 512, 40000 / 512 * 512);
    for (size_t at = 0; at < 40000 / 512 * 512;) {
        const size_t n = MIN((size_t)777, 40000 / 512 * 512 - at);

        session_send(&s, data + at, n);
        session_settle(&s);
        at += n;
    }
    assert_reply(1, NBD_OK);
    assert_disk(512, data, 40000 / 512 * 512);
}

static void write_error(void **state)
{
    (void)state;
    session_disk.bad_from = MIB;
    session_disk.bad_to = MIB + 1;
    write_request(1, MIB - 512, 64 * 1024, 0);
    session_settle(&s);
    assert_reply(1, NBD_EIO);
}

/* What was not sent whole is not answered, and its buffers are free. */
static void an_unfinished_write(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_WRITE, 0, 1, 0, MIB);
    session_send(&s, data, 100000);
    connection_eof(s.connection);
    session_settle(&s);
    assert_true(s.closed);
    assert_int_equal(session_unread(&s), 0);
}

/* ---- other requests ---- */

static void flush_trim_zeroes_cache(void **state)
{
    static const uint8_t zeroes[65536];

    (void)state;
    session_request(&s, NBD_CMD_FLUSH, 0, 1, 0, 0);
    session_settle(&s);
    assert_last(1, NBD_OK);
    assert_int_equal(session_disk.flushes, 1);
    session_request(&s, NBD_CMD_TRIM, 0, 2, 0, 65536);
    session_settle(&s);
    assert_last(2, NBD_OK);
    assert_int_equal(session_disk.trims, 1);
    session_request(&s, NBD_CMD_WRITE_ZEROES, NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FUA, 3, 0, 65536);
    session_settle(&s);
    assert_last(3, NBD_OK);
    assert_int_equal(session_disk.flushes, 2);
    assert_disk(0, zeroes, sizeof(zeroes));
    session_request(&s, NBD_CMD_WRITE_ZEROES, NBD_CMD_FLAG_FAST_ZERO, 4, 0, 65536);
    session_settle(&s);
    assert_last(4, NBD_ENOTSUP);
    assert_int_equal(session_disk.zeroes, 1);
    session_request(&s, NBD_CMD_CACHE, 0, 5, 0, 100 * 1024);
    session_settle(&s);
    assert_last(5, NBD_OK);
    assert_int_equal(session_disk.reads, 7);
    session_disk.flush_result = -EIO;
    session_request(&s, NBD_CMD_FLUSH, 0, 6, 0, 0);
    session_settle(&s);
    assert_last(6, NBD_EIO);
}

static void block_status(void **state)
{
    unsigned type;
    bool done;

    (void)state;
    session_request(&s, NBD_CMD_BLOCK_STATUS, NBD_CMD_FLAG_REQ_ONE, 1, MIB, MIB);
    session_settle(&s);
    assert_int_equal(assert_chunk(1, &done, &type), 12);
    assert_true(done);
    assert_int_equal(type, NBD_REPLY_TYPE_BLOCK_STATUS);
    assert_int_equal(next(4), 1);
    assert_int_equal(next(4), MIB);
    assert_int_equal(next(4), 0);
}

/* Who has not asked for base:allocation has not agreed on what it is called. */
static void block_status_without_context(void **state)
{
    struct session other;

    (void)state;
    session_open(&other);
    session_hello(&other, 1);
    session_option(&other, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
    session_go(&other, NBD_OPT_GO, "xvda", NULL, 0);
    session_settle(&other);
    other.out_read = other.out_len;
    session_request(&other, NBD_CMD_BLOCK_STATUS, 0, 4, 0, 512);
    session_settle(&other);
    client = &other;
    assert_last(4, NBD_EINVAL);
    client = &s;
    session_close(&other);
}

static void refuses(void **state)
{
    static const struct {
        unsigned type, flags;
        uint64_t offset;
        uint32_t length, error;
    } cases[] = {
        {NBD_CMD_READ, 0, SESSION_DISK, 512, NBD_EINVAL},
        {NBD_CMD_READ, 0, SESSION_DISK - 512, 1024, NBD_EINVAL},
        {NBD_CMD_READ, 0, UINT64_MAX - 511, 512, NBD_EINVAL},
        {NBD_CMD_READ, 0, 0, 0, NBD_EINVAL},
        {NBD_CMD_READ, 0, 1, 512, NBD_EINVAL},
        {NBD_CMD_READ, 0, 0, 513, NBD_EINVAL},
        {NBD_CMD_READ, 0, 0, 64 * MIB, NBD_EINVAL},
        {NBD_CMD_READ, NBD_CMD_FLAG_NO_HOLE, 0, 512, NBD_EINVAL},
        {NBD_CMD_READ, 0x8000, 0, 512, NBD_EINVAL},
        {NBD_CMD_WRITE, 0, SESSION_DISK - 512, 1024, NBD_ENOSPC},
        {NBD_CMD_WRITE, NBD_CMD_FLAG_DF, 0, 512, NBD_EINVAL},
        {NBD_CMD_TRIM, 0, SESSION_DISK, 512, NBD_ENOSPC},
        {NBD_CMD_WRITE_ZEROES, 0, SESSION_DISK, 512, NBD_ENOSPC},
        {NBD_CMD_FLUSH, 0, 512, 0, NBD_EINVAL},
        {NBD_CMD_FLUSH, 0, 0, 512, NBD_EINVAL},
        {NBD_CMD_BLOCK_STATUS, 0, 0, 0, NBD_EINVAL},
        {NBD_CMD_BLOCK_STATUS, 0, 0, SESSION_DISK + 512, NBD_EINVAL},
        {8, 0, 0, 0, NBD_EINVAL},
        {77, 0, 0, 512, NBD_EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        session_request(&s, cases[i].type, cases[i].flags, i, cases[i].offset, cases[i].length);
        if (cases[i].type == NBD_CMD_WRITE)
            session_send(&s, data, cases[i].length);
        session_settle(&s);
        assert_last(i, cases[i].error);
    }
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 512);
    session_settle(&s);
    assert_int_equal(session_unread(&s), 20 + 8 + 512);
    assert_int_equal(session_disk.writes + session_disk.zeroes + session_disk.trims, 0);
}

static void read_only(void **state)
{
    (void)state;
    session_export.read_only = true;
    write_request(1, 0, 4096, 0);
    session_settle(&s);
    assert_reply(1, NBD_EPERM);
    session_request(&s, NBD_CMD_TRIM, 0, 2, 0, 512);
    session_settle(&s);
    assert_reply(2, NBD_EPERM);
    session_request(&s, NBD_CMD_WRITE_ZEROES, 0, 3, 0, 512);
    session_settle(&s);
    assert_reply(3, NBD_EPERM);
    session_request(&s, NBD_CMD_READ, 0, 4, 0, 512);
    session_settle(&s);
    assert_reply(4, NBD_OK);
    assert_bytes(0, 512);
}

/* Who has not asked for the block sizes may read any bytes. */
static void any_alignment_without_block_sizes(void **state)
{
    struct session other;

    (void)state;
    session_open(&other);
    session_hello(&other, 1);
    session_option(&other, NBD_OPT_EXPORT_NAME, "xvda", 4);
    session_settle(&other);
    other.out_read = other.out_len;
    session_request(&other, NBD_CMD_READ, 0, 4, 7, 9);
    session_settle(&other);
    assert_int_equal(session_unread(&other), 16 + 9);
    assert_int_equal(other.out[other.out_read + 16], session_byte(7));
    session_close(&other);
}

/* ---- detaching and ending ---- */

static void detached(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 4096);
    session_disk.disk.dev = NULL;
    session_request(&s, NBD_CMD_READ, 0, 2, 0, 4096);
    connections_disk_gone(&session_server, &session_disk.disk);
    assert_true(session_export.gone);
    session_request(&s, NBD_CMD_READ, 0, 3, 0, 4096);
    session_request(&s, NBD_CMD_FLUSH, 0, 4, 0, 0);
    session_settle(&s);
    for (int i = 0; i < 4; i++) {
        uint64_t cookie;
        uint32_t error;

        assert_true(next(4) == NBD_SIMPLE_REPLY_MAGIC);
        error = (uint32_t)next(4);
        cookie = next(8);
        assert_int_equal(error, cookie == 1 ? 0 : NBD_ESHUTDOWN);
        if (!error)
            assert_bytes(0, 4096);
    }
    assert_non_null(s.connection);
}

static void disconnect_ends_what_was_begun(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, MIB);
    session_request(&s, NBD_CMD_DISC, 0, 2, 0, 0);
    session_request(&s, NBD_CMD_READ, 0, 3, 0, 512);
    assert_false(s.closed);
    session_settle(&s);
    assert_true(s.closed);
    assert_int_equal(session_unread(&s), 16 + MIB);
}

/* The server ends: what was begun is answered, then the connection is closed. */
static void stop_ends_what_was_begun(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_WRITE, 0, 1, 0, MIB);
    session_send(&s, data, 1000);
    connections_stop(&session_server);
    session_settle(&s);
    assert_false(s.closed);
    session_send(&s, data + 1000, MIB - 1000);
    session_settle(&s);
    assert_reply(1, NBD_OK);
    assert_disk(0, data, MIB);
    assert_true(s.closed);
}

/* A request that is complete only when the server ends is refused. */
static void stop_refuses_what_was_not_begun(void **state)
{
    uint8_t request[28];

    (void)state;
    put_be(request, 4, NBD_REQUEST_MAGIC);
    put_be(request + 4, 4, NBD_CMD_READ);
    put_be(request + 8, 8, 9);
    put_be(request + 16, 8, 0);
    put_be(request + 24, 4, 512);
    session_send(&s, request, 20);
    connections_stop(&session_server);
    session_send(&s, request + 20, 8);
    session_settle(&s);
    assert_reply(9, NBD_ESHUTDOWN);
    assert_true(s.closed);
}

/* The end of a connection waits until the client has all. */
static void closed_when_acknowledged(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 512);
    session_request(&s, NBD_CMD_DISC, 0, 2, 0, 0);
    session_complete(1);
    session_ack(&s, 16 + 511);
    assert_false(s.closed);
    session_ack(&s, 1);
    assert_true(s.closed);
}

static void garbage_is_cut(void **state)
{
    (void)state;
    session_send(&s, data, 28);
    assert_true(s.aborted);
}

static void a_write_that_is_too_long_is_cut(void **state)
{
    (void)state;
    session_request(&s, NBD_CMD_WRITE, 0, 1, 0, 32 * MIB + 512);
    assert_true(s.aborted);
}

/* ---- limits ---- */

/* More requests than may be in flight wait, and all are answered. */
static void many_requests(void **state)
{
    bool seen[500] = {false};

    (void)state;
    for (unsigned i = 0; i < 500; i++)
        session_request(&s, NBD_CMD_READ, 0, i, i * 512, 512);
    assert_true(session_disk.in_flight <= CONNECTION_TASKS);
    assert_true(s.in_len > s.in_from);
    session_settle(&s);
    for (unsigned i = 0; i < 500; i++) {
        uint64_t cookie;

        assert_true(next(4) == NBD_SIMPLE_REPLY_MAGIC);
        assert_int_equal(next(4), 0);
        cookie = next(8);
        assert_false(seen[cookie]);
        seen[cookie] = true;
        assert_bytes(cookie * 512, 512);
    }
}

/* A client that reads nothing holds its share, and another one is served. */
static void a_slow_client_stops_only_itself(void **state)
{
    struct session other;
    unsigned errors;

    (void)state;
    s.room = 1;
    for (unsigned i = 0; i < 64; i++)
        session_request(&s, NBD_CMD_READ, 0, i, 0, MIB);
    while (session_complete(100))
        connections_serve(&session_disk.disk.pool);
    session_open(&other);
    session_handshake(&other, true);
    for (unsigned i = 0; i < 10; i++) {
        session_request(&other, NBD_CMD_READ, 0, i, 0, MIB);
        session_settle(&other);
        client = &other;
        assert_int_equal(assert_chunks(i, 0, MIB, &errors), MIB);
        client = &s;
    }
    session_close(&other);
    /* until its patience ends */
    connections_tick(&session_server, NSEC_PER_SEC);
    connections_tick(&session_server, 2 * NSEC_PER_SEC);
    connections_tick(&session_server, 61 * NSEC_PER_SEC);
    assert_false(s.aborted);
    connections_tick(&session_server, 63 * NSEC_PER_SEC);
    assert_true(s.aborted);
}

static void an_idle_client_stays(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < 1000; i++)
        connections_tick(&session_server, i * 60 * NSEC_PER_SEC);
    assert_non_null(s.connection);
}

static void half_a_request_is_cut(void **state)
{
    (void)state;
    session_send(&s, "\x25\x60\x95\x13", 4);
    for (uint64_t i = 1; i < 4; i++)
        connections_tick(&session_server, i * 60 * NSEC_PER_SEC);
    assert_true(s.aborted);
}

static void no_memory_to_send(void **state)
{
    (void)state;
    s.refuses = 5;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 65536);
    session_settle(&s);
    for (int i = 0; i < 6; i++)
        connection_writable(s.connection);
    session_settle(&s);
    assert_reply(1, NBD_OK);
    assert_bytes(0, 65536);
}

static void acknowledged_bit_by_bit(void **state)
{
    (void)state;
    s.room = 3000;
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 2 * MIB);
    for (int i = 0; i < 100000 && s.connection && session_unread(&s) < 2 * MIB + 16; i++) {
        session_complete(1);
        connections_serve(&session_disk.disk.pool);
        session_ack(&s, 701);
    }
    session_settle(&s);
    assert_reply(1, NBD_OK);
    assert_bytes(0, 2 * MIB);
}

/* What was acknowledged is used again only when no frame refers to it. */
static void frames_outlive_acknowledgements(void **state)
{
    (void)state;
    session_use(true);
    session_request(&s, NBD_CMD_READ, 0, 1, 0, 2 * MIB);
    session_settle(&s);
    assert_true(connections_are_cooling(&session_server));
    assert_int_equal(session_disk.reads, POOL_SHARE_MAX);
    assert_int_equal(session_unread(&s), 16 + POOL_SHARE_MAX * POOL_BUFFER);
    session_use(false);
    connections_cool(&session_server);
    session_settle(&s);
    assert_false(connections_are_cooling(&session_server));
    assert_reply(1, NBD_OK);
    assert_bytes(0, 2 * MIB);
    /* also those of a client that has gone */
    session_use(true);
    session_request(&s, NBD_CMD_READ, 0, 1, 0, MIB);
    session_settle(&s);
    connection_lost(s.connection);
    s.connection = NULL;
    assert_int_equal(session_server.count, 1);
    session_use(false);
    connections_cool(&session_server);
    assert_int_equal(session_server.count, 0);
}

/* A client that goes with everything in flight. */
static void lost(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        session_request(&s, NBD_CMD_READ, 0, i, i * 512, i % 3 ? 512 : MIB);
        write_request(100 + i, i * 4096, 4096, i % 2 ? NBD_CMD_FLAG_FUA : 0);
        session_request(&s, NBD_CMD_WRITE_ZEROES, NBD_CMD_FLAG_FUA, i, 0, 512);
    }
    session_request(&s, NBD_CMD_WRITE, 0, 1, 0, MIB);
    session_send(&s, data, 50000);
    session_complete(20);
}

int main(void)
{
#define SIMPLE(f)     cmocka_unit_test_setup_teardown(f, simple, teardown)
#define STRUCTURED(f) cmocka_unit_test_setup_teardown(f, structured, teardown)
    const struct CMUnitTest tests[] = {
        SIMPLE(simple_read),
        SIMPLE(simple_stream),
        STRUCTURED(structured_read),
        STRUCTURED(structured_read_of_all),
        STRUCTURED(dont_fragment),
        SIMPLE(simple_read_error),
        SIMPLE(simple_long_read_error),
        SIMPLE(simple_read_beside_a_payload),
        SIMPLE(stream_error_cuts),
        SIMPLE(stream_error_at_first),
        STRUCTURED(structured_read_error),
        SIMPLE(writes),
        SIMPLE(fua_flushes_once),
        SIMPLE(a_payload_in_parts),
        SIMPLE(write_error),
        SIMPLE(an_unfinished_write),
        STRUCTURED(flush_trim_zeroes_cache),
        STRUCTURED(block_status),
        STRUCTURED(block_status_without_context),
        STRUCTURED(refuses),
        SIMPLE(read_only),
        SIMPLE(any_alignment_without_block_sizes),
        SIMPLE(detached),
        SIMPLE(disconnect_ends_what_was_begun),
        SIMPLE(stop_ends_what_was_begun),
        SIMPLE(stop_refuses_what_was_not_begun),
        SIMPLE(closed_when_acknowledged),
        SIMPLE(garbage_is_cut),
        SIMPLE(a_write_that_is_too_long_is_cut),
        SIMPLE(many_requests),
        STRUCTURED(a_slow_client_stops_only_itself),
        SIMPLE(an_idle_client_stays),
        SIMPLE(half_a_request_is_cut),
        SIMPLE(no_memory_to_send),
        SIMPLE(acknowledged_bit_by_bit),
        SIMPLE(frames_outlive_acknowledgements),
        SIMPLE(lost),
        STRUCTURED(lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
