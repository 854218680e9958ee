/* SPDX-License-Identifier: MIT */
/* The sockets of lib/lwip/socket over 127.0.0.1: what their users cannot see, such as memory, and what
 * takes minutes elsewhere: time is simulated here. */
#include <kernel/event_channel.h>
#include <lwip/memp.h>
#include <lwip/stats.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/net.h>
#include <ringlet/netfront.h>
#include <ringlet/page.h>
#include <ringlet/thread.h>

#include "host/seam.h"
#include "lib/fs/fd.h"
#include "lib/fs/poll.h"
#include "lib/lwip/socket/inet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB (1024 * 1024)

static char data[MIB], in[MIB];

static struct file *make(unsigned type)
{
    struct file *f;

    assert_int_equal(inet_socket_create(SOCKET_FAMILY_INET, type, 0, 0, &f), 0);
    return f;
}

static const struct socket_ops *ops(struct file *f)
{
    return socket_of(f)->ops;
}

static struct socket_address loopback(unsigned port)
{
    return (struct socket_address){
        .family = SOCKET_FAMILY_INET, .port = (uint16_t)port, .ip = {127, 0, 0, 1}};
}

static struct socket_address name_of(struct file *f)
{
    struct socket_address name;

    assert_int_equal(ops(f)->name(socket_of(f), false, &name), 0);
    return name;
}

static struct file *listener(void)
{
    const struct socket_address any_port = loopback(0);
    struct file *f = make(SOCKET_STREAM);

    assert_int_equal(ops(f)->bind(socket_of(f), &any_port), 0);
    assert_int_equal(ops(f)->listen(socket_of(f), 8), 0);
    return f;
}

static void connect_to(struct file *f, struct file *to)
{
    const struct socket_address name = name_of(to);

    assert_int_equal(ops(f)->connect(socket_of(f), &name, true), 0);
}

static struct file *accept_from(struct file *f)
{
    struct socket_address peer;
    struct file *got;

    assert_int_equal(socket_accept(f, socket_of(f), &got, &peer), 0);
    return got;
}

static void connection(struct file *ends[2])
{
    struct file *l = listener();

    ends[0] = make(SOCKET_STREAM);
    connect_to(ends[0], l);
    ends[1] = accept_from(l);
    file_put(l);
}

static void set(struct file *f, enum socket_option option, int64_t number)
{
    const struct socket_value value = {.number = number};

    assert_int_equal(ops(f)->set(socket_of(f), option, &value), 0);
}

static unsigned events(struct file *f)
{
    return f->ops->poll(f, POLL_IN | POLL_OUT | POLL_RDHUP, NULL);
}

/* All that a test has made is gone, after the time that closed connections are remembered. Returns what
 * the heap has, which also holds the pools. */
static size_t expect_nothing_left(void)
{
    struct heap_stats stats;

    thread_sleep(400 * NSEC_PER_SEC);
    assert_int_equal(lwip_stats.memp[MEMP_TCP_PCB]->used, 0);
    assert_int_equal(lwip_stats.memp[MEMP_TCP_PCB_LISTEN]->used, 0);
    assert_int_equal(lwip_stats.memp[MEMP_TCP_SEG]->used, 0);
    assert_int_equal(lwip_stats.memp[MEMP_PBUF]->used, 0);
    heap_get_stats(&stats);
    return stats.blocks;
}

/* Pools keep what they have taken, and a later run of a test may happen to need more at once. But a run
 * that leaves something each time never ends with what it began with. */
static void repeatedly(void (*test)(void))
{
    size_t before, after = 0;
    unsigned runs = 0;

    do {
        before = after;
        test();
        after = expect_nothing_left();
    } while (++runs == 1 || (after > before && runs < 8));
    assert_true(after <= before);
}

/* ---- streams ---- */

static void sender(void *arg)
{
    struct file *f = arg;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7 + (i >> 9));
    assert_int_equal(file_write(f, data, sizeof(data)), sizeof(data));
    file_put(f); /* with most of it on its way */
}

static void stream(void)
{
    struct file *ends[2];
    struct thread *t;
    size_t got = 0;
    int64_t n;

    connection(ends);
    assert_int_equal(thread_create(&t, "sender", sender, ends[0], 65536), 0);
    while ((n = file_read(ends[1], in + got, 9999 < sizeof(in) - got ? 9999 : sizeof(in) - got)) >
           0)
        got += (size_t)n;
    thread_join(t);
    assert_int_equal(got, sizeof(in));
    assert_memory_equal(in, data, sizeof(in));
    file_put(ends[1]);
}

