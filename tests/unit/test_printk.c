/* SPDX-License-Identifier: MIT */
/* Messages: levels, length, and text that is printed before there is a console. */
#include "host/seam.h"

#include <kernel/printk.h>
#include <ringlet/string.h>

#include <stdarg.h>

#include <cmocka.h>

static char got[8192];
static size_t got_len;
static unsigned drained;

static void sink(const char *text, size_t len)
{
    assert_true(got_len + len < sizeof(got));
    memcpy(got + got_len, text, len);
    got_len += len;
    got[got_len] = '\0';
}

static void drain(void)
{
    drained++;
}

static int setup(void **state)
{
    (void)state;
    printk_set_sink(sink, drain);
    printk_set_level(LOG_INFO);
    got_len = drained = 0;
    got[0] = '\0';
    return 0;
}

static void test_levels(void **state)
{
    (void)state;
    pr_err("a %d\n", 1);
    pr_warn("b\n");
    pr_info("c\n");
    pr_debug("d\n");
    print_raw("e\n");
    assert_string_equal(got, "error: a 1\nwarning: b\nc\ne\n");
    got_len = 0;
    printk_set_level(LOG_DEBUG);
    pr_debug("d\n");
    printk_set_level(LOG_ERROR);
    pr_warn("b\n");
    print_text("f\0g", 3);
    assert_int_equal(got_len, 5);
    assert_memory_equal(got, "d\nf\0g", 5);
    printk_set_level((enum log_level)99);
    got_len = 0;
    printk((enum log_level)50, "beyond\n");
    assert_int_equal(got_len, 0);
}

static void test_long_messages_are_cut(void **state)
{
    char text[1200];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[1022] = '\0';
    print_raw("%s\n", text); /* 1023 characters: just fits */
    assert_int_equal(got_len, 1023);
    assert_int_equal(got[1022], '\n');
    assert_int_equal(got[1021], 'x');
    text[1022] = 'x';
    text[1023] = '\0';
    got_len = 0;
    print_raw("%s\n", text); /* one too many */
    assert_int_equal(got_len, 1023);
    assert_string_equal(got + 1016, "xx ...\n");
    text[1023] = 'x';
    text[sizeof(text) - 1] = '\0';
    got_len = 0;
    print_raw("%s\n", text);
    assert_int_equal(got_len, 1023);
    assert_string_equal(got + 1016, "xx ...\n");
    got_len = 0;
    pr_err("%s\n", text);
    assert_int_equal(got_len, 1023);
    assert_string_equal(got + 1016, "xx ...\n");
    got_len = 0;
    print_text(text, sizeof(text) - 1); /* as long as it is */
    assert_int_equal(got_len, sizeof(text) - 1);
}

static void test_before_there_is_a_sink(void **state)
{
    (void)state;
    printk_set_sink(NULL, NULL);
    pr_info("one\n");
    pr_err("two\n");
    printk_drain();
    assert_int_equal(got_len, 0);
    printk_set_sink(sink, drain);
    assert_string_equal(got, "one\nerror: two\n");
    printk_set_sink(sink, drain); /* once */
    assert_string_equal(got, "one\nerror: two\n");
    printk_drain();
    assert_int_equal(drained, 1);
}

static void test_much_before_there_is_a_sink(void **state)
{
    (void)state;
    printk_set_sink(NULL, NULL);
    print_text("first\n", 6);
    for (unsigned i = 0; i < 3000; i++)
        print_text("y", 1);
    printk_set_sink(sink, drain);
    assert_memory_equal(got, "first\nyyy", 9);
    assert_string_equal(got + 2048, "warning: 958 bytes of early messages did not fit\n");
    got_len = 0;
    printk_set_sink(NULL, NULL);
    printk_set_sink(sink, drain);
    assert_int_equal(got_len, 0);
}

static void talking_sink(const char *text, size_t len)
{
    static bool inside;

    sink(text, len);
    if (!inside) {
        inside = true;
        printk_set_sink(talking_sink, NULL);
        pr_info("of its own\n");
        inside = false;
    }
}

static void test_sink_that_prints(void **state)
{
    (void)state;
    printk_set_sink(NULL, NULL);
    pr_info("early\n");
    printk_set_sink(talking_sink, NULL);
    assert_string_equal(got, "early\nof its own\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_levels, setup),
        cmocka_unit_test_setup(test_long_messages_are_cut, setup),
        cmocka_unit_test_setup(test_before_there_is_a_sink, setup),
        cmocka_unit_test_setup(test_much_before_there_is_a_sink, setup),
        cmocka_unit_test_setup(test_sink_that_prints, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
