/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <stdlib.h>
#include <string.h>

static const char *value_of(const char *word, const char *key)
{
    const size_t n = strlen(key);

    return strncmp(word, key, n) == 0 ? word + n : NULL;
}

static bool take_port(const char *text, uint16_t *port)
{
    char *end;
    const unsigned long n = strtoul(text, &end, 10);

    *port = (uint16_t)n;
    return *text >= '0' && *text <= '9' && !*end && n > 0 && n <= UINT16_MAX;
}

static bool name_is_new(const struct options *o)
{
    for (unsigned i = 0; i < o->exports; i++) {
        if (strcmp(o->export[i].name, o->export[o->exports].name) == 0)
            return false;
    }
    return true;
}

static bool take(const char *word, struct options *o)
{
    const char *value;

    if ((value = value_of(word, "port=")))
        return take_port(value, &o->port);
    if ((value = value_of(word, "listen="))) {
        o->listen = value;
        return *value;
    }
    if ((value = value_of(word, "tls="))) {
        o->tls = value;
        return *value;
    }
    if (!(value = value_of(word, "export=")) || o->exports == OPTIONS_EXPORTS ||
        export_option_parse(value, &o->export[o->exports]) || !name_is_new(o))
        return false;
    o->exports++;
    return true;
}

const char *options_parse(int argc, char **argv, struct options *o)
{
    memset(o, 0, sizeof(*o));
    o->port = OPTIONS_PORT;
    for (int i = 1; i < argc; i++) {
        if (!take(argv[i], o))
            return argv[i];
    }
    return NULL;
}
