/* SPDX-License-Identifier: MIT */
/* What ringlet/net.h offers of interfaces. */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/net.h>
#include <ringlet/string.h>

#include "lib/lwip/ifc/ifc.h"

static bool any_address(void)
{
    bool found = false;

    net_core_lock();
    list_for_each (at, &interfaces)
        found |= ifc_has_address(list_entry(at, struct ifc, link));
    net_core_unlock();
    return found;
}

int net_wait_address(uint64_t timeout_ns)
{
    int ret = net_start();

    if (ret)
        return ret;
    if (list_empty(&interfaces))
        return -ENODEV;
    return wait_event(&addresses_changed, any_address(), clock_deadline(timeout_ns)) ? 0
                                                                                     : -ETIMEDOUT;
}

int net_interfaces(struct net_interface *out, unsigned max)
{
    unsigned n = 0;
    int ret = net_start();

    if (ret)
        return ret;
    net_core_lock();
    list_for_each (at, &interfaces) {
        struct ifc *ifc = list_entry(at, struct ifc, link);

        if (n < max) {
            struct net_interface *o = &out[n];

            memset(o, 0, sizeof(*o));
            format(o->name, sizeof(o->name), "%s", ifc->limits.name);
            o->index = netif_get_index(&ifc->netif);
            memcpy(o->mac, ifc->netif.hwaddr, sizeof(o->mac));
            o->mtu = ifc->netif.mtu;
            o->link = netif_is_link_up(&ifc->netif);
            o->dhcp = ifc->config.method == NET_DHCP;
            ifc_addresses(ifc, o->addresses, sizeof(o->addresses));
        }
        n++;
    }
    net_core_unlock();
    return (int)n;
}

int net_driver(const char *name, struct netfront_limits *limits, struct netfront_stats *stats)
{
    int ret = net_start();

    if (ret)
        return ret;
    ret = -ENODEV;
    net_core_lock();
    list_for_each (at, &interfaces) {
        struct ifc *ifc = list_entry(at, struct ifc, link);

        if (strcmp(ifc->limits.name, name) != 0)
            continue;
        if (limits)
            netfront_get_limits(ifc->dev, limits);
        if (stats)
            netfront_get_stats(ifc->dev, stats);
        ret = 0;
    }
    net_core_unlock();
    return ret;
}

bool net_sends_from(const void *data, size_t len)
{
    net_core_check();
    return (net_core_refers && net_core_refers(data, len)) || netfront_mem_busy(data, len);
}

int net_configure(const char *name, const char *config, char *err, size_t err_size)
{
    struct net_config c;
    int ret = net_start();

    if (ret)
        return ret;
    ret = net_config_parse(config, strlen(config), &c, err, err_size);
    if (ret)
        return ret;
    ret = -ENODEV;
    net_core_lock();
    list_for_each (at, &interfaces) {
        struct ifc *ifc = list_entry(at, struct ifc, link);

        if (strcmp(ifc->limits.name, name) != 0)
            continue;
        ifc->config = c;
        ifc_configure(ifc);
        ret = 0;
        break;
    }
    net_core_unlock();
    if (ret)
        format(err, err_size, "there is no such interface");
    return ret;
}
