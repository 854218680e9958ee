/* SPDX-License-Identifier: MIT */
/* The port: lwIP's threads, mailboxes, semaphores and timers, by connections to 127.0.0.1 and ::1. */
#include <kernel/event_channel.h>
#include <lwip/api.h>
#include <lwip/sys.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include "host/seam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static ip_addr_t address;
static err_t result;
static u16_t port = 6;

static enum netconn_type tcp_type(void)
{
    return IP_IS_V6(&address) ? NETCONN_TCP_IPV6 : NETCONN_TCP;
}

static void client(void *arg)
{
    struct netconn *conn = netconn_new(tcp_type());
    static const char data[100000] = "hello";

    (void)arg;
    result = netconn_connect(conn, &address, port);
    if (result == ERR_OK)
        result = netconn_write(conn, data, sizeof(data), NETCONN_COPY);
    netconn_close(conn);
    netconn_delete(conn);
}

static void stream(void)
{
    struct netconn *listener = netconn_new(tcp_type()), *conn;
    struct netbuf *buf;
    struct thread *t;
    unsigned bytes = 0;

    assert_int_equal(netconn_bind(listener, &address, ++port), ERR_OK);
    assert_int_equal(netconn_listen(listener), ERR_OK);
    assert_int_equal(thread_create(&t, "client", client, NULL, 65536), 0);
    assert_int_equal(netconn_accept(listener, &conn), ERR_OK);
    while (netconn_recv(conn, &buf) == ERR_OK) {
        bytes += netbuf_len(buf);
        netbuf_delete(buf);
    }
    thread_join(t);
    assert_int_equal(result, ERR_OK);
    assert_int_equal(bytes, 100000);
    netconn_delete(conn);
    netconn_delete(listener);
}

static void test_v4(void **state)
{
    (void)state;
    IP_ADDR4(&address, 127, 0, 0, 1);
    stream();
}

static void test_v6(void **state)
{
    (void)state;
    IP_ADDR6(&address, 0, 0, 0, PP_HTONL(1));
    stream();
}

/* A mailbox grows while its first message is anywhere, and keeps their order. */
static void test_mailbox(void **state)
{
    static int value[64];
    sys_mbox_t box;
    unsigned put = 0, got = 0;
    void *msg;

    (void)state;
    assert_int_equal(sys_mbox_new(&box, 30), ERR_OK);
    for (unsigned round = 0; round < 6; round++) {
        for (unsigned i = 0; i < 7; i++)
            assert_int_equal(sys_mbox_trypost(&box, &value[put++ % 64]), ERR_OK);
        for (unsigned i = 0; i < 3; i++) {
            assert_true(sys_arch_mbox_fetch(&box, &msg, 0) != SYS_ARCH_TIMEOUT);
            assert_ptr_equal(msg, &value[got++ % 64]);
        }
    }
    while (sys_mbox_trypost(&box, &value[put % 64]) == ERR_OK)
        put++;
    assert_int_equal(put - got, 32);
    for (; got < put; got++) {
        assert_int_equal(sys_arch_mbox_tryfetch(&box, &msg), 0);
        assert_ptr_equal(msg, &value[got % 64]);
    }
    assert_int_equal(sys_arch_mbox_tryfetch(&box, &msg), SYS_MBOX_EMPTY);
    assert_int_equal(sys_arch_mbox_fetch(&box, &msg, 10), SYS_ARCH_TIMEOUT);
    sys_mbox_free(&box);
}

static int start(void **state)
{
    (void)state;
    seam_init(32u << 20);
    assert_int_equal(evtchn_init(), 0);
    return net_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_v4), cmocka_unit_test(test_v6),
                                       cmocka_unit_test(test_mailbox)};

    return cmocka_run_group_tests_name("loopback", tests, start, NULL);
}