static void test_stream(void **state)
{
    (void)state;
    repeatedly(stream);
}

/* Sends until the window and all buffers are full; the bytes. The file does not wait from now on. */
static size_t fill(struct file *f)
{
    size_t sent = 0;

    f->flags |= FILE_NONBLOCK;
    for (unsigned i = 0; i < 100; i++) {
        for (int64_t n; (n = file_write(f, data, 50000)) > 0;)
            sent += (size_t)n;
        thread_sleep(NSEC_PER_SEC);
    }
    return sent;
}

/* A writer stops when the reader's window and its own buffer are full, and goes on later. */
static void full(void)
{
    struct file *ends[2];
    size_t sent, got = 0;
    int64_t n;

    connection(ends);
    ends[1]->flags |= FILE_NONBLOCK;
    sent = fill(ends[0]);
    assert_int_equal(file_write(ends[0], data, 1), -EAGAIN);
    assert_true(sent > 500000 && sent < 3 * MIB / 2);
    assert_false(events(ends[0]) & POLL_OUT);
    for (unsigned i = 0; i < 100; i++) {
        while ((n = file_read(ends[1], in, sizeof(in))) > 0)
            got += (size_t)n;
        thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(got, sent);
    assert_true(events(ends[0]) & POLL_OUT);
    file_put(ends[0]);
    file_put(ends[1]);
}

static void test_full(void **state)
{
    (void)state;
    repeatedly(full);
}

/* Segments of one byte, which nobody reads: they are gathered, or lwIP's pbufs would not last. */
static void small(void)
{
    struct file *ends[2];
    size_t got = 0;

    connection(ends);
    set(ends[0], SOCKET_OPT_NODELAY, 1);
    for (unsigned i = 0; i < 5000; i++) {
        assert_int_equal(file_write(ends[0], data + i, 1), 1);
        thread_yield();
    }
    thread_sleep(NSEC_PER_SEC);
    assert_true(lwip_stats.memp[MEMP_PBUF_POOL]->used < 100);
    while (got < 5000)
        got += (size_t)file_read(ends[1], in + got, 777);
    assert_int_equal(got, 5000);
    assert_memory_equal(in, data, 5000);
    file_put(ends[0]);
    file_put(ends[1]);
}

static void test_small(void **state)
{
    (void)state;
    repeatedly(small);
}

/* lwIP forgets a connection that both sides have closed, while the socket is open. */
static void forgotten(void)
{
    struct socket_address peer;
    struct file *ends[2];
    char byte;

    connection(ends);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(ops(ends[i])->shutdown(socket_of(ends[i]), false, true), 0);
    thread_sleep(400 * NSEC_PER_SEC);
    assert_int_equal(lwip_stats.memp[MEMP_TCP_PCB]->used, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(file_read(ends[i], &byte, 1), 0);
        assert_int_equal(file_write(ends[i], &byte, 1), -EPIPE);
        assert_int_equal(ops(ends[i])->name(socket_of(ends[i]), true, &peer), 0);
        assert_int_equal(events(ends[i]), POLL_IN | POLL_OUT | POLL_RDHUP | POLL_HUP);
        set(ends[i], SOCKET_OPT_NODELAY, 1);
    }
    file_put(ends[0]);
    file_put(ends[1]);
}

static void test_forgotten(void **state)
{
    (void)state;
    repeatedly(forgotten);
}

/* What was not read, and what nobody has accepted: the peer is told. */
static void unread(void)
{
    struct file *ends[2], *l = listener(), *f = make(SOCKET_STREAM);
    char byte;

    connection(ends);
    assert_int_equal(file_write(ends[0], data, 1000), 1000);
    thread_sleep(NSEC_PER_SEC);
    file_put(ends[1]);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(file_read(ends[0], &byte, 1), -ECONNRESET);
    assert_int_equal(file_read(ends[0], &byte, 1), 0);
    file_put(ends[0]);
    connect_to(f, l);
    assert_int_equal(file_write(f, data, 100), 100);
    thread_sleep(NSEC_PER_SEC);
    file_put(l);
    assert_int_equal(file_read(f, &byte, 1), -ECONNRESET);
    file_put(f);
}

static void test_unread(void **state)
{
    (void)state;
    repeatedly(unread);
}

/* A peer that reads nothing, and a socket that is closed by a reset. With its window closed lwIP does
 * not take the reset: the peer sees it when it has read what came before. */
static void abandoned(void)
{
    struct file *ends[2];

    connection(ends);
    fill(ends[0]);
    set(ends[0], SOCKET_OPT_LINGER, 0);
    file_put(ends[0]);
    for (int64_t n; (n = file_read(ends[1], in, sizeof(in))) != -ECONNRESET; thread_sleep(1000000))
        assert_true(n > 0);
    file_put(ends[1]);
}

static void test_abandoned(void **state)
{
    (void)state;
    repeatedly(abandoned);
}

/* close() waits, if it was asked to, and no longer. */
static void lingers(void)
{
    struct file *ends[2];
    uint64_t begin;

    connection(ends);
    fill(ends[0]);
    set(ends[0], SOCKET_OPT_LINGER, 3);
    begin = clock_now();
    file_put(ends[0]);
    assert_in_range(clock_now() - begin, 2900000000u, 3100000000u);
    file_put(ends[1]);
}

static void test_lingers(void **state)
{
    (void)state;
    repeatedly(lingers);
}

/* Without a descriptor for it a connection stays in the queue. */
static void no_descriptor(void)
{
    struct file *l = listener(), *f = make(SOCKET_STREAM), *other = make(SOCKET_DATAGRAM), *got;
    struct socket_address peer;
    int fd, last = -1;
    char byte = 0;

    connect_to(f, l);
    assert_int_equal(file_write(f, "x", 1), 1);
    while ((fd = fd_install(file_get(other), 0, 0)) >= 0)
        last = fd;
    file_put(other); /* that which was not installed */
    assert_int_equal(fd, -EMFILE);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(socket_accept(l, socket_of(l), &got, &peer), -EMFILE);
    assert_true(events(l) & POLL_IN);
    fd_close(last);
    assert_int_equal(socket_accept(l, socket_of(l), &got, &peer), 0);
    assert_int_equal(file_read(got, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    fd_reset();
    file_put(got);
    file_put(other);
    file_put(f);
    file_put(l);
}

static void test_no_descriptor(void **state)
{
    (void)state;
    repeatedly(no_descriptor);
}

/* ---- without memory ---- */

static void *taken[8192];
static unsigned taken_count, of_netfront;

/* All of the heap's, then all that netfront keeps of its own. */
static void take_all_memory(void)
{
    taken_count = 0;
    for (size_t size = 16 * MIB; size; size = size > PAGE_SIZE ? size / 2 : size - 16) {
        void *p;

        while (taken_count < ARRAY_SIZE(taken) / 2 && (p = heap_alloc(size, MEM_APP)))
            taken[taken_count++] = p;
    }
    of_netfront = taken_count;
    for (size_t size = PAGE_SIZE; size; size /= 2) {
        void *p;

        while (taken_count < ARRAY_SIZE(taken) && (p = netfront_mem_alloc(size)))
            taken[taken_count++] = p;
    }
    assert_null(heap_alloc(512, MEM_APP));
    assert_null(netfront_mem_alloc(128));
}

static void give_all_memory(void)
{
    while (taken_count > of_netfront)
        netfront_mem_free(taken[--taken_count]);
    while (taken_count)
        heap_free(taken[--taken_count]);
}

static void giver(void *arg)
{
    (void)arg;
    thread_sleep(3 * NSEC_PER_SEC);
    give_all_memory();
}

/* A sender waits for memory: not at all, as long as SO_SNDTIMEO says, or until there is some. */
static void sends_without_memory(struct file *f)
{
    struct thread *t;
    uint64_t begin;

    assert_int_equal(thread_create(&t, "giver", giver, NULL, 65536), 0);
    take_all_memory();
    begin = clock_now();
    set(f, SOCKET_OPT_LINGER, -1);
    socket_of(f)->send_timeout = NSEC_PER_SEC;
    assert_int_equal(file_write(f, data, 1000), -EAGAIN);
    assert_in_range(clock_now() - begin, 990000000u, 1010000000u);
    socket_of(f)->send_timeout = 0;
    assert_int_equal(file_write(f, data, 1000), 1000);
    assert_in_range(clock_now() - begin, 2990000000u, 3010000000u);
    thread_join(t);
}

static void no_memory(void)
{
    const struct socket_address any_port = loopback(0);
    struct file *ends[2], *one = make(SOCKET_DATAGRAM), *two = make(SOCKET_DATAGRAM);

    assert_int_equal(ops(one)->bind(socket_of(one), &any_port), 0);
    connect_to(two, one);
    sends_without_memory(two);
    file_put(one);
    file_put(two);

    connection(ends);
    sends_without_memory(ends[0]);
    thread_sleep(NSEC_PER_SEC);
    ends[0]->flags |= FILE_NONBLOCK;
    take_all_memory();
    assert_int_equal(file_write(ends[0], data, 10000), -EAGAIN);
    give_all_memory();
    file_put(ends[0]);
    file_put(ends[1]);
}

static void test_no_memory(void **state)
{
    (void)state;
    repeatedly(no_memory);
}

/* ---- datagrams ---- */

static void flood(void)
{
    const struct socket_address any_port = loopback(0);
    struct file *one = make(SOCKET_DATAGRAM), *two = make(SOCKET_DATAGRAM);
    unsigned got = 0;

    assert_int_equal(ops(one)->bind(socket_of(one), &any_port), 0);
    connect_to(two, one);
    for (unsigned i = 0; i < 3000; i++) {
        const struct file_iovec part = {data, 10};
        const struct socket_message m = {.iov = &part, .count = 1};

        assert_int_equal(socket_send(two, socket_of(two), &m), 10);
        thread_yield();
    }
    thread_sleep(NSEC_PER_SEC);
    one->flags |= FILE_NONBLOCK;
    while (file_read(one, in, 100) == 10)
        got++;
    assert_in_range(got, 300, 500); /* as many as the buffer has room for, with what each costs */
    file_put(one);
    file_put(two);
}

static void test_flood(void **state)
{
    (void)state;
    repeatedly(flood);
}

/* The largest datagrams: a longer one is refused, and nobody waits for room for it. */
static void largest(void)
{
    static const struct {
        unsigned family, type;
        size_t most;
    } kinds[] = {{SOCKET_FAMILY_INET, SOCKET_DATAGRAM, 65507},
                 {SOCKET_FAMILY_INET, SOCKET_RAW, 65515},
                 {SOCKET_FAMILY_INET6, SOCKET_DATAGRAM, 65487},
                 {SOCKET_FAMILY_INET6, SOCKET_RAW, 65495}};

    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        const bool v6 = kinds[i].family == SOCKET_FAMILY_INET6;
        struct socket_message m = {.count = 1, .address = loopback(9)};
        struct file *f;

        if (v6)
            m.address =
                (struct socket_address){.family = SOCKET_FAMILY_INET6, .port = 9, .ip = {[15] = 1}};
        assert_int_equal(inet_socket_create(kinds[i].family, kinds[i].type,
                                            kinds[i].type == SOCKET_RAW ? 200 : 0, 0, &f),
                         0);
        for (unsigned more = 0; more < 2; more++) {
            const struct file_iovec part = {data, kinds[i].most + more};

            m.iov = &part;
            assert_int_equal(socket_send(f, socket_of(f), &m),
                             more ? -EMSGSIZE : (int64_t)kinds[i].most);
        }
        file_put(f);
        thread_sleep(NSEC_PER_SEC);
    }
}

static void test_largest(void **state)
{
    (void)state;
    repeatedly(largest);
}

/* Nobody is there: a connected socket learns it, at its next operation. */
static void refused(void)
{
    const struct socket_address nobody = loopback(9);
    struct file *f = make(SOCKET_DATAGRAM), *other = make(SOCKET_DATAGRAM);

    assert_int_equal(ops(f)->connect(socket_of(f), &nobody, true), 0);
    assert_int_equal(ops(other)->connect(socket_of(other), &nobody, true), 0);
    assert_int_equal(file_write(f, data, 10), 10);
    thread_sleep(NSEC_PER_SEC);
    assert_true(f->ops->poll(f, POLL_IN, NULL) & POLL_ERR);
    assert_int_equal(file_read(f, in, 10), -ECONNREFUSED);
    assert_int_equal(file_write(f, data, 10), 10);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(file_write(f, data, 10), -ECONNREFUSED);
    assert_int_equal(events(other), POLL_OUT);
    file_put(f);
    file_put(other);
}

static void test_refused(void **state)
{
    (void)state;
    repeatedly(refused);
}

static void test_resolve(void **state)
{
    struct socket_address out[4];

    (void)state;
    assert_int_equal(inet_resolve("", true, true, out, 4), -EINVAL);
    assert_int_equal(inet_resolve("example.org", true, true, out, 4), -EAGAIN); /* no server */
}

static int start(void **state)
{
    (void)state;
    seam_init(64u << 20);
    return evtchn_init() ?: net_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream),    cmocka_unit_test(test_full),
        cmocka_unit_test(test_small),     cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_unread),    cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_lingers),   cmocka_unit_test(test_flood),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_largest),   cmocka_unit_test(test_no_descriptor),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("sockets", tests, start, NULL);
}
