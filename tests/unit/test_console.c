/* SPDX-License-Identifier: MIT */
/* The PV console: the text that arrives at the other side, and the effects of a slow or hostile
 * other side. */
#include "host/seam.h"

#include <kernel/console.h>
#include <kernel/event_channel.h>
#include <ringlet/clock.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <xen/io/console.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct xencons_interface *ring;
static char got[64 * 1024];
static size_t got_len;
static unsigned take_limit; /* bytes taken per idle turn */

static void take(unsigned limit)
{
    unsigned n = 0;

    for (; ring->out_cons != ring->out_prod && n < limit; n++) {
        got[got_len++] = ring->out[ring->out_cons % 2048];
        ring->out_cons++;
    }
    got[got_len] = '\0';
    if (n)
        seam_raise(boot_info.console_port);
}

static void daemon(void)
{
    take(take_limit);
}

static int setup(void **state)
{
    (void)state;
    seam_init(2 << 20);
    ring = boot_info.console;
    got_len = 0;
    got[0] = '\0';
    take_limit = ~0U;
    seam_idle = daemon;
    console_init_early();
    return evtchn_init() || console_init();
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void newlines_become_crlf(void **state)
{
    (void)state;
    console_write("a\nb\n\nc", 6);
    assert_int_equal(seam_sends, 1);
    assert_int_equal(seam_last_send, 1);
    take(~0U);
    assert_string_equal(got, "a\r\nb\r\n\r\nc");
    console_write("", 0);
    take(~0U);
    assert_int_equal(got_len, 9);
}

static void is_where_printk_goes(void **state)
{
    (void)state;
    pr_info("hello %d\n", 7);
    printk_drain();
    assert_string_equal(got, "hello 7\r\n");
}

static void long_text_waits_for_space_and_wraps(void **state)
{
    static char text[10000];

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 26);
    ring->out_cons = ring->out_prod = 0xfffffc00; /* the indexes wrap on the way */
    evtchn_close(boot_info.console_port);
    console_init_early();
    take_limit = 100;
    console_write(text, sizeof(text));
    assert_int_equal(console_drain(NSEC_PER_SEC), 0);
    assert_int_equal(got_len, sizeof(text));
    assert_memory_equal(got, text, sizeof(text));
    assert_int_equal(console_dropped(), 0);
    assert_int_equal(seam_now, NSEC_PER_SEC);
}

static bool other_ran;

static void other(void *arg)
{
    (void)arg;
    other_ran = true;
}

static void writing_does_not_give_up_the_cpu(void **state)
{
    static char text[5000];

    (void)state;
    other_ran = false;
    memset(text, 'x', sizeof(text));
    thread_create(NULL, "other", other, NULL, 65536);
    console_write(text, sizeof(text));
    console_drain(NSEC_PER_SEC);
    assert_false(other_ran);
    thread_yield();
    assert_true(other_ran);
}

static void console_nobody_reads_cannot_stop_the_guest(void **state)
{
    static char text[3000];

    (void)state;
    take_limit = 0;
    memset(text, 'x', sizeof(text));
    console_write(text, sizeof(text));
    assert_int_equal(seam_now, 3 * NSEC_PER_SEC); /* 2 s later */
    assert_int_equal(console_dropped(), 3000 - 2048);
    console_write(text, sizeof(text));
    console_write("y\n", 2);
    assert_int_equal(seam_now, 3 * NSEC_PER_SEC); /* from now on at once */
    assert_int_equal(console_dropped(), 952 + 3000 + 3);
    assert_int_equal(console_drain(NSEC_PER_MSEC), -ETIMEDOUT);
    take_limit = ~0U;
    take(1023);
    console_write("z", 1); /* not yet half of it */
    assert_int_equal(console_dropped(), 952 + 3000 + 3 + 1);
    take(1);
    console_write("z", 1); /* it takes text again, and gets the count of dropped bytes */
    console_write("z", 1);
    assert_int_equal(console_drain(NSEC_PER_SEC), 0);
    assert_string_equal(got + 2048, "\r\n[3956 bytes of output were dropped]\r\nzz");
    assert_int_equal(console_dropped(), 3956);
}

