/* SPDX-License-Identifier: MIT */
/* Command lines: splitting, every type of option, and the error text for a wrong word. */
#include <kernel/cmdline.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char line[512];
static char *words[8];

static int split(const char *text)
{
    snprintf(line, sizeof(line), "%s", text);
    return cmdline_split(line, words, ARRAY_SIZE(words));
}

static void test_split(void **state)
{
    (void)state;
    assert_int_equal(split(""), 0);
    assert_null(words[0]);
    assert_int_equal(split(" \t\r\n "), 0);
    assert_int_equal(split("one"), 1);
    assert_string_equal(words[0], "one");
    assert_null(words[1]);
    assert_int_equal(split("  a=1\tb=2\n c "), 3);
    assert_string_equal(words[0], "a=1");
    assert_string_equal(words[1], "b=2");
    assert_string_equal(words[2], "c");
}

static void test_split_quotes(void **state)
{
    (void)state;
    assert_int_equal(split("a=\"x  y\" \"b c\"=d\"e\"f \"\" g"), 4);
    assert_string_equal(words[0], "a=x  y");
    assert_string_equal(words[1], "b c=def");
    assert_string_equal(words[2], "");
    assert_string_equal(words[3], "g");
    assert_int_equal(split("a \"b"), -EINVAL);
    assert_int_equal(split("\""), -EINVAL);
    assert_int_equal(split("\"\"\"\""), 1);
    assert_string_equal(words[0], "");
}

static void test_split_escapes(void **state)
{
    (void)state;
    assert_int_equal(split("\"print(\\\"a b\\\")\" c\\\"d e\" \"f\\g\\\\\" h\\i \"\\\\\\\"\""), 5);
    assert_string_equal(words[0], "print(\"a b\")");
    assert_string_equal(words[1], "c\\d e");
    assert_string_equal(words[2], "f\\g\\");
    assert_string_equal(words[3], "h\\i");
    assert_string_equal(words[4], "\\\"");
    assert_int_equal(split("\"a\\\""), -EINVAL);
    assert_int_equal(split("\"a\\"), -EINVAL);
    assert_int_equal(cmdline_last_word("a \"b\\\" c"), 2);
    assert_int_equal(cmdline_last_word("a \"b\\\\\" c"), 8);
    assert_int_equal(cmdline_last_word("a b\\\" c"), 2);
}

static void test_split_limit(void **state)
{
    char text[] = "x";
    char *one[1] = {text};

    (void)state;
    assert_int_equal(split("1 2 3 4 5 6 7"), 7);
    assert_null(words[7]);
    assert_int_equal(split("1 2 3 4 5 6 7 8"), -E2BIG);
    assert_int_equal(split("1 2 3 4 5 6 7 "), 7);
    assert_int_equal(cmdline_split(text, one, 1), -E2BIG);
    assert_int_equal(cmdline_split(text, one, 0), -E2BIG);
    assert_ptr_equal(one[0], text);
    text[0] = '\0';
    assert_int_equal(cmdline_split(text, one, 1), 0);
    assert_null(one[0]);
}

/* Random text: the words equal those of a slow and simple splitter. */
static void split_run(struct random *r)
{
    for (unsigned i = 0; i < 2000; i++) {
        char text[40], copy[40], want[40];
        char *argv[64];
        unsigned len = random_below(r, sizeof(text)), n = 0, w = 0;
        bool quoted = false, in_word = false;
        int got;

        for (unsigned k = 0; k < len; k++)
            text[k] = "ab=\" \t\\"[random_below(r, 7)];
        text[len] = '\0';
        memcpy(copy, text, sizeof(copy));
        got = cmdline_split(copy, argv, ARRAY_SIZE(argv));
        for (unsigned k = 0; k <= len; k++) {
            char c = text[k];
            bool end = !c || (!quoted && (c == ' ' || c == '\t'));

            if (end && in_word && !quoted) {
                want[w] = '\0';
                if (got >= 0)
                    assert_string_equal(argv[n], want);
                n++;
                w = 0;
                in_word = false;
            } else if (!end) {
                in_word = true;
                if (quoted && c == '\\' && (text[k + 1] == '"' || text[k + 1] == '\\'))
                    want[w++] = text[++k];
                else if (c == '"')
                    quoted = !quoted;
                else
                    want[w++] = c;
            }
        }
        assert_int_equal(got, quoted ? -EINVAL : (int)n);
    }
}

static void test_split_random(void **state)
{
    (void)state;
    random_runs("split", 5, split_run);
}

/* ---- options ---- */

static const char *const colours[] = {"red", "green", "blue", NULL};

static struct {
    bool flag;
    uint64_t number, size, time, limited;
    const char *text;
    unsigned colour;
    struct option_list sizes, numbers, set;
} out;

static struct option options[] = {
    {.name = "flag", .type = OPT_BOOL, .out = &out.flag},
    {.name = "number", .type = OPT_UINT, .out = &out.number},
    {.name = "size", .type = OPT_SIZE, .out = &out.size},
    {.name = "time", .type = OPT_DURATION, .out = &out.time},
    {.name = "limited", .type = OPT_UINT, .out = &out.limited, .min = 3, .max = 9},
    {.name = "text", .type = OPT_STRING, .out = &out.text},
    {.name = "colour", .type = OPT_CHOICE, .out = &out.colour, .choices = colours},
    {.name = "sizes", .type = OPT_SIZES, .out = &out.sizes, .min = 512, .max = 1 << 20},
    {.name = "numbers", .type = OPT_UINTS, .out = &out.numbers},
    {.name = "set", .type = OPT_CHOICES, .out = &out.set, .choices = colours},
};

static char err[200];

