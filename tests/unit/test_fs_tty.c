/* SPDX-License-Identifier: MIT */
/* The console as a terminal: lines and their editing, raw mode, signals, a peer that is slow. */
#include "fs_test.h"

#include "lib/fs/pipe.h"
#include "lib/fs/poll.h"

#include <kernel/console.h>
#include <xen/io/console.h>

static struct xencons_interface *ring;
static char shown[8192]; /* what the peer got */
static size_t shown_len;
static bool peer_stopped;
static struct file *tty;
static char buf[8192];

static void peer(void)
{
    if (peer_stopped || ring->out_cons == ring->out_prod || shown_len == sizeof(shown) - 1)
        return;
    while (ring->out_cons != ring->out_prod && shown_len < sizeof(shown) - 1)
        shown[shown_len++] = ring->out[ring->out_cons++ % sizeof(ring->out)];
    shown[shown_len] = '\0';
    seam_raise(boot_info.console_port);
}

static const char *take_shown(void)
{
    static char copy[sizeof(shown)];

    peer();
    strcpy(copy, shown);
    shown_len = 0;
    shown[0] = '\0';
    return copy;
}

/* The user types; the guest sees the event as soon as it looks. */
static void type(const char *text)
{
    for (; *text; text++)
        ring->in[ring->in_prod++ % sizeof(ring->in)] = *text;
    seam_raise(boot_info.console_port);
    thread_poll_events();
}

static enum tty_char signal_seen;

static void on_signal(enum tty_char which)
{
    signal_seen = which;
}

static int setup(void **state)
{
    (void)state;
    fs_start(4 << 20);
    ring = boot_info.console;
    seam_idle = peer;
    shown_len = 0;
    peer_stopped = false;
    signal_seen = TTY_CHARS;
    console_init_early();
    assert_int_equal(console_init(), 0);
    assert_int_equal(tty_open(FILE_RDWR, &tty), 0);
    tty_on_signal(on_signal);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    file_put(tty);
    console_on_event(NULL);
    fs_end();
    return 0;
}

/* Reads without waiting. */
static int64_t try_read(size_t size)
{
    int64_t n;

    file_set_flags(tty, FILE_NONBLOCK);
    memset(buf, 0, sizeof(buf));
    n = file_read(tty, buf, size);
    file_set_flags(tty, 0);
    return n;
}

static void assert_line(const char *text)
{
    assert_int_equal(try_read(100), strlen(text));
    assert_string_equal(buf, text);
}

static void a_line_at_a_time(void **state)
{
    int n;

    (void)state;
    type("hel");
    assert_int_equal(try_read(100), -EAGAIN);
    type("lo\rworld\r");
    assert_int_equal(file_ioctl(tty, FILE_IOCTL_AVAILABLE, &n), 0);
    assert_int_equal(n, 6);
    assert_int_equal(try_read(2), 2);
    assert_string_equal(buf, "he");
    assert_line("llo\n");
    assert_line("world\n");
    assert_int_equal(try_read(100), -EAGAIN);
    assert_string_equal(take_shown(), "hello\r\nworld\r\n");
}

static void editing(void **state)
{
    (void)state;
    type("abx\x7f"
         "c\r");
    assert_line("abc\n");
    assert_string_equal(take_shown(), "abx\b \bc\r\n");
    type("\x7f\bx\b\by\r"); /* no further than the line's beginning */
    assert_line("y\n");
    type("one two  \x17three\x15"
         "four\r");
    assert_line("four\n");
    type("one two  \x17three\r");
    assert_line("one three\n");
    take_shown();
    type("a\xc3\xa9\x7f\x01\x7f\t\x7f\r"); /* two bytes of one character; ^A; a tab */
    assert_line("a\n");
    assert_string_equal(take_shown(), "a\xc3\xa9\b \b^A\b \b\b \b \b \b\r\n");
}

static void the_end_of_the_file(void **state)
{
    (void)state;
    type("\x04");
    assert_int_equal(try_read(100), 0);
    assert_int_equal(try_read(100), -EAGAIN);
    type("text\x04more\r");
    assert_line("text");
    assert_line("more\n");
    type("text\x04\x04");
    assert_int_equal(try_read(4), 4); /* takes the ^D with it, however large the buffer */
    assert_int_equal(try_read(4), 0);
    assert_int_equal(try_read(4), -EAGAIN);
}

