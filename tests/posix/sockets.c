/* SPDX-License-Identifier: MIT */
/* Sockets, over the loopback interface: 127.0.0.1 and ::1. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "behaviour.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

static char buf[300000];
static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static struct sockaddr_in v4(const char *text, unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    inet_pton(AF_INET, text, &a.sin_addr);
    return a;
}

static int bind4(int fd, const char *text, unsigned port)
{
    struct sockaddr_in a = v4(text, port);

    return bind(fd, (struct sockaddr *)&a, sizeof(a));
}

static int connect4(int fd, unsigned port)
{
    struct sockaddr_in a = v4("127.0.0.1", port);

    return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t length = sizeof(a);

    if (getsockname(fd, (struct sockaddr *)&a, &length))
        return 0;
    return ntohs(((struct sockaddr_in *)&a)->sin_port); /* of IPv6, too, it is there */
}

static int listener(unsigned *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    bind4(fd, "127.0.0.1", 0);
    listen(fd, 5);
    *port = port_of(fd);
    return fd;
}

static int int_option(int fd, int level, int option)
{
    int n = -77;
    socklen_t length = sizeof(n);

    return getsockopt(fd, level, option, &n, &length) ? -1 : n;
}

static int set_int(int fd, int level, int option, int n)
{
    return setsockopt(fd, level, option, &n, sizeof(n));
}

/* Two ends of a TCP connection. */
static void connection(int fds[2])
{
    unsigned port;
    int l = listener(&port);

    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    connect4(fds[0], port);
    fds[1] = accept(l, NULL, NULL);
    close(l);
    for (int i = 0; i < 2; i++) /* when an acknowledgement comes is nobody's affair */
        set_int(fds[i], IPPROTO_TCP, TCP_NODELAY, 1);
}

static int revents(int fd, int events, int timeout)
{
    struct pollfd p = {.fd = fd, .events = (short)events};

    return poll(&p, 1, timeout) < 0 ? -1 : p.revents & ~(POLLRDNORM | POLLWRNORM);
}

/* The same once nothing changes any more: the other side's segments pass through another thread. */
static int settled(int fd, int events)
{
    usleep(50000);
    return revents(fd, events, 0);
}

