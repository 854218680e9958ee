/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netdb_private.h"
#include "socket.h"

#define FLAGS \
    (NI_NUMERICHOST | NI_NUMERICSERV | NI_NOFQDN | NI_NAMEREQD | NI_DGRAM | NI_NUMERICSCOPE)

static int put(const char *text, char *out, socklen_t size)
{
    if (strlen(text) >= size)
        return EAI_OVERFLOW;
    strcpy(out, text);
    return 0;
}

static void number(const struct socket_address *a, int flags, char *out, size_t size)
{
    char name[IF_NAMESIZE];

    inet_ntop(a->family, a->ip, out, (socklen_t)size);
    if (!a->scope)
        return;
    size -= strlen(out);
    out += strlen(out);
    if (!(flags & NI_NUMERICSCOPE) && if_indextoname(a->scope, name))
        snprintf(out, size, "%%%s", name);
    else
        snprintf(out, size, "%%%lu", (unsigned long)a->scope);
}

/* Names are those of the file of hosts: lwIP does not ask DNS for them. */
static int give_host(const struct socket_address *a, int flags, char *out, socklen_t size)
{
    char text[256];

    if (!(flags & NI_NUMERICHOST) && posix_netdb_hosts_name(a, text, sizeof(text)))
        return put(text, out, size);
    if (flags & NI_NAMEREQD)
        return EAI_NONAME;
    number(a, flags, text, sizeof(text));
    return put(text, out, size);
}

static int give_service(const struct socket_address *a, int flags, char *out, socklen_t size)
{
    const char *name = flags & NI_NUMERICSERV
                           ? NULL
                           : posix_netdb_service(a->port, flags & NI_DGRAM ? "udp" : "tcp");
    char text[8];

    snprintf(text, sizeof(text), "%u", a->port);
    return put(name ? name : text, out, size);
}

int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
                char *service, socklen_t service_size, int flags)
{
    struct socket_address a;
    int ret = 0;

    if (flags & ~FLAGS)
        return EAI_BADFLAGS;
    if (posix_address(address, length, &a) || (a.family != AF_INET && a.family != AF_INET6))
        return EAI_FAMILY;
    if (host && host_size)
        ret = give_host(&a, flags, host, host_size);
    if (!ret && service && service_size)
        ret = give_service(&a, flags, service, service_size);
    return ret;
}