static void long_lines(void **state)
{
    static char line[5000];

    (void)state;
    memset(line, 'x', 900);
    for (unsigned i = 0; i < 5; i++) {
        take_shown();
        type(line); /* the ring has 1024 bytes */
    }
    assert_non_null(strchr(take_shown(), '\a'));
    type("\r");
    assert_int_equal(try_read(sizeof(buf)), 4096);
    assert_int_equal(buf[4094], 'x');
    assert_int_equal(buf[4095], '\n');
    /* whole lines that do not fit stay in the ring */
    for (unsigned i = 0; i < 4; i++) {
        memset(line, 'a' + (int)i, 1000);
        line[999] = '\r';
        line[1000] = '\0';
        type(line);
    }
    type("eeeeeeeee\rffffffffffffffffff\rgggggggggggggggggggggggggggggggggggg\rhh"
         "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh\rjj\r");
    assert_int_not_equal(ring->in_cons, ring->in_prod);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(try_read(sizeof(buf)), 1000);
    assert_line("eeeeeeeee\n");
    assert_line("ffffffffffffffffff\n");
    assert_line("gggggggggggggggggggggggggggggggggggg\n");
    assert_line("hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh\n");
    assert_line("jj\n");
    assert_int_equal(ring->in_cons, ring->in_prod);
}

/* No handler runs while a program asks without waiting. */
static void input_is_seen_without_its_event(void **state)
{
    (void)state;
    memcpy(ring->in + ring->in_prod % sizeof(ring->in), "a\r", 2);
    ring->in_prod += 2;
    assert_line("a\n");
}

static void signals(void **state)
{
    struct tty_settings s;

    (void)state;
    type("lost\rlost\x03");
    assert_int_equal(signal_seen, TTY_INTR);
    assert_int_equal(try_read(100), -EAGAIN);
    assert_string_equal(take_shown(), "lost\r\nlost^C\r\n");
    type("\x1c");
    assert_int_equal(signal_seen, TTY_QUIT);
    type("\x1a");
    assert_int_equal(signal_seen, TTY_SUSP);
    tty_on_signal(NULL);
    type("lost\x03kept\r");
    assert_line("kept\n");
    tty_get(&s);
    s.signals = false;
    assert_int_equal(tty_set(&s, 0), 0);
    type("\x03\r");
    assert_line("\x03\n");
}

static void without_echo(void **state)
{
    struct tty_settings s;

    (void)state;
    tty_get(&s);
    s.echo = false;
    s.cr_to_nl = false;
    s.echo_newline = true;
    assert_int_equal(tty_set(&s, 0), 0);
    type("secret\x7f\n");
    assert_line("secre\n");
    assert_string_equal(take_shown(), "\r\n");
    s.ignore_cr = true;
    tty_set(&s, 0);
    type("a\rb\n");
    assert_line("ab\n");
    s.output = false;
    assert_int_equal(tty_set(&s, 0), -EINVAL);
}

static struct tty_settings raw(uint8_t min, uint8_t time)
{
    struct tty_settings s;

    tty_get(&s);
    s.canonical = s.echo = s.signals = s.cr_to_nl = false;
    s.min = min;
    s.time = time;
    assert_int_equal(tty_set(&s, 0), 0);
    return s;
}

static void type_later(void *arg)
{
    for (unsigned i = 0; i < 3; i++) {
        thread_sleep(50 * NSEC_PER_MSEC);
        type("x");
    }
    thread_sleep(NSEC_PER_SEC);
    type(arg);
}

static struct thread *typist(char *last)
{
    struct thread *t;

    assert_int_equal(thread_create(&t, "typist", type_later, last, 65536), 0);
    return t;
}

static void raw_mode(void **state)
{
    struct poll_entry e = {.file = tty, .events = POLL_IN};
    uint64_t start = clock_now();
    struct thread *t;

    (void)state;
    type("ab");
    raw(1, 0); /* what was typed of a line can be read */
    assert_line("ab");
    type("\x03\r\n\x04\x7f");
    assert_line("\x03\r\n\x04\x7f");
    assert_string_equal(take_shown(), "ab");
    assert_int_equal(try_read(10), -EAGAIN);
    raw(3, 0);
    t = typist("y");
    type("a");
    assert_int_equal(file_poll(&e, 1, 0), 0);
    assert_int_equal(file_read(tty, buf, 10), 3);
    assert_int_equal(clock_now(), start + 100 * NSEC_PER_MSEC);
    assert_int_equal(file_read(tty, buf, 1), 1); /* no more than asked for */
    assert_int_equal(clock_now(), start + 150 * NSEC_PER_MSEC);
    thread_join(t);
    assert_int_equal(try_read(1), 1);
    /* nothing waits */
    raw(0, 0);
    assert_int_equal(file_read(tty, buf, 10), 0);
    type("q");
    assert_int_equal(file_read(tty, buf, 10), 1);
}

