/* SPDX-License-Identifier: MIT */
/* strcspn() of lib/libc, which takes the place of newlib's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

size_t our_strcspn(const char *s, const char *set);
#define strcspn our_strcspn
#include "lib/libc/strcspn.c"
#undef strcspn

/* A byte of the set, or none, at each place of a string. */
static void spans(void **state)
{
    static const char *const set[] = {"", "a", "zA", "xyz", "\x80\xff", "%_"};
    char s[40];

    (void)state;
    for (unsigned i = 0; i < sizeof(set) / sizeof(set[0]); i++)
        for (unsigned n = 0; n + 1 < sizeof(s); n++) {
            memset(s, 'b', sizeof(s));
            s[sizeof(s) - 1] = 0;
            s[n] = set[i][n % (strlen(set[i]) + 1)];
            assert_int_equal(our_strcspn(s, set[i]), strcspn(s, set[i]));
        }
}

/* Nothing is left of the set before. */
static void sets_are_apart(void **state)
{
    char all[256];

    (void)state;
    for (unsigned i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = 0;
    assert_int_equal(our_strcspn("abc", all), 0);
    assert_int_equal(our_strcspn(all, ""), 255);
    assert_int_equal(our_strcspn("", all), 0);
    assert_int_equal(our_strcspn(all, "\xff"), 254);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans),
        cmocka_unit_test(sets_are_apart),
    };

    return cmocka_run_group_tests_name("libc string", tests, NULL, NULL);
}
