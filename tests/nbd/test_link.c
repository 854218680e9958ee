/* SPDX-License-Identifier: MIT */
/* The transport on lwIP (apps/nbdserver/link.c), by connections to 127.0.0.1, with a disk in memory. */
#include <kernel/event_channel.h>
#include <lwip/api.h>
#include <lwip/tcpip.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include "host/seam.h"
#include "link.h"
#include "protocol.h"
#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB  (1u << 20)
#define PORT 10809

static uint8_t data[MIB];
static bool disk_stops;

/* ---- the server ---- */

static void settle(void)
{
    connections_serve(&session_disk.disk.pool);
}

static void run_disk(void *arg)
{
    (void)arg;
    for (;;) {
        if (!disk_stops) {
            LOCK_TCPIP_CORE();
            session_complete(5);
            settle();
            UNLOCK_TCPIP_CORE();
        }
        thread_sleep(NSEC_PER_MSEC);
    }
}

static int start(void **state)
{
    (void)state;
    seam_init(64u << 20);
    session_begin(96, 7);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 13 + i / 512);
    return evtchn_init() || net_start() || thread_create(NULL, "disk", run_disk, NULL, 65536) ||
           link_listen(&session_server, "127.0.0.1", PORT, settle);
}

static bool is_idle(void)
{
    return !session_server.count && pool_is_whole(&session_disk.disk.pool);
}

/* Each test ends with a server that has nothing left. */
static int nothing_left(void **state)
{
    (void)state;
    disk_stops = false;
    for (int i = 0; i < 200 && !is_idle(); i++) {
        LOCK_TCPIP_CORE();
        connections_tick(&session_server, NSEC_PER_SEC);
        UNLOCK_TCPIP_CORE();
        thread_sleep(100 * NSEC_PER_MSEC);
    }
    return is_idle() ? 0 : -1;
}

/* ---- the client ---- */

static struct netconn *conn;
static struct netbuf *received;
static u16_t taken; /* bytes of it */

static void forget_received(void)
{
    if (received)
        netbuf_delete(received);
    received = NULL;
    taken = 0;
}

static err_t read_some(uint8_t *to, size_t len)
{
    while (len) {
        err_t err;
        u16_t n;

        if (!received && (err = netconn_recv(conn, &received)) != ERR_OK)
            return err;
        n = netbuf_copy_partial(received, to, (u16_t)MIN(len, (size_t)32768), taken);
        to += n;
        len -= n;
        taken = (u16_t)(taken + n);
        if (taken == netbuf_len(received))
            forget_received();
    }
    return ERR_OK;
}

static uint64_t next(unsigned bytes)
{
    uint8_t b[8];

    assert_int_equal(read_some(b, bytes), ERR_OK);
    return get_be(b, bytes);
}

static err_t put(const void *bytes, size_t len)
{
    size_t written; /* with a time for sending lwIP wants to say how much it was */

    return netconn_write_partly(conn, bytes, len, NETCONN_COPY, &written);
}

static void connect_client(void)
{
    static const uint8_t hello[] = "\0\0\0\3IHAVEOPT\0\0\0\1\0\0\0\4xvda";
    ip_addr_t address;

    IP_ADDR4(&address, 127, 0, 0, 1);
    conn = netconn_new(NETCONN_TCP);
    assert_int_equal(netconn_connect(conn, &address, PORT), ERR_OK);
    assert_true(next(8) == NBD_MAGIC);
    next(8);
    next(2);
    assert_int_equal(put(hello, sizeof(hello) - 1), ERR_OK);
    assert_int_equal(next(8), SESSION_DISK);
    next(2);
}

/* With unread data it is a reset. */
static void drop_client(void)
{
    forget_received();
    netconn_delete(conn);
}

static err_t request(unsigned type, uint64_t cookie, uint64_t offset, uint32_t length)
{
    uint8_t b[28];

    put_be(b, 4, NBD_REQUEST_MAGIC);
    put_be(b + 4, 4, type);
    put_be(b + 8, 8, cookie);
    put_be(b + 16, 8, offset);
    put_be(b + 24, 4, length);
    return put(b, sizeof(b));
}

static void assert_reply(uint64_t cookie)
{
    assert_true(next(4) == NBD_SIMPLE_REPLY_MAGIC);
    assert_int_equal(next(4), 0);
    assert_int_equal(next(8), cookie);
}

static void assert_closed(err_t how)
{
    uint8_t byte;

    assert_int_equal(read_some(&byte, 1), how);
}