static void raw_mode_with_times(void **state)
{
    uint64_t start = clock_now();
    struct thread *t;

    (void)state;
    raw(0, 2);
    assert_int_equal(file_read(tty, buf, 10), 0);
    assert_int_equal(clock_now(), start + 200 * NSEC_PER_MSEC);
    raw(10, 1);
    t = typist("y");
    /* three, then none for 0.1 s */
    assert_int_equal(file_read(tty, buf, 10), 3);
    assert_int_equal(clock_now(), start + 450 * NSEC_PER_MSEC);
    assert_int_equal(file_read(tty, buf, 10), 1);
    thread_join(t);
}

static void waiting_for_a_line(void **state)
{
    struct poll_entry e = {.file = tty, .events = POLL_IN | POLL_OUT};
    struct thread *t = typist("\r");

    (void)state;
    assert_int_equal(file_poll(&e, 1, 0), 1);
    assert_int_equal(e.revents, POLL_OUT);
    assert_int_equal(file_read(tty, buf, 100), 4);
    assert_memory_equal(buf, "xxx\n", 4);
    thread_join(t);
    type("a\r");
    file_poll(&e, 1, 0);
    assert_int_equal(e.revents, POLL_IN | POLL_OUT);
    assert_int_equal(tty_flush(TTY_FLUSH_INPUT | TTY_DRAIN), 0);
    file_poll(&e, 1, 0);
    assert_int_equal(e.revents, POLL_OUT);
}

static bool wrote;

static void write_much(void *arg)
{
    memset(buf, '\n', 5000);
    *(int64_t *)arg = file_write(tty, buf, 5000);
    wrote = true;
}

static void a_slow_peer_does_not_stop_others(void **state)
{
    struct poll_entry e = {.file = tty, .events = POLL_OUT};
    struct thread *t;
    int64_t ret = 0;

    (void)state;
    peer_stopped = true;
    wrote = false;
    thread_create(&t, "writer", write_much, &ret, 65536);
    thread_yield();
    assert_false(wrote); /* and this thread runs */
    assert_int_equal(file_poll(&e, 1, 0), 0);
    file_set_flags(tty, FILE_NONBLOCK);
    assert_int_equal(file_write(tty, "x", 1), -EAGAIN);
    file_set_flags(tty, 0);
    peer_stopped = false;
    shown_len = 0;
    thread_join(t);
    assert_int_equal(ret, 5000);
    assert_int_equal(console_dropped(), 0);
}

static void a_peer_that_takes_nothing(void **state)
{
    uint64_t start = clock_now();
    int64_t ret;

    (void)state;
    peer_stopped = true;
    memset(buf, 'x', sizeof(buf));
    ret = file_write(tty, buf, sizeof(buf));
    assert_int_equal(ret, 2048);
    assert_int_equal(clock_now(), start + 2 * NSEC_PER_SEC);
    start = clock_now();
    assert_int_equal(file_write(tty, buf, 1), -EIO);
    assert_int_equal(clock_now(), start); /* not again 2 s for each line of a service */
    assert_int_equal(console_dropped(), 0);
    peer_stopped = false;
    take_shown();
    thread_poll_events();
    assert_int_equal(file_write(tty, buf, 4096), 4096);
    take_shown();
    peer_stopped = true; /* a new time without a reader: the first write waits again */
    assert_int_equal(file_write(tty, buf, 2048), 2048);
    start = clock_now();
    assert_int_equal(file_write(tty, buf, 1), -EIO);
    assert_int_equal(clock_now(), start + 2 * NSEC_PER_SEC);
}

static void no_console(void **state)
{
    (void)state;
    evtchn_close(boot_info.console_port);
    boot_info.console = NULL;
    console_init_early();
    assert_int_equal(file_read(tty, buf, 1), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(a_line_at_a_time),
        TEST(editing),
        TEST(the_end_of_the_file),
        TEST(long_lines),
        TEST(input_is_seen_without_its_event),
        TEST(signals),
        TEST(without_echo),
        TEST(raw_mode),
        TEST(raw_mode_with_times),
        TEST(waiting_for_a_line),
        TEST(a_slow_peer_does_not_stop_others),
        TEST(a_peer_that_takes_nothing),
        TEST(no_console),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
