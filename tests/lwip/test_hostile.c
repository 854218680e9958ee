/* SPDX-License-Identifier: MIT */
/*
 * A peer that does what nobody should: sockets lose no memory, use none that is gone, and other connections
 * go on.
 */
#include "peer.h"

#include <ringlet/errno.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/fs/poll.h"
#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/socket/inet.h"
#include "lwip/memp.h"
#include "lwip/stats.h"

/* Writes until the socket takes no more; the bytes. */
static unsigned fill(struct file *f, unsigned piece)
{
    unsigned sent = 0;
    int64_t n;

    while ((n = file_write(f, data, piece)) > 0)
        sent += (unsigned)n;
    assert_int_equal(n, -EAGAIN);
    return sent;
}

/* An acknowledgement that is there together with those before it. */
static void inject_ack(uint32_t ack)
{
    struct tcp_frame t = from_peer;
    uint8_t f[200];
    unsigned head;

    t.flags = TCP_ACK;
    t.options = 0;
    t.ack = ack;
    head = frame_headers(f, &t);
    frame_finish(f, head);
    fake_inject(f, head, NETFRONT_CSUM_BLANK, 0);
}

static unsigned used(memp_t pool)
{
    return lwip_stats.memp[pool]->used;
}

static void let_memory_go(void)
{
    thread_sleep(60 * NSEC_PER_SEC);
}

/*
 * Acknowledges what it guesses that the last acknowledgement lets out: lwIP has sent that, but the device
 * has not got it.
 */
static void test_acknowledges_too_early(void **state)
{
    struct file *f = socket_peer();

    (void)state;
    assert_true(file_write(f, data, 100000) > 0);
    settle();
    for (unsigned round = 0; round < 6; round++) {
        const uint32_t next = seen.expect;

        for (unsigned i = 0; i < 12; i++)
            inject_ack(next + 1460u * i);
        settle();
    }
    assert_true(seen.bytes > 50000); /* wire() has seen that they are the right ones */
    file_put(f);
    reset_peer();
    let_memory_go();
}

