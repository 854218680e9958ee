/* SPDX-License-Identifier: MIT */
/* Echo (RFC 862), discard (RFC 863) and chargen (RFC 864), and the threads of connections. */
#include "io.h"
#include "server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG       64
#define CONNECTIONS   512 /* at once, over all ports; more are closed */
#define BUFFER        16384
#define CHARGEN_LINE  74
#define CHARGEN_CHARS 95
#define STACK         65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned connections;

struct thread {
    void (*run)(int fd);
    int fd;
    bool counted;
};

static void *enter(void *arg)
{
    struct thread t = *(struct thread *)arg;

    free(arg);
    t.run(t.fd);
    if (t.counted) {
        pthread_mutex_lock(&lock);
        connections--;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* The thread owns fd if this returns 0. */
static int start(void (*run)(int fd), int fd, bool counted)
{
    struct thread *t = malloc(sizeof(*t));
    pthread_attr_t attr;
    pthread_t thread;
    int ret;

    if (!t)
        return -ENOMEM;
    *t = (struct thread){run, fd, counted};
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK);
    ret = pthread_create(&thread, &attr, enter, t);
    pthread_attr_destroy(&attr);
    if (ret != 0)
        free(t);
    return -ret;
}

struct listener {
    void (*run)(int fd);
    int fd;
};

static void *accept_all(void *arg)
{
    struct listener l = *(struct listener *)arg;

    free(arg);
    for (;;) {
        int fd = accept(l.fd, NULL, NULL);
        bool room;

        if (fd < 0) {
            if (errno == EBADF || errno == EINVAL)
                return NULL;
            usleep(10000); /* no memory or descriptor: some will be given back */
            continue;
        }
        pthread_mutex_lock(&lock);
        room = connections < CONNECTIONS;
        connections += room;
        pthread_mutex_unlock(&lock);
        if (room && start(l.run, fd, true) == 0)
            continue;
        close(fd);
        if (room) {
            pthread_mutex_lock(&lock);
            connections--;
            pthread_mutex_unlock(&lock);
        }
    }
}

/* A socket at the port, of any of our addresses. */
static int open_port(int family, int type, unsigned port)
{
    union address here;
    int fd = socket(family, type, 0), one = 1, ret;

    if (fd < 0)
        return -errno;
    address_parse(family == AF_INET6 ? "::" : "0.0.0.0", port, &here);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        (family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0) &&
        bind(fd, &here.any, address_length(&here)) == 0 &&
        (type != SOCK_STREAM || listen(fd, BACKLOG) == 0))
        return fd;
    ret = -errno;
    close(fd);
    return ret;
}

int services_listen(int family, unsigned port, void (*run)(int fd))
{
    struct listener *l = malloc(sizeof(*l));
    pthread_t thread;
    int ret;

    if (!l)
        return -ENOMEM;
    *l = (struct listener){run, open_port(family, SOCK_STREAM, port)};
    if (l->fd < 0) {
        ret = l->fd;
        free(l);
        return ret;
    }
    ret = pthread_create(&thread, NULL, accept_all, l);
    if (ret != 0) {
        close(l->fd);
        free(l);
        return -ret;
    }
    pthread_detach(thread);
    return 0;
}

static void echo(int fd)
{
    char *buffer = malloc(BUFFER);
    ssize_t n;

    while (buffer && (n = recv(fd, buffer, BUFFER, 0)) > 0)
        if (io_write(fd, buffer, (size_t)n) != 0)
            break;
    free(buffer);
    close(fd);
}

static void discard(int fd)
{
    char *buffer = malloc(BUFFER);

    while (buffer && recv(fd, buffer, BUFFER, 0) > 0)
        ;
    free(buffer);
    close(fd);
}

/* Line n: 72 of the 95 printing characters, beginning with the n-th. */
static void chargen_line(unsigned n, char *line)
{
    for (unsigned i = 0; i < CHARGEN_LINE - 2; i++)
        line[i] = (char)(' ' + (n + i) % CHARGEN_CHARS);
    memcpy(line + CHARGEN_LINE - 2, "\r\n", 2);
}

static void chargen(int fd)
{
    char lines[CHARGEN_CHARS * CHARGEN_LINE];

    for (unsigned n = 0; n < CHARGEN_CHARS; n++)
        chargen_line(n, lines + (size_t)n * CHARGEN_LINE);
    while (io_write(fd, lines, sizeof(lines)) == 0)
        ;
    close(fd);
}

/* A datagram for each datagram; none for those of a service, or two of these would never end. */
static void serve_datagrams(int fd,
                            void (*answer)(int, char *, size_t, const union address *, socklen_t))
{
    char *buffer = malloc(65536);

    while (buffer) {
        union address from;
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(fd, buffer, 65536, 0, &from.any, &length);

        if (n >= 0)
            answer(fd, buffer, (size_t)n, &from, length);
        else if (errno == EBADF)
            break;
    }
    free(buffer);
    close(fd);
}

static bool a_service(const union address *from)
{
    const unsigned char *port =
        (const unsigned char *)(from->any.sa_family == AF_INET6 ? &from->v6.sin6_port
                                                                : &from->v4.sin_port);

    return port[0] == 0 && (port[1] == 7 || port[1] == 19);
}

static void answer_echo(int fd, char *data, size_t size, const union address *from,
                        socklen_t length)
{
    if (!a_service(from))
        (void)sendto(fd, data, size, 0, &from->any, length);
}

static void answer_chargen(int fd, char *data, size_t size, const union address *from,
                           socklen_t length)
{
    static unsigned line;

    (void)size;
    chargen_line(line++ % CHARGEN_CHARS, data);
    if (!a_service(from))
        (void)sendto(fd, data, CHARGEN_LINE, 0, &from->any, length);
}

static void answer_nothing(int fd, char *data, size_t size, const union address *from,
                           socklen_t length)
{
    (void)fd, (void)data, (void)size, (void)from, (void)length;
}

static void udp_echo(int fd)
{
    serve_datagrams(fd, answer_echo);
}
static void udp_discard(int fd)
{
    serve_datagrams(fd, answer_nothing);
}
static void udp_chargen(int fd)
{
    serve_datagrams(fd, answer_chargen);
}

int services_start(void)
{
    static const struct {
        unsigned port;
        void (*tcp)(int), (*udp)(int);
    } services[] = {{7, echo, udp_echo}, {9, discard, udp_discard}, {19, chargen, udp_chargen}};
    static const int families[] = {AF_INET, AF_INET6};

    for (unsigned f = 0; f < 2; f++) {
        for (unsigned s = 0; s < sizeof(services) / sizeof(services[0]); s++) {
            int fd = -1, ret = services_listen(families[f], services[s].port, services[s].tcp);

            if (ret == 0)
                fd = open_port(families[f], SOCK_DGRAM, services[s].port);
            if (ret == 0)
                ret = fd < 0 ? fd : start(services[s].udp, fd, false);
            if (ret < 0 && families[f] == AF_INET6)
                break; /* no IPv6 here */
            if (ret < 0)
                return ret;
        }
    }
    return 0;
}
