/* SPDX-License-Identifier: MIT */
/* Token buckets of messages: the number and time of printed messages, and the reports of dropped
 * ones. */
#include "host/seam.h"

#include <kernel/event_channel.h>
#include <kernel/ratelimit.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ratelimit limit;

static int setup(void **state)
{
    (void)state;
    seam_init(2 << 20);
    assert_int_equal(evtchn_init(), 0); /* time passes for a sleeping thread */
    seam_now = 1000 * NSEC_PER_SEC;
    limit = (struct ratelimit){.name = "xvda"};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ratelimit_end(&limit);
    seam_exit();
    return 0;
}

static unsigned count(const char *text)
{
    unsigned n = 0;

    for (const char *at = seam_console(); (at = strstr(at, text)); at++)
        n++;
    return n;
}

static void flood(unsigned n)
{
    while (n--)
        pr_warn_limited(&limit, "bad\n");
}

static void a_burst_passes(void **state)
{
    (void)state;
    flood(RATELIMIT_BURST);
    assert_int_equal(count("warning: bad\n"), RATELIMIT_BURST);
    flood(1);
    assert_int_equal(count("bad"), RATELIMIT_BURST);
    assert_int_equal(count("\n"), RATELIMIT_BURST);
}

static void what_is_left_out_is_counted(void **state)
{
    (void)state;
    flood(RATELIMIT_BURST + 7);
    thread_sleep(RATELIMIT_INTERVAL - 1);
    assert_int_equal(count("left out"), 0);
    thread_sleep(1);
    assert_int_equal(count("xvda: 7 more messages left out\n"), 1);
    assert_int_equal(count("\n"), RATELIMIT_BURST + 1);
    flood(1); /* that line had the token */
    assert_int_equal(count("bad"), RATELIMIT_BURST);
    thread_sleep(RATELIMIT_INTERVAL);
    assert_int_equal(count("xvda: 1 more message left out\n"), 1);
}

/* A peer that never stops is worth a line for each interval. */
static void a_steady_flood(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        flood(10);
        thread_sleep(RATELIMIT_INTERVAL / 10);
    }
    assert_in_range(count("\n"), 100, RATELIMIT_BURST + 2 * 100);
}

static void a_bucket_fills_again(void **state)
{
    (void)state;
    flood(RATELIMIT_BURST);
    thread_sleep(3 * RATELIMIT_INTERVAL);
    flood(4);
    assert_int_equal(count("bad"), RATELIMIT_BURST + 3);
    thread_sleep(1000 * RATELIMIT_INTERVAL);
    seam_console_clear();
    flood(2 * RATELIMIT_BURST);
    assert_int_equal(count("bad"), RATELIMIT_BURST); /* and not fuller than full */
}

static void the_clock_of_another_host(void **state)
{
    (void)state;
    flood(RATELIMIT_BURST);
    seam_now = 1 * NSEC_PER_SEC;
    clock_now();
    flood(1);
    assert_int_equal(count("bad"), RATELIMIT_BURST + 1);
}

static void what_is_not_printed_costs_nothing(void **state)
{
    (void)state;
    printk_set_level(LOG_INFO);
    for (unsigned i = 0; i < 100; i++)
        printk_limited(&limit, LOG_DEBUG, "detail\n");
    flood(RATELIMIT_BURST);
    assert_int_equal(count("bad"), RATELIMIT_BURST);
    printk_limited(NULL, LOG_INFO, "without a limit\n");
    assert_int_equal(count("without a limit\n"), 1);
}

static void the_end_says_the_rest(void **state)
{
    (void)state;
    flood(RATELIMIT_BURST + 2);
    ratelimit_end(&limit);
    assert_int_equal(count("xvda: 2 more messages left out\n"), 1);
    ratelimit_end(&limit);
    memset(&limit, 0x55, sizeof(limit)); /* no timer has it any more */
    thread_sleep(10 * RATELIMIT_INTERVAL);
    assert_int_equal(count("left out"), 1);
    memset(&limit, 0, sizeof(limit));
    flood(RATELIMIT_BURST + 1);
    ratelimit_end(&limit);
    assert_int_equal(count("peer: 1 more message left out\n"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_passes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_left_out_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_steady_flood, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bucket_fills_again, setup, teardown),
        cmocka_unit_test_setup_teardown(the_clock_of_another_host, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_printed_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_says_the_rest, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
