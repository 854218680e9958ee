/* SPDX-License-Identifier: MIT */
/*
 * lwIP without an interface: data between two threads over 127.0.0.1 and ::1, by TCP and by UDP, through
 * lwIP's sequential API. Prints a line for each, and "net-loopback: OK".
 */
#include <lwip/api.h>
#include <lwip/tcpip.h>
#include <pthread.h>
#include <ringlet/net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES (3u << 20)

static void must(int ok, const char *what)
{
    if (!ok) {
        printf("net-loopback: FAIL: %s\n", what);
        exit(1);
    }
}

static unsigned char pattern(size_t offset)
{
    return (unsigned char)(offset * 7 + (offset >> 8) * 13 + (offset >> 16));
}

static ip_addr_t address;

static void *sender(void *arg)
{
    struct netconn *conn = netconn_new(IP_IS_V6(&address) ? NETCONN_TCP_IPV6 : NETCONN_TCP);
    unsigned char *data = malloc(BYTES);

    (void)arg;
    must(conn && data, "memory of the sender");
    for (size_t i = 0; i < BYTES; i++)
        data[i] = pattern(i);
    must(netconn_connect(conn, &address, 7) == ERR_OK, "connect");
    must(netconn_write(conn, data, BYTES, NETCONN_COPY) == ERR_OK, "write");
    must(netconn_close(conn) == ERR_OK, "close");
    netconn_delete(conn);
    free(data);
    return NULL;
}

static void tcp(const char *name)
{
    struct netconn *listener = netconn_new(IP_IS_V6(&address) ? NETCONN_TCP_IPV6 : NETCONN_TCP);
    struct netconn *conn;
    struct netbuf *buf;
    size_t offset = 0;
    pthread_t thread;
    err_t err;

    must(netconn_bind(listener, &address, 7) == ERR_OK && netconn_listen(listener) == ERR_OK,
         "listen");
    must(pthread_create(&thread, NULL, sender, NULL) == 0, "thread");
    must(netconn_accept(listener, &conn) == ERR_OK, "accept");
    while ((err = netconn_recv(conn, &buf)) == ERR_OK) {
        do {
            unsigned char *data;
            u16_t len;

            netbuf_data(buf, (void **)&data, &len);
            for (u16_t i = 0; i < len; i++, offset++)
                must(data[i] == pattern(offset), "data of TCP");
        } while (netbuf_next(buf) >= 0);
        netbuf_delete(buf);
    }
    must(err == ERR_CLSD && offset == BYTES, "end of the stream");
    netconn_delete(conn);
    netconn_delete(listener);
    pthread_join(thread, NULL);
    printf("%s: %u bytes by TCP\n", name, BYTES);
}

static void udp(const char *name)
{
    struct netconn *a = netconn_new(IP_IS_V6(&address) ? NETCONN_UDP_IPV6 : NETCONN_UDP);
    struct netconn *b = netconn_new(IP_IS_V6(&address) ? NETCONN_UDP_IPV6 : NETCONN_UDP);

    must(netconn_bind(a, &address, 9) == ERR_OK, "bind");
    must(netconn_connect(b, &address, 9) == ERR_OK, "connect of UDP");
    for (unsigned i = 0; i < 100; i++) {
        struct netbuf *sent = netbuf_new(), *got;
        unsigned char *data = netbuf_alloc(sent, (u16_t)(1 + i * 12)), *there;
        u16_t len;

        memset(data, (int)i, 1 + i * 12);
        must(netconn_send(b, sent) == ERR_OK, "send");
        netbuf_delete(sent);
        must(netconn_recv(a, &got) == ERR_OK, "receive");
        netbuf_data(got, (void **)&there, &len);
        must(len == 1 + i * 12 && there[0] == i && there[len - 1] == i, "data of UDP");
        netbuf_delete(got);
    }
    netconn_delete(a);
    netconn_delete(b);
    printf("%s: 100 datagrams by UDP\n", name);
}

int main(void)
{
    must(net_start() == 0, "net_start");
    IP_ADDR4(&address, 127, 0, 0, 1);
    tcp("127.0.0.1");
    udp("127.0.0.1");
    IP_ADDR6(&address, 0, 0, 0, PP_HTONL(1));
    tcp("::1");
    udp("::1");
    puts("net-loopback: OK");
    return 0;
}
