/* SPDX-License-Identifier: MIT */
/* apps/tftpd: what its clients may send, and what lwIP's server gets of it. Clients are at 127.0.0.1. */
#include <kernel/event_channel.h>
#include <lwip/api.h>
#include <lwip/sys.h>
#include <ringlet/net.h>

#include "host/seam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apps/httpd/served.c"
#include "apps/tftpd/tftp_files.c"

#define SIZE 700 /* of the file: two blocks */

static char folder[] = "/tmp/tftp-XXXXXX", content[SIZE], path[100];
static ip_addr_t server_address;
static unsigned char answer[600];

static struct netconn *new_client(void)
{
    struct netconn *conn = netconn_new(NETCONN_UDP);

    assert_int_equal(netconn_connect(conn, &server_address, 69), ERR_OK);
    netconn_set_recvtimeout(conn, 50);
    return conn;
}

static void send_bytes(struct netconn *conn, const void *bytes, size_t size)
{
    struct netbuf *buf = netbuf_new();

    memcpy(netbuf_alloc(buf, (u16_t)size), bytes, size);
    assert_int_equal(netconn_send(conn, buf), ERR_OK);
    netbuf_delete(buf);
}

static void request(struct netconn *conn, unsigned char operation, const char *name)
{
    unsigned char bytes[400] = {0, operation};
    const size_t length = strlen(name) + 1;

    memcpy(bytes + 2, name, length);
    memcpy(bytes + 2 + length, "octet", 6);
    send_bytes(conn, bytes, 2 + length + 6);
}

static void send_numbered(struct netconn *conn, unsigned char operation, unsigned char number)
{
    send_bytes(conn, (unsigned char[]){0, operation, 0, number}, 4);
}

/* The size of what comes, in `answer`; 0: nothing. */
static unsigned get(struct netconn *conn)
{
    struct netbuf *buf;
    unsigned size;

    if (netconn_recv(conn, &buf) != ERR_OK)
        return 0;
    size = netbuf_copy(buf, answer, sizeof(answer));
    netbuf_delete(buf);
    return size;
}

static void expect_block(struct netconn *conn, unsigned char number, unsigned size)
{
    assert_int_equal(get(conn), 4 + size);
    assert_memory_equal(answer, ((unsigned char[]){0, DATA, 0, number}), 4);
    assert_memory_equal(answer + 4, content + (number - 1) * 512, size);
}

static void expect_error(struct netconn *conn, unsigned char code)
{
    assert_true(get(conn) > 4);
    assert_memory_equal(answer, ((unsigned char[]){0, ERROR, 0, code}), 4);
}

static void expect_nothing(struct netconn *conn)
{
    assert_int_equal(get(conn), 0);
}

static int set_up(void **state)
{
    int fd;

    (void)state;
    IP_ADDR4(&server_address, 127, 0, 0, 1);
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (char)(i * i >> 3);
    seam_init(32u << 20);
    if (!mkdtemp(folder) || evtchn_init() || net_start())
        return -1;
    served_root(folder);
    snprintf(path, sizeof(path), "%s/file", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, content, SIZE) != SIZE || close(fd))
        return -1;
    return tftp_files_start(folder);
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    snprintf(path, sizeof(path), "%s/sent", folder);
    unlink(path);
    return rmdir(folder);
}

static void test_what_comes_twice_is_ignored(void **state)
{
    struct netconn *conn = new_client();

    (void)state;
    request(conn, READ, "file");
    expect_block(conn, 1, 512);
    request(conn, READ, "file");
    expect_nothing(conn);
    send_numbered(conn, ACK, 1);
    expect_block(conn, 2, SIZE - 512);
    send_numbered(conn, ACK, 1);
    expect_nothing(conn);
    send_numbered(conn, ACK, 2);
    expect_nothing(conn);
    assert_int_equal(file, -1);
    netconn_delete(conn);
}

static void test_others_wait(void **state)
{
    struct netconn *conn = new_client(), *other = new_client();

    (void)state;
    request(conn, READ, "file");
    expect_block(conn, 1, 512);
    request(other, READ, "file");
    send_numbered(other, ERROR, 0);
    expect_nothing(other);
    send_numbered(conn, ACK, 1);
    expect_block(conn, 2, SIZE - 512);
    send_numbered(conn, ACK, 2);
    request(other, READ, "/file");
    expect_block(other, 1, 512);
    /* it has seen enough: the next one need not wait */
    send_numbered(other, ERROR, 0);
    expect_error(other, ACCESS);
    request(conn, READ, "file");
    expect_block(conn, 1, 512);
    send_numbered(conn, ERROR, 0);
    expect_error(conn, ACCESS);
    netconn_delete(other);
    netconn_delete(conn);
}

/* More than lwIP has timers, at one time. */
static void test_refused(void **state)
{
    struct netconn *conn = new_client();
    char name[300];

    (void)state;
    for (int i = 0; i < 300; i++) {
        request(conn, READ, i % 2 ? "none" : "..");
        expect_error(conn, i % 2 ? NOT_FOUND : ACCESS);
    }
    request(conn, WRITE, "../x");
    expect_error(conn, ACCESS);
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    request(conn, READ, name);
    expect_error(conn, ILLEGAL);
    send_bytes(conn, "\0\1file", 6);
    expect_error(conn, ILLEGAL);
    send_bytes(conn, "\0\1file\0octet", 12);
    expect_error(conn, ILLEGAL);
    for (size_t size = 0; size < HEADER; size++)
        send_bytes(conn, "\0\1\0\0", size);
    expect_nothing(conn);
    assert_true(file < 0);
    netconn_delete(conn);
}

static void test_written(void **state)
{
    struct netconn *conn = new_client();
    char found[SIZE + 1];
    unsigned char bytes[4 + SIZE] = {0, DATA, 0, 1};
    char name[100];
    int fd;

    (void)state;
    request(conn, WRITE, "sent");
    assert_int_equal(get(conn), 4);
    assert_memory_equal(answer, ((unsigned char[]){0, ACK, 0, 0}), 4);
    memcpy(bytes + 4, content, 512);
    for (int twice = 0; twice < 2; twice++) {
        send_bytes(conn, bytes, 4 + 512);
        assert_int_equal(get(conn), 4);
        assert_memory_equal(answer, ((unsigned char[]){0, ACK, 0, 1}), 4);
    }
    bytes[3] = 7;
    send_bytes(conn, bytes, 4 + 512);
    expect_nothing(conn);
    bytes[3] = 2;
    memcpy(bytes + 4, content + 512, SIZE - 512);
    send_bytes(conn, bytes, 4 + SIZE - 512);
    assert_int_equal(get(conn), 4);
    snprintf(name, sizeof(name), "%s/sent", folder);
    fd = open(name, O_RDONLY);
    assert_int_equal(read(fd, found, sizeof(found)), SIZE);
    close(fd);
    assert_memory_equal(found, content, SIZE);
    netconn_delete(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_twice_is_ignored),
        cmocka_unit_test(test_others_wait),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_written),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
