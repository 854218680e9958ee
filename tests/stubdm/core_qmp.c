/* SPDX-License-Identifier: MIT */
/* QMP as libxl speaks it, in pieces of any size, and as it does not. */
#include <qmp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct qmp q;
static char runs[64];

static void run(void *arg, bool on)
{
    assert_ptr_equal(arg, runs);
    strcat(runs, on ? "c" : "s");
}

static void begin(void)
{
    memset(&q, 0, sizeof(q));
    runs[0] = '\0';
    q.run = run;
    q.arg = runs;
}

static const char *sent(void)
{
    static char text[QMP_OUT_MAX + 1];

    memcpy(text, q.out, q.out_len);
    text[q.out_len] = '\0';
    qmp_sent(&q, q.out_len);
    return text;
}

static void say(const char *text)
{
    qmp_input(&q, text, strlen(text));
}

static void negotiated(void)
{
    begin();
    qmp_connected(&q);
    say("{\"execute\":\"qmp_capabilities\",\"id\":1}");
    sent();
}

static void what_libxl_says(void **state)
{
    (void)state;
    begin();
    qmp_connected(&q);
    assert_string_equal(sent(), "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, "
                                "\"major\": 7}, \"package\": \"Ringlet\"}, \"capabilities\": "
                                "[]}}\r\n");
    say("{\"execute\":\"qmp_capabilities\",\"id\":2020372737}\r\n");
    assert_string_equal(sent(), "{\"return\": {}, \"id\": 2020372737}\r\n");
    say("{\"execute\":\"cont\",\"id\":2020372736}\r\n");
    assert_string_equal(sent(), "{\"return\": {}, \"id\": 2020372736}\r\n");
    assert_string_equal(runs, "c");
    assert_int_equal(q.commands, 2);
    assert_int_equal(q.malformed, 0);
}

static void stop_and_status(void **state)
{
    (void)state;
    negotiated();
    say("{\"execute\":\"query-status\",\"id\":\"a \\\" b\"}");
    assert_string_equal(sent(), "{\"return\": {\"running\": false, \"singlestep\": false, "
                                "\"status\": \"paused\"}, \"id\": \"a \\\" b\"}\r\n");
    say("{\"execute\":\"cont\"}{\"execute\":\"query-status\"}{\"execute\":\"stop\"}");
    assert_string_equal(sent(), "{\"return\": {}}\r\n{\"return\": {\"running\": true, "
                                "\"singlestep\": false, \"status\": \"running\"}}\r\n{\"return\": "
                                "{}}\r\n");
    assert_string_equal(runs, "cs");
    say("{\"execute\":\"query-version\"}");
    assert_non_null(strstr(sent(), "\"major\": 7"));
}

static void other_commands_are_not_found(void **state)
{
    (void)state;
    negotiated();
    say("{\"execute\":\"device_add\",\"id\":5,\"arguments\":{\"driver\":\"x\",\"a\":[1,{\"id\":9}]}"
        "}");
    assert_string_equal(sent(), "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The "
                                "command device_add has not been found\"}, \"id\": 5}\r\n");
    say("{ \"arguments\" : {\"execute\":\"cont\"} , \"id\" : [1, {\"x\": 2}] , \"execute\" : "
        "\"xen-save-devices-state\" }");
    assert_non_null(strstr(sent(), "\"id\": [1, {\"x\": 2}]}\r\n"));
    assert_string_equal(runs, "");
    assert_int_equal(q.unknown, 2);
    /* a second time */
    say("{\"execute\":\"qmp_capabilities\"}");
    assert_non_null(strstr(sent(), "CommandNotFound"));
}

static void nothing_before_the_capabilities(void **state)
{
    (void)state;
    begin();
    qmp_connected(&q);
    sent();
    say("{\"execute\":\"cont\",\"id\":7}");
    assert_string_equal(sent(), "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": "
                                "\"Expecting capabilities negotiation with "
                                "'qmp_capabilities'\"}, \"id\": 7}\r\n");
    assert_string_equal(runs, "");
}

static void each_connection_is_greeted(void **state)
{
    (void)state;
    negotiated();
    say("{\"execute\":\"cont\", \"half"); /* and then the client goes */
    qmp_connected(&q);
    assert_int_equal(strncmp(sent(), "{\"QMP\"", 6), 0);
    say("{\"execute\":\"qmp_capabilities\",\"id\":3}");
    assert_string_equal(sent(), "{\"return\": {}, \"id\": 3}\r\n");
    assert_int_equal(q.malformed, 0);
}

