/* SPDX-License-Identifier: MIT */
/*
 * The NBD server as a host program, on files and the host's sockets: apps/nbdserver without blkfront
 * and lwIP, for tests of the protocol with other people's clients.
 *
 *     host-nbdserver PORT FILE[:ro] [FILE[:ro]]     exports xvda, xvdb; ends at SIGTERM
 *
 * PORT 0 is any; the line "port N" on standard output says which.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "export.h"
#include "file_disk.h"
#include "tls.h"

#define CLIENTS 16
#define DISKS   2
#define BUFFERS 192

struct client {
    struct transport transport;
    struct connection *connection;
    int fd; /* -1: no client */
    bool ended, again, delivering;
    uint8_t in[65536];
    size_t in_from, in_to;
    uint8_t out[262144];
    size_t
        out_len; /* bytes that the kernel has not taken: when it has, that counts as acknowledged */
};

static struct client clients[CLIENTS];
static struct connections server;
static struct file_disk files[DISKS];
static struct export exports[DISKS];
static unsigned disk_count;
static volatile sig_atomic_t stop;

static struct client *client_of(struct transport *t)
{
    return container_of(t, struct client, transport);
}

/* ---- the transport ---- */

static size_t room(struct transport *t)
{
    return sizeof(client_of(t)->out) - client_of(t)->out_len;
}

static bool queue(struct transport *t, const void *data, size_t len, bool copy)
{
    struct client *c = client_of(t);

    (void)copy;
    memcpy(c->out + c->out_len, data, len);
    c->out_len += len;
    return true;
}

static void push(struct transport *t)
{
    (void)t;
}

static void deliver(struct client *c)
{
    if (c->delivering) {
        c->again = true;
        return;
    }
    c->delivering = true;
    do {
        c->again = false;
        if (c->in_from < c->in_to && !c->ended)
            c->in_from +=
                connection_input(c->connection, c->in + c->in_from, c->in_to - c->in_from);
    } while (c->again && !c->ended);
    c->delivering = false;
    if (c->in_from == c->in_to)
        c->in_from = c->in_to = 0;
}

static void resume(struct transport *t)
{
    deliver(client_of(t));
}

static void end(struct transport *t)
{
    struct client *c = client_of(t);

    if (c->out_len) /* the last words of TLS */
        send(c->fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    c->ended = true;
}

static void reset(struct transport *t)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(client_of(t)->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    client_of(t)->ended = true;
}

/* ---- events ---- */

static void accept_client(int listener)
{
    const int fd = accept(listener, NULL, NULL), on = 1;
    struct client *c = NULL;

    for (int i = 0; i < CLIENTS && !c; i++)
        if (clients[i].fd < 0)
            c = &clients[i];
    if (fd < 0)
        return;
    if (!c) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    *c = (struct client){.fd = fd, .transport = {room, queue, push, resume, end, reset, NULL}};
    c->connection = connection_open(&server, &c->transport);
    if (!c->connection)
        c->ended = true;
}

static void read_client(struct client *c)
{
    const ssize_t n = recv(c->fd, c->in + c->in_to, sizeof(c->in) - c->in_to, MSG_DONTWAIT);

    if (n > 0) {
        c->in_to += (size_t)n;
        deliver(c);
    } else if (n == 0) {
        connection_eof(c->connection);
    } else if (errno != EAGAIN) {
        c->ended = true;
        connection_lost(c->connection);
    }
}

static void run_client(struct client *c)
{
    while (c->out_len && !c->ended) {
        const ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN) {
            c->ended = true;
            connection_lost(c->connection);
        }
        if (n <= 0)
            break;
        c->out_len -= (size_t)n;
        memmove(c->out, c->out + n, c->out_len);
        connection_acked(c->connection, (size_t)n);
    }
    if (!c->ended)
        connection_writable(c->connection);
    if (c->ended) {
        close(c->fd);
        c->fd = -1;
    }
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

static bool busy(void)
{
    for (unsigned i = 0; i < disk_count; i++)
        if (files[i].in_flight)
            return true;
    return false;
}

static void turn(int listener)
{
    struct pollfd p[CLIENTS + 1] = {{.fd = stop ? -1 : listener, .events = POLLIN}};

    for (int i = 0; i < CLIENTS; i++)
        p[i + 1] = (struct pollfd){.fd = clients[i].fd,
                                   .events = clients[i].in_to < sizeof(clients[i].in) ? POLLIN : 0};
    poll(p, CLIENTS + 1, busy() ? 0 : 20);
    if (p[0].revents)
        accept_client(listener);
    for (int i = 0; i < CLIENTS; i++)
        if (p[i + 1].revents && clients[i].fd >= 0 && !clients[i].ended)
            read_client(&clients[i]);
    for (unsigned i = 0; i < disk_count; i++) {
        file_disk_complete(&files[i], 16);
        connections_run(&server);
        connections_serve(&files[i].disk.pool);
    }
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i].fd >= 0)
            run_client(&clients[i]);
    connections_tick(&server, now_ns());
}

