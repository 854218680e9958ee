/* SPDX-License-Identifier: MIT */
/* blktest with hotplug=: disks that arrive and go while others are tested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "blktest_run.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int setup_arrivals(void **state)
{
    int ret = setup(state);

    fake_arrivals = 3;
    fake_arrival_data = content[1];
    fake_arrival_bytes = DISK_BYTES / 4;
    fake_arrival_connect = 0;
    return ret;
}

static void each_arrival_is_tested_and_the_last_ends_it(void **state)
{
    (void)state;
    run("dev=xvda write=1 rw=write bs=4k runtime=1000s hotplug=3 ignore_error=ENODEV", "SUCCESS");
    assert_int_equal(results("\"type\":\"disk\"", "\"dev\":\"xvdb\""), 3);
    assert_int_equal(results("\"rw\":\"write\"", "\"dev\":\"xvdb\""), 3);
    assert_int_equal(results("\"type\":\"hotplug\"", "\"arrived\":3,\"gone\":3"), 1);
    assert_true(said("xvdb: closed, number 3\n"));
    /* it worked while they came and went, and ended long before its runtime */
    assert_int_equal(results("\"rw\":\"write\"", "\"dev\":\"xvda\""), 1);
    assert_true(clock_now() < 1000 * NSEC_PER_SEC);
}

static void the_verdict_on_an_arrival_counts(void **state)
{
    (void)state;
    fake_arrival_bytes = 0;
    run("dev=xvda write=1 rw=write bs=4k hotplug=3", "SKIP");
    assert_true(said("xvdb: empty, nothing to test\n"));
}

static void an_arrival_may_go_while_it_is_connected(void **state)
{
    (void)state;
    fake_arrival_connect = -ENODEV;
    run("dev=xvda write=1 rw=write bs=4k hotplug=3 ignore_error=ENODEV", "SUCCESS");
    assert_int_equal(results("\"type\":\"hotplug\"", "\"arrived\":3,\"gone\":3"), 1);
    assert_true(said("xvdb: gone\n"));
}

static void but_not_unless_that_is_allowed(void **state)
{
    (void)state;
    fake_arrival_connect = -ENODEV;
    run("dev=xvda write=1 rw=write bs=4k hotplug=3 ignore_error=EIO", "FAILURE");
    assert_true(said("xvdb: cannot be connected: -ENODEV\n"));
}

static void what_was_there_before_may_not(void **state)
{
    (void)state;
    fake.connect = -ENODEV;
    run("dev=xvda write=1 rw=write bs=4k ignore_error=ENODEV", "FAILURE");
    assert_true(said("xvda: cannot be connected: -ENODEV\n"));
}

static void unasked_nobody_watches(void **state)
{
    (void)state;
    run("dev=xvda rw=read", "SUCCESS");
    assert_true(digest(0, 0, DISK_BYTES, "read"));
    assert_int_equal(results("\"type\":\"hotplug\"", ""), 0);
    assert_null(strstr(seam_console(), "arrived"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_arrival_is_tested_and_the_last_ends_it, setup_arrivals,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_verdict_on_an_arrival_counts, setup_arrivals, teardown),
        cmocka_unit_test_setup_teardown(an_arrival_may_go_while_it_is_connected, setup_arrivals,
                                        teardown),
        cmocka_unit_test_setup_teardown(but_not_unless_that_is_allowed, setup_arrivals, teardown),
        TEST(what_was_there_before_may_not),
        TEST(unasked_nobody_watches),
    };

    return cmocka_run_group_tests_name("blktest: hotplug", tests, NULL, NULL);
}