/* Resets a connection whose data the device has no room for. */
static void test_resets_what_waits_for_the_device(void **state)
{
    struct file *f = socket_peer();

    (void)state;
    fake.send_result = -ENOBUFS;
    assert_int_equal(file_write(f, data, 20000), 20000);
    settle();
    say(TCP_RST, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    file_put(f);
    let_memory_go();
    fake.send_result = 0;
    fake_ready();
    settle();
    assert_true(seen.bytes > 0);
    let_memory_go();
    reset_peer();
}

/* Its segments are so small that lwIP has no room for their number, when there is for their bytes. */
static void test_tiny_segments(void **state)
{
    struct poll_entry e = {.events = POLL_OUT};

    (void)state;
    peer_mss = 100;
    e.file = socket_peer();
    peer_mss = 1460;
    fill(e.file, 16384);
    assert_int_equal(file_poll(&e, 1, 0), 0);
    seen.stream = false;
    for (unsigned i = 0; i < 5000; i++) {
        from_peer.ack = seen.seq + 100;
        say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
        if (i == 500) /* what has gone makes room */
            assert_int_equal(file_write(e.file, data, 50), 50);
    }
    assert_int_equal(file_poll(&e, 1, 0), 1);
    file_put(e.file);
    reset_peer();
    let_memory_go();
}

/* ---- buffers for received frames ---- */

static struct file *flood[700];
static unsigned flooded, flood_port = 100; /* another for each test: some connections end late */

static struct file *connect_another(struct file *listener)
{
    struct file *f;

    assert_true(peer_connects(flood_port));
    f = socket_accepted(listener);
    assert_non_null(f);
    return f;
}

/* Connections which nobody reads, to which `say_some` sends; the listener stays open. */
static void flood_by(struct file *listener, unsigned connections, void (*say_some)(void))
{
    peer_scales = true;
    while (connections--) {
        flood[flooded++] = connect_another(listener);
        say_some();
    }
    peer_scales = false;
}

/* A connection that is read goes on, whatever the others do. */
static void expect_progress(struct file *listener)
{
    struct file *f = connect_another(listener);
    uint8_t in[1460];

    for (unsigned i = 0; i < 20; i++) {
        say(TCP_ACK, data, 1400, NETFRONT_CSUM_BLANK, 0);
        assert_int_equal(file_read(f, in, sizeof(in)), 1400);
        assert_memory_equal(in, data, 1400);
    }
    say(TCP_RST, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    file_put(f);
}

static void end_flood(struct file *listener)
{
    while (flooded)
        file_put(flood[--flooded]);
    file_put(listener);
    thread_sleep(400 * NSEC_PER_SEC); /* some are closed, and the peer says nothing */
    assert_true(used(MEMP_PBUF_POOL) < 100);
    assert_int_equal(fake.kept, 0);
}

static void say_many_small(void)
{
    for (unsigned i = 0; i < 1000; i++)
        say(TCP_ACK, data, 257, NETFRONT_CSUM_BLANK, 0);
}

static void say_two_small(void)
{
    say(TCP_ACK, data, 257, NETFRONT_CSUM_BLANK, 0);
    say(TCP_ACK, data, 257, NETFRONT_CSUM_BLANK, 0);
}

/* With a byte missing before them. */
static void say_many_late(void)
{
    from_peer.seq++;
    say_many_small();
}

static void say_many_large(void)
{
    for (unsigned i = 0; i < 10; i++)
        say(TCP_ACK, data, 50000, NETFRONT_CSUM_BLANK, 4096);
}

static void say_one_large(void)
{
    say(TCP_ACK, data, 50000, NETFRONT_CSUM_BLANK, 4096);
}

/* A datagram to port 53 of ours. */
static void say_datagram(unsigned len)
{
    uint8_t f[2000] = {0};
    uint16_t sum;

    memcpy(f, our_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    frame_put16(f + 12, 0x0800);
    f[14] = 0x45;
    frame_put16(f + 16, 28 + len);
    f[22] = 64;
    f[23] = 17;
    frame_put32(f + 26, 0x0a000001);
    frame_put32(f + 30, 0x0a000002);
    sum = (uint16_t)~net_checksum(f + 14, 20);
    memcpy(f + 24, &sum, 2);
    frame_put16(f + 34, 999);
    frame_put16(f + 36, 53);
    frame_put16(f + 38, 8 + len);
    fake_inject(f, 42 + len, 0, 0);
    settle();
}

/* Datagrams: one at a time. */
static void expect_datagrams(void)
{
    const struct socket_address to = {.family = SOCKET_FAMILY_INET, .port = 53};
    uint8_t in[2000];
    struct file *f;

    assert_int_equal(inet_socket_create(SOCKET_FAMILY_INET, SOCKET_DATAGRAM, 0, 0, &f), 0);
    assert_int_equal(socket_of(f)->ops->bind(socket_of(f), &to), 0);
    f->flags |= FILE_NONBLOCK;
    for (unsigned i = 0; i < 10; i++) {
        say_datagram(1400);
        say_datagram(1400);
        assert_int_equal(file_read(f, in, sizeof(in)), 1400);
        assert_int_equal(file_read(f, in, sizeof(in)), -EAGAIN);
    }
    file_put(f);
}

/* Sends to sockets that nobody reads, in segments that take a buffer each; then to hundreds of them. */
static void test_fills_the_buffers(void **state)
{
    struct file *listener = socket_listener(++flood_port, 8);

    (void)state;
    flood_by(listener, 4, say_many_small);
    assert_in_range(used(MEMP_PBUF_POOL), PBUF_POOL_SHARED, PBUF_POOL_SHARED + 8);
    expect_progress(listener);
    flood_by(listener, 600, say_two_small);
    assert_in_range(used(MEMP_PBUF_POOL), PBUF_POOL_SHARED + 600, PBUF_POOL_SHARED + 608);
    for (unsigned c = 0; c < flooded; c++) /* each gets something */
        assert_true(flood[c]->ops->poll(flood[c], POLL_IN, NULL) & POLL_IN);
    expect_progress(listener);
    expect_datagrams();
    end_flood(listener);
}

/* The same with segments that cannot be read yet. */
static void test_fills_the_buffers_in_disorder(void **state)
{
    struct file *listener = socket_listener(++flood_port, 8);

    (void)state;
    flood_by(listener, 5, say_many_late);
    assert_in_range(used(MEMP_PBUF_POOL), 1000, PBUF_POOL_SHARED + 8);
    expect_progress(listener);
    end_flood(listener);
}

/* The same with frames whose pages cannot be kept. */
static void test_fills_the_copies(void **state)
{
    struct file *listener = socket_listener(++flood_port, 8);

    (void)state;
    fake.keep_result = -ENOBUFS;
    flood_by(listener, 8, say_many_large);
    expect_progress(listener);
    flood_by(listener, 100, say_one_large);
    flood_by(listener, 500, say_two_small);
    expect_progress(listener);
    fake.keep_result = 0;
    end_flood(listener);
}

/* Connections that it resets before they are accepted: no more of them wait than were asked for. */
static void test_backlog_of_resets(void **state)
{
    struct file *listener = socket_listener(9, 5), *f;
    unsigned n = 0, accepted = 0;

    (void)state;
    for (; n < 50 && peer_connects(9); n++)
        say(TCP_RST, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    while ((f = socket_accepted(listener))) {
        accepted++;
        file_put(f);
    }
    assert_int_equal(n, 6);
    assert_int_equal(accepted, n);
    assert_true(peer_connects(9)); /* there is room again */
    file_put(listener);
    reset_peer();
}

/* Resets connections with full buffers: their memory is free at once. */
static void test_resets_with_data_in_flight(void **state)
{
    struct file *listener = socket_listener(9, 5);
    const unsigned memory = fake.memory;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct file *f;

        assert_true(peer_connects(9));
        f = socket_accepted(listener);
        assert_non_null(f);
        seen.stream = false;
        fill(f, 65536);
        reset_peer();
        file_put(f);
        assert_int_equal(fake.memory, memory);
    }
    file_put(listener);
}

/* Closes its window for ever: the socket, which is closed, is given up. */
static void test_window_closed_for_ever(void **state)
{
    struct file *f = socket_peer();
    const unsigned memory = fake.memory, pcbs = used(MEMP_TCP_PCB);

    (void)state;
    seen.stream = false;
    fill(f, 65536);
    from_peer.window = 0;
    from_peer.ack = seen.seq;
    say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    assert_true(fake.memory > memory);
    file_put(f);
    for (unsigned i = 0; i < 4 * 120; i++) {
        const unsigned before = seen.tcp;

        thread_sleep(NSEC_PER_SEC / 4);
        if (i == 4 * 50)
            assert_int_equal(used(MEMP_TCP_PCB), pcbs);
        if (seen.tcp != before && !(seen.flags & TCP_RST)) /* it is alive */
            say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    }
    from_peer.window = 65000;
    assert_int_equal(used(MEMP_TCP_PCB), pcbs - 1);
    assert_int_equal(fake.memory, memory);
    assert_true(seen.flags & TCP_RST);
}

/* Acknowledges a few bytes every half minute, of a socket that is closed. */
static void test_acknowledges_slowly(void **state)
{
    struct file *f = socket_peer();
    const unsigned memory = fake.memory, pcbs = used(MEMP_TCP_PCB);
    unsigned minutes = 0;

    (void)state;
    seen.stream = false;
    fill(f, 65536);
    file_put(f);
    from_peer.window = 1;
    from_peer.ack = seen.expect;
    for (; used(MEMP_TCP_PCB) == pcbs && minutes < 40; minutes++) {
        for (unsigned i = 0; i < 2; i++) {
            thread_sleep(30 * NSEC_PER_SEC);
            from_peer.ack++;
            if (used(MEMP_TCP_PCB) == pcbs)
                say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
        }
        if (minutes == 8)
            assert_int_equal(used(MEMP_TCP_PCB), pcbs);
    }
    from_peer.window = 65000;
    assert_in_range(minutes, 9, 11);
    assert_int_equal(used(MEMP_TCP_PCB), pcbs - 1);
    assert_int_equal(fake.memory, memory);
    assert_true(seen.flags & TCP_RST);
}

/* Many closed connections, none of which it acknowledges: the oldest of them make room. */
static void test_many_closed(void **state)
{
    struct file *listener = socket_listener(9, 5);
    const unsigned memory = fake.memory, pcbs = used(MEMP_TCP_PCB);

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        struct file *f;

        assert_true(peer_connects(9));
        f = socket_accepted(listener);
        assert_non_null(f);
        seen.stream = false;
        assert_int_equal(file_write(f, data, 100), 100);
        file_put(f);
    }
    assert_int_equal(used(MEMP_TCP_PCB), pcbs + MEMP_NUM_TCP_PCB / 4);
    file_put(listener);
    thread_sleep(400 * NSEC_PER_SEC);
    assert_int_equal(used(MEMP_TCP_PCB), pcbs);
    assert_int_equal(fake.memory, memory);
    let_memory_go();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledges_too_early),
        cmocka_unit_test(test_resets_what_waits_for_the_device),
        cmocka_unit_test(test_tiny_segments),
        cmocka_unit_test(test_backlog_of_resets),
        cmocka_unit_test(test_resets_with_data_in_flight),
        cmocka_unit_test(test_window_closed_for_ever),
        cmocka_unit_test(test_acknowledges_slowly),
        cmocka_unit_test(test_many_closed),
        /* (some of their connections end late) */
        cmocka_unit_test(test_fills_the_buffers),
        cmocka_unit_test(test_fills_the_buffers_in_disorder),
        cmocka_unit_test(test_fills_the_copies),
    };

    return cmocka_run_group_tests_name("hostile", tests, peer_start, peer_stop);
}