static int parse(const char *text)
{
    int argc = split(text);

    assert_true(argc >= 0);
    strcpy(err, "untouched");
    return cmdline_parse(argc, words, options, ARRAY_SIZE(options), err, sizeof(err));
}

static void test_every_type(void **state)
{
    (void)state;
    memset(&out, 0, sizeof(out));
    assert_int_equal(parse("flag=1 number=0x10 size=64k time=5ms limited=3 text=a=b colour=blue"),
                     0);
    assert_true(out.flag);
    assert_int_equal(out.number, 16);
    assert_int_equal(out.size, 65536);
    assert_int_equal(out.time, 5000000);
    assert_int_equal(out.limited, 3);
    assert_string_equal(out.text, "a=b");
    assert_int_equal(out.colour, 2);
    assert_string_equal(err, "untouched");
    assert_int_equal(parse("sizes=512,4k,1m numbers=7 set=green,red,green flag=0"), 0);
    assert_int_equal(out.sizes.count, 3);
    assert_int_equal(out.sizes.value[1], 4096);
    assert_int_equal(out.sizes.value[2], 1 << 20);
    assert_int_equal(out.numbers.count, 1);
    assert_int_equal(out.numbers.value[0], 7);
    assert_int_equal(out.set.count, 3);
    assert_int_equal(out.set.value[0], 1);
    assert_int_equal(out.set.value[1], 0);
    assert_false(out.flag);
    assert_int_equal(out.number, 16); /* absent options do not change */
    assert_int_equal(parse(""), 0);
    assert_int_equal(out.sizes.count, 3);
}

static void test_wrong_words(void **state)
{
    static const struct {
        const char *text, *err;
    } wrong[] = {
        {"nosuch=1", "nosuch=1: unknown option"},
        {"=1", "=1: unknown option"},
        {"fla=1", "fla=1: unknown option"},
        {"flagg=1", "flagg=1: unknown option"},
        {"Flag=1", "Flag=1: unknown option"},
        {"flag", "flag: needs a value (key=value)"},
        {"flag=", "flag=: must be 0 or 1"},
        {"flag=2", "flag=2: must be 0 or 1"},
        {"flag=01", "flag=01: must be 0 or 1"},
        {"flag=yes", "flag=yes: must be 0 or 1"},
        {"flag=1 flag=1", "flag=1: given twice"},
        {"number=1 size=1k number=2", "number=2: given twice"},
        {"number=", "number=: not a number"},
        {"number=-1", "number=-1: not a number"},
        {"number=1k", "number=1k: not a number"},
        {"number=0x", "number=0x: not a number"},
        {"number=18446744073709551616", "number=18446744073709551616: too large"},
        {"limited=2", "limited=2: too small"},
        {"limited=10", "limited=10: too large"},
        {"size=banana", "size=banana: not a size (a number with k, m, g or t)"},
        {"size=k", "size=k: not a size (a number with k, m, g or t)"},
        {"size=16777216t", "size=16777216t: too large"},
        {"time=5h", "time=5h: not a time (a number with ns, us, ms, s or m)"},
        {"text=", "text=: empty"},
        {"colour=pink", "colour=pink: not one of the possible values (red, green, blue)"},
        {"colour=", "colour=: not one of the possible values (red, green, blue)"},
        {"colour=re", "colour=re: not one of the possible values (red, green, blue)"},
        {"set=red,pink", "set=red,pink: not one of the possible values (red, green, blue)"},
        {"set=red,", "set=red,: not one of the possible values (red, green, blue)"},
        {"sizes=", "sizes=: not a size (a number with k, m, g or t)"},
        {"sizes=4k,,4k", "sizes=4k,,4k: not a size (a number with k, m, g or t)"},
        {"sizes=511", "sizes=511: too small"},
        {"sizes=4k,2m", "sizes=4k,2m: too large"},
        {"numbers=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
         "numbers=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17: too many values"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(parse(wrong[i].text), -EINVAL);
        assert_string_equal(err, wrong[i].err);
    }
    assert_int_equal(parse("numbers=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"), 0);
    assert_int_equal(out.numbers.count, OPTION_LIST_MAX);
    out.number = 5;
    assert_int_equal(parse("number=banana"), -EINVAL);
    assert_int_equal(out.number, 5);
}

static void test_error_text_is_cut(void **state)
{
    char *argv[] = {line, NULL};
    char small[12];

    (void)state;
    memset(line, 'x', 300);
    line[300] = '\0';
    assert_int_equal(cmdline_parse(1, argv, options, ARRAY_SIZE(options), small, sizeof(small)),
                     -EINVAL);
    assert_string_equal(small, "xxxxxxxxxxx");
    assert_int_equal(cmdline_parse(1, argv, options, ARRAY_SIZE(options), NULL, 0), -EINVAL);
}

static void test_many_choices_are_cut(void **state)
{
    static const char *const many[] = {
        "a234567890123456789012345678901234567890", "b234567890123456789012345678901234567890",
        "c234567890123456789012345678901234567890", "d234567890123456789012345678901234567890",
        "e234567890123456789012345678901234567890", NULL};
    unsigned value;
    struct option o[] = {{.name = "x", .type = OPT_CHOICE, .out = &value, .choices = many}};
    char word[] = "x=q", long_err[400];
    char *argv[] = {word, NULL};

    (void)state;
    assert_int_equal(cmdline_parse(1, argv, o, 1, long_err, sizeof(long_err)), -EINVAL);
    assert_non_null(strstr(long_err, "x=q: not one of the possible values (a2345"));
    assert_true(strlen(long_err) < 220);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_quotes),
        cmocka_unit_test(test_split_escapes),
        cmocka_unit_test(test_split_limit),
        cmocka_unit_test(test_split_random),
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_wrong_words),
        cmocka_unit_test(test_error_text_is_cut),
        cmocka_unit_test(test_many_choices_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
