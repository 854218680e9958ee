/* SPDX-License-Identifier: MIT */
/*
 * Options of a command line, as POSIX and GNU's manual have them; newlib's begin with optind 0, know
 * long options of one dash only with a plus sign, and do not begin again when a program sets optind to
 * 1. tests/unit/test_getopt.c compares with the host's.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *optarg;
int optind = 1, opterr = 1, optopt = '?';

/* What is left of the element whose options are being read; NULL or "": the next element's turn. */
static char *rest;
/* Elements that are no options, and were passed: argv[first..last). They are moved behind the options. */
static int first = 1, last = 1;

struct scan {
    int argc;
    char **argv;
    const char *letters;
    const struct option *longs;
    int *index;
    bool only;  /* one dash begins a long option, too */
    bool colon; /* a missing argument is ':', and nothing is printed */
};

static bool says(const struct scan *s)
{
    return opterr && !s->colon;
}

static void reverse(char **argv, int from, int to)
{
    while (from < --to) {
        char *element = argv[from];

        argv[from++] = argv[to];
        argv[to] = element;
    }
}

/* The options argv[last..optind) change places with what was passed in front of them. */
static void move_passed(char **argv)
{
    reverse(argv, first, last);
    reverse(argv, last, optind);
    reverse(argv, first, optind);
    first += optind - last;
    last = optind;
}

static bool is_option(const char *element)
{
    return element[0] == '-' && element[1] != '\0';
}

/* ---- long options ---- */

static bool differ(const struct option *a, const struct option *b)
{
    return a->has_arg != b->has_arg || a->flag != b->flag || a->val != b->val;
}

/* The option of that name, or the only one that begins so; NULL: none, or several. */
static const struct option *find(const struct scan *s, size_t length, bool *several)
{
    const struct option *found = NULL;

    *several = false;
    for (const struct option *o = s->longs; o->name; o++) {
        if (strncmp(o->name, rest, length) != 0)
            continue;
        if (o->name[length] == '\0') {
            *several = false;
            return o;
        }
        if (!found)
            found = o;
        else if (s->only || differ(found, o))
            *several = true;
    }
    return *several ? NULL : found;
}

static int no_such(const struct scan *s, const char *dashes, size_t length, bool several)
{
    if (says(s)) {
        fprintf(stderr,
                several ? "%s: option '%s%s' is ambiguous" : "%s: unrecognized option '%s%s'",
                s->argv[0], dashes, rest);
        if (several)
            fputs("; possibilities:", stderr);
        for (const struct option *o = s->longs; several && o->name; o++)
            if (strncmp(o->name, rest, length) == 0)
                fprintf(stderr, " '%s%s'", dashes, o->name);
        fputc('\n', stderr);
    }
    rest = NULL;
    optind++;
    optopt = 0;
    return '?';
}

/* -1: it may be a short option. */
static int long_option(const struct scan *s, const char *dashes)
{
    const size_t length = strcspn(rest, "=");
    char *value = rest[length] ? rest + length + 1 : NULL;
    bool several;
    const struct option *o = find(s, length, &several);

    if (!o) {
        if (!several && s->only && s->argv[optind][1] != '-' && strchr(s->letters, *rest))
            return -1;
        return no_such(s, dashes, length, several);
    }
    rest = NULL;
    optind++;
    if (value && !o->has_arg) {
        if (says(s))
            fprintf(stderr, "%s: option '%s%s' doesn't allow an argument\n", s->argv[0], dashes,
                    o->name);
        optopt = o->val;
        return '?';
    }
    if (!value && o->has_arg == required_argument) {
        if (optind >= s->argc) {
            if (says(s))
                fprintf(stderr, "%s: option '%s%s' requires an argument\n", s->argv[0], dashes,
                        o->name);
            optopt = o->val;
            return s->colon ? ':' : '?';
        }
        value = s->argv[optind++];
    }
    optarg = value;
    if (s->index)
        *s->index = (int)(o - s->longs);
    if (!o->flag)
        return o->val;
    *o->flag = o->val;
    return 0;
}

