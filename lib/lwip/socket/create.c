/* SPDX-License-Identifier: MIT */
#include "lib/lwip/socket/private.h"
#include "lwip/prot/ip.h"
#include <ringlet/net.h>

#define TYPES 10u /* there are no types above this number */

/* IANA's numbers; 0 is the type's own protocol. */
static int create(unsigned family, unsigned type, unsigned protocol, struct socket **out)
{
    switch (type) {
    case SOCKET_STREAM:
        if (protocol && protocol != IP_PROTO_TCP)
            return -EPROTONOSUPPORT;
        return tcp_socket_create(family, out);
    case SOCKET_DATAGRAM:
        if (protocol && protocol != IP_PROTO_UDP)
            return -EPROTONOSUPPORT;
        return datagram_socket_create(family, type, IP_PROTO_UDP, out);
    case SOCKET_RAW:
        if (!protocol || protocol > UINT8_MAX)
            return -EPROTONOSUPPORT;
        return datagram_socket_create(family, type, protocol, out);
    default:
        return type > TYPES ? -EINVAL : -EPROTONOSUPPORT;
    }
}

int inet_socket_create(unsigned family, unsigned type, unsigned protocol, unsigned flags,
                       struct file **out)
{
    struct socket *s;
    int ret;

    if (family != SOCKET_FAMILY_INET && family != SOCKET_FAMILY_INET6)
        return -EAFNOSUPPORT;
    ret = net_start();
    if (ret)
        return ret;
    LOCK_TCPIP_CORE();
    ret = create(family, type, protocol, &s);
    UNLOCK_TCPIP_CORE();
    if (ret)
        return ret;
    *out = socket_file(s, flags);
    if (*out)
        return 0;
    s->ops->release(s);
    return -ENOMEM;
}
