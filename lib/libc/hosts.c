/* SPDX-License-Identifier: MIT */
/* The file of hosts: lines of an address and its names. "localhost" needs no file. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "netdb_private.h"

static const char *const files[] = {"/etc/hosts", "/rom/etc/hosts"};
#define BLANKS     " \t\r\n"
#define LINE_BYTES 512

static const struct socket_address loopback[] = {
    {.family = SOCKET_FAMILY_INET, .ip = {127, 0, 0, 1}},
    {.family = SOCKET_FAMILY_INET6, .ip = {[15] = 1}},
};

struct reader {
    FILE *file;
    char line[LINE_BYTES], *rest;
    struct socket_address address; /* of the line */
};

static bool open_hosts(struct reader *r)
{
    r->file = NULL;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !r->file; i++)
        r->file = fopen(files[i], "r");
    return r->file != NULL;
}

static bool parse(const char *text, struct socket_address *out)
{
    *out = (struct socket_address){.family = SOCKET_FAMILY_INET};
    if (inet_pton(AF_INET, text, out->ip) == 1)
        return true;
    out->family = SOCKET_FAMILY_INET6;
    return inet_pton(AF_INET6, text, out->ip) == 1;
}

/* The next line with an address; its names are next_name()'s. */
static bool next_line(struct reader *r)
{
    while (fgets(r->line, sizeof(r->line), r->file)) {
        char *address;

        r->line[strcspn(r->line, "#")] = '\0';
        r->rest = r->line;
        while ((address = strsep(&r->rest, BLANKS)) && !*address)
            ;
        if (address && parse(address, &r->address))
            return true;
    }
    return false;
}

static const char *next_name(struct reader *r)
{
    char *name;

    while ((name = strsep(&r->rest, BLANKS)) && !*name)
        ;
    return name;
}

static bool line_has(struct reader *r, const char *name)
{
    for (const char *n; (n = next_name(r));)
        if (!strcasecmp(n, name))
            return true;
    return false;
}

static void add(const struct socket_address *a, bool v4, bool v6, struct socket_address *out,
                int *count)
{
    if (*count < NETDB_ADDRESSES_MAX && (a->family == SOCKET_FAMILY_INET ? v4 : v6))
        out[(*count)++] = *a;
}

static bool is_localhost(const char *name)
{
    const size_t n = strlen(name), own = sizeof(".localhost") - 1;

    return !strcasecmp(name, "localhost") ||
           (n > own && !strcasecmp(name + n - own, ".localhost")); /* RFC 6761 */
}

int posix_netdb_hosts(const char *name, bool v4, bool v6,
                      struct socket_address out[NETDB_ADDRESSES_MAX])
{
    struct reader r;
    int count = 0;

    if (open_hosts(&r)) {
        while (next_line(&r))
            if (line_has(&r, name))
                add(&r.address, v4, v6, out, &count);
        fclose(r.file);
    }
    if (!count && is_localhost(name)) {
        add(&loopback[1], v4, v6, out, &count);
        add(&loopback[0], v4, v6, out, &count);
    }
    return count;
}

static bool is_same(const struct socket_address *a, const struct socket_address *b)
{
    return a->family == b->family &&
           !memcmp(a->ip, b->ip, a->family == SOCKET_FAMILY_INET ? 4 : 16);
}

bool posix_netdb_hosts_name(const struct socket_address *address, char *name, size_t size)
{
    const char *found = NULL;
    struct reader r;

    r.file = NULL;
    if (open_hosts(&r))
        while (!found && next_line(&r))
            if (is_same(&r.address, address))
                found = next_name(&r);
    if (!found && (is_same(address, &loopback[0]) || is_same(address, &loopback[1])))
        found = "localhost";
    if (found)
        snprintf(name, size, "%s", found);
    if (r.file)
        fclose(r.file);
    return found;
}