static void on_stop(int sig)
{
    (void)sig;
    stop = 1;
}

/* ---- the start ---- */

static int listen_at(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&at, len) || listen(fd, 16) ||
        getsockname(fd, (struct sockaddr *)&at, &len))
        return -1;
    printf("port %u\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static int open_disk(char *name)
{
    char *colon = strrchr(name, ':');
    struct export *e = &exports[disk_count];
    const bool ro = colon && strcmp(colon, ":ro") == 0;
    int fd, ret;

    if (ro)
        *colon = 0;
    fd = open(name, ro ? O_RDONLY : O_RDWR);
    ret = fd < 0 ? -errno : file_disk_open(&files[disk_count], fd, BUFFERS, disk_count + 1);
    if (ret)
        return ret;
    *e = (struct export){.disk = &files[disk_count].disk,
                         .size = files[disk_count].size,
                         .sector = 512,
                         .read_only = ro,
                         .trim = !ro};
    snprintf(e->name, sizeof(e->name), "xvd%c", 'a' + (int)disk_count);
    snprintf(e->description, sizeof(e->description), "a file");
    list_add_tail(&server.exports, &e->link);
    disk_count++;
    return 0;
}

int main(int argc, char **argv)
{
    const char *tls = NULL, *why;
    int listener;

    if (argc > 1 && strncmp(argv[1], "tls=", 4) == 0) {
        tls = argv[1] + 4;
        argv[1] = argv[0];
        argv++;
        argc--;
    }
    if (argc < 3 || argc > 2 + DISKS) {
        fprintf(stderr, "usage: %s [tls=FILE[:CA]] PORT FILE[:ro] [FILE[:ro]]\n", argv[0]);
        return 2;
    }
    connections_init(&server, CLIENTS);
    if (tls && (why = tls_load(tls, &server.identity))) {
        fprintf(stderr, "tls=%s: %s\n", tls, why);
        return 1;
    }
    for (int i = 0; i < CLIENTS; i++)
        clients[i].fd = -1;
    for (int i = 2; i < argc; i++) {
        const int ret = open_disk(argv[i]);

        if (ret) {
            fprintf(stderr, "%s: %s\n", argv[i], strerror(-ret));
            return 1;
        }
    }
    signal(SIGTERM, on_stop);
    signal(SIGPIPE, SIG_IGN);
    listener = listen_at((unsigned)atoi(argv[1]));
    if (listener < 0) {
        perror("listen");
        return 1;
    }
    while (!stop)
        turn(listener);
    connections_stop(&server);
    for (const uint64_t until = now_ns() + 10 * NSEC_PER_SEC; server.count && now_ns() < until;)
        turn(listener);
    for (unsigned i = 0; i < disk_count; i++) {
        if (!pool_is_whole(&files[i].disk.pool))
            fprintf(stderr, "%s: buffers are in use\n", files[i].disk.name);
        fsync(files[i].fd);
        file_disk_close(&files[i]);
    }
    printf("accepted %llu cut %llu reads %llu writes %llu errors %llu\n",
           (unsigned long long)server.accepted, (unsigned long long)server.cut,
           (unsigned long long)server.reads, (unsigned long long)server.writes,
           (unsigned long long)server.errors);
    return server.count ? 1 : 0;
}
