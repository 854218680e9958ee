/* SPDX-License-Identifier: MIT */
/* The server's side of the tests. */
#include "server.h"

#include "domains.h"
#include "io.h"
#include "pattern.h"
#include "transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_S 60u
#define HELLO_S   20u
#define QUIET_MS  1000u
#define CHECK_MS  200u

static bool may_stop;
static sem_t stopped;

static int check_request(const struct request *r)
{
    bool datagrams = r->test == TEST_UDP_SEND || r->test == TEST_UDP_RECEIVE;

    if (r->magic != NETTEST_MAGIC || r->test >= TEST_COUNT || r->verify > 1)
        return EPROTO;
    if (r->bytes > 1ULL << 40 || r->bs == 0 || r->bs > REQUEST_BS_MAX || r->count == 0 ||
        r->count > 10000000 || r->size > REQUEST_SIZE_MAX || r->window > 100000 ||
        r->size < (datagrams ? DATAGRAM_MIN : REQUEST_SIZE_MIN))
        return EINVAL;
    return 0;
}

/* A socket for datagrams at the address where the connection arrived. */
static int open_datagrams(int control, uint32_t *port)
{
    union address here;
    socklen_t length = sizeof(here);
    int fd, ret;

    if (getsockname(control, &here.any, &length) != 0)
        return -errno;
    if (here.any.sa_family == AF_INET6)
        here.v6.sin6_port = 0;
    else
        here.v4.sin_port = 0;
    fd = io_socket(here.any.sa_family, SOCK_DGRAM, HELLO_S);
    if (fd < 0)
        return fd;
    length = address_length(&here);
    if (bind(fd, &here.any, length) != 0 || getsockname(fd, &here.any, &length) != 0) {
        ret = -errno;
        close(fd);
        return ret;
    }
    *port = ntohs(here.any.sa_family == AF_INET6 ? here.v6.sin6_port : here.v4.sin_port);
    return fd;
}

/* Waits for the client's first datagram, and connects to where it came from. */
static int meet(int fd, int control, const struct request *r)
{
    struct datagram hello;
    union address from;
    uint32_t none = 0, ready = READY;

    for (;;) {
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(fd, &hello, sizeof(hello), 0, &from.any, &length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (!pattern_note_good(r->seed, DATAGRAM_HELLO, &hello, (size_t)n, &none))
            continue;
        if (connect(fd, &from.any, length) != 0)
            return -errno;
        return io_write(control, &ready, sizeof(ready));
    }
}

static int answer_rounds(int control, const struct request *r, struct outcome *out)
{
    char *buffer = malloc(r->size);
    int ret = buffer ? 0 : -ENOMEM;

    while (ret == 0 && out->received < r->count) {
        ret = io_read(control, buffer, r->size);
        if (ret == 0)
            ret = io_write(control, buffer, r->size);
        if (ret == 0)
            out->sent = ++out->received;
    }
    free(buffer);
    return ret;
}

/* Until the client has nothing more to ask, which it says on the connection. */
static int answer_datagrams(int fd, int control, const struct request *r, struct outcome *out)
{
    char *buffer = malloc(r->size + 1u);
    int ret = buffer ? io_timeout(fd, CHECK_MS) : -ENOMEM;

    while (ret == 0 && out->received < r->count) {
        ssize_t n = recv(fd, buffer, r->size + 1u, 0);
        char byte;

        if (n == (ssize_t)r->size) {
            out->received++;
            if (send(fd, buffer, (size_t)n, 0) == n)
                out->sent++;
        } else if (n < 0 && errno == EAGAIN) {
            n = recv(control, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            if (n == 0)
                ret = -ECONNRESET;
            if (n > 0)
                break;
        } else if (n < 0 && errno != EINTR) {
            ret = -errno;
        }
    }
    free(buffer);
    return ret;
}

static int run_test(int control, int datagrams, const struct request *r)
{
    struct outcome out = {.received = 0}, said;
    uint64_t ours = pattern_other(r->seed), ran = domains_ran();
    int ret = 0;

    switch ((enum test)r->test) {
    case TEST_SEND:
        ret = transfer_receive(control, r, r->seed, &out, NULL);
        break;
    case TEST_RECEIVE:
        ret = transfer_send(control, r, ours, NULL);
        out.sent = r->bytes;
        break;
    case TEST_RR:
        ret = answer_rounds(control, r, &out);
        break;
    case TEST_UDP_RR:
        ret = answer_datagrams(datagrams, control, r, &out);
        break;
    case TEST_UDP_SEND:
        ret = transfer_udp_receive(datagrams, r, r->seed, QUIET_MS, &out);
        break;
    case TEST_UDP_RECEIVE:
        ret = transfer_udp_send(datagrams, r, ours, &out);
        break;
    case TEST_COUNT:
        return -EINVAL;
    }
    if (ret == 0 && datagrams >= 0) {
        ret = io_read(control, &said, sizeof(said));
        if (r->test == TEST_UDP_SEND)
            out.sent = said.sent;
    }
    out.others_ns = domains_ran() - ran;
    if (ret == 0)
        ret = io_write(control, &out, sizeof(out));
    return ret;
}

static void serve_test(int control)
{
    struct request r;
    struct answer answer = {.magic = NETTEST_MAGIC};
    int datagrams = -1, ret = io_timeout(control, TIMEOUT_S * 1000);

    if (ret == 0)
        ret = io_read(control, &r, sizeof(r));
    if (ret < 0) {
        /* a client that only looks whether somebody is here */
        close(control);
        return;
    }
    if (may_stop && r.magic == NETTEST_MAGIC && r.test == REQUEST_STOP) {
        (void)io_write(control, &answer, sizeof(answer));
        close(control);
        sem_post(&stopped);
        return;
    }
    answer.error = (uint32_t)check_request(&r);
    if (answer.error == 0 && r.test >= TEST_UDP_SEND) {
        datagrams = open_datagrams(control, &answer.port);
        answer.error = datagrams < 0 ? (uint32_t)-datagrams : 0;
    }
    ret = io_write(control, &answer, sizeof(answer));
    if (ret == 0 && answer.error == 0) {
        if (datagrams >= 0)
            ret = meet(datagrams, control, &r);
        if (ret == 0)
            ret = run_test(control, datagrams, &r);
        if (ret < 0)
            printf("nettest: %s for a client: %s\n", test_name[r.test], strerror(-ret));
    }
    if (datagrams >= 0)
        close(datagrams);
    close(control);
}

int server_run(const struct options *o)
{
    struct timespec end;
    int ret;

    may_stop = o->stop != 0;
    sem_init(&stopped, 0, 0);
    ret = services_listen(AF_INET, (unsigned)o->port, serve_test);
    if (ret < 0)
        return ret;
    (void)services_listen(AF_INET6, (unsigned)o->port, serve_test);
    if (o->services) {
        ret = services_start();
        if (ret < 0)
            return ret;
    }
    printf("nettest: serving at port %u%s\n", (unsigned)o->port,
           o->services ? ", and echo, discard and chargen" : "");
    fflush(stdout);
    if (o->serve == 0) {
        while (sem_wait(&stopped) != 0)
            ;
        return 0;
    }
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += (time_t)o->serve;
    while (sem_timedwait(&stopped, &end) != 0 && errno == EINTR)
        ;
    return 0;
}
