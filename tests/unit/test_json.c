/* SPDX-License-Identifier: MIT */
/* The JSON writer: exact texts, escapes, and buffers that are too small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <host/seam.h>
#include <ringlet/errno.h>
#include <ringlet/json.h>
#include <ringlet/string.h>

static int setup(void **state)
{
    (void)state;
    seam_init(1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void empty_object(void **state)
{
    char buf[8];
    struct json j;

    (void)state;
    json_begin(&j, buf, sizeof(buf));
    assert_int_equal(json_end(&j), 0);
    assert_string_equal(buf, "{}");
}

static void all_kinds_of_members(void **state)
{
    char buf[256];
    struct json j;

    (void)state;
    json_begin(&j, buf, sizeof(buf));
    json_str(&j, "s", "text");
    json_u64(&j, "u", UINT64_MAX);
    json_i64(&j, "i", INT64_MIN);
    json_bool(&j, "yes", true);
    json_bool(&j, "no", false);
    json_object(&j, "o");
    json_u64(&j, "a", 1);
    json_u64(&j, "b", 2);
    json_object_end(&j);
    json_array(&j, "list");
    json_u64(&j, NULL, 3);
    json_str(&j, NULL, "x");
    json_object(&j, NULL);
    json_object_end(&j);
    json_array_end(&j);
    json_array(&j, "none");
    json_array_end(&j);
    json_u64(&j, "last", 0);
    assert_int_equal(json_end(&j), 0);
    assert_string_equal(buf,
                        "{\"s\":\"text\",\"u\":18446744073709551615,\"i\":-9223372036854775808,"
                        "\"yes\":true,\"no\":false,\"o\":{\"a\":1,\"b\":2},"
                        "\"list\":[3,\"x\",{}],\"none\":[],\"last\":0}");
}

static void strings_are_escaped(void **state)
{
    char buf[128];
    struct json j;

    (void)state;
    json_begin(&j, buf, sizeof(buf));
    json_str(&j, "k\"", "a\\b\nc\x7f\xc3~ ");
    assert_int_equal(json_end(&j), 0);
    assert_string_equal(buf, "{\"k\\\"\":\"a\\\\b\\u000ac\\u007f\\u00c3~ \"}");
}

static int write_sample(char *buf, size_t size)
{
    struct json j;

    json_begin(&j, buf, size);
    json_str(&j, "key", "value");
    json_u64(&j, "n", 12);
    return json_end(&j);
}

/* {"key":"value","n":12} is 22 characters and a NUL: no smaller size is enough, none is overrun,
 * and the buffer holds the beginning of the text without a gap. */
static void overflow_is_reported_and_never_overruns(void **state)
{
    static const char text[] = "{\"key\":\"value\",\"n\":12}";
    char buf[64];

    (void)state;
    for (size_t size = 0; size < sizeof(buf); size++) {
        memset(buf, '#', sizeof(buf));
        assert_int_equal(write_sample(buf, size), size < 23 ? -ENOSPC : 0);
        if (size)
            assert_memory_equal(buf, text, strlen(buf));
        for (size_t i = size; i < sizeof(buf); i++)
            assert_int_equal(buf[i], '#');
    }
}

static void result_line(void **state)
{
    char buf[32];
    struct json j;

    (void)state;
    json_begin(&j, buf, sizeof(buf));
    json_str(&j, "type", "t");
    assert_int_equal(json_print_result(&j), 0);
    assert_string_equal(seam_console(), "RESULT {\"type\":\"t\"}\n");
}

static void result_line_that_does_not_fit(void **state)
{
    char buf[8];
    struct json j;

    (void)state;
    json_begin(&j, buf, sizeof(buf));
    json_str(&j, "type", "too long");
    assert_int_equal(json_print_result(&j), -ENOSPC);
    assert_null(strstr(seam_console(), "RESULT"));
    assert_non_null(strstr(seam_console(), "error: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_object),
        cmocka_unit_test(all_kinds_of_members),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(overflow_is_reported_and_never_overruns),
        cmocka_unit_test_setup_teardown(result_line, setup, teardown),
        cmocka_unit_test_setup_teardown(result_line_that_does_not_fit, setup, teardown),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
