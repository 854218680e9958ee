/* SPDX-License-Identifier: MIT */
/* The command line. */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *parse(struct options *o, const char *const *words, int n)
{
    char *argv[32] = {(char *)"nbdserver"};

    for (int i = 0; i < n; i++)
        argv[i + 1] = (char *)words[i];
    return options_parse(n + 1, argv, o);
}

static void defaults(void **state)
{
    struct options o;

    (void)state;
    assert_null(parse(&o, NULL, 0));
    assert_int_equal(o.port, 10809);
    assert_null(o.listen);
    assert_int_equal(o.exports, 0);
}

static void all(void **state)
{
    static const char *const words[] = {"port=1234",           "listen=10.0.0.2",
                                        "export=xvda",         "export=xvdb:data",
                                        "export=xvdb:look:ro", "export=xvdc:ro"};
    struct options o;

    (void)state;
    assert_null(parse(&o, words, 6));
    assert_int_equal(o.port, 1234);
    assert_string_equal(o.listen, "10.0.0.2");
    assert_int_equal(o.exports, 4);
    assert_string_equal(o.export[0].name, "xvda");
    assert_false(o.export[0].read_only);
    assert_string_equal(o.export[1].disk, "xvdb");
    assert_string_equal(o.export[1].name, "data");
    assert_string_equal(o.export[2].name, "look");
    assert_true(o.export[2].read_only);
    assert_string_equal(o.export[3].name, "xvdc");
    assert_true(o.export[3].read_only);
}

static void wrong(void **state)
{
    static const char *const words[] = {"port=",
                                        "port=0",
                                        "port=65536",
                                        "port=-1",
                                        "port=12x",
                                        "listen=",
                                        "export=",
                                        "export=:x",
                                        "export=xvda:",
                                        "export=xvda::ro",
                                        "export=xvda:x:rw",
                                        "export=xvda:x:ro:",
                                        "export=xvda:a\001b",
                                        "export=12345678901234567",
                                        "verbose"};
    static const char *const twice[] = {"export=xvda", "export=xvdb:xvda"};
    char longest[8 + 64 + 1 + 5] = "export=xvda:";
    const char *const long_name[] = {longest};
    struct options o;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_ptr_equal(parse(&o, &words[i], 1), words[i]);
    assert_ptr_equal(parse(&o, twice, 2), twice[1]);
    memset(longest + 12, 'x', 63);
    assert_null(parse(&o, long_name, 1));
    longest[12 + 63] = 'x';
    assert_non_null(parse(&o, long_name, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(all),
        cmocka_unit_test(wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
