/* SPDX-License-Identifier: MIT */
/* format() against the host's snprintf, and numbers from text. */
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/string.h>

#include "unit/random.h"

#include <limits.h>
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- formats ---- */

#define BUF 128

/* Both with the same arguments: the same text and length, nothing written behind size. */
#define SAME(size, ...)                                                              \
    do {                                                                             \
        char ours_[BUF], theirs_[BUF];                                               \
        int n_, m_;                                                                  \
        memset(ours_, '~', BUF);                                                     \
        memset(theirs_, '~', BUF);                                                   \
        n_ = format(ours_, size, __VA_ARGS__);                                       \
        m_ = snprintf(theirs_, size, __VA_ARGS__);                                   \
        if (n_ != m_ || memcmp(ours_, theirs_, BUF))                                 \
            fail_msg("format %s, size %zu: \"%.*s\" (%d) is not \"%.*s\" (%d)", fmt, \
                     (size_t)(size), BUF, ours_, n_, BUF, theirs_, m_);              \
    } while (0)

#define SAME_STARS(size, value)                       \
    do {                                              \
        if (star_width && star_precision)             \
            SAME(size, fmt, width, precision, value); \
        else if (star_width)                          \
            SAME(size, fmt, width, value);            \
        else if (star_precision)                      \
            SAME(size, fmt, precision, value);        \
        else                                          \
            SAME(size, fmt, value);                   \
    } while (0)

/* Small, large and special values. */
static uint64_t number(struct random *r)
{
    static const uint64_t special[] = {0,          1,          7,         8,          9,
                                       10,         127,        128,       255,        256,
                                       32767,      32768,      65535,     INT_MAX,    1ULL << 31,
                                       UINT32_MAX, 1ULL << 32, INT64_MAX, 1ULL << 63, UINT64_MAX};

    switch (random_below(r, 3)) {
    case 0:
        return special[random_below(r, ARRAY_SIZE(special))];
    case 1:
        return random_u64(r) >> random_below(r, 64);
    default:
        return -(random_u64(r) >> random_below(r, 64));
    }
}

static void one_format(struct random *r)
{
    static const char *const lengths[] = {"hh", "h", "", "l", "ll", "z", "j", "t"};
    static const char kinds[] = "diuxXocsp";
    char kind = kinds[random_below(r, sizeof(kinds) - 1)];
    bool is_number = strchr("diuxXo", kind) != NULL;
    unsigned length = is_number ? random_below(r, ARRAY_SIZE(lengths)) : 2;
    int width = (int)random_below(r, 50) - 20, precision = (int)random_below(r, 30) - 4;
    bool star_width = random_below(r, 4) == 0, star_precision = false;
    size_t size = random_below(r, 3) ? 100 : random_below(r, 20);
    uint64_t v = number(r);
    char fmt[64], text[24];
    int n = 0;

    for (unsigned i = random_below(r, 3); i > 0; i--)
        fmt[n++] = "a %b"[random_below(r, 2)];
    fmt[n++] = '%';
    for (unsigned i = random_below(r, 4); i > 0; i--) {
        char flag = "-0+ #"[random_below(r, 5)];

        /* cases that C leaves undefined are not tested */
        if (flag == '-' || (is_number && flag == '0') || (is_number && strchr("+ ", flag)) ||
            (strchr("xXo", kind) && flag == '#'))
            fmt[n++] = flag;
    }
    if (star_width)
        fmt[n++] = '*';
    else if (random_below(r, 2))
        n += sprintf(fmt + n, "%d", abs(width) + 1);
    if (kind != 'c' && kind != 'p' && random_below(r, 3) == 0) {
        star_precision = random_below(r, 2);
        fmt[n++] = '.';
        if (star_precision)
            fmt[n++] = '*';
        else if (random_below(r, 4))
            n += sprintf(fmt + n, "%d", abs(precision));
    }
    sprintf(fmt + n, "%s%c%%%%z", lengths[length], kind);

    if (kind == 's') {
        unsigned len = random_below(r, sizeof(text));

        memset(text, 's', sizeof(text));
        text[len] = '\0';
        SAME_STARS(size, text);
    } else if (kind == 'c') {
        SAME_STARS(size, (int)('A' + v % 26));
    } else if (kind == 'p') {
        SAME_STARS(size, (void *)(uintptr_t)(v | 1));
    } else if (length <= 2) {
        SAME_STARS(size, (int)v);
    } else {
        SAME_STARS(size, (long)v);
    }
}