static void nonblock(int fd)
{
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

/* The error's name, as rows have it, of SO_ERROR. */
static const char *so_error(int fd)
{
    return error_name(int_option(fd, SOL_SOCKET, SO_ERROR));
}

#define ALL (POLLIN | POLLOUT | POLLPRI | POLLRDHUP)

GROUP(socket)
{
    struct stat st;
    int fd, file = open("f", O_CREAT | O_RDWR, 0666);

    SUCCEEDS("tcp", fd = socket(AF_INET, SOCK_STREAM, 0));
    VALUE("type", int_option(fd, SOL_SOCKET, SO_TYPE));
    VALUE("domain", int_option(fd, SOL_SOCKET, SO_DOMAIN));
    VALUE("protocol", int_option(fd, SOL_SOCKET, SO_PROTOCOL));
    VALUE("not-listening", int_option(fd, SOL_SOCKET, SO_ACCEPTCONN));
    VALUE("is-socket", (fstat(fd, &st), S_ISSOCK(st.st_mode)));
    VALUE("lseek", lseek(fd, 0, SEEK_SET));
    VALUE("pread", pread(fd, buf, 1, 0));
    VALUE("ftruncate", ftruncate(fd, 0));
    VALUE("close", close(fd));
    VALUE("closed", close(fd));
    SUCCEEDS("udp6", fd = socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    VALUE("nonblock", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    VALUE("cloexec", fcntl(fd, F_GETFD));
    close(fd);
    VALUE("family", socket(77, SOCK_STREAM, 0));
    VALUE("type-unknown", socket(AF_INET, 77, 0));
    VALUE("wrong-protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    VALUE("negative", socket(AF_INET, SOCK_STREAM, -1));
    VALUE("ebadf", listen(1000, 1));
    VALUE("enotsock", listen(file, 1));
    VALUE("enotsock-send", send(file, "x", 1, 0));
    VALUE("enotsock-name", getsockname(file, NULL, NULL));
    close(file);
}

GROUP(bind)
{
    struct sockaddr_in a = v4("127.0.0.1", 0);
    struct sockaddr_in6 b = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_storage name;
    socklen_t length = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0), six;
    unsigned port;

    VALUE("unbound-name", getsockname(fd, (struct sockaddr *)&name, &length));
    VALUE("unbound-length", length);
    VALUE("unbound-port", port_of(fd));
    VALUE("short", bind(fd, (struct sockaddr *)&a, 8));
    VALUE("family", bind(fd, (struct sockaddr *)&b, sizeof(b)));
    VALUE("not-ours", bind4(fd, "192.0.2.1", 0));
    VALUE("bind", bind4(fd, "127.0.0.1", 0));
    port = port_of(fd);
    TRUTH("port", port != 0);
    VALUE("twice", bind4(fd, "127.0.0.1", 0));
    VALUE("in-use", bind4(other, "127.0.0.1", port));
    VALUE("in-use-any", bind4(other, "0.0.0.0", port));
    close(fd);
    VALUE("free-again", bind4(other, "127.0.0.1", port));
    close(other);
    length = 4;
    six = socket(AF_INET6, SOCK_STREAM, 0);
    VALUE("six-family", bind(six, (struct sockaddr *)&a, sizeof(a)));
    VALUE("six", bind(six, (struct sockaddr *)&b, sizeof(b)));
    VALUE("name-cut", getsockname(six, (struct sockaddr *)&name, &length));
    VALUE("name-whole-length", length);
    close(six);
}

GROUP(listen)
{
    struct sockaddr_in a;
    socklen_t length = sizeof(a);
    unsigned port;
    int l = listener(&port), fd, got, udp = socket(AF_INET, SOCK_DGRAM, 0);

    VALUE("accepting", int_option(l, SOL_SOCKET, SO_ACCEPTCONN));
    VALUE("again", listen(l, 3));
    VALUE("udp", listen(udp, 1));
    VALUE("udp-accept", accept(udp, NULL, NULL));
    nonblock(l);
    VALUE("accept-nobody", accept(l, NULL, NULL));
    VALUE("poll-nobody", revents(l, ALL, 0));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    VALUE("accept-not-listening", accept(fd, NULL, NULL));
    VALUE("connect", connect4(fd, port));
    VALUE("poll", revents(l, ALL, -1));
    SUCCEEDS("accept", got = accept(l, (struct sockaddr *)&a, &length));
    VALUE("accept-length", length);
    VALUE("accept-address", a.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    VALUE("accept-port", ntohs(a.sin_port) == port_of(fd));
    VALUE("accepted-blocks", (fcntl(got, F_GETFL) & O_NONBLOCK) != 0);
    VALUE("accepted-port", port_of(got) == port);
    close(got);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    connect4(fd, port);
    revents(l, POLLIN, -1);
    SUCCEEDS("accept4", got = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    VALUE("accept4-nonblock", (fcntl(got, F_GETFL) & O_NONBLOCK) != 0);
    VALUE("accept4-cloexec", fcntl(got, F_GETFD));
    VALUE("accept4-flags", accept4(l, NULL, NULL, 1));
    VALUE("listener-connects", connect4(l, port));
    VALUE("listener-sends", send(l, "x", 1, MSG_NOSIGNAL));
    VALUE("listener-receives", recv(l, buf, 1, 0));
    VALUE("listener-available", ioctl(l, FIONREAD, &length));
    close(got);
    close(fd);
    /* what nobody has accepted is reset */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    connect4(fd, port);
    revents(l, POLLIN, -1);
    close(l);
    VALUE("reset", recv(fd, buf, 1, 0));
    VALUE("reset-once", recv(fd, buf, 1, 0));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    VALUE("unbound", listen(fd, 1));
    TRUTH("unbound-port", port_of(fd) != 0);
    close(fd);
    l = listener(&port);
    VALUE("shutdown-write", shutdown(l, SHUT_WR));
    VALUE("shutdown-read", shutdown(l, SHUT_RD));
    VALUE("shutdown-accept", accept(l, NULL, NULL));
    close(l);
    close(udp);
}

GROUP(connect)
{
    struct sockaddr_in a;
    struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
    socklen_t length = sizeof(a);
    unsigned port;
    int l = listener(&port), fd = socket(AF_INET, SOCK_STREAM, 0);

    VALUE("poll-fresh", revents(fd, ALL, 0));
    VALUE("peer-fresh", getpeername(fd, (struct sockaddr *)&a, &length));
    VALUE("receive-fresh", recv(fd, buf, 1, 0));
    VALUE("send-fresh", send(fd, "x", 1, MSG_NOSIGNAL));
    VALUE("shutdown-fresh", shutdown(fd, SHUT_RDWR));
    a = v4("127.0.0.1", port);
    VALUE("short", connect(fd, (struct sockaddr *)&a, 8));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    nonblock(fd);
    VALUE("in-progress", connect4(fd, port));
    VALUE("poll", revents(fd, POLLOUT, -1));
    TEXT("so-error", so_error(fd));
    VALUE("told", connect4(fd, port));
    VALUE("connected", connect4(fd, port));
    VALUE("peer", getpeername(fd, (struct sockaddr *)&a, &length));
    VALUE("peer-port", ntohs(a.sin_port) == port);
    VALUE("local-address", (getsockname(fd, (struct sockaddr *)&a, &length),
                            a.sin_addr.s_addr == htonl(INADDR_LOOPBACK)));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    VALUE("any", (a = v4("0.0.0.0", port), connect(fd, (struct sockaddr *)&a, sizeof(a))));
    VALUE("any-peer", (getpeername(fd, (struct sockaddr *)&a, &length),
                       a.sin_addr.s_addr == htonl(INADDR_LOOPBACK)));
    VALUE("unspecified", connect(fd, &unspecified, sizeof(unspecified)));
    VALUE("unspecified-peer", getpeername(fd, (struct sockaddr *)&a, &length));
    VALUE("unspecified-again", connect4(fd, port));
    close(fd);
    close(l);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    VALUE("refused", connect4(fd, port));
    VALUE("refused-again", connect4(fd, port));
    nonblock(fd);
    VALUE("refused-in-progress", connect4(fd, port));
    VALUE("refused-poll", revents(fd, ALL, -1));
    TEXT("refused-so-error", so_error(fd));
    TEXT("refused-so-error-once", so_error(fd));
    VALUE("refused-told", connect4(fd, port));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    nonblock(fd);
    connect4(fd, port);
    revents(fd, POLLOUT, -1);
    VALUE("refused-receive", recv(fd, buf, 1, 0));
    VALUE("refused-receive-end", recv(fd, buf, 1, 0));
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    VALUE("broadcast",
          (a = v4("255.255.255.255", 9), connect(fd, (struct sockaddr *)&a, sizeof(a))));
    VALUE("multicast", (a = v4("224.0.0.1", 9), connect(fd, (struct sockaddr *)&a, sizeof(a))));
    close(fd);
}

GROUP(stream)
{
    struct iovec parts[2] = {{(void *)"abc", 3}, {(void *)"defg", 4}};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
    struct sockaddr_in a;
    socklen_t length = sizeof(a);
    struct timeval time = {0, 50000};
    int fds[2], n = 0;

    connection(fds);
    VALUE("poll-empty", revents(fds[0], ALL, 0));
    VALUE("send", send(fds[0], "hello", 5, 0));
    VALUE("poll-data", settled(fds[1], ALL) == (POLLIN | POLLOUT));
    VALUE("available", (ioctl(fds[1], FIONREAD, &n), n));
    VALUE("peek", recv(fds[1], buf, 3, MSG_PEEK));
    VALUE("receive", recv(fds[1], buf, 3, 0));
    VALUE("receive-text", !memcmp(buf, "hel", 3));
    VALUE("receive-rest", recv(fds[1], buf, 100, 0));
    VALUE("dontwait", recv(fds[1], buf, 100, MSG_DONTWAIT));
    VALUE("nothing-asked", recv(fds[1], buf, 0, MSG_DONTWAIT));
    VALUE("write", write(fds[1], "xyz", 3));
    VALUE("read", read(fds[0], buf, 10));
    VALUE("writev", writev(fds[0], parts, 2));
    VALUE("from", recvfrom(fds[1], buf, 10, MSG_PEEK, (struct sockaddr *)&a, &length));
    VALUE("from-length", length);
    VALUE("readv",
          (parts[0].iov_base = buf, parts[1].iov_base = buf + 50, readv(fds[1], parts, 2)));
    VALUE("readv-text", !memcmp(buf, "abc", 3) && !memcmp(buf + 50, "defg", 4));
    VALUE("sendmsg", sendmsg(fds[0], &m, 0));
    VALUE("trunc", recv(fds[1], NULL, 5, MSG_TRUNC));
    VALUE("trunc-rest", recv(fds[1], buf, 5, 0));
    VALUE("oob", recv(fds[1], buf, 1, MSG_OOB));
    setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
    VALUE("timeout", recv(fds[1], buf, 1, 0));
    send(fds[0], "1", 1, 0);
    VALUE("waitall-timeout", recv(fds[1], buf, 2, MSG_WAITALL));
    VALUE("send-zero", send(fds[0], "", 0, 0));
    nonblock(fds[0]);
    for (n = 0; n < 20; n++, usleep(20000)) /* until both buffers are full, and nothing moves */
        while (send(fds[0], buf, sizeof(buf), 0) > 0)
            ;
    TRUTH("full", send(fds[0], buf, 1, 0) < 0 && errno == EAGAIN);
    VALUE("full-poll", settled(fds[0], POLLOUT));
    while (recv(fds[1], buf, sizeof(buf), 0) > 0) /* it has a timeout */
        ;
    VALUE("drained-poll", settled(fds[0], POLLOUT));
    close(fds[0]);
    VALUE("end", recv(fds[1], buf, 1, 0));
    VALUE("end-again", recv(fds[1], buf, 1, 0));
    VALUE("end-poll", revents(fds[1], ALL, 0) == (POLLIN | POLLOUT | POLLRDHUP));
    close(fds[1]);
}

GROUP(shutdown)
{
    int fds[2];

    connection(fds);
    VALUE("how", shutdown(fds[0], 3));
    VALUE("write", shutdown(fds[0], SHUT_WR));
    VALUE("write-again", shutdown(fds[0], SHUT_WR));
    VALUE("send", send(fds[0], "x", 1, MSG_NOSIGNAL));
    VALUE("poll", revents(fds[0], ALL, 0));
    VALUE("peer-end", recv(fds[1], buf, 1, 0));
    VALUE("peer-sends", send(fds[1], "abc", 3, 0));
    VALUE("receives", recv(fds[0], buf, 10, 0));
    VALUE("peer-poll", revents(fds[1], ALL, 0) == (POLLIN | POLLOUT | POLLRDHUP));
    VALUE("peer-write", shutdown(fds[1], SHUT_WR));
    VALUE("both-poll", settled(fds[0], ALL) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
    VALUE("both-end", recv(fds[0], buf, 10, 0));
    VALUE("both-peer", settled(fds[1], ALL) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
    close(fds[0]);
    close(fds[1]);
    connection(fds);
    send(fds[1], "abc", 3, 0);
    revents(fds[0], POLLIN, -1);
    VALUE("read", shutdown(fds[0], SHUT_RD));
    VALUE("read-poll", revents(fds[0], ALL, 0) == (POLLIN | POLLOUT | POLLRDHUP));
    VALUE("read-data", recv(fds[0], buf, 10, 0));
    VALUE("read-end", recv(fds[0], buf, 10, 0));
    VALUE("read-sends", send(fds[0], "x", 1, 0));
    close(fds[0]);
    close(fds[1]);
}

GROUP(reset)
{
    struct linger now = {1, 0};
    int fds[2];

    connection(fds);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    send(fds[0], "abc", 3, 0);
    revents(fds[1], POLLIN, -1);
    close(fds[0]);
    VALUE("poll", settled(fds[1], ALL) == (POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP));
    VALUE("data", recv(fds[1], buf, 10, 0));
    VALUE("receive", recv(fds[1], buf, 10, 0));
    VALUE("receive-end", recv(fds[1], buf, 10, 0));
    VALUE("send", send(fds[1], "x", 1, MSG_NOSIGNAL));
    VALUE("poll-told", revents(fds[1], ALL, 0) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
    close(fds[1]);
    connection(fds);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fds[0]);
    settled(fds[1], ALL);
    VALUE("send-first", send(fds[1], "x", 1, MSG_NOSIGNAL));
    VALUE("send-second", send(fds[1], "x", 1, MSG_NOSIGNAL));
    close(fds[1]);
    connection(fds);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fds[0]);
    settled(fds[1], ALL);
    TEXT("so-error", so_error(fds[1]));
    TEXT("so-error-once", so_error(fds[1]));
    close(fds[1]);
    /* data that nobody has read */
    connection(fds);
    send(fds[0], "abc", 3, 0);
    revents(fds[1], POLLIN, -1);
    close(fds[1]);
    settled(fds[0], ALL);
    VALUE("unread", recv(fds[0], buf, 1, 0));
    close(fds[0]);
    signal(SIGPIPE, count);
    connection(fds);
    shutdown(fds[0], SHUT_WR);
    signals = 0;
    VALUE("sigpipe-write", write(fds[0], "x", 1));
    VALUE("sigpipe-write-signals", signals);
    VALUE("sigpipe-send", send(fds[0], "x", 1, 0));
    VALUE("sigpipe-send-signals", signals);
    VALUE("sigpipe-none", send(fds[0], "x", 1, MSG_NOSIGNAL));
    VALUE("sigpipe-none-signals", signals);
    close(fds[0]);
    close(fds[1]);
}

GROUP(udp)
{
    struct sockaddr_in a, from;
    struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
    socklen_t length = sizeof(from);
    struct iovec part = {buf, 4};
    struct msghdr m = {
        .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
    int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0), n = 0;

    bind4(one, "127.0.0.1", 0);
    a = v4("127.0.0.1", port_of(one));
    VALUE("poll", revents(one, ALL, 0));
    VALUE("send-nowhere", send(two, "x", 1, 0));
    VALUE("sendto", sendto(two, "hello", 5, 0, (struct sockaddr *)&a, sizeof(a)));
    VALUE("poll-data", settled(one, ALL));
    VALUE("available", (ioctl(one, FIONREAD, &n), n));
    VALUE("peek", recv(one, buf, 2, MSG_PEEK));
    VALUE("recvfrom", recvfrom(one, buf, 100, 0, (struct sockaddr *)&from, &length));
    VALUE("from-length", length);
    VALUE("from-port", ntohs(from.sin_port) == port_of(two));
    VALUE("from-address", from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    VALUE("empty", recv(one, buf, 1, MSG_DONTWAIT));
    VALUE("reply", sendto(one, "reply", 5, 0, (struct sockaddr *)&from, sizeof(from)));
    VALUE("recvmsg-short", (revents(two, POLLIN, -1), recvmsg(two, &m, 0)));
    VALUE("recvmsg-flags", m.msg_flags == MSG_TRUNC);
    VALUE("recvmsg-name", m.msg_namelen);
    sendto(two, "hello", 5, 0, (struct sockaddr *)&a, sizeof(a));
    VALUE("trunc", (revents(one, POLLIN, -1), recv(one, buf, 2, MSG_TRUNC)));
    VALUE("zero", sendto(two, "", 0, 0, (struct sockaddr *)&a, sizeof(a)));
    VALUE("zero-poll", revents(one, POLLIN, -1));
    VALUE("zero-received", recv(one, buf, 10, MSG_DONTWAIT));
    VALUE("largest", sendto(two, buf, 65507, 0, (struct sockaddr *)&a, sizeof(a)));
    VALUE("largest-received", (revents(one, POLLIN, -1), recv(one, buf, sizeof(buf), 0)));
    VALUE("too-large", sendto(two, buf, 65508, 0, (struct sockaddr *)&a, sizeof(a)));
    VALUE("peer-none", getpeername(two, (struct sockaddr *)&from, &length));
    VALUE("connect", connect(two, (struct sockaddr *)&a, sizeof(a)));
    VALUE("peer", getpeername(two, (struct sockaddr *)&from, &length));
    VALUE("connected-local", (getsockname(two, (struct sockaddr *)&from, &length),
                              from.sin_addr.s_addr == htonl(INADDR_LOOPBACK)));
    VALUE("send", send(two, "abc", 3, 0));
    VALUE("read", (revents(one, POLLIN, -1), read(one, buf, 10)));
    VALUE("unspecified", connect(two, &unspecified, sizeof(unspecified)));
    VALUE("unspecified-send", send(two, "abc", 3, 0));
    VALUE("shutdown-unconnected", shutdown(one, SHUT_RD));
    connect(two, (struct sockaddr *)&a, sizeof(a));
    VALUE("shutdown", shutdown(two, SHUT_WR));
    VALUE("shutdown-send", send(two, "x", 1, MSG_NOSIGNAL));
    close(two);
    two = socket(AF_INET, SOCK_DGRAM, 0);
    a = v4("255.255.255.255", 9);
    VALUE("broadcast", sendto(two, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
    a = v4("127.0.0.1", 0);
    VALUE("port-0", sendto(two, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)));
    close(two);
    two = socket(AF_INET, SOCK_DGRAM, 0);
    VALUE("bind-any", bind4(two, "0.0.0.0", 0));
    n = (int)port_of(two);
    close(one);
    one = socket(AF_INET, SOCK_DGRAM, 0);
    VALUE("in-use", bind4(one, "0.0.0.0", (unsigned)n));
    set_int(one, SOL_SOCKET, SO_REUSEADDR, 1);
    set_int(two, SOL_SOCKET, SO_REUSEADDR, 1);
    VALUE("reuse", bind4(one, "0.0.0.0", (unsigned)n));
    close(one);
    close(two);
    /* nobody is there */
    one = socket(AF_INET, SOCK_DGRAM, 0);
    connect4(one, (unsigned)n);
    send(one, "x", 1, 0);
    usleep(50000);
    VALUE("refused", send(one, "x", 1, 0));
    close(one);
}

GROUP(control)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    } control;
    struct iovec part = {buf, 10};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    struct mmsghdr two[2] = {{.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}},
                             {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}}};
    struct sockaddr_in a;
    struct cmsghdr *c;
    int one = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);

    bind4(one, "127.0.0.1", 0);
    a = v4("127.0.0.1", port_of(one));
    connect(other, (struct sockaddr *)&a, sizeof(a));
    VALUE("ask", set_int(one, IPPROTO_IP, IP_PKTINFO, 1));
    send(other, "x", 1, 0);
    VALUE("recvmsg", recvmsg(one, &m, 0));
    c = CMSG_FIRSTHDR(&m);
    TRUTH("there", c != NULL);
    TRUTH("type", c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO);
    TRUTH("address",
          c && ((struct in_pktinfo *)CMSG_DATA(c))->ipi_addr.s_addr == htonl(INADDR_LOOPBACK));
    TRUTH("interface",
          c && ((struct in_pktinfo *)CMSG_DATA(c))->ipi_ifindex == (int)if_nametoindex("lo"));
    TRUTH("only", c && !CMSG_NXTHDR(&m, c));
    send(other, "x", 1, 0);
    m.msg_controllen = 0;
    VALUE("no-room", recvmsg(one, &m, 0));
    VALUE("no-room-flags", m.msg_flags == MSG_CTRUNC);
    VALUE("sendmmsg", sendmmsg(other, two, 2, 0));
    VALUE("sendmmsg-length", two[1].msg_len);
    usleep(50000);
    VALUE("recvmmsg", recvmmsg(one, two, 2, MSG_DONTWAIT, NULL));
    VALUE("recvmmsg-length", two[1].msg_len);
    VALUE("recvmmsg-none", recvmmsg(one, two, 2, MSG_DONTWAIT, NULL));
    close(one);
    close(other);
}

/* Sends a byte with one control message. */
static ssize_t send_from(int fd, const void *to, socklen_t to_length, int level, int type,
                         const void *data, size_t length)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(64)];
    } control = {.header = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type}};
    struct iovec part = {"x", 1};
    const struct msghdr m = {.msg_name = (void *)to,
                             .msg_namelen = to_length,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(length)};

    memcpy(CMSG_DATA(&control.header), data, length);
    return sendmsg(fd, &m, 0);
}

