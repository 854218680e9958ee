/* SPDX-License-Identifier: MIT */
/* Pairs of sockets: rings that wrap, records, ends. */
#include <kernel/event_channel.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>

#include "host/seam.h"
#include "lib/fs/poll.h"
#include "lib/fs/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct file *ends[2];
static char data[70000], in[70000];

static int setup(void **state)
{
    (void)state;
    seam_init(8u << 20);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7 + (i >> 8));
    return 0;
}

static void make(unsigned type)
{
    assert_int_equal(socketpair_create(ends, type, FILE_NONBLOCK), 0);
}

static unsigned events(unsigned i)
{
    return ends[i]->ops->poll(ends[i], POLL_IN | POLL_OUT | POLL_RDHUP, NULL);
}

static void test_wrap(void **state)
{
    (void)state;
    make(SOCKET_STREAM);
    for (unsigned round = 0; round < 10; round++) {
        assert_int_equal(file_write(ends[round % 2], data, 50001), 50001);
        memset(in, 0, sizeof(in));
        assert_int_equal(file_read(ends[!(round % 2)], in, sizeof(in)), 50001);
        assert_memory_equal(in, data, 50001);
    }
    assert_int_equal(file_write(ends[0], data, sizeof(data)), 65536);
    assert_int_equal(file_write(ends[0], data, 1), -EAGAIN);
    assert_int_equal(events(0), 0);
    assert_int_equal(file_read(ends[1], in, 16383), 16383);
    assert_int_equal(events(0), 0);
    assert_int_equal(file_read(ends[1], in, 1), 1);
    assert_int_equal(events(0), POLL_OUT);
    file_put(ends[0]);
    assert_int_equal(events(1), POLL_IN | POLL_OUT | POLL_RDHUP | POLL_HUP);
    assert_int_equal(file_read(ends[1], in, sizeof(in)), 65536 - 16384);
    assert_int_equal(file_read(ends[1], in, 1), 0);
    assert_int_equal(file_write(ends[1], in, 1), -EPIPE);
    file_put(ends[1]);
}

static void test_records(void **state)
{
    const struct file_iovec none = {data, 0};
    const struct socket_message empty = {.iov = &none, .count = 1};

    (void)state;
    make(SOCKET_SEQPACKET);
    for (unsigned round = 0; round < 30; round++) {
        assert_int_equal(file_write(ends[0], data, 7001), 7001);
        assert_int_equal(socket_send(ends[0], socket_of(ends[0]), &empty), 0);
        assert_int_equal(file_write(ends[0], data + 5, 3), 3);
        assert_int_equal(socket_of(ends[1])->ops->available(socket_of(ends[1])), 7001);
        assert_int_equal(file_read(ends[1], in, 7000), 7000); /* the rest of it is lost */
        assert_memory_equal(in, data, 7000);
        assert_int_equal(file_read(ends[1], in, 7000), 0);
        assert_int_equal(file_read(ends[1], in, 7000), 3);
        assert_memory_equal(in, data + 5, 3);
    }
    assert_int_equal(file_write(ends[0], data, 65533), -EMSGSIZE);
    assert_int_equal(file_write(ends[0], data, 65532), 65532);
    assert_int_equal(file_write(ends[0], data, 1), -EAGAIN);
    assert_int_equal(file_read(ends[1], in, sizeof(in)), 65532);
    assert_memory_equal(in, data, 65532);
    file_put(ends[0]);
    file_put(ends[1]);
}

/* Each allocation fails once: nothing is left. */
static void test_no_memory(void **state)
{
    struct heap_stats before, after;
    void *pages[4096];
    unsigned n = 0;

    (void)state;
    heap_get_stats(&before);
    while (n < 4096 && (pages[n] = page_alloc(1, MEM_APP)))
        n++;
    for (unsigned given = 0;; given++) {
        const int ret = socketpair_create(ends, SOCKET_STREAM, 0);

        if (!ret)
            break;
        assert_int_equal(ret, -ENOMEM);
        assert_true(given < 200 && n);
        page_free(pages[--n], 1);
    }
    file_put(ends[0]);
    file_put(ends[1]);
    while (n)
        page_free(pages[--n], 1);
    heap_get_stats(&after);
    assert_int_equal(after.blocks, before.blocks);
}