static void format_run(struct random *r)
{
    for (unsigned i = 0; i < 20000; i++)
        one_format(r);
}

static void test_random_formats(void **state)
{
    (void)state;
    random_runs("formats", 10, format_run);
}

static void test_several_arguments(void **state)
{
    const char *fmt = "%s=%d, %5.2s|%-6lx|%c%%%03u %zu %lld %hhd %p.";

    (void)state;
    SAME(BUF, fmt, "name", -5, "abc", 0xbeefUL, 'q', 7U, (size_t)9, -1LL, 300, (void *)0x1000);
}

static void test_own_ways(void **state)
{
    /* not literals, which the compiler would refuse */
    static char unknown[] = "a%q%d", open[] = "%d%", text[] = "%s";
    char buf[16];

    (void)state;
    assert_int_equal(format(buf, sizeof(buf), text, NULL), 6);
    assert_string_equal(buf, "(null)");
    assert_int_equal(format(buf, sizeof(buf), "%p", NULL), 1);
    assert_string_equal(buf, "0");
    assert_int_equal(format(buf, sizeof(buf), unknown, 7), 4);
    assert_string_equal(buf, "a%q7");
    assert_int_equal(format(buf, sizeof(buf), open, 7), 2);
    assert_string_equal(buf, "7%");
    assert_int_equal(format(NULL, 0, "%d", 12345), 5);
    assert_int_equal(format(buf, 1, "%d", 12345), 5);
    assert_string_equal(buf, "");
}

static void test_precision_limits_reading(void **state)
{
    char text[3] = {'x', 'y', 'z'}, buf[8]; /* no NUL */

    (void)state;
    assert_int_equal(format(buf, sizeof(buf), "%.3s", text), 3);
    assert_string_equal(buf, "xyz");
    assert_int_equal(format(buf, sizeof(buf), "%.*s", 2, text), 2);
    assert_string_equal(buf, "xy");
}

/* ---- numbers ---- */

#define UNTOUCHED 0xabcdef

struct parse_case {
    const char *text;
    int ret;
    uint64_t value;
};

static void check_cases(int (*parse)(const char *, size_t, uint64_t *), const struct parse_case *c,
                        unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t len = strlen(c[i].text);
        char *exact = malloc(len + 1); /* nothing behind it may be read */
        uint64_t v = UNTOUCHED;
        int ret;

        exact = realloc(exact, len ? len : 1);
        memcpy(exact, c[i].text, len);
        ret = parse(exact, len, &v);
        if (ret != c[i].ret || v != (ret ? UNTOUCHED : c[i].value))
            fail_msg("\"%s\": %d %llu", c[i].text, ret, (unsigned long long)v);
        free(exact);
    }
}

static void test_parse_u64(void **state)
{
    static const struct parse_case cases[] = {
        {"0", 0, 0},
        {"00", 0, 0},
        {"42", 0, 42},
        {"0042", 0, 42},
        {"18446744073709551615", 0, UINT64_MAX},
        {"18446744073709551616", -ERANGE, 0},
        {"18446744073709551620", -ERANGE, 0},
        {"99999999999999999999", -ERANGE, 0},
        {"184467440737095516150", -ERANGE, 0},
        {"184467440737095516160", -ERANGE, 0},
        {"99999999999999999999x", -EINVAL, 0},
        {"000000000000000000000000000000001", 0, 1},
        {"0x0", 0, 0},
        {"0xfF", 0, 255},
        {"0Xff", 0, 255},
        {"0xffffffffffffffff", 0, UINT64_MAX},
        {"0x10000000000000000", -ERANGE, 0},
        {"0x", -EINVAL, 0},
        {"x", -EINVAL, 0},
        {"0xg", -EINVAL, 0},
        {"", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"1.5", -EINVAL, 0},
        {"1a", -EINVAL, 0},
        {"a", -EINVAL, 0},
        {"1\n", -EINVAL, 0},
        {"\xff", -EINVAL, 0},
    };
    uint64_t v = UNTOUCHED;

    (void)state;
    check_cases(parse_u64, cases, ARRAY_SIZE(cases));
    assert_int_equal(parse_u64("12\0", 3, &v), -EINVAL);
    assert_int_equal(parse_u64("1\0002", 3, &v), -EINVAL);
    assert_int_equal(parse_u64("123456", 3, &v), 0); /* no further than len */
    assert_int_equal(v, 123);
    assert_int_equal(parse_u64("0x1", 2, &v), -EINVAL);
}

