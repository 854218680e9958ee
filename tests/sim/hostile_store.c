/* SPDX-License-Identifier: MIT */
/* The XenStore values of a hostile backend (or a broken toolstack). */
#include "hostile.h"

#include <stdio.h>

/* kinds of values for any key; one of the backend's keys, all of them, or one of the frontend's */
enum value { MISSING, EMPTY, WORD, NEGATIVE, TWO_64, LONG, EMBEDDED_NUL, VALUES };

static const char *const value_name[VALUES] = {
    "missing", "empty", "non-numeric", "negative", "2^64", "4 KiB long", "embedded NUL",
};

static void put(const char *dir, const char *key, enum value v)
{
    static char text[4097];

    switch (v) {
    case MISSING:
        store_remove(dir, key);
        break;
    case EMPTY:
        store_text(dir, key, "");
        break;
    case WORD:
        store_text(dir, key, "banana");
        break;
    case NEGATIVE:
        store_text(dir, key, "-1");
        break;
    case TWO_64:
        store_text(dir, key, "18446744073709551616");
        break;
    case LONG:
        memset(text, '1', 4096);
        store_set(dir, key, text, 4096);
        break;
    default:
        store_set(dir, key,
                  "5\0"
                  "12",
                  4);
    }
}

unsigned hostile_store_count(void)
{
    return 3 * VALUES + hostile_kind->pair_count + hostile_kind->own_pair_count;
}

static const struct hostile_pair *pair_of(unsigned what)
{
    unsigned n = what - 3 * VALUES;

    return n < hostile_kind->pair_count ? &hostile_kind->pair[n]
                                        : &hostile_kind->own_pair[n - hostile_kind->pair_count];
}

const char *hostile_store_name(unsigned what)
{
    static char name[80];

    if (what < VALUES)
        snprintf(name, sizeof(name), "a key of the backend's is %s", value_name[what]);
    else if (what < 2 * VALUES)
        snprintf(name, sizeof(name), "every key of the backend's is %s", value_name[what - VALUES]);
    else if (what < 3 * VALUES)
        snprintf(name, sizeof(name), "a key in the frontend's directory is %s",
                 value_name[what - 2 * VALUES]);
    else
        snprintf(name, sizeof(name), "%s is %s", pair_of(what)->key, pair_of(what)->value);
    return name;
}

void hostile_store(struct peer *p, unsigned what)
{
    const struct hostile_kind *k = hostile_kind;

    if (what < VALUES) {
        put(p->directory, k->key[below(k->key_count)], (enum value)what);
    } else if (what < 2 * VALUES) {
        for (unsigned i = 0; i < k->key_count; i++)
            if (strcmp(k->key[i], "state") != 0)
                put(p->directory, k->key[i], (enum value)(what - VALUES));
    } else if (what < 3 * VALUES) {
        put(p->frontend, k->own[below(k->own_count)], (enum value)(what - 2 * VALUES));
    } else {
        const struct hostile_pair *pair = pair_of(what);

        store_text(what - 3 * VALUES < k->pair_count ? p->directory : p->frontend, pair->key,
                   pair->value);
    }
}

void hostile_random_state(struct peer *p)
{
    static const char *const odd[] = {"", "9", "77", "-1", "x", "18446744073709551616"};
    unsigned pick = below(16);

    if (pick < 9)
        peer_set_state(p, pick);
    else if (pick < 15)
        store_text(p->directory, "state", odd[pick - 9]);
    else
        store_remove(p->directory, "state");
}