static void test_unread(void **state)
{
    (void)state;
    make(SOCKET_STREAM);
    assert_int_equal(file_write(ends[0], data, 10), 10);
    file_put(ends[1]);
    assert_true(events(0) & POLL_ERR);
    assert_int_equal(file_read(ends[0], in, 1), -ECONNRESET);
    assert_int_equal(file_read(ends[0], in, 1), 0);
    file_put(ends[0]);
}

static int64_t receive(unsigned i, size_t len, unsigned flags, unsigned *out_flags)
{
    const struct file_iovec part = {in, len};
    struct socket_message m = {.iov = &part, .count = 1, .flags = flags};
    const int64_t ret = socket_receive(ends[i], socket_of(ends[i]), &m);

    if (out_flags)
        *out_flags = m.out_flags;
    return ret;
}

static void test_peek(void **state)
{
    unsigned flags;

    (void)state;
    make(SOCKET_STREAM);
    assert_int_equal(receive(1, 10, 0, NULL), -EAGAIN);
    assert_int_equal(file_write(ends[0], data, 10), 10);
    for (unsigned i = 0; i < 2; i++) {
        memset(in, 0, 10);
        assert_int_equal(receive(1, 4, SOCKET_PEEK, NULL), 4);
        assert_memory_equal(in, data, 4);
    }
    assert_int_equal(receive(1, 4, 0, NULL), 4);
    assert_int_equal(receive(1, 100, SOCKET_WAITALL, NULL), 6); /* it does not wait */
    assert_memory_equal(in, data + 4, 6);
    file_put(ends[0]);
    file_put(ends[1]);
    make(SOCKET_SEQPACKET);
    assert_int_equal(file_write(ends[0], data, 10), 10);
    assert_int_equal(receive(1, 4, SOCKET_PEEK, &flags), 4);
    assert_int_equal(flags, SOCKET_TRUNC | SOCKET_END_OF_RECORD);
    assert_int_equal(receive(1, 4, SOCKET_TRUNC, &flags), 10);
    assert_int_equal(receive(1, 4, 0, NULL), -EAGAIN);
    file_put(ends[0]);
    file_put(ends[1]);
}

static void test_shutdown(void **state)
{
    struct socket *s;

    (void)state;
    make(SOCKET_STREAM);
    s = socket_of(ends[0]);
    assert_int_equal(file_write(ends[0], data, 10), 10);
    assert_int_equal(s->ops->shutdown(s, false, true), 0);
    assert_int_equal(file_write(ends[0], data, 1), -EPIPE);
    assert_int_equal(events(1), POLL_IN | POLL_OUT | POLL_RDHUP);
    assert_int_equal(file_read(ends[1], in, 20), 10);
    assert_int_equal(file_read(ends[1], in, 20), 0);
    assert_int_equal(file_write(ends[1], data, 3), 3);
    assert_int_equal(file_read(ends[0], in, 20), 3);
    assert_int_equal(s->ops->shutdown(s, true, false), 0);
    assert_int_equal(file_write(ends[1], data, 3), -EPIPE);
    assert_int_equal(events(0), POLL_IN | POLL_OUT | POLL_RDHUP | POLL_HUP);
    file_put(ends[0]);
    file_put(ends[1]);
    make(SOCKET_DATAGRAM);
    s = socket_of(ends[0]);
    assert_int_equal(file_read(ends[0], in, 20), -EAGAIN);
    assert_int_equal(s->ops->shutdown(s, true, false), 0);
    assert_int_equal(file_read(ends[0], in, 20), 0);
    assert_int_equal(file_write(ends[1], data, 3), -EPIPE);
    file_put(ends[0]);
    assert_int_equal(file_write(ends[1], data, 3), -ECONNREFUSED);
    assert_int_equal(file_read(ends[1], in, 20), -EAGAIN);
    file_put(ends[1]);
}

