/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lwip/socket/inet.h"
#include "netdb_private.h"
#include "socket.h"

#define FLAGS                                                                            \
    (AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG | \
     AI_NUMERICSERV)

/* The types of sockets, in the order of the result. */
static const struct kind {
    int type, protocol;
    const char *name; /* of the protocol, for services; NULL: it has none */
} kinds[] = {
    {SOCK_STREAM, IPPROTO_TCP, "tcp"}, {SOCK_DGRAM, IPPROTO_UDP, "udp"}, {SOCK_RAW, 0, NULL}};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Raw sockets take any protocol; one that has a type of its own means that type. */
static bool fits(const struct kind *k, const struct addrinfo *hints)
{
    const int protocol = hints->ai_protocol;

    if (hints->ai_socktype ? hints->ai_socktype != k->type
                           : !k->protocol && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP))
        return false;
    return !protocol || !k->protocol || protocol == k->protocol;
}

/* ---- the service ---- */

/* The ports for each kind, -1: the kind has no such service. EAI_... or 0. */
static int find_ports(const char *service, const struct addrinfo *hints, int ports[KINDS])
{
    unsigned long number = 0;
    bool some = false, fit = false;
    char *end = NULL;

    if (service) {
        number = strtoul(service, &end, 10);
        if (!*service || *end || *service == '-' || *service == '+')
            end = NULL;
        if (end && number > UINT16_MAX)
            return EAI_SERVICE;
        if (!end && (hints->ai_flags & AI_NUMERICSERV))
            return EAI_NONAME;
    }
    for (size_t i = 0; i < KINDS; i++) {
        ports[i] = -1;
        if (!fits(&kinds[i], hints))
            continue;
        fit = true;
        if (!service || end)
            ports[i] = (int)number;
        else if (kinds[i].name)
            ports[i] = posix_netdb_port(service, kinds[i].name);
        some |= ports[i] >= 0;
    }
    if (!fit)
        return EAI_SOCKTYPE;
    return some ? 0 : EAI_SERVICE;
}

/* ---- the host ---- */

/* "fe80::1%vif0" or "%2": the part behind the sign. False: no such interface. */
static bool find_scope(const char *text, uint32_t *out)
{
    char *end;

    *out = (uint32_t)strtoul(text, &end, 10);
    if (*text && !*end)
        return true;
    *out = if_nametoindex(text);
    return *out != 0;
}

static bool parse_v6(const char *host, struct socket_address *out)
{
    const char *sign = strchr(host, '%');
    const size_t length = sign ? (size_t)(sign - host) : strlen(host);
    char address[INET6_ADDRSTRLEN];

    if (length >= sizeof(address))
        return false;
    memcpy(address, host, length);
    address[length] = '\0';
    *out = (struct socket_address){.family = AF_INET6};
    return inet_pton(AF_INET6, address, out->ip) == 1 &&
           (!sign || find_scope(sign + 1, &out->scope));
}

static bool parse_v4(const char *host, struct socket_address *out)
{
    struct in_addr address;

    if (!inet_aton(host, &address))
        return false;
    *out = (struct socket_address){.family = AF_INET};
    memcpy(out->ip, &address, sizeof(address));
    return true;
}

static void map(struct socket_address *a)
{
    uint8_t v4[4];

    memcpy(v4, a->ip, sizeof(v4));
    *a = (struct socket_address){.family = AF_INET6, .ip = {[10] = 0xff, [11] = 0xff}};
    memcpy(a->ip + 12, v4, sizeof(v4));
}

/* A number of the wrong family is an error, unless it can be mapped. */
static int check_family(const struct addrinfo *hints, struct socket_address *a)
{
    if (!hints->ai_family || hints->ai_family == a->family)
        return 1;
    if (a->family == AF_INET && (hints->ai_flags & AI_V4MAPPED)) {
        map(a);
        return 1;
    }
    return EAI_ADDRFAMILY;
}

static int no_host(const struct addrinfo *hints, struct socket_address *out)
{
    const bool passive = hints->ai_flags & AI_PASSIVE;
    struct socket_address v4 = {.family = AF_INET}, v6 = {.family = AF_INET6};
    int count = 0;

    if (!passive) {
        memcpy(v4.ip, (const uint8_t[]){127, 0, 0, 1}, 4);
        v6.ip[15] = 1;
    }
    /* as glibc: the preferred loopback address first, and the widest address to listen on first */
    if (hints->ai_family != AF_INET && !passive)
        out[count++] = v6;
    if (hints->ai_family != AF_INET6)
        out[count++] = v4;
    if (hints->ai_family != AF_INET && passive)
        out[count++] = v6;
    return count;
}

/* Whether the host has an address of a family, apart from its loopback interface. */
static bool is_configured(int family)
{
    for (struct inet_interface i = {.index = 0}; !inet_interface(i.index + 1, &i);)
        for (unsigned n = 0; n < i.count && !i.loopback; n++)
            if (i.address[n].family == family)
                return true;
    return false;
}