static void test_parse_size(void **state)
{
    static const struct parse_case cases[] = {
        {"512", 0, 512},
        {"4k", 0, 4096},
        {"4K", 0, 4096},
        {"3m", 0, 3 << 20},
        {"1G", 0, 1 << 30},
        {"2t", 0, 2ULL << 40},
        {"0x10k", 0, 16384},
        {"0k", 0, 0},
        {"16777215t", 0, 16777215ULL << 40},
        {"16777216t", -ERANGE, 0},
        {"18446744073709551616k", -ERANGE, 0},
        {"k", -EINVAL, 0},
        {"0xk", -EINVAL, 0},
        {"4kk", -EINVAL, 0},
        {"4 k", -EINVAL, 0},
        {"4kb", -EINVAL, 0},
        {"-4k", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"4p", -EINVAL, 0},
        {"4\xeb", -EINVAL, 0},
    };
    uint64_t v;

    (void)state;
    check_cases(parse_size, cases, ARRAY_SIZE(cases));
    assert_int_equal(parse_size("4k\0", 3, &v), -EINVAL);
    assert_int_equal(parse_size("4\0k", 3, &v), -EINVAL);
}

static void test_parse_duration(void **state)
{
    static const struct parse_case cases[] = {
        {"7", 0, 7000000000},
        {"0", 0, 0},
        {"7s", 0, 7000000000},
        {"7ns", 0, 7},
        {"7us", 0, 7000},
        {"7ms", 0, 7000000},
        {"2m", 0, 120000000000},
        {"0x10ms", 0, 16000000},
        {"18446744073", 0, 18446744073000000000U},
        {"18446744074", -ERANGE, 0},
        {"18446744073709551615ns", 0, UINT64_MAX},
        {"18446744073709551616ns", -ERANGE, 0},
        {"307445735m", -ERANGE, 0},
        {"ns", -EINVAL, 0},
        {"s", -EINVAL, 0},
        {"m", -EINVAL, 0},
        {"ms", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"7h", -EINVAL, 0},
        {"7 s", -EINVAL, 0},
        {"7sm", -EINVAL, 0},
        {"7S", -EINVAL, 0},
        {"1.5s", -EINVAL, 0},
    };

    (void)state;
    check_cases(parse_duration, cases, ARRAY_SIZE(cases));
}

static void parse_run(struct random *r)
{
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t v = random_u64(r) >> random_below(r, 64), got;
        char text[40];
        int n = snprintf(text, sizeof(text), random_below(r, 2) ? "%llu" : "0x%llx",
                         (unsigned long long)v);

        assert_int_equal(parse_u64(text, (size_t)n, &got), 0);
        assert_true(got == v);
    }
}

static void test_parse_random(void **state)
{
    (void)state;
    random_runs("parse", 3, parse_run);
}

static void test_format_bytes(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1, "1 B"},
        {1023, "1023 B"},
        {1024, "1 KiB"},
        {1536, "1.5 KiB"},
        {64 << 20, "64 MiB"},
        {(1 << 20) - 1, "1023 KiB"},
        {3ULL << 29, "1.5 GiB"},
        {2ULL << 40, "2 TiB"},
        {1ULL << 50, "1 PiB"},
        {UINT64_MAX, "15.9 EiB"},
        {100 * 1024 + 512, "100 KiB"},
    };
    char buf[24];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(format_bytes(buf, sizeof(buf), cases[i].bytes), cases[i].text);
    assert_string_equal(format_bytes(buf, 4, 1536), "1.5");
}

static void test_errno_name(void **state)
{
    (void)state;
    assert_string_equal(errno_name(EIO), "EIO");
    assert_string_equal(errno_name(-EIO), "EIO");
    assert_string_equal(errno_name(-EAGAIN), "EAGAIN");
    assert_string_equal(errno_name(-ESRCH), "ESRCH");
    assert_string_equal(errno_name(-EADDRNOTAVAIL), "EADDRNOTAVAIL");
    assert_string_equal(errno_name(-ECANCELED), "ECANCELED");
    assert_string_equal(errno_name(0), "E?");
    assert_string_equal(errno_name(INT_MIN), "E?");
    assert_string_equal(errno_name(INT_MAX), "E?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_formats), cmocka_unit_test(test_several_arguments),
        cmocka_unit_test(test_own_ways),       cmocka_unit_test(test_precision_limits_reading),
        cmocka_unit_test(test_parse_u64),      cmocka_unit_test(test_parse_size),
        cmocka_unit_test(test_parse_duration), cmocka_unit_test(test_parse_random),
        cmocka_unit_test(test_format_bytes),   cmocka_unit_test(test_errno_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
