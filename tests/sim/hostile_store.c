/* SPDX-License-Identifier: MIT */
/* What a hostile backend (or a broken toolstack) writes to XenStore. */
#include "hostile.h"

#include <stdio.h>

static const char *const keys[] = {
    "sectors",
    "sector-size",
    "info",
    "mode",
    "physical-sector-size",
    "max-ring-page-order",
    "max-ring-pages",
    "feature-max-indirect-segments",
    "multi-queue-max-queues",
    "feature-persistent",
    "feature-flush-cache",
    "feature-barrier",
    "feature-discard",
    "discard-granularity",
    "discard-alignment",
    "discard-secure",
    "state",
};

/* kinds of values for any key; one of the keys, all of them, or the frontend's own */
enum value { MISSING, EMPTY, WORD, NEGATIVE, TWO_64, LONG, EMBEDDED_NUL, VALUES };

static const char *const value_name[VALUES] = {
    "missing", "empty", "non-numeric", "negative", "2^64", "4 KiB long", "embedded NUL",
};

/* a key and its value */
static const struct {
    const char *key, *value;
} pairs[] = {
    {"sector-size", "0"},
    {"sector-size", "511"},
    {"sector-size", "520"},
    {"sector-size", "3"},
    {"sector-size", "2147483648"},
    {"max-ring-page-order", "31"},
    {"multi-queue-max-queues", "0"},
    {"multi-queue-max-queues", "4294967296"},
    {"feature-max-indirect-segments", "0"},
    {"feature-max-indirect-segments", "1"},
    {"feature-max-indirect-segments", "11"},
    {"feature-max-indirect-segments", "12"},
    {"feature-max-indirect-segments", "257"},
    {"feature-max-indirect-segments", "65535"},
    {"sectors", "0"},
    {"sectors", "1"},
    {"sectors", "9223372036854775808"},
    {"sectors", "18446744073709551615"},
    {"max-ring-pages", "0"},
    {"max-ring-pages", "3"},
    {"max-ring-pages", "4294967295"},
    {"mode", "x"},
    {"discard-granularity", "0"},
    {"discard-granularity", "1"},
    {"discard-granularity", "4294967295"},
    {"discard-alignment", "4294967295"},
    {"info", "4294967295"},
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
    return 3 * VALUES + ARRAY_SIZE(pairs);
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
        snprintf(name, sizeof(name), "%s is %s", pairs[what - 3 * VALUES].key,
                 pairs[what - 3 * VALUES].value);
    return name;
}

void hostile_store(struct backend *b, unsigned what)
{
    static const char *const own[] = {"backend", "backend-id", "trusted",
                                      "state",   "ring-ref",   "event-channel"};

    if (what < VALUES) {
        put(b->directory, keys[below(ARRAY_SIZE(keys))], (enum value)what);
    } else if (what < 2 * VALUES) {
        for (unsigned i = 0; i < ARRAY_SIZE(keys) - 1; i++)
            put(b->directory, keys[i], (enum value)(what - VALUES));
    } else if (what < 3 * VALUES) {
        put(b->frontend, own[below(ARRAY_SIZE(own))], (enum value)(what - 2 * VALUES));
    } else {
        store_text(b->directory, pairs[what - 3 * VALUES].key, pairs[what - 3 * VALUES].value);
    }
}

void hostile_random_state(struct backend *b)
{
    static const char *const odd[] = {"", "9", "77", "-1", "x", "18446744073709551616"};
    unsigned pick = below(16);

    if (pick < 9)
        backend_set_state(b, pick);
    else if (pick < 15)
        store_text(b->directory, "state", odd[pick - 9]);
    else
        store_remove(b->directory, "state");
}
