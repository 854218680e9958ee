/* SPDX-License-Identifier: MIT */
/* Addresses of sockets: POSIX' and lib/fs's. */
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "socket.h"

_Static_assert(AF_UNSPEC == SOCKET_FAMILY_NONE && AF_UNIX == SOCKET_FAMILY_UNIX &&
                   AF_INET == SOCKET_FAMILY_INET && AF_INET6 == SOCKET_FAMILY_INET6,
               "lib/fs has these numbers");
_Static_assert(sizeof(struct sockaddr_storage) == 128 && sizeof(struct sockaddr) == 16 &&
                   sizeof(struct sockaddr_in) == 16 && sizeof(struct sockaddr_in6) == 28 &&
                   sizeof(struct sockaddr_un) == 110,
               "Linux' sizes");

static int from_v4(const void *from, socklen_t length, struct socket_address *out)
{
    struct sockaddr_in in;

    if (length < sizeof(in))
        return -EINVAL;
    memcpy(&in, from, sizeof(in));
    *out = (struct socket_address){.family = AF_INET, .port = ntohs(in.sin_port)};
    memcpy(out->ip, &in.sin_addr, sizeof(in.sin_addr));
    return 0;
}

static int from_v6(const void *from, socklen_t length, struct socket_address *out)
{
    struct sockaddr_in6 in;

    if (length < offsetof(struct sockaddr_in6, sin6_scope_id))
        return -EINVAL;
    memset(&in, 0, sizeof(in));
    memcpy(&in, from, length < sizeof(in) ? length : sizeof(in));
    *out = (struct socket_address){
        .family = AF_INET6, .port = ntohs(in.sin6_port), .scope = in.sin6_scope_id};
    memcpy(out->ip, &in.sin6_addr, sizeof(in.sin6_addr));
    return 0;
}

int posix_address(const struct sockaddr *from, socklen_t length, struct socket_address *out)
{
    if (length < sizeof(sa_family_t))
        return -EINVAL;
    if (!from)
        return -EFAULT;
    switch (from->sa_family) {
    case AF_UNSPEC:
        *out = (struct socket_address){.family = SOCKET_FAMILY_NONE};
        return 0;
    case AF_UNIX:
        *out = (struct socket_address){.family = SOCKET_FAMILY_UNIX};
        return 0;
    case AF_INET:
        return from_v4(from, length, out);
    case AF_INET6:
        return from_v6(from, length, out);
    default:
        return -EAFNOSUPPORT;
    }
}

socklen_t posix_sockaddr(const struct socket_address *from, void *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(from->port)};
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(from->port), .sin6_scope_id = from->scope};
    sa_family_t family = from->family;

    switch (family) {
    case AF_UNIX: /* without a name */
        memcpy(out, &family, sizeof(family));
        return sizeof(family);
    case AF_INET:
        memcpy(&v4.sin_addr, from->ip, sizeof(v4.sin_addr));
        memcpy(out, &v4, sizeof(v4));
        return sizeof(v4);
    case AF_INET6:
        memcpy(&v6.sin6_addr, from->ip, sizeof(v6.sin6_addr));
        memcpy(out, &v6, sizeof(v6));
        return sizeof(v6);
    default:
        return 0;
    }
}

int posix_give_address(const struct socket_address *from, struct sockaddr *out, socklen_t *length)
{
    struct sockaddr_storage whole;
    const socklen_t n = posix_sockaddr(from, &whole);

    if (!out)
        return 0;
    if (!length)
        return -EFAULT;
    if ((int)*length < 0)
        return -EINVAL;
    memcpy(out, &whole, *length < n ? *length : n);
    *length = n;
    return 0;
}