static void disconnect(void)
{
    assert_int_equal(request(NBD_CMD_DISC, 0, 0, 0), ERR_OK);
    assert_closed(ERR_CLSD);
    drop_client();
}

/* ---- tests ---- */

static void reads_and_writes(void **state)
{
    uint8_t *found = malloc(3 * MIB);

    (void)state;
    connect_client();
    request(NBD_CMD_READ, 1, 0, 3 * MIB);
    assert_reply(1);
    assert_int_equal(read_some(found, 3 * MIB), ERR_OK);
    for (uint64_t i = 0; i < 3 * MIB; i++)
        assert_int_equal(found[i], session_byte(i));
    request(NBD_CMD_WRITE, 2, MIB, MIB);
    assert_int_equal(put(data, MIB), ERR_OK);
    assert_reply(2);
    assert_int_equal(pread(session_disk.fd, found, MIB, MIB), MIB);
    assert_memory_equal(found, data, MIB);
    disconnect();
    free(found);
}

static void many_small_requests(void **state)
{
    uint8_t block[512];

    (void)state;
    connect_client();
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 100; i++)
            request(NBD_CMD_READ, 3 * MIB + i * 512, 3 * MIB + i * 512, 512);
        for (unsigned i = 0; i < 100; i++) {
            uint64_t offset;

            next(8);
            offset = next(8);
            assert_int_equal(read_some(block, sizeof(block)), ERR_OK);
            for (unsigned k = 0; k < sizeof(block); k++)
                assert_int_equal(block[k], session_byte(offset + k));
        }
    }
    disconnect();
}

static void clients_that_vanish(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        connect_client();
        for (unsigned k = 0; k < i; k++)
            request(NBD_CMD_READ, k, 0, i % 3 ? 65536 : MIB);
        if (i % 2) {
            request(NBD_CMD_WRITE, 1, 0, MIB);
            put(data, 1000 * i);
        }
        if (i % 4 == 0)
            thread_sleep(i * NSEC_PER_MSEC);
        drop_client();
    }
}

static void garbage_is_reset(void **state)
{
    (void)state;
    connect_client();
    put(data, 1000);
    assert_closed(ERR_RST);
    drop_client();
}

/* It sends requests and reads nothing: it is cut, by another thread than lwIP's. */
static void a_client_without_an_ear(void **state)
{
    (void)state;
    connect_client();
    for (unsigned k = 0; k < 200; k++)
        request(NBD_CMD_READ, k, 0, MIB);
    thread_sleep(NSEC_PER_SEC);
    for (uint64_t i = 1; i < 6; i++) {
        LOCK_TCPIP_CORE();
        connections_tick(&session_server, i * 100 * NSEC_PER_SEC);
        UNLOCK_TCPIP_CORE();
        thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(session_server.count, 0);
    drop_client();
}

/* The disk is slow, more is sent than fits, and all of it is written in the end. */
static void writes_that_wait(void **state)
{
    (void)state;
    connect_client();
    disk_stops = true;
    netconn_set_sendtimeout(conn, 500);
    for (unsigned k = 0; k < 3; k++) {
        if (request(NBD_CMD_WRITE, k, k * MIB, MIB) != ERR_OK || put(data, MIB) != ERR_OK)
            break;
    }
    assert_true(pool_is_whole(&session_disk.disk.pool) == false);
    drop_client();
}

static void the_server_ends(void **state)
{
    uint8_t block[65536];

    (void)state;
    connect_client();
    disk_stops = true;
    request(NBD_CMD_READ, 1, 0, sizeof(block));
    thread_sleep(100 * NSEC_PER_MSEC);
    LOCK_TCPIP_CORE();
    link_unlisten();
    connections_stop(&session_server);
    settle();
    UNLOCK_TCPIP_CORE();
    assert_int_equal(session_server.count, 1);
    disk_stops = false;
    assert_reply(1);
    assert_int_equal(read_some(block, sizeof(block)), ERR_OK);
    assert_closed(ERR_CLSD);
    drop_client();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(reads_and_writes, nothing_left),
        cmocka_unit_test_teardown(many_small_requests, nothing_left),
        cmocka_unit_test_teardown(clients_that_vanish, nothing_left),
        cmocka_unit_test_teardown(garbage_is_reset, nothing_left),
        cmocka_unit_test_teardown(a_client_without_an_ear, nothing_left),
        cmocka_unit_test_teardown(writes_that_wait, nothing_left),
        cmocka_unit_test_teardown(the_server_ends, nothing_left),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
