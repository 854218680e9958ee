/* SPDX-License-Identifier: MIT */
/* Options of UDP and raw sockets; groups. */
#include <ringlet/heap.h>

#include "lib/lwip/socket/datagram.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "lwip/netif.h"

#define GROUPS_MAX 20u /* of a socket: Linux' limit */

struct membership {
    struct list link;
    ip_addr_t group;
    uint8_t interface; /* 0: IPv4's default */
};

/* ---- groups: lwIP's are an interface's; a socket leaves its own at its end ---- */

static err_t join_or_leave(const ip_addr_t *group, uint8_t interface, bool join)
{
    struct netif *netif = netif_get_by_index(interface);

    if (IP_IS_V6(group)) {
        const ip6_addr_t *ip = ip_2_ip6(group);

        return join ? mld6_joingroup_netif(netif, ip) : mld6_leavegroup_netif(netif, ip);
    }
    return join ? igmp_joingroup_netif(netif, ip_2_ip4(group))
                : igmp_leavegroup_netif(netif, ip_2_ip4(group));
}

static struct membership *find(struct datagram_socket *d, const ip_addr_t *group, uint8_t interface)
{
    list_for_each (l, &d->groups) {
        struct membership *m = list_entry(l, struct membership, link);

        if (ip_addr_cmp_zoneless(&m->group, group) && (!interface || m->interface == interface))
            return m;
    }
    return NULL;
}

/* The interface for a group: the one that is named, or the route's. */
static struct netif *interface_for(const ip_addr_t *group, int64_t index)
{
    if (index)
        return index > 0 && index <= UINT8_MAX ? netif_get_by_index((uint8_t)index) : NULL;
    return ip_route(IP_IS_V6(group) ? IP6_ADDR_ANY : IP4_ADDR_ANY, group);
}

static int join(struct datagram_socket *d, const ip_addr_t *group, int64_t index)
{
    struct netif *netif = interface_for(group, index);
    struct membership *m;
    unsigned count = 0;

    if (!netif)
        return -ENODEV;
    if (find(d, group, netif_get_index(netif)))
        return -EADDRINUSE;
    list_for_each (l, &d->groups)
        count++;
    m = count < GROUPS_MAX ? heap_alloc(sizeof(*m), MEM_KERNEL) : NULL;
    if (!m)
        return -ENOBUFS;
    ip_addr_copy(m->group, *group);
    m->interface = netif_get_index(netif);
    if (join_or_leave(group, m->interface, true) != ERR_OK) {
        heap_free(m);
        return netif_is_link_up(netif) && (netif->flags & (NETIF_FLAG_IGMP | NETIF_FLAG_MLD6))
                   ? -ENOBUFS
                   : -ENODEV;
    }
    list_add_tail(&d->groups, &m->link);
    return 0;
}

static void forget(struct membership *m)
{
    if (netif_get_by_index(m->interface))
        join_or_leave(&m->group, m->interface, false);
    list_del(&m->link);
    heap_free(m);
}

static int change_group(struct datagram_socket *d, enum socket_option option,
                        const struct socket_value *value)
{
    struct membership *m;
    ip_addr_t group;
    int ret = inet_to_ip(&d->inet, &value->address, &group);

    if (ret || !ip_addr_ismulticast(&group))
        return -EINVAL;
    if (option == SOCKET_OPT_JOIN_GROUP)
        return join(d, &group, value->number);
    m = value->number >= 0 && value->number <= UINT8_MAX ? find(d, &group, (uint8_t)value->number)
                                                         : NULL;
    if (!m)
        return -EADDRNOTAVAIL;
    forget(m);
    return 0;
}

void datagram_leave_all(struct datagram_socket *d)
{
    while (!list_empty(&d->groups))
        forget(list_entry(d->groups.next, struct membership, link));
}

/* ---- options ---- */

static size_t bounded(int64_t n)
{
    n = MIN(n, (int64_t)DATAGRAM_BUFFER_MAX);
    return n < DATAGRAM_BUFFER_MIN ? DATAGRAM_BUFFER_MIN : (size_t)n;
}

