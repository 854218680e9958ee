/* SPDX-License-Identifier: MIT */
/* The older functions for names of hosts. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netdb_private.h"

int h_errno;

/* The layout of the buffer that a caller gives, or of a static one. */
struct layout {
    char *aliases[1], *list[NETDB_ADDRESSES_MAX + 1];
    uint8_t addresses[NETDB_ADDRESSES_MAX][16];
};

static int h_error(int error)
{
    switch (error) {
    case EAI_NONAME:
        return HOST_NOT_FOUND;
    case EAI_AGAIN:
        return TRY_AGAIN;
    case EAI_SYSTEM:
        return NETDB_INTERNAL;
    default:
        return NO_RECOVERY;
    }
}

static bool parse(const char *name, int family, struct socket_address *out)
{
    *out = (struct socket_address){.family = (uint16_t)family};
    if (family == AF_INET6)
        return inet_pton(AF_INET6, name, out->ip) == 1;
    return inet_aton(name, (struct in_addr *)(void *)out->ip);
}

/* 0, or ERANGE: the buffer is too small. */
static int fill(const char *name, int family, const struct socket_address *found, int count,
                struct hostent *out, char *buf, size_t size)
{
    const size_t align = -(uintptr_t)buf % _Alignof(struct layout), length = strlen(name) + 1;
    struct layout *l = (struct layout *)(void *)(buf + align);

    if (size < align + sizeof(*l) + length)
        return ERANGE;
    memset(l, 0, sizeof(*l));
    for (int i = 0; i < count; i++) {
        memcpy(l->addresses[i], found[i].ip, sizeof(l->addresses[i]));
        l->list[i] = (char *)l->addresses[i];
    }
    *out = (struct hostent){.h_name = memcpy((char *)(l + 1), name, length),
                            .h_aliases = l->aliases,
                            .h_addrtype = family,
                            .h_length = family == AF_INET ? 4 : 16,
                            .h_addr_list = l->list};
    return 0;
}

int gethostbyname2_r(const char *name, int family, struct hostent *out, char *buf, size_t size,
                     struct hostent **result, int *error)
{
    struct socket_address found[NETDB_ADDRESSES_MAX];
    int count = 1, ret;

    *result = NULL;
    if (family != AF_INET && family != AF_INET6) {
        *error = NETDB_INTERNAL;
        return EAFNOSUPPORT;
    }
    if (!parse(name, family, &found[0]))
        count = posix_netdb_lookup(name, family == AF_INET, family == AF_INET6, found);
    if (count <= 0) {
        *error = h_error(count ? count : EAI_NONAME);
        return *error == TRY_AGAIN ? EAGAIN : 0;
    }
    ret = fill(name, family, found, count, out, buf, size);
    *error = ret ? NETDB_INTERNAL : NETDB_SUCCESS;
    *result = ret ? NULL : out;
    return ret;
}

int gethostbyname_r(const char *name, struct hostent *out, char *buf, size_t size,
                    struct hostent **result, int *error)
{
    return gethostbyname2_r(name, AF_INET, out, buf, size, result, error);
}

struct hostent *gethostbyname2(const char *name, int family)
{
    static char buf[sizeof(struct layout) + 256];
    static struct hostent host;
    struct hostent *result;
    int ret = gethostbyname2_r(name, family, &host, buf, sizeof(buf), &result, &h_errno);

    if (ret)
        errno = ret;
    return result;
}

struct hostent *gethostbyname(const char *name)
{
    return gethostbyname2(name, AF_INET);
}

struct hostent *gethostbyaddr(const void *address, socklen_t length, int family)
{
    static char buf[sizeof(struct layout) + 256];
    static struct hostent host;
    struct socket_address a = {.family = (uint16_t)family};
    char name[256];

    if ((family == AF_INET && length == 4) || (family == AF_INET6 && length == 16)) {
        memcpy(a.ip, address, length);
        h_errno = HOST_NOT_FOUND;
        if (!posix_netdb_hosts_name(&a, name, sizeof(name)) ||
            fill(name, family, &a, 1, &host, buf, sizeof(buf)))
            return NULL;
        h_errno = NETDB_SUCCESS;
        return &host;
    }
    h_errno = NO_RECOVERY;
    return NULL;
}

const char *hstrerror(int error)
{
    switch (error) {
    case NETDB_SUCCESS:
        return "Success";
    case HOST_NOT_FOUND:
        return "Unknown host";
    case TRY_AGAIN:
        return "No server has answered";
    case NO_RECOVERY:
        return "Name resolution failed";
    case NO_DATA:
        return "No address for the name";
    default:
        return "System error";
    }
}

void herror(const char *text)
{
    fprintf(stderr, "%s%s%s\n", text ? text : "", text && *text ? ": " : "", hstrerror(h_errno));
}