GROUP(source)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct in_pktinfo four = {.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK)};
    struct in6_pktinfo six = {.ipi6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t length = sizeof(a);
    int one = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0), l;
    struct sockaddr_in b;

#define FOUR(fd, size) send_from(fd, &b, sizeof(b), IPPROTO_IP, IP_PKTINFO, &four, size)
#define SIX(fd, size)  send_from(fd, &a, sizeof(a), IPPROTO_IPV6, IPV6_PKTINFO, &six, size)
    bind4(one, "127.0.0.1", 0);
    b = v4("127.0.0.1", port_of(one));
    VALUE("four", FOUR(other, sizeof(four)));
    four.ipi_ifindex = (int)if_nametoindex("lo");
    VALUE("four-interface", FOUR(other, sizeof(four)));
    four.ipi_spec_dst.s_addr = 0;
    VALUE("four-any", FOUR(other, sizeof(four)));
    VALUE("four-read", recv(one, buf, 10, 0));
    VALUE("four-short", FOUR(other, sizeof(four) - 1));
    VALUE("four-long", FOUR(other, sizeof(four) + 1));
    four.ipi_ifindex = 9999;
    VALUE("four-no-interface", FOUR(other, sizeof(four)));
    VALUE("four-other-type", send_from(other, &b, sizeof(b), IPPROTO_IP, 999, &four, 4));
    VALUE("four-six", send_from(other, &b, sizeof(b), IPPROTO_IPV6, IPV6_PKTINFO, &six, 4));
    close(one);
    close(other);

    one = socket(AF_INET6, SOCK_DGRAM, 0);
    other = socket(AF_INET6, SOCK_DGRAM, 0);
    bind(one, (struct sockaddr *)&a, sizeof(a));
    getsockname(one, (struct sockaddr *)&a, &length);
    VALUE("six", SIX(other, sizeof(six)));
    six.ipi6_ifindex = if_nametoindex("lo");
    VALUE("six-interface", SIX(other, sizeof(six)));
    six.ipi6_addr = in6addr_any;
    VALUE("six-any", SIX(other, sizeof(six)));
    VALUE("six-read", recv(one, buf, 10, 0));
    VALUE("six-short", SIX(other, sizeof(six) - 1));
    six.ipi6_ifindex = 9999;
    VALUE("six-no-interface", SIX(other, sizeof(six)));
    six.ipi6_ifindex = 0;
    inet_pton(AF_INET6, "2001:db8::1", &six.ipi6_addr);
    VALUE("six-not-ours", SIX(other, sizeof(six)));
    close(one);
    close(other);

    l = socket(AF_INET, SOCK_STREAM, 0);
    bind4(l, "127.0.0.1", 0);
    listen(l, 1);
    b = v4("127.0.0.1", port_of(l));
    one = socket(AF_INET, SOCK_STREAM, 0);
    connect(one, (struct sockaddr *)&b, sizeof(b));
    VALUE("stream", FOUR(one, sizeof(four)));
    close(one);
    close(l);
}

