/* SPDX-License-Identifier: MIT */
#include <ringlet/format.h>
#include <ringlet/net.h>

#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/socket/private.h"
#include "lwip/netif.h"

static const struct inet_socket v4 = {.base.family = SOCKET_FAMILY_INET};
static const struct inet_socket v6 = {.base.family = SOCKET_FAMILY_INET6};

static bool is_loopback(const struct netif *netif)
{
    return netif->name[0] == 'l' && netif->name[1] == 'o';
}

/* "lo", or the device's, such as "vif0". */
static void set_name(const struct netif *netif, struct inet_interface *out)
{
    const struct ifc *ifc = netif->state;

    format(out->name, sizeof(out->name), "%s", is_loopback(netif) ? "lo" : ifc->limits.name);
}

static void add(struct inet_interface *out, const struct inet_socket *family, const ip_addr_t *ip,
                unsigned prefix)
{
    if (out->count == INET_ADDRESSES_MAX)
        return;
    inet_from_ip(family, ip, 0, &out->address[out->count]);
    out->prefix[out->count++] = prefix;
}

static void describe(const struct netif *netif, struct inet_interface *out)
{
    *out = (struct inet_interface){
        .index = netif_get_index(netif),
        .up = netif_is_up(netif),
        .running = netif_is_link_up(netif),
        .loopback = is_loopback(netif),
        .broadcast = netif->flags & NETIF_FLAG_BROADCAST,
        .multicast = netif->flags & (NETIF_FLAG_IGMP | NETIF_FLAG_MLD6),
    };
    set_name(netif, out);
    if (!ip4_addr_isany(netif_ip4_addr(netif)))
        add(out, &v4, &netif->ip_addr,
            (unsigned)__builtin_popcount(ip4_addr_get_u32(netif_ip4_netmask(netif))));
    for (unsigned i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
            add(out, &v6, &netif->ip6_addr[i], is_loopback(netif) ? 128 : 64);
}

int inet_interface(unsigned index, struct inet_interface *out)
{
    struct netif *netif, *found = NULL;
    int ret = net_start();

    if (ret)
        return ret;
    LOCK_TCPIP_CORE();
    NETIF_FOREACH(netif)
    {
        const unsigned i = netif_get_index(netif);

        if (i >= index && (!found || i < netif_get_index(found)))
            found = netif;
    }
    if (found)
        describe(found, out);
    UNLOCK_TCPIP_CORE();
    return found ? 0 : -ENODEV;
}
