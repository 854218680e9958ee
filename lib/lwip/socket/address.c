/* SPDX-License-Identifier: MIT */
/* Addresses and errors: lwIP's and lib/fs/socket.h's. */
#include <ringlet/string.h>

#include "lib/lwip/socket/private.h"
#include "lwip/netif.h"

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int inet_error(err_t err)
{
    switch (err) {
    case ERR_OK:
        return 0;
    case ERR_MEM:
    case ERR_BUF:
        return -ENOBUFS;
    case ERR_TIMEOUT:
    case ERR_ABRT:
        return -ETIMEDOUT;
    case ERR_RTE:
        return -ENETUNREACH;
    case ERR_INPROGRESS:
        return -EINPROGRESS;
    case ERR_WOULDBLOCK:
        return -EAGAIN;
    case ERR_USE:
        return -EADDRINUSE;
    case ERR_ALREADY:
        return -EALREADY;
    case ERR_ISCONN:
        return -EISCONN;
    case ERR_CONN:
    case ERR_CLSD:
        return -ENOTCONN;
    case ERR_IF:
        return -EIO;
    case ERR_RST:
        return -ECONNRESET;
    default:
        return -EINVAL;
    }
}

static void to_v4(const uint8_t *bytes, ip_addr_t *out)
{
    memcpy(&ip_2_ip4(out)->addr, bytes, 4);
    IP_SET_TYPE(out, IPADDR_TYPE_V4);
}

int inet_to_ip(const struct inet_socket *s, const struct socket_address *from, ip_addr_t *out)
{
    memset(out, 0, sizeof(*out));
    if (from->family != s->base.family)
        return -EAFNOSUPPORT;
    if (from->family == SOCKET_FAMILY_INET) {
        to_v4(from->ip, out);
        return 0;
    }
    if (!memcmp(from->ip, mapped, sizeof(mapped))) {
        to_v4(from->ip + sizeof(mapped), out);
        return s->v6only ? -ENETUNREACH : 0;
    }
    memcpy(ip_2_ip6(out)->addr, from->ip, 16);
    IP_SET_TYPE(out, IPADDR_TYPE_V6);
    if (ip6_addr_has_scope(ip_2_ip6(out), IP6_UNKNOWN) && from->scope <= UINT8_MAX)
        ip6_addr_set_zone(ip_2_ip6(out), (uint8_t)from->scope);
    return 0;
}

void inet_from_ip(const struct inet_socket *s, const ip_addr_t *ip, uint16_t port,
                  struct socket_address *out)
{
    *out = (struct socket_address){.family = s->base.family, .port = port};
    if (IP_IS_V6(ip)) {
        memcpy(out->ip, ip_2_ip6(ip)->addr, 16);
        out->scope = ip6_addr_zone(ip_2_ip6(ip));
    } else if (s->base.family == SOCKET_FAMILY_INET) {
        memcpy(out->ip, &ip_2_ip4(ip)->addr, 4);
    } else if (!IP_IS_ANY_TYPE_VAL(*ip)) {
        memcpy(out->ip, mapped, sizeof(mapped));
        memcpy(out->ip + sizeof(mapped), &ip_2_ip4(ip)->addr, 4);
    }
}

bool inet_is_ours(const ip_addr_t *ip)
{
    struct netif *netif;

    if (ip_addr_isany(ip) || IP_IS_ANY_TYPE_VAL(*ip))
        return true;
    NETIF_FOREACH(netif)
    {
        if (IP_IS_V6(ip) ? netif_get_ip6_addr_match(netif, ip_2_ip6(ip)) >= 0
                         : ip4_addr_cmp(netif_ip4_addr(netif), ip_2_ip4(ip)))
            return true;
    }
    return false;
}

bool inet_is_broadcast(const ip_addr_t *ip)
{
    struct netif *netif;

    if (IP_IS_V6(ip))
        return false;
    NETIF_FOREACH(netif)
    {
        if (ip4_addr_isbroadcast(ip_2_ip4(ip), netif))
            return true;
    }
    return false;
}

void inet_local_for(const ip_addr_t *to, ip_addr_t *out)
{
    const ip_addr_t *any = IP_IS_V6(to) ? IP6_ADDR_ANY : IP4_ADDR_ANY;
    struct netif *netif = ip_route(any, to);
    const ip_addr_t *local = netif ? ip_netif_get_local_ip(netif, to) : NULL;

    ip_addr_copy(*out, *(local ? local : any));
}
