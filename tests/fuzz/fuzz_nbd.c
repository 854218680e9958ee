/* SPDX-License-Identifier: MIT */
/*
 * A client of the NBD server (apps/nbdserver). The input decides what it sends: bytes as they are, or
 * options and requests that are nearly right; when the disk ends requests, and with errors; how much the
 * client acknowledges; when memory is short; and when it goes, the disk is detached or the server ends.
 * In all cases what was sent by reference does not change before it is acknowledged, no buffer is lost,
 * nothing is left when the client has gone, and another client is then served.
 */
#include "fuzz.h"

#include <nbd/session.h>

#include "protocol.h"

static struct session s;

static void send_bytes(struct input *in)
{
    uint8_t bytes[64];
    const size_t n = input_u8(in) % sizeof(bytes);

    input_bytes(in, bytes, n);
    session_send(&s, bytes, n);
}

static void send_option(struct input *in)
{
    uint8_t bytes[64];
    const size_t n = input_u8(in) % sizeof(bytes);
    const uint32_t option = input_u8(in) % 14;

    input_bytes(in, bytes, n);
    session_option(&s, option, bytes, n);
}

static void send_request(struct input *in)
{
    static const uint8_t zeroes[65536];
    const unsigned type = input_u8(in) % 10, flags = input_u8(in) % 32;
    const uint64_t offset = (uint64_t)input_u16(in) * 128;
    const uint32_t length = (uint32_t)input_u16(in) * 64;

    session_request(&s, type, flags, input_u8(in), offset, length);
    for (uint32_t left = type == NBD_CMD_WRITE ? length : 0; left;) {
        const uint32_t n = MIN(left, (uint32_t)sizeof(zeroes));

        session_send(&s, zeroes, n);
        left -= n;
    }
}

static void disk_event(struct input *in)
{
    const unsigned what = input_u8(in);

    if (what < 4) {
        session_disk.bad_from = (uint64_t)input_u16(in) * 64;
        session_disk.bad_to = session_disk.bad_from + 512;
    } else if (what == 4) {
        session_disk.disk.dev = NULL;
        connections_disk_gone(&session_server, &session_disk.disk);
    } else {
        session_complete(what);
        connections_serve(&session_disk.disk.pool);
    }
}

static void step(struct input *in)
{
    static uint64_t now;

    switch (input_u8(in) % 12) {
    case 0:
        send_bytes(in);
        break;
    case 1:
        send_option(in);
        break;
    case 2:
        session_handshake(&s, input_u8(in) % 2);
        break;
    case 3:
    case 4:
    case 5:
        send_request(in);
        break;
    case 6:
    case 7:
        disk_event(in);
        break;
    case 8:
        session_ack(&s, (size_t)input_u16(in));
        break;
    case 9:
        s.room = (size_t)input_u8(in) * 100;
        s.refuses = input_u8(in) % 3;
        break;
    case 10:
        now += (uint64_t)input_u8(in) * 100 * NSEC_PER_MSEC;
        connections_tick(&session_server, now);
        break;
    default:
        if (s.connection && input_u8(in) % 16 == 0)
            connection_eof(s.connection);
        else if (input_u8(in) % 32 == 0)
            connections_stop(&session_server);
        break;
    }
}

static void check_another(void)
{
    static struct session other;

    session_open(&other);
    must(other.connection);
    session_handshake(&other, false);
    session_request(&other, NBD_CMD_FLUSH, 0, 5, 0, 0);
    session_settle(&other);
    must(session_unread(&other) == 16);
    must(!other.changed);
    session_close(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};

    session_begin(24 + input_u8(&in) % 40, input_u8(&in));
    session_open(&s);
    while (input_left(&in) && s.connection && session_unread(&s) < SESSION_OUT / 4)
        step(&in);
    must(session_server.count <= 1);
    s.room = 0;
    s.refuses = 0;
    session_settle(&s);
    must(!s.changed);
    session_close(&s);
    while (session_complete(100))
        ;
    connections_tick(&session_server, 1);
    must(!session_server.count);
    if (!session_export.gone && !session_server.stopping) {
        session_disk.flush_result = 0;
        check_another();
    }
    must(session_end());
    return 0;
}