static int set_multicast(struct datagram_socket *d, enum socket_option option, int64_t n)
{
    switch (option) {
    case SOCKET_OPT_MULTICAST_LOOP:
        if (d->udp && n)
            udp_set_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
        else if (d->udp)
            udp_clear_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
        else if (n)
            raw_set_flags(d->raw, RAW_FLAGS_MULTICAST_LOOP);
        else
            raw_clear_flags(d->raw, RAW_FLAGS_MULTICAST_LOOP);
        return 0;
    case SOCKET_OPT_MULTICAST_TTL:
        if (n < -1 || n > UINT8_MAX)
            return -EINVAL;
        n = n < 0 ? 1 : n;
        if (d->udp)
            udp_set_multicast_ttl(d->udp, (u8_t)n);
        else
            raw_set_multicast_ttl(d->raw, (u8_t)n);
        return 0;
    default:
        if (n < 0 || n > UINT8_MAX || (n && !netif_get_by_index((u8_t)n)))
            return -ENODEV;
        if (d->udp)
            udp_set_multicast_netif_index(d->udp, (u8_t)n);
        else
            raw_set_multicast_netif_index(d->raw, (u8_t)n);
        return 0;
    }
}

static int set_own(struct datagram_socket *d, enum socket_option option,
                   const struct socket_value *value)
{
    switch (option) {
    case SOCKET_OPT_PKTINFO:
        d->packet_info = value->number;
        return 0;
    case SOCKET_OPT_RECEIVE_BUFFER:
        d->receive_buffer = bounded(value->number);
        return 0;
    case SOCKET_OPT_SEND_BUFFER:
        d->send_buffer = bounded(value->number);
        return 0;
    case SOCKET_OPT_LINGER: /* closing never waits */
        return 0;
    case SOCKET_OPT_MULTICAST_LOOP:
    case SOCKET_OPT_MULTICAST_TTL:
    case SOCKET_OPT_MULTICAST_INTERFACE:
        return set_multicast(d, option, value->number);
    case SOCKET_OPT_JOIN_GROUP:
    case SOCKET_OPT_LEAVE_GROUP:
        return change_group(d, option, value);
    case SOCKET_OPT_V6ONLY:
        if (d->inet.base.family != SOCKET_FAMILY_INET6)
            return -ENOPROTOOPT;
        if (d->udp && d->udp->local_port)
            return -EINVAL; /* bound, or connected */
        d->inet.v6only = value->number;
        IP_SET_TYPE(&d->inet.ip->local_ip, inet_pcb_type(&d->inet));
        IP_SET_TYPE(&d->inet.ip->remote_ip, inet_pcb_type(&d->inet));
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int datagram_socket_set(struct socket *s, enum socket_option option,
                        const struct socket_value *value)
{
    struct datagram_socket *d = datagram_of(s);
    int ret;

    LOCK_TCPIP_CORE();
    ret = inet_set(&d->inet, option, value);
    if (ret == -ENOPROTOOPT)
        ret = set_own(d, option, value);
    UNLOCK_TCPIP_CORE();
    return ret;
}

int datagram_socket_get(struct socket *s, enum socket_option option, struct socket_value *value)
{
    const struct datagram_socket *d = datagram_of(s);

    switch (option) {
    case SOCKET_OPT_PKTINFO:
        value->number = d->packet_info;
        return 0;
    case SOCKET_OPT_RECEIVE_BUFFER:
        value->number = (int64_t)d->receive_buffer;
        return 0;
    case SOCKET_OPT_SEND_BUFFER:
        value->number = (int64_t)d->send_buffer;
        return 0;
    case SOCKET_OPT_LINGER:
        value->number = -1;
        return 0;
    case SOCKET_OPT_MULTICAST_LOOP:
        value->number = d->udp ? udp_is_flag_set(d->udp, UDP_FLAGS_MULTICAST_LOOP)
                               : raw_is_flag_set(d->raw, RAW_FLAGS_MULTICAST_LOOP);
        return 0;
    case SOCKET_OPT_MULTICAST_TTL:
        value->number = d->udp ? udp_get_multicast_ttl(d->udp) : raw_get_multicast_ttl(d->raw);
        return 0;
    case SOCKET_OPT_MULTICAST_INTERFACE:
        value->number =
            d->udp ? udp_get_multicast_netif_index(d->udp) : raw_get_multicast_netif_index(d->raw);
        return 0;
    default:
        return inet_get(inet_of(s), option, value);
    }
}