static int by_name(const char *host, const struct addrinfo *hints, struct socket_address *out)
{
    const bool configured = !(hints->ai_flags & AI_ADDRCONFIG);
    const bool mapped = hints->ai_family == AF_INET6 && (hints->ai_flags & AI_V4MAPPED);
    const bool v4 = hints->ai_family != AF_INET6 && (configured || is_configured(AF_INET));
    const bool v6 = hints->ai_family != AF_INET && (configured || is_configured(AF_INET6));
    int count = EAI_NONAME;

    /* names of this host itself have their addresses without a network */
    if (!v4 && !v6)
        count =
            posix_netdb_hosts(host, hints->ai_family != AF_INET6, hints->ai_family != AF_INET, out);
    else
        count = posix_netdb_lookup(host, v4 || (mapped && (hints->ai_flags & AI_ALL)), v6, out);
    if (count <= 0 && mapped)
        count = posix_netdb_lookup(host, true, false, out);
    for (int i = 0; i < count && mapped; i++)
        if (out[i].family == AF_INET)
            map(&out[i]);
    return count ? count : EAI_NONAME;
}

/* The number of addresses, or EAI_... */
static int find_host(const char *host, const struct addrinfo *hints, struct socket_address *out)
{
    if (!host)
        return no_host(hints, out);
    if (parse_v4(host, out) || parse_v6(host, out))
        return check_family(hints, out);
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    return by_name(host, hints, out);
}

/* ---- the result ---- */

struct entry {
    struct addrinfo info; /* first */
    struct sockaddr_storage address;
};

static struct addrinfo *make(const struct socket_address *address, const struct kind *kind,
                             int port, const struct addrinfo *hints)
{
    struct entry *e = calloc(1, sizeof(*e));
    struct socket_address a = *address;

    if (!e)
        return NULL;
    a.port = (uint16_t)port;
    e->info = (struct addrinfo){
        .ai_flags = hints->ai_flags,
        .ai_family = a.family,
        .ai_socktype = kind->type,
        .ai_protocol = kind->protocol ? kind->protocol : hints->ai_protocol,
        .ai_addrlen = posix_sockaddr(&a, &e->address),
        .ai_addr = (struct sockaddr *)&e->address,
    };
    return &e->info;
}

static int make_all(const struct socket_address *addresses, int count, const int ports[KINDS],
                    const struct addrinfo *hints, struct addrinfo **out)
{
    struct addrinfo **end = out;

    *out = NULL;
    for (int n = 0; n < count; n++) {
        for (size_t k = 0; k < KINDS; k++) {
            if (ports[k] < 0)
                continue;
            *end = make(&addresses[n], &kinds[k], ports[k], hints);
            if (!*end)
                return EAI_MEMORY;
            end = &(*end)->ai_next;
        }
    }
    return 0;
}

static int check_hints(const struct addrinfo *h)
{
    if (h->ai_flags & ~FLAGS)
        return EAI_BADFLAGS;
    if (h->ai_family != AF_UNSPEC && h->ai_family != AF_INET && h->ai_family != AF_INET6)
        return EAI_FAMILY;
    return 0;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    static const struct addrinfo none = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
    struct socket_address addresses[NETDB_ADDRESSES_MAX];
    int ports[KINDS], ret, count;

    if (!host && !service)
        return EAI_NONAME;
    hints = hints ? hints : &none;
    ret = check_hints(hints);
    if (!ret && (hints->ai_flags & AI_CANONNAME) && !host)
        ret = EAI_BADFLAGS;
    if (!ret)
        ret = find_ports(service, hints, ports);
    if (ret)
        return ret;
    count = find_host(host, hints, addresses);
    if (count < 0)
        return count;
    ret = make_all(addresses, count, ports, hints, out);
    if (!ret && (hints->ai_flags & AI_CANONNAME)) {
        (*out)->ai_canonname = strdup(host);
        ret = (*out)->ai_canonname ? 0 : EAI_MEMORY;
    }
    if (ret)
        freeaddrinfo(*out);
    return ret;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;

        free(list->ai_canonname);
        free(list);
        list = next;
    }
}

const char *gai_strerror(int error)
{
    switch (error) {
    case 0:
        return "Success";
    case EAI_BADFLAGS:
        return "Flags that are not valid";
    case EAI_NONAME:
        return "Name or service not known";
    case EAI_AGAIN:
        return "Temporary failure in name resolution";
    case EAI_FAIL:
        return "Name resolution failed";
    case EAI_FAMILY:
        return "Address family not supported";
    case EAI_SOCKTYPE:
        return "Socket type not supported";
    case EAI_SERVICE:
        return "Service not available for the socket type";
    case EAI_MEMORY:
        return "Out of memory";
    case EAI_SYSTEM:
        return "System error";
    case EAI_OVERFLOW:
        return "Result too large for the buffer";
    case EAI_NODATA:
        return "No address for the name";
    case EAI_ADDRFAMILY:
        return "The name has no address of the family";
    default:
        return "Unknown error";
    }
}
