/* SPDX-License-Identifier: MIT */
/* Sockets and time. */
#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
    struct timespec t = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool address_parse(const char *text, unsigned port, union address *to)
{
    memset(to, 0, sizeof(*to));
    if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons((uint16_t)port);
        return true;
    }
    if (inet_pton(AF_INET6, text, &to->v6.sin6_addr) == 1) {
        to->v6.sin6_family = AF_INET6;
        to->v6.sin6_port = htons((uint16_t)port);
        return true;
    }
    return false;
}

socklen_t address_length(const union address *a)
{
    return a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

int io_timeout(int fd, unsigned timeout_ms)
{
    struct timeval t = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) != 0)
        return -errno;
    return 0;
}

int io_socket(int family, int type, unsigned timeout_s)
{
    int fd = socket(family, type, 0), one = 1, ret = 0;

    if (fd < 0)
        return -errno;
    if (type == SOCK_STREAM && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0)
        ret = -errno;
    if (ret == 0)
        ret = io_timeout(fd, timeout_s * 1000);
    if (ret < 0) {
        close(fd);
        return ret;
    }
    return fd;
}

int io_read(int fd, void *to, size_t bytes)
{
    char *p = to;

    while (bytes > 0) {
        ssize_t n = recv(fd, p, bytes, 0);

        if (n == 0)
            return -ECONNRESET;
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        p += n;
        bytes -= (size_t)n;
    }
    return 0;
}

int io_write(int fd, const void *data, size_t bytes)
{
    const char *p = data;

    while (bytes > 0) {
        ssize_t n = send(fd, p, bytes, MSG_NOSIGNAL);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        p += n;
        bytes -= (size_t)n;
    }
    return 0;
}