/* What waits in the queue of a listener. */
GROUP(descriptors)
{
    int l = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), got = -1, last;
    struct rlimit limit = {1024, 1024}; /* Ringlet's */
    struct sockaddr_in a;

    setrlimit(RLIMIT_NOFILE, &limit);
    bind4(l, "127.0.0.1", 0);
    listen(l, 1);
    a = v4("127.0.0.1", port_of(l));
    connect(fd, (struct sockaddr *)&a, sizeof(a));
    send(fd, "x", 1, 0);
    for (last = -1; (got = dup(0)) >= 0; last = got)
        ;
    VALUE("none", accept(l, NULL, NULL));
    VALUE("none-again", accept(l, NULL, NULL));
    close(last);
    SUCCEEDS("one", got = accept(l, NULL, NULL));
    VALUE("read", recv(got, buf, 10, 0));
    for (int i = 3; i < 1024; i++)
        close(i);
}

GROUP(six)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}, b;
    struct sockaddr_in four;
    socklen_t length = sizeof(b);
    int l = socket(AF_INET6, SOCK_STREAM, 0), fd = socket(AF_INET6, SOCK_STREAM, 0), got;
    unsigned port;

    VALUE("bind", bind(l, (struct sockaddr *)&a, sizeof(a)));
    VALUE("listen", listen(l, 1));
    a.sin6_port = htons((uint16_t)port_of(l));
    VALUE("connect", connect(fd, (struct sockaddr *)&a, sizeof(a)));
    SUCCEEDS("accept", got = accept(l, (struct sockaddr *)&b, &length));
    VALUE("length", length);
    VALUE("address", IN6_IS_ADDR_LOOPBACK(&b.sin6_addr));
    VALUE("send", send(fd, "abc", 3, 0));
    VALUE("receive", recv(got, buf, 10, 0));
    close(fd);
    close(got);
    close(l);
    /* both versions at one socket */
    l = socket(AF_INET6, SOCK_STREAM, 0);
    a.sin6_addr = in6addr_any;
    a.sin6_port = 0;
    VALUE("v6only", int_option(l, IPPROTO_IPV6, IPV6_V6ONLY));
    bind(l, (struct sockaddr *)&a, sizeof(a));
    listen(l, 1);
    port = port_of(l);
    VALUE("v6only-late", set_int(l, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    VALUE("four-connects", connect4(fd, port));
    got = accept(l, (struct sockaddr *)&b, &length);
    VALUE("mapped", IN6_IS_ADDR_V4MAPPED(&b.sin6_addr));
    close(fd);
    close(got);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr);
    a.sin6_port = htons((uint16_t)port);
    VALUE("mapped-connects", connect(fd, (struct sockaddr *)&a, sizeof(a)));
    VALUE("mapped-peer",
          (getpeername(fd, (struct sockaddr *)&b, &length), IN6_IS_ADDR_V4MAPPED(&b.sin6_addr)));
    close(accept(l, NULL, NULL));
    close(fd);
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    a.sin6_addr = in6addr_loopback;
    VALUE("six-connects", connect(fd, (struct sockaddr *)&a, sizeof(a)));
    close(fd);
    close(l);
    l = socket(AF_INET6, SOCK_STREAM, 0);
    a.sin6_addr = in6addr_any;
    a.sin6_port = 0;
    VALUE("v6only-set", set_int(l, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    bind(l, (struct sockaddr *)&a, sizeof(a));
    listen(l, 1);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    VALUE("v6only-refuses", connect4(fd, port_of(l)));
    close(fd);
    close(l);
    /* datagrams */
    l = socket(AF_INET6, SOCK_DGRAM, 0);
    bind(l, (struct sockaddr *)&a, sizeof(a));
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    four = v4("127.0.0.1", port_of(l));
    VALUE("udp-four", sendto(fd, "abcd", 4, 0, (struct sockaddr *)&four, sizeof(four)));
    VALUE("udp-four-received",
          (revents(l, POLLIN, -1), recvfrom(l, buf, 10, 0, (struct sockaddr *)&b, &length)));
    VALUE("udp-mapped", IN6_IS_ADDR_V4MAPPED(&b.sin6_addr));
    VALUE("udp-reply", sendto(l, "xy", 2, 0, (struct sockaddr *)&b, sizeof(b)));
    VALUE("udp-reply-received", (revents(fd, POLLIN, -1), recv(fd, buf, 10, 0)));
    close(fd);
    fd = socket(AF_INET6, SOCK_DGRAM, 0);
    a.sin6_addr = in6addr_loopback;
    a.sin6_port = htons((uint16_t)port_of(l));
    VALUE("udp-six", sendto(fd, "abc", 3, 0, (struct sockaddr *)&a, sizeof(a)));
    VALUE("udp-six-received", (revents(l, POLLIN, -1), recv(l, buf, 10, 0)));
    close(fd);
    close(l);
}

GROUP(option)
{
    struct timeval time = {1, 500000};
    struct linger linger = {1, 7};
    socklen_t length = sizeof(time);
    unsigned char byte = 3;
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    int six = socket(AF_INET6, SOCK_DGRAM, 0);

    VALUE("reuse", int_option(tcp, SOL_SOCKET, SO_REUSEADDR));
    VALUE("reuse-set", set_int(tcp, SOL_SOCKET, SO_REUSEADDR, 5));
    VALUE("reuse-is", int_option(tcp, SOL_SOCKET, SO_REUSEADDR));
    VALUE("keepalive-set", set_int(tcp, SOL_SOCKET, SO_KEEPALIVE, 1));
    VALUE("keepalive", int_option(tcp, SOL_SOCKET, SO_KEEPALIVE));
    VALUE("broadcast", int_option(udp, SOL_SOCKET, SO_BROADCAST));
    VALUE("broadcast-set", set_int(udp, SOL_SOCKET, SO_BROADCAST, 1));
    TRUTH("send-buffer", int_option(tcp, SOL_SOCKET, SO_SNDBUF) > 1000);
    TRUTH("receive-buffer", int_option(udp, SOL_SOCKET, SO_RCVBUF) > 1000);
    VALUE("send-buffer-set", set_int(tcp, SOL_SOCKET, SO_SNDBUF, 20000));
    VALUE("receive-buffer-set", set_int(udp, SOL_SOCKET, SO_RCVBUF, 20000));
    VALUE("linger",
          (length = sizeof(linger), getsockopt(tcp, SOL_SOCKET, SO_LINGER, &linger, &length)));
    VALUE("linger-off", linger.l_onoff);
    linger = (struct linger){1, 7};
    VALUE("linger-set", setsockopt(tcp, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    VALUE("linger-is", (getsockopt(tcp, SOL_SOCKET, SO_LINGER, &linger, &length),
                        linger.l_onoff * 100 + linger.l_linger));
    VALUE("timeout-set", setsockopt(tcp, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
    memset(&time, 0, sizeof(time));
    length = sizeof(time);
    VALUE("timeout", getsockopt(tcp, SOL_SOCKET, SO_RCVTIMEO, &time, &length));
    VALUE("timeout-is", time.tv_sec * 1000 + time.tv_usec / 1000);
    time.tv_usec = 1000000;
    VALUE("timeout-edom", setsockopt(tcp, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
    VALUE("timeout-short", setsockopt(tcp, SOL_SOCKET, SO_SNDTIMEO, &time, 4));
    VALUE("nodelay", int_option(tcp, IPPROTO_TCP, TCP_NODELAY));
    VALUE("nodelay-set", set_int(tcp, IPPROTO_TCP, TCP_NODELAY, 1));
    VALUE("nodelay-is", int_option(tcp, IPPROTO_TCP, TCP_NODELAY));
    VALUE("cork-set", set_int(tcp, IPPROTO_TCP, TCP_CORK, 1));
    VALUE("keep-idle", int_option(tcp, IPPROTO_TCP, TCP_KEEPIDLE));
    VALUE("keep-interval", int_option(tcp, IPPROTO_TCP, TCP_KEEPINTVL));
    VALUE("keep-count", int_option(tcp, IPPROTO_TCP, TCP_KEEPCNT));
    VALUE("keep-idle-set", set_int(tcp, IPPROTO_TCP, TCP_KEEPIDLE, 30));
    VALUE("keep-idle-is", int_option(tcp, IPPROTO_TCP, TCP_KEEPIDLE));
    VALUE("keep-idle-0", set_int(tcp, IPPROTO_TCP, TCP_KEEPIDLE, 0));
    VALUE("keep-count-200", set_int(tcp, IPPROTO_TCP, TCP_KEEPCNT, 200));
    VALUE("maxseg", int_option(tcp, IPPROTO_TCP, TCP_MAXSEG));
    VALUE("tcp-on-udp", int_option(udp, IPPROTO_TCP, TCP_NODELAY));
    VALUE("ttl", int_option(udp, IPPROTO_IP, IP_TTL));
    VALUE("ttl-set", set_int(udp, IPPROTO_IP, IP_TTL, 9));
    VALUE("ttl-is", int_option(udp, IPPROTO_IP, IP_TTL));
    VALUE("ttl-0", set_int(udp, IPPROTO_IP, IP_TTL, 0));
    VALUE("ttl-256", set_int(udp, IPPROTO_IP, IP_TTL, 256));
    VALUE("tos-set", set_int(udp, IPPROTO_IP, IP_TOS, 16));
    VALUE("tos-is", int_option(udp, IPPROTO_IP, IP_TOS));
    VALUE("multicast-ttl", int_option(udp, IPPROTO_IP, IP_MULTICAST_TTL));
    VALUE("multicast-ttl-byte", setsockopt(udp, IPPROTO_IP, IP_MULTICAST_TTL, &byte, 1));
    VALUE("multicast-ttl-is", int_option(udp, IPPROTO_IP, IP_MULTICAST_TTL));
    VALUE("multicast-loop", int_option(udp, IPPROTO_IP, IP_MULTICAST_LOOP));
    VALUE("multicast-loop-set", set_int(udp, IPPROTO_IP, IP_MULTICAST_LOOP, 0));
    VALUE("six-hops", int_option(six, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
    VALUE("six-hops-set", set_int(six, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 12));
    VALUE("six-hops-is", int_option(six, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
    VALUE("six-on-four", int_option(tcp, IPPROTO_IPV6, IPV6_V6ONLY));
    VALUE("unknown", int_option(tcp, SOL_SOCKET, 9999));
    VALUE("unknown-set", set_int(tcp, SOL_SOCKET, 9999, 1));
    VALUE("unknown-level", set_int(tcp, 9999, 1, 1));
    VALUE("short", setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &byte, 1));
    VALUE("error-set", set_int(tcp, SOL_SOCKET, SO_ERROR, 1));
    VALUE("type-set", set_int(tcp, SOL_SOCKET, SO_TYPE, 1));
    length = 2;
    VALUE("cut", getsockopt(tcp, SOL_SOCKET, SO_TYPE, buf, &length) || length != 2);
    close(tcp);
    close(udp);
    close(six);
}

GROUP(pair)
{
    struct sockaddr_un a;
    socklen_t length = sizeof(a);
    struct stat st;
    int p[2], n = 0;

    VALUE("inet", socketpair(AF_INET, SOCK_STREAM, 0, p));
    VALUE("stream", socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    VALUE("is-socket", (fstat(p[0], &st), S_ISSOCK(st.st_mode)));
    VALUE("name", getsockname(p[0], (struct sockaddr *)&a, &length));
    VALUE("name-length", length);
    VALUE("name-family", a.sun_family);
    VALUE("poll", revents(p[0], ALL, 0));
    VALUE("write", write(p[0], "hello", 5));
    VALUE("poll-data", revents(p[1], ALL, 0));
    VALUE("available", (ioctl(p[1], FIONREAD, &n), n));
    VALUE("peek", recv(p[1], buf, 3, MSG_PEEK));
    VALUE("read", read(p[1], buf, 3));
    VALUE("read-rest", read(p[1], buf, 10));
    VALUE("dontwait", recv(p[1], buf, 10, MSG_DONTWAIT));
    VALUE("reuse", int_option(p[0], SOL_SOCKET, SO_REUSEADDR));
    VALUE("tcp-option", int_option(p[0], IPPROTO_TCP, TCP_NODELAY));
    VALUE("accept", accept(p[0], NULL, NULL));
    VALUE("other-way", write(p[1], "abc", 3));
    VALUE("other-way-read", read(p[0], buf, 10));
    nonblock(p[0]);
    for (n = 0; write(p[0], buf, 4096) > 0; n++)
        ;
    TRUTH("full", n > 0 && errno == EAGAIN);
    VALUE("full-poll", revents(p[0], POLLOUT, 0));
    while (recv(p[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
        ;
    VALUE("shutdown", shutdown(p[0], SHUT_WR));
    VALUE("shutdown-read", read(p[1], buf, 1));
    VALUE("shutdown-poll", revents(p[1], ALL, 0) == (POLLIN | POLLOUT | POLLRDHUP));
    VALUE("shutdown-write", send(p[0], "x", 1, MSG_NOSIGNAL));
    VALUE("half", write(p[1], "x", 1));
    VALUE("half-read", read(p[0], buf, 10));
    close(p[1]);
    VALUE("closed-poll", revents(p[0], ALL, 0) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
    VALUE("closed-read", read(p[0], buf, 1));
    close(p[0]);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p);
    VALUE("nonblock", read(p[0], buf, 1));
    VALUE("cloexec", fcntl(p[1], F_GETFD));
    close(p[1]);
    VALUE("closed-write", send(p[0], "x", 1, MSG_NOSIGNAL));
    close(p[0]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    write(p[0], "unread", 6);
    close(p[1]);
    VALUE("unread", read(p[0], buf, 1));
    close(p[0]);
    VALUE("datagram", socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
    VALUE("datagram-one", send(p[0], "one", 3, 0));
    VALUE("datagram-two", send(p[0], "three", 5, 0));
    VALUE("datagram-next", (ioctl(p[1], FIONREAD, &n), n));
    VALUE("datagram-first", recv(p[1], buf, 100, 0));
    VALUE("datagram-cut", recv(p[1], buf, 2, MSG_TRUNC));
    VALUE("datagram-empty", recv(p[1], buf, 2, MSG_DONTWAIT));
    VALUE("datagram-zero", send(p[0], "", 0, 0));
    VALUE("datagram-zero-received", recv(p[1], buf, 2, MSG_DONTWAIT));
    close(p[1]);
    VALUE("datagram-gone", send(p[0], "x", 1, 0));
    close(p[0]);
    VALUE("packet", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
    send(p[0], "one", 3, 0);
    send(p[0], "two", 3, 0);
    VALUE("packet-first", recv(p[1], buf, 100, 0));
    close(p[0]);
    VALUE("packet-second", recv(p[1], buf, 100, 0));
    VALUE("packet-end", recv(p[1], buf, 100, 0));
    close(p[1]);
    VALUE("type", socketpair(AF_UNIX, 77, 0, p));
}

/* ---- what waits, and what ends a wait ---- */

static int waiter_fd;

static void *send_later(void *arg)
{
    (void)arg;
    usleep(20000);
    send(waiter_fd, "later", 5, 0);
    return NULL;
}

static void *connect_later(void *arg)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    usleep(20000);
    connect4(fd, *(unsigned *)arg);
    return (void *)(long)fd;
}

static void *receive_for_ever(void *arg)
{
    (void)arg;
    recv(waiter_fd, buf, 1, 0);
    return NULL;
}

static void *drain(void *arg)
{
    static char other[10000];
    long sum = 0;
    ssize_t n;

    while ((n = recv(*(int *)arg, other, sizeof(other), 0)) > 0)
        sum += n;
    return (void *)sum;
}

GROUP(wait)
{
    struct sigaction action = {.sa_handler = count};
    struct itimerval soon = {.it_value = {0, 20000}};
    struct timeval time = {5, 0};
    fd_set set;
    unsigned port;
    int fds[2], l = listener(&port);
    pthread_t thread;
    void *result;

    connection(fds);
    waiter_fd = fds[0];
    pthread_create(&thread, NULL, send_later, NULL);
    VALUE("receive", recv(fds[1], buf, 10, 0));
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, send_later, NULL);
    VALUE("poll", revents(fds[1], POLLIN, 5000));
    pthread_join(thread, NULL);
    recv(fds[1], buf, 10, 0);
    pthread_create(&thread, NULL, send_later, NULL);
    FD_ZERO(&set);
    FD_SET(fds[1], &set);
    VALUE("select", select(fds[1] + 1, &set, NULL, NULL, &time));
    pthread_join(thread, NULL);
    recv(fds[1], buf, 10, 0);
    pthread_create(&thread, NULL, connect_later, &port);
    SUCCEEDS("accept", accept(l, NULL, NULL));
    pthread_join(thread, &result);
    sigaction(SIGALRM, &action, NULL);
    signals = 0;
    setitimer(ITIMER_REAL, &soon, NULL);
    VALUE("eintr", recv(fds[1], buf, 1, 0));
    VALUE("eintr-signals", signals);
    setitimer(ITIMER_REAL, &soon, NULL);
    VALUE("eintr-accept", accept(l, NULL, NULL));
    waiter_fd = fds[1];
    pthread_create(&thread, NULL, receive_for_ever, NULL);
    usleep(20000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    TRUTH("cancelled", result == PTHREAD_CANCELED);
    pthread_create(&thread, NULL, drain, &fds[1]);
    VALUE("large", send(fds[0], buf, sizeof(buf), 0));
    VALUE("large-waitall", write(fds[0], buf, 200000));
    shutdown(fds[0], SHUT_WR);
    pthread_join(thread, &result);
    VALUE("large-received", (long)result);
    close(fds[0]);
    close(fds[1]);
    close(l);
}

/* ---- names ---- */

GROUP(inet)
{
    static const char *const good[] = {"::",
                                       "::1",
                                       "1::",
                                       "fe80::1:2",
                                       "1:2:3:4:5:6:7:8",
                                       "::ffff:1.2.3.4",
                                       "::1.2.3.4",
                                       "2001:db8:0:0:1:0:0:1",
                                       "1:0:0:2::3",
                                       "::2:0:0:0:0:0:1"};
    static const char *const bad[] = {"",
                                      ":",
                                      ":::",
                                      "1",
                                      "1:2",
                                      "1::2::3",
                                      "12345::",
                                      "::g",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7::8",
                                      "::1.2.3",
                                      "::1.2.3.4.5",
                                      ":1::",
                                      "1:",
                                      "::1%1"};
    static const char *const quads[] = {"1.2.3.4",   "255.255.255.255", "01.2.3.4", "1.2.3",
                                        "1.2.3.4.5", "256.1.1.1",       "1.2.3.4 ", "",
                                        "1..2.3",    "0.0.0.0"};
    static const char *const old[] = {"1.2.3.4",    "0x7f.1",     "127.1",     "1.2.300",
                                      "4294967295", "4294967296", "010.1.1.1", "1.2.3.4 x",
                                      "1.2.3.4x",   "",           "08.1",      "1.256.1"};
    unsigned char a[16];
    char text[64], name[64];
    struct in_addr in;

    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memset(a, 0, sizeof(a));
        snprintf(name, sizeof(name), "six-%s", good[i]);
        inet_pton(AF_INET6, good[i], a);
        TEXT(name, inet_ntop(AF_INET6, a, text, sizeof(text)));
    }
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(name, sizeof(name), "six-bad-%u", i);
        VALUE(name, inet_pton(AF_INET6, bad[i], a));
    }
    for (unsigned i = 0; i < sizeof(quads) / sizeof(quads[0]); i++) {
        snprintf(name, sizeof(name), "four-%u", i);
        VALUE(name, inet_pton(AF_INET, quads[i], a));
    }
    for (unsigned i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        snprintf(name, sizeof(name), "aton-%u", i);
        in.s_addr = 0;
        VALUE(name, inet_aton(old[i], &in));
        snprintf(name, sizeof(name), "aton-value-%u", i);
        TEXT(name, inet_ntoa(in));
    }
    VALUE("addr", inet_addr("1.2.3.4") == htonl(0x01020304));
    VALUE("addr-bad", inet_addr("x") == INADDR_NONE);
    VALUE("network", inet_network("127.1"));
    VALUE("netof", inet_netof((struct in_addr){htonl(0xc0a80105)}));
    VALUE("lnaof", inet_lnaof((struct in_addr){htonl(0xc0a80105)}));
    TEXT("makeaddr", inet_ntoa(inet_makeaddr(127, 1)));
    VALUE("family", inet_pton(99, "1.2.3.4", a));
    TEXT("family-to-text", inet_ntop(99, a, text, sizeof(text)));
    TEXT("no-room", inet_ntop(AF_INET, a, text, 7));
    VALUE("order", htons(0x1234) == 0x3412 && ntohl(0x12345678) == 0x78563412);
}

static int resolve(const char *host, const char *service, int flags, int family, int type,
                   struct addrinfo **out)
{
    struct addrinfo hints = {.ai_flags = flags, .ai_family = family, .ai_socktype = type};

    *out = NULL;
    return getaddrinfo(host, service, &hints, out);
}

/* "1.2.3.4:80/1 ..." */
static const char *list(struct addrinfo *a)
{
    static char text[1000];
    char host[100], service[40];

    *text = '\0';
    for (; a; a = a->ai_next) {
        getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), service, sizeof(service),
                    NI_NUMERICHOST | NI_NUMERICSERV);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s:%s/%d/%d",
                 *text ? " " : "", host, service, a->ai_socktype, a->ai_protocol);
    }
    return text;
}

static const char *list_protocol(const char *host, const char *service, int protocol)
{
    struct addrinfo hints = {.ai_protocol = protocol}, *r;

    return getaddrinfo(host, service, &hints, &r) ? "error" : list(r);
}

static const char *eai(int error)
{
    static char text[20];

    switch (error) {
#define E(name) \
    case name:  \
        return #name
        E(EAI_BADFLAGS);
        E(EAI_NONAME);
        E(EAI_AGAIN);
        E(EAI_FAIL);
        E(EAI_FAMILY);
        E(EAI_SOCKTYPE);
        E(EAI_SERVICE);
        E(EAI_MEMORY);
        E(EAI_SYSTEM);
        E(EAI_OVERFLOW);
        E(EAI_ADDRFAMILY);
#undef E
    }
    snprintf(text, sizeof(text), "%d", error);
    return text;
}

GROUP(names)
{
    struct sockaddr_in a = v4("127.0.0.1", 80);
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(53), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct addrinfo *r;
    struct hostent *h;
    struct servent *s;
    struct protoent *p;
    char host[100], service[40];

    TEXT("numeric", (resolve("1.2.3.4", "80", 0, 0, SOCK_STREAM, &r), list(r)));
    TEXT("numeric-all", (resolve("1.2.3.4", "80", 0, 0, 0, &r), list(r)));
    TEXT("numeric-protocol", list_protocol("1.2.3.4", "80", IPPROTO_UDP));
    TEXT("numeric-protocol-other", list_protocol("1.2.3.4", NULL, IPPROTO_ICMP));
    TEXT("numeric-six", (resolve("fd00::1", "http", 0, 0, SOCK_STREAM, &r), list(r)));
    TEXT("service", (resolve("1.2.3.4", "domain", 0, 0, 0, &r), list(r)));
    TEXT("short-form", (resolve("127.1", NULL, 0, 0, SOCK_STREAM, &r), list(r)));
    TEXT("nobody", (resolve(NULL, "80", 0, 0, SOCK_STREAM, &r), list(r)));
    TEXT("passive", (resolve(NULL, "80", AI_PASSIVE, 0, SOCK_STREAM, &r), list(r)));
    TEXT("passive-four", (resolve(NULL, "80", AI_PASSIVE, AF_INET, SOCK_DGRAM, &r), list(r)));
    TEXT("localhost", (resolve("localhost", "80", 0, AF_INET, SOCK_STREAM, &r), list(r)));
    TEXT("canonical",
         (resolve("1.2.3.4", NULL, AI_CANONNAME, 0, SOCK_STREAM, &r), r ? r->ai_canonname : NULL));
    TEXT("mapped", (resolve("1.2.3.4", NULL, AI_V4MAPPED, AF_INET6, SOCK_STREAM, &r), list(r)));
    TEXT("both-null", eai(resolve(NULL, NULL, 0, 0, 0, &r)));
    TEXT("flags", eai(resolve("1.2.3.4", NULL, 0x8000, 0, 0, &r)));
    TEXT("canonical-nobody", eai(resolve(NULL, "80", AI_CANONNAME, 0, 0, &r)));
    TEXT("family", eai(resolve("1.2.3.4", NULL, 0, 77, 0, &r)));
    TEXT("wrong-family", eai(resolve("1.2.3.4", NULL, 0, AF_INET6, 0, &r)));
    TEXT("type", eai(resolve("1.2.3.4", NULL, 0, 0, 77, &r)));
    TEXT("service-unknown", eai(resolve("1.2.3.4", "no-such-service", 0, 0, SOCK_STREAM, &r)));
    TEXT("service-not-numeric",
         eai(resolve("1.2.3.4", "http", AI_NUMERICSERV, 0, SOCK_STREAM, &r)));
    TEXT("port-65536", eai(resolve("1.2.3.4", "65536", 0, 0, SOCK_STREAM, &r)));
    TEXT("host-not-numeric", eai(resolve("localhost", NULL, AI_NUMERICHOST, 0, 0, &r)));
    VALUE("name-info", getnameinfo((struct sockaddr *)&a, sizeof(a), host, sizeof(host), service,
                                   sizeof(service), NI_NUMERICHOST));
    TEXT("name-info-host", host);
    TEXT("name-info-service", service);
    getnameinfo((struct sockaddr *)&a, sizeof(a), host, sizeof(host), service, sizeof(service),
                NI_NUMERICSERV);
    TEXT("name-info-name", host);
    TEXT("name-info-number", service);
    getnameinfo((struct sockaddr *)&six, sizeof(six), host, sizeof(host), service, sizeof(service),
                NI_NUMERICHOST | NI_DGRAM);
    TEXT("name-info-six", host);
    TEXT("name-info-udp", service);
    TEXT("name-info-room",
         eai(getnameinfo((struct sockaddr *)&a, sizeof(a), host, 5, NULL, 0, NI_NUMERICHOST)));
    TEXT("name-info-short", eai(getnameinfo((struct sockaddr *)&a, 8, host, 50, NULL, 0, 0)));
    TEXT("name-info-nothing",
         eai(getnameinfo((struct sockaddr *)&a, sizeof(a), NULL, 0, NULL, 0, 0)));
    h = gethostbyname("127.0.0.1");
    TEXT("host", h ? inet_ntoa(*(struct in_addr *)h->h_addr) : NULL);
    h = gethostbyname("localhost");
    TEXT("host-localhost", h ? inet_ntoa(*(struct in_addr *)h->h_addr) : NULL);
    VALUE("host-length", h ? h->h_length : -1);
    s = getservbyname("http", "tcp");
    VALUE("service-http", s ? ntohs((uint16_t)s->s_port) : -1);
    s = getservbyport(htons(53), "udp");
    TEXT("service-53", s ? s->s_name : NULL);
    POINTER("service-none", getservbyname("no-such-service", NULL));
    p = getprotobyname("tcp");
    VALUE("protocol", p ? p->p_proto : -1);
    TRUTH("index", if_nametoindex("lo") > 0);
    TEXT("index-name", if_indextoname(if_nametoindex("lo"), host));
    VALUE("index-none", if_nametoindex("none0"));
    TEXT("index-none-name", if_indextoname(9999, host));
}

GROUP(interfaces)
{
    struct ifaddrs *all = NULL, *i;
    struct if_nameindex *names = if_nameindex();
    bool four = false, six = false, lo = false;

    VALUE("getifaddrs", getifaddrs(&all));
    for (i = all; i; i = i->ifa_next) {
        if (strcmp(i->ifa_name, "lo") || !i->ifa_addr)
            continue;
        if (i->ifa_addr->sa_family == AF_INET) {
            four = true;
            VALUE("four",
                  ((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
            VALUE("four-mask",
                  ((struct sockaddr_in *)i->ifa_netmask)->sin_addr.s_addr == htonl(0xff000000));
            VALUE("flags", (i->ifa_flags & (IFF_UP | IFF_LOOPBACK | IFF_RUNNING)) ==
                               (IFF_UP | IFF_LOOPBACK | IFF_RUNNING));
        }
        if (i->ifa_addr->sa_family == AF_INET6)
            six |= IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr);
    }
    TRUTH("has-four", four);
    TRUTH("has-six", six);
    freeifaddrs(all);
    for (struct if_nameindex *n = names; n && n->if_index; n++)
        lo |= !strcmp(n->if_name, "lo");
    TRUTH("names", lo);
    if_freenameindex(names);
}

int main(void)
{
    alarm(120);
    signal(SIGPIPE, SIG_IGN);
    behaviour_directory();
    ROWS(socket);
    ROWS(bind);
    ROWS(listen);
    ROWS(connect);
    ROWS(stream);
    ROWS(shutdown);
    ROWS(reset);
    ROWS(udp);
    ROWS(control);
    ROWS(source);
    ROWS(six);
    ROWS(option);
    ROWS(pair);
    ROWS(wait);
    ROWS(inet);
    ROWS(names);
    ROWS(interfaces);
    ROWS(descriptors);
    return behaviour_end();
}
