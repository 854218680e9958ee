/* SPDX-License-Identifier: MIT */
/* blktest with ignore_error=: allowed failures do not count, everything else is as strict as
 * ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "blktest_run.h"

#include <guests/blktest/unknown.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void a_failed_write_is_counted_and_not_read_back(void **state)
{
    (void)state;
    fake.fail_write = 5;
    run("write=1 rw=write ignore_error=EIO", "SUCCESS");
    assert_int_equal(results("\"rw\":\"write\"", "\"errors\":0,\"ignored\":1"), 1);
    /* all but that one block is known and compared */
    assert_int_equal(results("\"rw\":\"read_back\"", "\"verified_bytes\":1044480"), 1);
    assert_int_equal(results("digest", "written"), 0);
}

static void written_again_it_is_known_again(void **state)
{
    (void)state;
    fake.fail_write = 5;
    run("write=1 rw=write,randwrite ignore_error=EIO", "SUCCESS");
    assert_int_equal(results("\"rw\":\"read_back\"", "\"verified_bytes\":1048576"), 1);
    assert_true(digest(0, 0, DISK_BYTES, "written"));
}

static void wrong_data_are_found_all_the_same(void **state)
{
    (void)state;
    fake.fail_write = 5;
    fake.lose_write = 9;
    run("write=1 rw=write ignore_error=EIO", "FAILURE");
    assert_true(said("block "));
}

static void a_failed_read_leaves_no_digest(void **state)
{
    (void)state;
    fake.fail_read = 17;
    run("rw=read ignore_error=EIO", "SUCCESS");
    assert_int_equal(results("\"rw\":\"read\"", "\"ignored\":1"), 1);
    assert_int_equal(results("digest", "read"), 0);
}

static void another_error_counts(void **state)
{
    (void)state;
    fake.fail_write = 5;
    run("write=1 rw=write ignore_error=ENODEV,ETIMEDOUT", "FAILURE");
    assert_int_equal(results("\"rw\":\"write\"", "\"errors\":1,\"ignored\":0"), 1);
}

static void a_disk_that_goes_ends_its_test(void **state)
{
    (void)state;
    fake.gone_after = 100;
    run("write=1 rw=write,read ignore_error=ENODEV", "SUCCESS");
    assert_true(said("xvda: gone\n"));
    assert_int_equal(results("\"rw\":\"read\"", ""), 0);
    assert_int_equal(results("digest", ""), 0);
}

static void a_name_that_is_none(void **state)
{
    (void)state;
    run("ignore_error=EBANANA", "ERROR");
    assert_true(said("EBANANA"));
}

static void blocks_are_known_in_runs(void **state)
{
    struct slice s = {.offset = 700,
                      .bytes = 5000}; /* blocks 1 to 11, the first and last in part */
    bool known;

    (void)state;
    assert_false(unknown_any(&s));
    assert_int_equal(unknown_run(&s, 700, 5000, &known), 5000);
    assert_true(known);
    assert_int_equal(unknown_set(&s, 1100, 1000), 0); /* blocks 2 to 4 */
    assert_true(unknown_any(&s));
    assert_int_equal(unknown_run(&s, 700, 5000, &known), 1024 - 700);
    assert_true(known);
    assert_int_equal(unknown_run(&s, 1024, 4676, &known), 3 * 512);
    assert_false(known);
    unknown_clear(&s, 1100, 1000); /* only block 3 is whole */
    assert_int_equal(unknown_run(&s, 1024, 4676, &known), 512);
    assert_false(known);
    assert_int_equal(unknown_run(&s, 1536, 4164, &known), 512);
    assert_true(known);
    assert_int_equal(unknown_set(&s, 700, 10), 0);
    assert_int_equal(unknown_set(&s, 5690, 10), 0);
    unknown_clear(&s, 700, 5000); /* its own end counts as whole */
    assert_false(unknown_any(&s));
    heap_free(s.unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_failed_write_is_counted_and_not_read_back),
        TEST(written_again_it_is_known_again),
        TEST(wrong_data_are_found_all_the_same),
        TEST(a_failed_read_leaves_no_digest),
        TEST(another_error_counts),
        TEST(a_disk_that_goes_ends_its_test),
        TEST(a_name_that_is_none),
        TEST(blocks_are_known_in_runs),
    };

    return cmocka_run_group_tests_name("blktest: ignore_error", tests, NULL, NULL);
}
