/* SPDX-License-Identifier: MIT */
#include "pairs.h"

#include <ringlet/format.h>
#include <ringlet/string.h>

bool text_number(const char *text, uint64_t *n)
{
    return parse_u64(text, strlen(text), n) == 0;
}

bool text_is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool pair_next(struct pairs *it)
{
    size_t n = 0;
    const char *at = it->rest;
    bool keyed = false;

    if (!at || !*at)
        return false;
    it->key[0] = '\0';
    for (; *at; at++) {
        if (*at == ',' && at[1] != ',')
            break;
        if (*at == ',')
            at++;
        if (*at == '=' && !keyed && n < sizeof(it->key)) {
            it->value[n] = '\0';
            memcpy(it->key, it->value, n + 1);
            keyed = true;
            n = 0;
        } else if (n < sizeof(it->value) - 1) {
            it->value[n++] = *at;
        }
    }
    it->value[n] = '\0';
    it->rest = *at ? at + 1 : NULL;
    return true;
}

const char *pair_find(struct pairs *it, const char *text, const char *key)
{
    *it = (struct pairs){.rest = text};
    while (pair_next(it))
        if (text_is(it->key, key))
            return it->value;
    return NULL;
}

bool pair_is(const char *text, const char *key, const char *value)
{
    struct pairs it;
    const char *found = pair_find(&it, text, key);

    return found && text_is(found, value);
}

bool pair_number(const char *text, const char *key, uint64_t max, uint64_t *n)
{
    struct pairs it;
    const char *found = pair_find(&it, text, key);

    return found && text_number(found, n) && *n <= max;
}
