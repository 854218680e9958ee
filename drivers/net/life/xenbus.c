/* SPDX-License-Identifier: MIT */
/*
 * What happens to a device while it is open: its backend goes and comes back, its carrier or MTU
 * changes.
 */
#include "xenbus.h"
#include "drivers/net/device.h"
#include "lifecycle.h"
#include "negotiate.h"

#include <kernel/ratelimit.h>
#include <ringlet/errno.h>

void net_xenbus_event(struct netfront_dev *dev, enum netfront_event what)
{
    const enum device_handle handle = dev->life.entry.handle;

    if (!dev->config.event || handle == DEVICE_HANDLE_OPENING || handle == DEVICE_HANDLE_CANCELLED)
        return;
    dev->callbacks++;
    dev->config.event(dev, what, dev->config.arg);
    dev->callbacks--;
}

void net_xenbus_away(struct netfront_dev *dev)
{
    net_device_set_state(dev, NET_AWAY);
    dev->limits.connected = false;
    net_lifecycle_stop(dev);
    pr_warn_limited(&dev->fe.messages, "%s: backend %u is away\n", dev->limits.name, dev->peer);
    net_xenbus_event(dev, NETFRONT_EV_AWAY);
}

void net_xenbus_reconnected(struct netfront_dev *dev)
{
    dev->stats.reconnects++;
    pr_info_limited(&dev->fe.messages, "%s: backend %u is there\n", dev->limits.name, dev->peer);
    net_xenbus_event(dev, NETFRONT_EV_BACK);
}

/* In *limits, checked. 0 or -errno. */
static int read_properties(struct netfront_dev *dev, struct netfront_limits *limits)
{
    struct xs_batch_item items[NET_PROPERTIES];
    int ret;

    net_negotiate_property_items(items, dev->fe.path, dev->fe.backend_path);
    for (unsigned i = 0; i < NET_PROPERTIES; i++)
        items[i].limit = &dev->fe.messages;
    /* a key that could not be read for want of memory is not an absent key */
    ret = xs_batch(XS_NO_TRANSACTION, items, NET_PROPERTIES);
    for (unsigned i = 0; i < NET_PROPERTIES && !ret; i++)
        ret = items[i].ret == -ENOMEM ? -ENOMEM : 0;
    if (!ret)
        net_negotiate_properties(items, limits);
    xs_batch_free(items, NET_PROPERTIES);
    return ret;
}

void net_xenbus_changed(struct netfront_dev *dev)
{
    struct netfront_limits now = dev->limits;
    const struct netfront_limits old = dev->limits;

    if (!net_device_up(dev) || read_properties(dev, &now) || !net_device_up(dev))
        return;
    dev->limits.mtu = now.mtu;
    dev->limits.carrier = now.carrier;
    if (now.carrier != old.carrier) {
        pr_info_limited(&dev->fe.messages, "%s: the carrier is %s\n", now.name,
                        now.carrier ? "on" : "off");
        net_xenbus_event(dev, NETFRONT_EV_CARRIER);
    }
    if (now.mtu != old.mtu) {
        pr_info_limited(&dev->fe.messages, "%s: the MTU was %u and is %u\n", now.name, old.mtu,
                        now.mtu);
        net_xenbus_event(dev, NETFRONT_EV_MTU);
    }
}