/* One that moves, however slowly, but does not free half of the ring in time. */
static unsigned drips;

static void drip(void)
{
    drips++;
    seam_now += 1900 * NSEC_PER_MSEC;
    take(1);
}

static void a_dripping_reader_cannot_hold_the_vcpu(void **state)
{
    static char text[3000];

    (void)state;
    memset(text, 'x', sizeof(text));
    seam_idle = drip;
    drips = 0;
    console_write(text, sizeof(text));
    assert_in_range(seam_now - NSEC_PER_SEC, 2 * NSEC_PER_SEC, 4 * NSEC_PER_SEC);
    assert_int_equal(drips, 2);
    assert_int_equal(console_dropped(), 3000 - 2048);
    for (unsigned i = 0; i < 100; i++) {
        take(1);
        console_write("line\n", 5);
    }
    assert_int_equal(drips, 2);
    assert_int_equal(console_dropped(), 3000 - 2048 + 600);
}

/* Free space for a line each time, just in time: no line after the first may wait for that. */
static void a_line_at_a_time_is_a_stall(void **state)
{
    static char text[2048];

    (void)state;
    memset(text, 'x', sizeof(text));
    console_write(text, sizeof(text));
    seam_idle = drip;
    drips = 0;
    take_limit = 0;
    for (unsigned i = 0; i < 100; i++) {
        console_write("line\n", 5);
        take(10);
    }
    assert_true(seam_now - NSEC_PER_SEC <= 4 * NSEC_PER_SEC);
}

static void slow_reader_loses_nothing(void **state)
{
    static char text[4000];

    (void)state;
    take_limit = 1; /* a byte each time, but many times a second */
    memset(text, 'x', sizeof(text));
    console_write(text, sizeof(text));
    take(~0U);
    assert_int_equal(got_len, sizeof(text));
    assert_int_equal(console_dropped(), 0);
}

static void hostile_output_index_writes_nothing_outside(void **state)
{
    static char text[5000];
    static const uint32_t lies[] = {1, 0x80000000, 0xffffffff, 0xffffe000};
    struct xencons_interface before;

    (void)state;
    seam_idle = NULL;
    memset(text, 'x', sizeof(text));
    for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
        uint64_t start = seam_now;

        ring->out_cons = ring->out_prod + lies[i];
        before = *ring;
        console_write(text, sizeof(text));
        assert_true(seam_now - start <= 2 * NSEC_PER_SEC); /* and at once after the first */
        assert_memory_equal(ring->in, before.in, sizeof(before.in));
        assert_int_equal(ring->in_cons, before.in_cons);
        if (lies[i] != 0xffffffff) /* one byte not taken is no lie */
            assert_int_equal(ring->out_prod, before.out_prod);
        for (char *c = (char *)(ring + 1); c < (char *)ring + PAGE_SIZE; c++)
            assert_int_equal(*c, 0);
        assert_int_equal(console_drain(NSEC_PER_MSEC), -ETIMEDOUT);
    }
}

static void type(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ring->in[ring->in_prod % 1024] = text[i];
        ring->in_prod++;
    }
    seam_raise(boot_info.console_port);
}

static void reads_what_was_typed(void **state)
{
    char buf[8];

    (void)state;
    assert_int_equal(console_read(buf, sizeof(buf), clock_deadline(1000)), 0);
    type("hello, world", 12);
    assert_int_equal(console_read(buf, sizeof(buf), DEADLINE_NEVER), 8);
    assert_memory_equal(buf, "hello, w", 8);
    assert_int_equal(console_read(buf, sizeof(buf), DEADLINE_NEVER), 4);
    assert_memory_equal(buf, "orld", 4);
    assert_int_equal(ring->in_cons, 12);
    assert_int_equal(console_read(buf, 0, DEADLINE_NEVER), 0);
}