/* ---- short options ---- */

static int needs_argument(const struct scan *s, char letter)
{
    if (says(s))
        fprintf(stderr, "%s: option requires an argument -- '%c'\n", s->argv[0], letter);
    optopt = (unsigned char)letter;
    return s->colon ? ':' : '?';
}

static int short_option(struct scan *s)
{
    const char letter = *rest++;
    const char *found = strchr(s->letters, letter);

    if (*rest == '\0')
        optind++;
    if (!found || letter == ':' || letter == ';') {
        if (says(s))
            fprintf(stderr, "%s: invalid option -- '%c'\n", s->argv[0], letter);
        optopt = (unsigned char)letter;
        return '?';
    }
    if (letter == 'W' && found[1] == ';' && s->longs) {
        if (*rest == '\0') {
            if (optind >= s->argc)
                return needs_argument(s, letter);
            rest = s->argv[optind];
        }
        s->only = false;
        return long_option(s, "-W ");
    }
    if (found[1] == ':') {
        if (*rest != '\0') {
            optarg = rest;
            optind++;
        } else if (found[2] != ':') {
            rest = NULL;
            if (optind >= s->argc)
                return needs_argument(s, letter);
            optarg = s->argv[optind++];
        }
        rest = NULL;
    }
    return (unsigned char)letter;
}

/* ---- elements ---- */

/* Finds the next element with options: 0, or what the caller returns. */
static int next_element(const struct scan *s, char order)
{
    if (last > optind)
        last = optind;
    if (first > optind)
        first = optind;
    if (!order) {
        if (first != last && last != optind)
            move_passed(s->argv);
        else if (last != optind)
            first = optind;
        while (optind < s->argc && !is_option(s->argv[optind]))
            optind++;
        last = optind;
    }
    if (optind < s->argc && strcmp(s->argv[optind], "--") == 0) {
        optind++;
        if (first != last && last != optind)
            move_passed(s->argv);
        else if (first == last)
            first = optind;
        last = optind = s->argc;
    }
    if (optind >= s->argc) {
        if (first != last)
            optind = first;
        return -1;
    }
    if (is_option(s->argv[optind]))
        return 0;
    if (order == '+')
        return -1;
    optarg = s->argv[optind++];
    return 1;
}

static int scan(int argc, char *const argv[], const char *letters, const struct option *longs,
                int *index, bool only)
{
    struct scan s = {argc, (char **)argv, letters, longs, index, only, false};
    char order = 0;
    int ret;

    if (argc < 1)
        return -1;
    optarg = NULL;
    if (optind == 0) {
        first = last = optind = 1;
        rest = NULL;
    }
    if (*s.letters == '-' || *s.letters == '+')
        order = *s.letters++;
    else if (getenv("POSIXLY_CORRECT"))
        order = '+';
    if (*s.letters == ':') {
        s.letters++;
        s.colon = true;
    }
    if (!rest || *rest == '\0') {
        const char *element;

        ret = next_element(&s, order);
        if (ret)
            return ret;
        element = s.argv[optind];
        rest = s.argv[optind] + 1;
        if (longs && element[1] == '-') {
            rest++;
            return long_option(&s, "--");
        }
        if (longs && only && (element[2] != '\0' || !strchr(s.letters, element[1]))) {
            ret = long_option(&s, "-");
            if (ret != -1)
                return ret;
        }
    }
    return short_option(&s);
}

int getopt(int argc, char *const argv[], const char *letters)
{
    return scan(argc, argv, letters, NULL, NULL, false);
}

int getopt_long(int argc, char *const argv[], const char *letters, const struct option *longs,
                int *index)
{
    return scan(argc, argv, letters, longs, index, false);
}

int getopt_long_only(int argc, char *const argv[], const char *letters, const struct option *longs,
                     int *index)
{
    return scan(argc, argv, letters, longs, index, true);
}