/* What a socket says of itself. */
static void test_facts(void **state)
{
    const struct socket_message to = {.address.family = SOCKET_FAMILY_UNIX};
    struct socket_value value;
    struct socket_address name;
    struct file_stat st;
    struct socket *s;
    int n;

    (void)state;
    make(SOCKET_DATAGRAM);
    s = socket_of(ends[0]);
    assert_int_equal(file_stat(ends[0], &st), 0);
    assert_int_equal(st.mode & MODE_TYPE, MODE_SOCKET);
    assert_int_equal(file_seek(ends[0], 0, 0), -ESPIPE);
    assert_int_equal(file_write(ends[1], data, 7), 7);
    assert_int_equal(file_write(ends[1], data, 9), 9);
    assert_int_equal(file_ioctl(ends[0], 0x541b, &n), 0);
    assert_int_equal(n, 7);
    assert_int_equal(file_ioctl(ends[0], 1, &n), -ENOTTY);
    assert_int_equal(s->ops->name(s, true, &name), 0);
    assert_int_equal(name.family, SOCKET_FAMILY_UNIX);
    assert_int_equal(s->ops->get(s, SOCKET_OPT_SEND_BUFFER, &value), 0);
    assert_int_equal(value.number, 65536);
    assert_int_equal(s->ops->get(s, SOCKET_OPT_LINGER, &value), 0);
    assert_int_equal(value.number, -1);
    assert_int_equal(s->ops->get(s, SOCKET_OPT_KEEPALIVE, &value), 0);
    assert_int_equal(value.number, 0);
    assert_int_equal(s->ops->set(s, SOCKET_OPT_KEEPALIVE, &value), 0);
    assert_int_equal(s->ops->set(s, SOCKET_OPT_NODELAY, &value), -ENOPROTOOPT);
    assert_int_equal(s->ops->get(s, SOCKET_OPT_NODELAY, &value), -ENOPROTOOPT);
    assert_int_equal(socket_send(ends[0], s, &to), -EISCONN);
    file_put(ends[1]);
    assert_int_equal(s->ops->name(s, true, &name), -ENOTCONN);
    assert_int_equal(s->ops->name(s, false, &name), 0);
    file_put(ends[0]);
    assert_int_equal(socketpair_create(ends, SOCKET_STREAM, 0), 0);
    assert_null(socket_of(&(struct file){0}));
    file_put(ends[0]);
    file_put(ends[1]);
}

/* ---- waiting ---- */

static void other_end(void *arg)
{
    (void)arg;
    thread_sleep(1000);
    assert_int_equal(file_write(ends[1], data, 5), 5);
    thread_sleep(1000);
    assert_int_equal(file_write(ends[1], data, sizeof(data)), sizeof(data));
    file_put(ends[1]);
}

static void test_wait(void **state)
{
    struct thread *t;
    size_t got = 0;

    (void)state;
    assert_int_equal(evtchn_init(), 0);
    assert_int_equal(socketpair_create(ends, SOCKET_STREAM, 0), 0);
    socket_of(ends[0])->receive_timeout = 500;
    assert_int_equal(file_read(ends[0], in, 10), -EAGAIN);
    socket_of(ends[0])->receive_timeout = 0;
    assert_int_equal(thread_create(&t, "other", other_end, NULL, 65536), 0);
    assert_int_equal(receive(0, 3, SOCKET_WAITALL, NULL), 3);
    assert_int_equal(receive(0, 10, SOCKET_WAITALL, NULL), 10); /* of both writes */
    assert_memory_equal(in + 2, data, 8);
    for (int64_t n; (n = file_read(ends[0], in + got, 999)) > 0;)
        got += (size_t)n;
    assert_int_equal(got, sizeof(data) - 8);
    assert_memory_equal(in, data + 8, got);
    thread_join(t);
    file_put(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrap),      cmocka_unit_test(test_records),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_unread),
        cmocka_unit_test(test_peek),      cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_facts),     cmocka_unit_test(test_wait)};

    return cmocka_run_group_tests_name("socketpair", tests, setup, NULL);
}
