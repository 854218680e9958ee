/* SPDX-License-Identifier: MIT */
/* Frames are full while others are in flight: what is held back, for how long, and what a writer gives who has more
 * than there is room for. */
#include "peer.h"

#include <ringlet/errno.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/seam.h"
#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/socket/inet.h"
#include "lib/lwip/socket/tcp.h"

#define FULL   64240u /* bytes of a full segment */
#define PERIOD 65536u /* of byte_at() */
#define HELD   (200 * NSEC_PER_USEC)

static unsigned written;

static void acknowledge(void)
{
    from_peer.ack = seen.expect;
    say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
}

/* Writes as much of so many bytes as is taken. */
static void write_some(struct file *f, unsigned n)
{
    while (n) {
        const unsigned at = written % PERIOD;
        const int64_t done = file_write(f, data + at, MIN(n, (unsigned)sizeof(data) - at));

        if (done == -EAGAIN)
            return;
        assert_true(done > 0);
        written += (unsigned)done;
        n -= (unsigned)done;
    }
}

static void set_nodelay(struct file *f, bool on)
{
    const struct socket_value value = {.number = on};

    assert_int_equal(socket_of(f)->ops->set(socket_of(f), SOCKET_OPT_NODELAY, &value), 0);
}

/* A connection whose windows are wide, with nothing in flight. */
static struct file *wide(void)
{
    struct file *f;

    peer_shift = 3;
    f = socket_peer();
    set_nodelay(f, false);
    for (written = 0; written < 24 * PERIOD;) {
        write_some(f, PERIOD / 2);
        acknowledge();
    }
    thread_sleep(5 * NSEC_PER_MSEC);
    acknowledge();
    assert_int_equal(seen.bytes, written);
    assert_null(tcp_of(socket_of(f))->pcb->unacked);
    fake.sent = 0;
    return f;
}

static void end(struct file *f)
{
    acknowledge();
    acknowledge();
    assert_int_equal(seen.bytes, written);
    assert_int_equal(tcp_of(socket_of(f))->sent.queued, 0);
    file_put(f);
    seen.stream = false;
    reset_peer();
    peer_shift = 0;
}

/* With nothing in flight, nothing is held, also when it is more than a frame. */
static void first_goes_at_once(void **state)
{
    struct file *f = wide();

    (void)state;
    write_some(f, 20000);
    assert_int_equal(seen.bytes, written);
    acknowledge();
    write_some(f, FULL + 20000);
    assert_int_equal(seen.bytes, written);
    end(f);
}

/* A full one in flight, and a part of the next: for a while. */
static struct file *with_a_part(void)
{
    struct file *f = wide();

    write_some(f, FULL);
    assert_int_equal(seen.bytes, written);
    write_some(f, 20000);
    assert_int_equal(seen.bytes, written - 20000);
    return f;
}

static void for_a_while(void **state)
{
    struct file *f = with_a_part();

    (void)state;
    thread_sleep(HELD - NSEC_PER_USEC);
    assert_int_equal(seen.bytes, written - 20000);
    thread_sleep(NSEC_PER_USEC);
    settle();
    assert_int_equal(seen.bytes, written);
    write_some(f, 20000); /* and the next one again */
    assert_int_equal(seen.bytes, written - 20000);
    thread_sleep(HELD);
    settle();
    assert_int_equal(seen.bytes, written);
    assert_int_equal(fake.sent, 3);
    end(f);
}

static void until_an_acknowledgement(void **state)
{
    struct file *f = with_a_part();

    (void)state;
    acknowledge();
    assert_int_equal(seen.bytes, written);
    end(f);
}

/* What fills it goes out, and what is behind it waits. */
static void until_it_is_full(void **state)
{
    struct file *f = with_a_part();

    (void)state;
    write_some(f, FULL - 20000 - 9000);
    assert_int_equal(fake.sent, 1);
    write_some(f, 12000);
    assert_int_equal(seen.bytes, written - 3000);
    assert_int_equal(fake.sent, 2);
    end(f);
}

static void not_without_delay(void **state)
{
    struct file *f = with_a_part();

    (void)state;
    set_nodelay(f, true);
    assert_int_equal(seen.bytes, written);
    write_some(f, 20000);
    assert_int_equal(seen.bytes, written);
    end(f);
}

static void not_behind_the_end(void **state)
{
    struct file *f = with_a_part();

    (void)state;
    assert_int_equal(socket_of(f)->ops->shutdown(socket_of(f), false, true), 0);
    settle();
    assert_int_equal(seen.bytes, written);
    assert_true(seen.flags & TCP_FIN);
    seen.expect++;
    end(f);
}

/* The connection, or the socket, ends while something is held. */
static void what_is_held_goes(void **state)
{
    struct file *f = with_a_part();

    (void)state;
    seen.stream = false;
    reset_peer();
    thread_sleep(5 * NSEC_PER_MSEC);
    file_put(f);
    f = with_a_part();
    file_put(f);
    settle();
    assert_int_equal(seen.bytes, written);
    seen.stream = false;
    reset_peer();
    thread_sleep(5 * NSEC_PER_MSEC);
    peer_shift = 0;
}

/* ---- streams ---- */

#define TOTAL (100 * PERIOD)

static void writer(void *arg)
{
    struct file *f = arg;

    for (unsigned i = 0; i < TOTAL / PERIOD; i++)
        assert_int_equal(file_write(f, data, PERIOD), PERIOD);
}

/* So many bytes of what is in flight. */
static void acknowledge_some(unsigned n)
{
    from_peer.ack += MIN(n, (unsigned)(seen.expect - from_peer.ack));
    say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
}

/* By writes of 64 KiB, which wait: as long as something is in flight, all frames are full. */
static void a_stream(void **state)
{
    (void)state;
    for (unsigned each = 1; each <= 4; each++) {
        struct file *f = wide();
        struct thread *t;

        set_nodelay(f, each > 2); /* the end of a large write is held in any case */
        f->flags &= ~FILE_NONBLOCK;
        assert_int_equal(thread_create(&t, "writer", writer, f, 65536), 0);
        written += TOTAL;
        for (unsigned rounds = 0; seen.bytes + PERIOD < written; rounds++) {
            assert_true(rounds < 1000);
            settle();
            acknowledge_some(each * FULL);
        }
        assert_true(fake.sent <= TOTAL / FULL + 2);
        acknowledge();
        thread_join(t);
        thread_sleep(2 * NSEC_PER_MSEC);
        settle();
        end(f);
    }
}

/* A small buffer is used as far as it goes. */
static void a_small_buffer(void **state)
{
    const struct socket_value size = {.number = 30000};
    struct file *f = wide();

    (void)state;
    assert_int_equal(socket_of(f)->ops->set(socket_of(f), SOCKET_OPT_SEND_BUFFER, &size), 0);
    write_some(f, 20000);
    write_some(f, 20000);
    thread_sleep(2 * NSEC_PER_MSEC);
    settle();
    assert_int_equal(tcp_of(socket_of(f))->sent.queued, 30000);
    assert_int_equal(seen.bytes, written);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_goes_at_once),       cmocka_unit_test(for_a_while),
        cmocka_unit_test(until_an_acknowledgement), cmocka_unit_test(until_it_is_full),
        cmocka_unit_test(not_without_delay),        cmocka_unit_test(not_behind_the_end),
        cmocka_unit_test(what_is_held_goes),        cmocka_unit_test(a_stream),
        cmocka_unit_test(a_small_buffer),
    };

    peer_scales = true;
    return cmocka_run_group_tests_name("hold", tests, peer_start, peer_stop);
}
