/* SPDX-License-Identifier: MIT */
/* The C library's getopt beside the host's (glibc's), with random command lines. */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/random.h"

/* the host's functions, and what the code under test has instead */
static char *host_optarg(void)
{
    return optarg;
}

static int *host_optind(void)
{
    return &optind;
}

static int *host_optopt(void)
{
    return &optopt;
}

static int host_scan(int only, int argc, char **argv, const char *letters,
                     const struct option *longs, int *index)
{
    opterr = 0;
    return only < 0 ? getopt(argc, argv, letters)
           : only   ? getopt_long_only(argc, argv, letters, longs, index)
                    : getopt_long(argc, argv, letters, longs, index);
}

#define optarg           our_optarg
#define optind           our_optind
#define opterr           our_opterr
#define optopt           our_optopt
#define getopt           our_getopt
#define getopt_long      our_getopt_long
#define getopt_long_only our_getopt_long_only
int getopt(int argc, char *const argv[], const char *letters);
int getopt_long(int argc, char *const argv[], const char *letters, const struct option *longs,
                int *index);
int getopt_long_only(int argc, char *const argv[], const char *letters, const struct option *longs,
                     int *index);
#include "lib/libc/getopt.c"

#define WORDS 7

static int our_scan(int how, int argc, char **argv, const char *letters, const struct option *longs,
                    int *index)
{
    opterr = 0;
    return how < 0 ? getopt(argc, argv, letters)
           : how   ? getopt_long_only(argc, argv, letters, longs, index)
                   : getopt_long(argc, argv, letters, longs, index);
}

static int flag[2];

/* What both say of each option of one command line, and how they leave it. */
static void compare(struct random *r)
{
    static const char *const letters[] = {
        "ab:c::", "+ab:c::", "-ab:c::", ":ab:c::", "-:b:", "aW;b:", "",
    };
    static const char *const words[] = {
        "-a",      "-b",          "-bX",     "-c",     "-cX",     "-ab",     "-abX",    "--alpha",
        "--alp",   "--alphabet=", "--beta",  "--be",   "--bet=1", "--gamma", "--gam=1", "--n",
        "-alpha",  "-bet=3",      "-be",     "-g",     "word",    "-",       "--",      "-W",
        "-Walpha", "-Wbeta",      "another", "",       "-z",      "-:",      "-;",      "-W=",
        "--=",     "-alphabet",   "--beta=", "-zalpha"};
    char *argv[2][WORDS + 2] = {{"name"}, {"name"}};
    const int how = (int)random_below(r, 3) - 1, argc = 1 + (int)random_below(r, WORDS);
    const char *letter = letters[random_below(r, sizeof(letters) / sizeof(*letters))];
    const struct option longs[2][6] = {{{"alpha", 0, NULL, 'A'},
                                        {"alphabet", 1, NULL, 'B'},
                                        {"beta", 1, NULL, 'b'},
                                        {"bet", 2, NULL, 'e'},
                                        {"gamma", 0, &flag[0], 7},
                                        {NULL, 0, NULL, 0}},
                                       {{"alpha", 0, NULL, 'A'},
                                        {"alphabet", 1, NULL, 'B'},
                                        {"beta", 1, NULL, 'b'},
                                        {"bet", 2, NULL, 'e'},
                                        {"gamma", 0, &flag[1], 7},
                                        {NULL, 0, NULL, 0}}};
    int ret = 0;

    for (int i = 1; i < argc; i++)
        argv[0][i] = argv[1][i] = (char *)words[random_below(r, sizeof(words) / sizeof(*words))];
    *host_optind() = 0;
    optind = (int)random_below(r, 2); /* after a scan, both mean the beginning */
    flag[0] = flag[1] = 0;
    for (int calls = 0; ret != -1 && calls < 50; calls++) {
        int index[2] = {-1, -1};
        int host = host_scan(how, argc, argv[0], letter, longs[0], &index[0]);

        ret = our_scan(how, argc, argv[1], letter, longs[1], &index[1]);
        assert_int_equal(ret, host);
        assert_int_equal(optind, *host_optind());
        assert_ptr_equal(optarg, host_optarg());
        if (ret == '?' || ret == ':')
            assert_int_equal(optopt, *host_optopt());
        assert_int_equal(index[1], index[0]);
        assert_int_equal(flag[1], flag[0]);
        assert_memory_equal(argv[1], argv[0], sizeof(argv[0]));
    }
    assert_int_equal(ret, -1);
}

static void run(struct random *r)
{
    for (int i = 0; i < 20000; i++)
        compare(r);
}

static void test_as_the_hosts(void **state)
{
    (void)state;
    random_runs("getopt", 3, run);
}

/* The text for the user, from the guest's words. */
static void test_what_is_said(void **state)
{
    static const struct option longs[] = {
        {"size", 1, NULL, 's'}, {"since", 0, NULL, 't'}, {NULL, 0, NULL, 0}};
    char *argv[] = {"prog", "-x", "--si", "--none", "--since=1", "--size", NULL};
    FILE *real = stderr;
    char *text;
    size_t size;

    (void)state;
    stderr = open_memstream(&text, &size);
    optind = 0;
    opterr = 1;
    while (getopt_long(6, argv, "", longs, NULL) != -1)
        ;
    fclose(stderr);
    stderr = real;
    assert_string_equal(text,
                        "prog: invalid option -- 'x'\n"
                        "prog: option '--si' is ambiguous; possibilities: '--size' '--since'\n"
                        "prog: unrecognized option '--none'\n"
                        "prog: option '--since' doesn't allow an argument\n"
                        "prog: option '--size' requires an argument\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_hosts),
        cmocka_unit_test(test_what_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
