/* SPDX-License-Identifier: MIT */
/* Texts of the form word,key=value,key=value, where ",," is a comma in a value. Pure. */
#ifndef STUBDM_PAIRS_H
#define STUBDM_PAIRS_H

#include "arguments.h"

struct pairs {
    const char *rest; /* NULL: the end */
    char key[32];     /* empty: a word without a key */
    char value[ARGUMENT_LENGTH_MAX];
};

/* The next pair, from {.rest = text} on. False: there is none. */
bool pair_next(struct pairs *it);
/* The value of a key, which is in *it; NULL: it is not there. */
const char *pair_find(struct pairs *it, const char *text, const char *key);
bool pair_is(const char *text, const char *key, const char *value);
/* The key's value is a number up to max: *n. */
bool pair_number(const char *text, const char *key, uint64_t max, uint64_t *n);

bool text_is(const char *a, const char *b);
/* The whole text is a number: *n. */
bool text_number(const char *text, uint64_t *n);

#endif
