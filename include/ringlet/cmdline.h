/* SPDX-License-Identifier: MIT */
/*
 * Command lines in fio's style: words `key=value`, separated by blanks. Each word must be known and
 * its value well formed; otherwise an error text names the word. Any context.
 */
#ifndef RINGLET_CMDLINE_H
#define RINGLET_CMDLINE_H

#include <ringlet/compiler.h>

enum option_type {
    OPT_BOOL,     /* bool: 0 or 1 */
    OPT_UINT,     /* uint64_t: decimal or 0x.. */
    OPT_SIZE,     /* uint64_t, bytes: k m g t suffixes */
    OPT_DURATION, /* uint64_t, ns: ns us ms s m suffixes, default seconds */
    OPT_STRING,   /* const char *: points into the command line */
    OPT_CHOICE,   /* unsigned: index of the value in choices[] */
    OPT_SIZES,    /* struct option_list: sizes separated by commas */
    OPT_UINTS,    /* struct option_list: numbers separated by commas */
    OPT_CHOICES,  /* struct option_list: indexes in choices[], separated by commas */
};

#define OPTION_LIST_MAX 16

struct option_list {
    unsigned count;
    uint64_t value[OPTION_LIST_MAX];
};

struct option {
    const char *name;
    enum option_type type;
    void *out;                  /* destination of the value, of the type's C type */
    uint64_t min, max;          /* inclusive, for numbers; max 0 = no limit */
    const char *const *choices; /* NULL-terminated */
    bool seen;                  /* set by cmdline_parse: a second occurrence is an error */
};

/*
 * Splits text in place into words, at most max-1, and ends argv with NULL. Quotes "..." keep blanks;
 * in them \" is a quote and \\ is a backslash, and any other backslash is itself. The number of
 * words, or -E2BIG when there are more, -EINVAL for an open quote.
 */
int cmdline_split(char *text, char **argv, unsigned max);

/*
 * Parses argv[0..argc). 0, or -EINVAL with a text in err that names the word and the error, such as
 * `bs=banana: not a size`, `nosuch=1: unknown option`, `seed=1: given twice`. The outputs of absent
 * options do not change.
 */
int cmdline_parse(int argc, char *const *argv, struct option *options, unsigned count, char *err,
                  size_t err_size);

#endif
