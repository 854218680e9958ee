/* SPDX-License-Identifier: MIT */
/*
 * Many connections and threads, over the loopback interface: a server that echoes, and clients that
 * check each byte; some reset their connection in the middle. What is opened is closed: at the end
 * everything is as at first, or the next round fails.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE   200 /* connections */
#define CLIENTS   12  /* threads */
#define ROUNDS    8   /* of each */
#define LENGTH    30000
#define DATAGRAMS 500

static struct sockaddr_in address = {.sin_family = AF_INET};

static uint8_t pattern(unsigned seed, size_t i)
{
    return (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

/* ---- the server: one thread, poll() over all connections ---- */

struct connection {
    int fd;
    size_t length; /* of what is to be sent back */
    char data[4096];
};

static struct pollfd polled[AT_ONCE + CLIENTS + 2];
static struct connection *connections[AT_ONCE + CLIENTS + 2];
static nfds_t count;
static unsigned accepted, ended, lost;

static void add(int fd)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
    connections[count] = calloc(1, sizeof(struct connection));
    connections[count]->fd = fd;
    polled[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    accepted++;
}

static void drop(nfds_t i)
{
    close(connections[i]->fd);
    free(connections[i]);
    count--;
    connections[i] = connections[count];
    polled[i] = polled[count];
}

/* False: the connection is over. */
static bool serve(struct connection *c, struct pollfd *p)
{
    if (!c->length) {
        ssize_t n = recv(c->fd, c->data, sizeof(c->data), 0);

        if (n <= 0) {
            if (n < 0 && errno == EAGAIN)
                return true;
            *(n ? &lost : &ended) += 1;
            return false;
        }
        c->length = (size_t)n;
    }
    while (c->length) {
        ssize_t n = send(c->fd, c->data, c->length, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0) {
            lost++;
            return false;
        }
        c->length -= (size_t)n;
        memmove(c->data, c->data + n, c->length);
    }
    p->events = c->length ? POLLOUT : POLLIN;
    return true;
}

static void *server(void *arg)
{
    const int listener = *(int *)arg;

    connections[0] = NULL;
    polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    count = 1;
    for (;;) {
        const nfds_t n = count;

        if (poll(polled, n, -1) < 0)
            break;
        for (nfds_t i = n; i-- > 1;)
            if (polled[i].revents && !serve(connections[i], &polled[i]))
                drop(i);
        if (polled[0].revents & POLLIN) {
            int fd = accept(listener, NULL, NULL);

            if (fd >= 0 && count < sizeof(polled) / sizeof(polled[0]))
                add(fd);
        } else if (polled[0].revents) {
            break; /* shut down */
        }
    }
    while (count > 1)
        drop(1);
    return NULL;
}

/* ---- clients ---- */

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Sends a pattern in pieces and checks what comes back; the number of wrong bytes. */
static long exchange(int fd, unsigned seed, size_t length)
{
    uint8_t out[1500], in[2000];
    size_t sent = 0, got = 0;
    long wrong = 0;

    while (got < length) {
        size_t n = length - sent;
        ssize_t r;

        n = n < sizeof(out) - seed % 700 ? n : sizeof(out) - seed % 700;
        for (size_t i = 0; i < n; i++)
            out[i] = pattern(seed, sent + i);
        if (n && send(fd, out, n, 0) != (ssize_t)n)
            return -1;
        sent += n;
        r = recv(fd, in, sizeof(in), sent < length ? MSG_DONTWAIT : 0);
        if (!r || (r < 0 && errno != EAGAIN))
            return -1;
        for (ssize_t i = 0; i < r; i++)
            wrong += in[i] != pattern(seed, got + (size_t)i);
        got += r > 0 ? (size_t)r : 0;
    }
    return wrong;
}

static void *client(void *arg)
{
    const struct linger reset = {1, 0};
    const unsigned id = (unsigned)(uintptr_t)arg;
    long wrong = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        int fd = dial();

        if (fd < 0)
            return (void *)-1L;
        if (round % 4 == 3) { /* in the middle of the data */
            char some[5000] = "";

            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
            send(fd, some, sizeof(some), 0);
        } else {
            long n = exchange(fd, id * 100 + round, LENGTH + id * 100);

            wrong = n < 0 ? -1000000 : wrong + n;
        }
        close(fd);
    }
    return (void *)wrong;
}

static long clients(void)
{
    pthread_t threads[CLIENTS];
    long wrong = 0;
    void *result;

    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_create(&threads[i], NULL, client, (void *)(uintptr_t)i);
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], &result);
        wrong += (long)result;
    }
    return wrong;
}