static int read_ret;
static char read_buf[16];

static bool read_in_handler(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    read_ret = console_read(read_buf, sizeof(read_buf), DEADLINE_NEVER);
    return true;
}

static void handlers_do_not_read(void **state)
{
    evtchn_port_t port;

    (void)state;
    type("k", 1);
    assert_int_equal(evtchn_alloc_unbound(0, read_in_handler, NULL, &port), 0);
    evtchn_unmask(port);
    seam_raise(port);
    thread_yield();
    assert_int_equal(read_ret, -EDEADLK);
    assert_int_equal(console_read(read_buf, sizeof(read_buf), DEADLINE_NEVER), 1);
    evtchn_close(port);
}

static void reader(void *arg)
{
    (void)arg;
    read_ret = console_read(read_buf, sizeof(read_buf), DEADLINE_NEVER);
}

static void type_and_take(void)
{
    if (ring->in_prod == 0)
        type("k", 1);
    take(10);
}

static void input_during_a_write_wakes_the_reader(void **state)
{
    static char text[5000];
    struct thread *t;

    (void)state;
    memset(text, 'x', sizeof(text));
    read_ret = -1;
    thread_create(&t, "reader", reader, NULL, 65536);
    thread_yield();
    seam_idle = type_and_take;
    console_write(text, sizeof(text)); /* consumes the port's events */
    seam_idle = NULL;
    thread_join(t);
    assert_int_equal(read_ret, 1);
    assert_int_equal(read_buf[0], 'k');
}

static void hostile_input_index_is_no_input(void **state)
{
    char buf[2000];

    (void)state;
    ring->in_prod = ring->in_cons + 1025;
    seam_raise(boot_info.console_port);
    assert_int_equal(console_read(buf, sizeof(buf), clock_deadline(1000)), 0);
    ring->in_prod -= 1025 + 1024;
    assert_int_equal(console_read(buf, sizeof(buf), clock_deadline(1000)), 0);
    type("ok", 2);
    assert_int_equal(console_read(buf, sizeof(buf), DEADLINE_NEVER), 2);
}

/* ---- without a ring ---- */

static char xen_text[64];

static long console_io(unsigned nr, const unsigned long *arg)
{
    if (nr != __HYPERVISOR_console_io)
        return SEAM_DEFAULT;
    assert_int_equal(arg[0], CONSOLEIO_write);
    memcpy(xen_text, (const char *)arg[2], arg[1]);
    return 0;
}

static void without_a_page_xens_own_console_is_used(void **state)
{
    char buf[4];

    (void)state;
    boot_info.console = NULL;
    console_init_early();
    assert_int_equal(console_init(), -ENODEV);
    console_write("lost", 4); /* Xen refuses */
    assert_int_equal(console_dropped(), 4);
    seam_hypercall = console_io;
    console_write("text\n", 5);
    assert_string_equal(xen_text, "text\n");
    assert_int_equal(console_drain(1), 0);
    assert_int_equal(console_read(buf, 4, DEADLINE_NEVER), -ENODEV);
    boot_info.console = ring;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(newlines_become_crlf),
        TEST(is_where_printk_goes),
        TEST(long_text_waits_for_space_and_wraps),
        TEST(writing_does_not_give_up_the_cpu),
        TEST(console_nobody_reads_cannot_stop_the_guest),
        TEST(a_dripping_reader_cannot_hold_the_vcpu),
        TEST(a_line_at_a_time_is_a_stall),
        TEST(slow_reader_loses_nothing),
        TEST(hostile_output_index_writes_nothing_outside),
        TEST(reads_what_was_typed),
        TEST(handlers_do_not_read),
        TEST(input_during_a_write_wakes_the_reader),
        TEST(hostile_input_index_is_no_input),
        TEST(without_a_page_xens_own_console_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
