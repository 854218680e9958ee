/* SPDX-License-Identifier: MIT */
/* Addresses of IPv4 as text, in the forms that BSD's functions take: 1 to 4 parts, the last one of as
 * many bytes as are left, each decimal, octal (0...) or hexadecimal (0x...). */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A number of up to max, and *text moves behind it. */
static bool part(const char **text, unsigned long max, unsigned long *out)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    *out = strtoul(*text, &end, 0);
    if (end == *text || *out > max)
        return false;
    *text = end;
    return true;
}

/* The number of parts; 0: not an address. */
static unsigned parts(const char *text, unsigned long values[4])
{
    unsigned n = 0;

    for (;;) {
        if (n == 4 || !part(&text, UINT32_MAX, &values[n++]))
            return 0;
        if (*text != '.')
            break;
        text++;
    }
    return !*text || isspace((unsigned char)*text) ? n : 0;
}

int inet_aton(const char *text, struct in_addr *out)
{
    unsigned long values[4];
    const unsigned n = parts(text, values);
    uint32_t address = 0;

    if (!n)
        return 0;
    for (unsigned i = 0; i + 1 < n; i++) {
        if (values[i] > 255)
            return 0;
        address |= (uint32_t)values[i] << (24 - 8 * i);
    }
    if (values[n - 1] > UINT32_MAX >> (8 * (n - 1)))
        return 0;
    if (out)
        out->s_addr = htonl(address | (uint32_t)values[n - 1]);
    return 1;
}

in_addr_t inet_addr(const char *text)
{
    struct in_addr address;

    return inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}

in_addr_t inet_network(const char *text)
{
    unsigned long values[4];
    const unsigned n = parts(text, values);
    in_addr_t net = 0;

    if (!n)
        return INADDR_NONE;
    for (unsigned i = 0; i < n; i++) {
        if (values[i] > 255)
            return INADDR_NONE;
        net = net << 8 | (in_addr_t)values[i];
    }
    return net;
}

char *inet_ntoa(struct in_addr address)
{
    static char text[INET_ADDRSTRLEN];

    return (char *)(uintptr_t)inet_ntop(AF_INET, &address, text, sizeof(text));
}

/* ---- networks by class ---- */

static in_addr_t host_mask(in_addr_t address)
{
    return IN_CLASSA(address)   ? IN_CLASSA_HOST
           : IN_CLASSB(address) ? IN_CLASSB_HOST
                                : IN_CLASSC_HOST;
}

in_addr_t inet_lnaof(struct in_addr address)
{
    const in_addr_t a = ntohl(address.s_addr);

    return a & host_mask(a);
}

in_addr_t inet_netof(struct in_addr address)
{
    const in_addr_t a = ntohl(address.s_addr), mask = host_mask(a);

    return (a & ~mask) >> __builtin_popcount(mask);
}

struct in_addr inet_makeaddr(in_addr_t net, in_addr_t host)
{
    const unsigned shift = net < 128 ? 24 : net < 65536 ? 16 : net < 1u << 24 ? 8 : 0;

    return (struct in_addr){htonl(net << shift | host)};
}