static void commands_come_in_pieces(void **state)
{
    static const char text[] = "\r\n {\"execute\":\"cont\",\"id\":\"}{\\\"\"}\n";

    (void)state;
    negotiated();
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        qmp_input(&q, &text[i], 1);
    assert_string_equal(sent(), "{\"return\": {}, \"id\": \"}{\\\"\"}\r\n");
    assert_string_equal(runs, "c");
}

static void answers_that_are_sent_in_pieces(void **state)
{
    (void)state;
    negotiated();
    say("{\"execute\":\"cont\",\"id\":12}");
    qmp_sent(&q, 5);
    say("{\"execute\":\"stop\",\"id\":13}");
    assert_string_equal(sent(), "urn\": {}, \"id\": 12}\r\n{\"return\": {}, \"id\": 13}\r\n");
    qmp_sent(&q, 99);
    assert_int_equal(q.out_len, 0);
}

static void malformed(const char *text)
{
    const uint64_t before = q.malformed;

    say(text);
    if (q.malformed != before + 1)
        fail_msg("accepted: %s", text);
    assert_non_null(strstr(sent(), "\"class\": \"GenericError\""));
}

static void what_is_no_command_is_an_error(void **state)
{
    (void)state;
    negotiated();
    malformed("{}");
    malformed("{\"id\":1}");
    malformed("{\"execute\":cont}");
    malformed("{\"execute\":\"\"}");
    malformed("{execute:\"cont\"}");
    malformed("{\"execute\" \"cont\"}");
    malformed("{\"execute\":}");
    malformed("{\"id\":,\"execute\":\"cont\"}");
    malformed("{\"execute\":\"c\\u006fnt\"}");
    malformed("{\"execute\":\"cont\" \"id\":3}");
    malformed("{\"execute\":\"cont\",\"id\":\"\001\"}");
    malformed("{\"execute\":\"cont\",\"id\":[1}");
    malformed("{\"execute\":\"0123456789012345678901234567890123456789012345678901234567890123\"}");
    malformed("{\"execute\":\"cont\",\"id\":"
              "\"0123456789012345678901234567890123456789012345678901234567890123\"}");
    assert_string_equal(runs, "");
    say("{\"execute\":\"cont\"}"); /* and then all is well */
    assert_string_equal(sent(), "{\"return\": {}}\r\n");
}

static void a_command_that_is_too_long(void **state)
{
    (void)state;
    negotiated();
    say("{\"execute\":\"cont\",\"x\":\"");
    for (unsigned i = 0; i < QMP_IN_MAX; i++)
        say("y");
    malformed("\"}");
    for (unsigned i = 0; i < 100; i++)
        say("{");
    for (unsigned i = 0; i < 99; i++)
        say("}");
    malformed("}");
    say("{\"execute\":\"stop\"}");
    assert_string_equal(runs, "s");
}

static void answers_that_nobody_takes_are_dropped_and_counted(void **state)
{
    (void)state;
    negotiated();
    for (unsigned i = 0; i < 1000; i++)
        say("{\"execute\":\"query-status\",\"id\":1}");
    assert_true(q.dropped > 900);
    assert_true(q.out_len <= QMP_OUT_MAX);
    sent();
    say("{\"execute\":\"cont\",\"id\":1}");
    assert_string_equal(sent(), "{\"return\": {}, \"id\": 1}\r\n");
}

static void nonsense(void **state)
{
    static const char some[] = "{}[]\",:\\ \nexecute\"id\":1cont{\"execute\":\"";

    (void)state;
    negotiated();
    srand(1);
    for (unsigned n = 0; n < 300000; n++) {
        char c = rand() % 16 ? some[(unsigned)rand() % (sizeof(some) - 1)] : (char)rand();

        qmp_input(&q, &c, 1);
        if (rand() % 64 == 0)
            qmp_sent(&q, (size_t)rand() % 512);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_libxl_says),
        cmocka_unit_test(stop_and_status),
        cmocka_unit_test(other_commands_are_not_found),
        cmocka_unit_test(nothing_before_the_capabilities),
        cmocka_unit_test(each_connection_is_greeted),
        cmocka_unit_test(commands_come_in_pieces),
        cmocka_unit_test(answers_that_are_sent_in_pieces),
        cmocka_unit_test(what_is_no_command_is_an_error),
        cmocka_unit_test(a_command_that_is_too_long),
        cmocka_unit_test(answers_that_nobody_takes_are_dropped_and_counted),
        cmocka_unit_test(nonsense),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
