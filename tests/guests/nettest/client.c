/* SPDX-License-Identifier: MIT */
/* The client's side of a test. */
#include "client.h"

#include "io.h"
#include "pattern.h"
#include "report.h"
#include "transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELLO_MS 200u
#define HELLOS   50u
#define LOST_MS  200u
#define QUIET_MS 1000u

static int connect_to(const struct options *o)
{
    union address server;
    int fd, ret;

    if (!address_parse(o->peer, (unsigned)o->port, &server))
        return -EINVAL;
    fd = io_socket(server.any.sa_family, SOCK_STREAM, (unsigned)o->timeout);
    if (fd < 0)
        return fd;
    if (connect(fd, &server.any, address_length(&server)) == 0)
        return fd;
    ret = errno == EINPROGRESS ? -ETIMEDOUT : -errno; /* of a connect() that timed out */
    close(fd);
    return ret;
}

int client_wait(const struct options *o)
{
    uint64_t end = now_ns() + o->wait * 1000000000u;

    for (;;) {
        int fd = connect_to(o);

        if (fd >= 0) {
            close(fd);
            return 0;
        }
        if (fd == -EINVAL || now_ns() >= end)
            return fd;
        usleep(200000);
    }
}

int client_stop(const struct options *o)
{
    struct request r = {.magic = NETTEST_MAGIC, .test = REQUEST_STOP};
    struct answer answer = {.magic = 0};
    int fd = connect_to(o), ret;

    if (fd < 0)
        return fd;
    ret = io_write(fd, &r, sizeof(r));
    if (ret == 0)
        ret = io_read(fd, &answer, sizeof(answer));
    if (ret == 0)
        ret = answer.magic == NETTEST_MAGIC ? -(int)answer.error : -EPROTO;
    close(fd);
    return ret;
}

/* The socket for datagrams of a test, which the server knows. */
static int open_datagrams(const struct options *o, const struct request *r, int control,
                          uint32_t port)
{
    union address server;
    struct datagram hello;
    int fd, ret = -ETIMEDOUT;

    if (!address_parse(o->peer, port, &server))
        return -EINVAL;
    fd = io_socket(server.any.sa_family, SOCK_DGRAM, (unsigned)o->timeout);
    if (fd < 0)
        return fd;
    if (connect(fd, &server.any, address_length(&server)) != 0) {
        ret = -errno;
        close(fd);
        return ret;
    }
    pattern_note(r->seed, DATAGRAM_HELLO, 0, &hello);
    io_timeout(control, HELLO_MS);
    for (unsigned n = 0; n < HELLOS && ret == -ETIMEDOUT; n++) {
        uint32_t ready = 0;

        (void)send(fd, &hello, sizeof(hello), 0);
        ret = io_read(control, &ready, sizeof(ready));
        if (ret == -EAGAIN)
            ret = -ETIMEDOUT;
        else if (ret == 0 && ready != READY)
            ret = -EPROTO;
    }
    io_timeout(control, (unsigned)o->timeout * 1000);
    if (ret < 0) {
        close(fd);
        return ret;
    }
    return fd;
}