/* All are open, then each is used, then all are closed. */
static long many_at_once(void)
{
    static int fds[AT_ONCE];
    long wrong = 0;

    for (unsigned i = 0; i < AT_ONCE; i++) {
        fds[i] = dial();
        wrong += fds[i] < 0;
    }
    for (unsigned i = 0; i < AT_ONCE && !wrong; i++)
        wrong += exchange(fds[i], i, 700 + i);
    for (unsigned i = 0; i < AT_ONCE; i++)
        close(fds[i]);
    return wrong;
}

/* ---- a stream in one direction, and datagrams ---- */

#define STREAM (4 * 1024 * 1024)

static void *stream_sender(void *arg)
{
    static uint8_t data[65536];
    size_t sent = 0;

    while (sent < STREAM) {
        for (size_t i = 0; i < sizeof(data); i++)
            data[i] = pattern(9, sent + i);
        if (send(*(int *)arg, data, sizeof(data), 0) != sizeof(data))
            break;
        sent += sizeof(data);
    }
    shutdown(*(int *)arg, SHUT_WR);
    return NULL;
}

static long stream(void)
{
    static uint8_t data[10000];
    int fds[2], listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(to);
    pthread_t thread;
    size_t got = 0;
    long wrong = 0;
    ssize_t n;

    if (bind(listener, (struct sockaddr *)&to, sizeof(to)) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&to, &length))
        return -1;
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fds[0], (struct sockaddr *)&to, sizeof(to)))
        return -1;
    fds[1] = accept(listener, NULL, NULL);
    pthread_create(&thread, NULL, stream_sender, &fds[0]);
    while ((n = recv(fds[1], data, sizeof(data), 0)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            wrong += data[i] != pattern(9, got + (size_t)i);
        got += (size_t)n;
    }
    pthread_join(thread, NULL);
    close(fds[0]);
    close(fds[1]);
    close(listener);
    return got == STREAM ? wrong : -1;
}

/* Each datagram is answered before the next: none may be lost. */
static long datagrams(void)
{
    int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval time = {5, 0};
    socklen_t length = sizeof(to);
    static uint8_t out[9000], in[9000];
    long wrong = 0;

    if (bind(one, (struct sockaddr *)&to, sizeof(to)) ||
        getsockname(one, (struct sockaddr *)&to, &length) ||
        connect(two, (struct sockaddr *)&to, sizeof(to)))
        return -1;
    setsockopt(one, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
    for (unsigned i = 0; i < DATAGRAMS; i++) {
        const size_t n = i * 37 % sizeof(out);

        for (size_t k = 0; k < n; k++)
            out[k] = pattern(i, k);
        wrong += send(two, out, n, 0) != (ssize_t)n;
        wrong += recv(one, in, sizeof(in), 0) != (ssize_t)n || memcmp(in, out, n);
    }
    close(one);
    close(two);
    return wrong;
}

int main(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = sizeof(address);
    pthread_t thread;

    signal(SIGPIPE, SIG_IGN);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK("listens", !bind(listener, (struct sockaddr *)&address, sizeof(address)) &&
                         !listen(listener, 128) &&
                         !getsockname(listener, (struct sockaddr *)&address, &length));
    pthread_create(&thread, NULL, server, &listener);
    CHECK("clients in threads get what they sent", clients() == 0);
    CHECK("many connections at once", many_at_once() == 0);
    CHECK("and once more", many_at_once() == 0);
    CHECK("clients again", clients() == 0);
    CHECK("a stream of 4 MiB", stream() == 0);
    CHECK("datagrams", datagrams() == 0);
    usleep(100000);
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    CHECK("all were accepted", accepted == 2 * AT_ONCE + 2 * CLIENTS * ROUNDS);
    CHECK("all have ended", ended + lost == accepted);
    CHECK("those that were reset", lost == 2 * CLIENTS * ROUNDS / 4);
    close(listener);
    return tap_end();
}