static int compare_latencies(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Requests and responses, on the connection or with datagrams. */
static int run_rounds(int fd, bool datagrams, const struct request *r, struct result *result)
{
    unsigned char *request = calloc(1, r->size), *response = malloc(r->size + 1u);
    int ret = 0;

    result->latency = calloc(r->count, sizeof(uint32_t));
    if (!request || !response || !result->latency)
        ret = -ENOMEM;
    if (ret == 0 && datagrams)
        ret = io_timeout(fd, LOST_MS);
    for (uint32_t i = 0; ret == 0 && i < r->count; i++) {
        uint64_t began = now_ns(), took;
        size_t got = r->size;

        if (r->verify)
            pattern_fill(r->seed, (uint64_t)i * r->size, request, r->size);
        if (!datagrams) {
            ret = io_write(fd, request, r->size);
            if (ret == 0)
                ret = io_read(fd, response, r->size);
        } else {
            ssize_t n = send(fd, request, r->size, 0);

            if (n >= 0)
                n = recv(fd, response, r->size + 1u, 0);
            if (n < 0 && errno == EAGAIN) {
                result->lost++;
                continue;
            }
            if (n < 0)
                ret = -errno;
            else
                got = (size_t)n;
        }
        if (ret < 0)
            break;
        took = now_ns() - began;
        if (got != r->size || memcmp(request, response, r->size) != 0) {
            if (result->outcome.wrong++ == 0)
                result->outcome.first_wrong = i;
        } else {
            result->outcome.received++;
        }
        result->latency[result->rounds++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    }
    if (result->latency)
        qsort(result->latency, result->rounds, sizeof(uint32_t), compare_latencies);
    free(request);
    free(response);
    return ret;
}

static int run_test(const struct options *o, const struct request *r, int control, int datagrams,
                    struct result *result)
{
    struct outcome said = {.received = 0};
    uint64_t began = now_ns();
    bool from_server = false;
    int ret = 0;

    switch ((enum test)r->test) {
    case TEST_SEND:
        ret = transfer_send(control, r, r->seed, report_progress);
        from_server = true;
        break;
    case TEST_RECEIVE:
        ret =
            transfer_receive(control, r, pattern_other(r->seed), &result->outcome, report_progress);
        break;
    case TEST_RR:
    case TEST_UDP_RR:
        ret = run_rounds(datagrams >= 0 ? datagrams : control, datagrams >= 0, r, result);
        break;
    case TEST_UDP_SEND:
        ret = transfer_udp_send(datagrams, r, r->seed, &said);
        from_server = true;
        break;
    case TEST_UDP_RECEIVE:
        ret =
            transfer_udp_receive(datagrams, r, pattern_other(r->seed), QUIET_MS, &result->outcome);
        break;
    case TEST_COUNT:
        return -EINVAL;
    }
    if (!from_server)
        result->ns = now_ns() - began;
    if (ret == 0 && datagrams >= 0)
        ret = io_write(control, &said, sizeof(said));
    if (ret == 0)
        ret = io_read(control, &said, sizeof(said));
    if (from_server) {
        result->ns = now_ns() - began;
        result->outcome = said;
    } else {
        result->outcome.sent = said.sent;
        result->outcome.others_ns = said.others_ns;
    }
    if (result->outcome.ns != 0)
        result->ns = result->outcome.ns;
    (void)o;
    return ret;
}

void client_run(const struct options *o, enum test test, unsigned number, struct result *result)
{
    bool rounds = test == TEST_RR || test == TEST_UDP_RR;
    struct request r = {.magic = NETTEST_MAGIC,
                        .test = test,
                        .seed = pattern_other(o->seed + number),
                        .bytes = o->bytes,
                        .bs = (uint32_t)o->bs,
                        .count = (uint32_t)(rounds ? o->rounds : o->count),
                        .size = (uint32_t)(rounds ? o->message : o->size),
                        .window = (uint32_t)o->window,
                        .verify = o->verify != 0};
    struct answer answer = {.magic = 0};
    int datagrams = -1, control;

    memset(result, 0, sizeof(*result));
    result->failed = "connect";
    control = connect_to(o);
    if (control < 0) {
        result->error = -control;
        return;
    }
    result->failed = "agree";
    result->error = -io_write(control, &r, sizeof(r));
    if (result->error == 0)
        result->error = -io_read(control, &answer, sizeof(answer));
    if (result->error == 0)
        result->error = answer.magic == NETTEST_MAGIC ? (int)answer.error : EPROTO;
    if (result->error == 0 && answer.port != 0) {
        result->failed = "datagrams";
        datagrams = open_datagrams(o, &r, control, answer.port);
        result->error = datagrams < 0 ? -datagrams : 0;
    }
    if (result->error == 0) {
        result->failed = "transfer";
        result->error = -run_test(o, &r, control, datagrams, result);
    }
    if (result->error == 0)
        result->failed = NULL;
    if (datagrams >= 0)
        close(datagrams);
    close(control);
}
