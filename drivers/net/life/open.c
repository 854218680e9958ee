/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing, and what the frontend's state machine asks of a network device.
 */
#include "drivers/net/device.h"
#include "lifecycle.h"
#include "mtu.h"
#include "names.h"
#include "negotiate.h"
#include "stats.h"
#include "xenbus.h"

#include <kernel/ratelimit.h>
#include <ringlet/errno.h>
#include <ringlet/shutdown.h>
#include <ringlet/string.h>

/* ---- what the machine asks ---- */

_Static_assert(NET_OFFERS <= FRONTEND_READS_MAX && NET_PROPERTIES <= FRONTEND_READS_MAX,
               "the machine reads them");

static unsigned reads(struct frontend *fe, struct xs_batch_item items[FRONTEND_READS_MAX])
{
    if (fe->state == FE_WAIT_INIT) {
        net_negotiate_offer_items(items, fe->path, fe->backend_path);
        return NET_OFFERS;
    }
    net_negotiate_property_items(items, fe->path, fe->backend_path);
    return NET_PROPERTIES;
}

static int negotiate(struct frontend *fe, struct frontend_key *keys, unsigned *count)
{
    struct netfront_dev *dev = fe->priv;
    struct net_queue_keys queues[NET_QUEUES_MAX];
    int ret;

    dev->peer = fe->backend_id;
    dev->limits.backend_domid = fe->backend_id;
    ret = net_negotiate_offers(fe->read, &dev->config, fe->fewer_keys, &dev->limits, &dev->rules);
    if (!ret)
        ret = net_lifecycle_make_rings(dev);
    if (ret)
        return ret;
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        const struct net_queue *q = &dev->queues[i];

        queues[i] = (struct net_queue_keys){q->tx.ref, q->rx.ref, q->tx_port, q->rx_port};
    }
    *count = net_negotiate_keys(&dev->limits, &dev->rules, queues, keys);
    return 0;
}

static int connected(struct frontend *fe)
{
    struct netfront_dev *dev = fe->priv;
    const bool again = dev->state != NET_CONNECTING;

    net_negotiate_properties(fe->read, &dev->limits);
    net_lifecycle_start(dev);
    dev->limits.connected = true;
    net_stats_start(dev);
    net_mtu_watch(dev);
    if (again)
        net_xenbus_reconnected(dev);
    return 0;
}

static void lost(struct frontend *fe, int reason)
{
    struct netfront_dev *dev = fe->priv;
    const bool was_open = dev->state != NET_CONNECTING;

    net_device_set_state(dev, NET_LOST);
    dev->limits.connected = dev->limits.carrier = false;
    net_lifecycle_stop(dev);
    if (was_open && reason != -ESHUTDOWN)
        net_xenbus_event(dev, NETFRONT_EV_FAILED);
}

static void disconnected(struct frontend *fe)
{
    net_mtu_unwatch(fe->priv);
    net_lifecycle_disconnect(fe->priv, false);
}

static void restart(struct frontend *fe)
{
    struct netfront_dev *dev = fe->priv;

    if (dev->state == NET_UP || dev->state == NET_FAILED)
        net_device_set_state(dev, NET_AWAY);
    dev->limits.connected = false;
    net_lifecycle_disconnect(dev, true);
}

static void away(struct frontend *fe)
{
    net_xenbus_away(fe->priv);
}

static void ended(struct frontend *fe, bool orderly)
{
    (void)orderly;
    net_lifecycle_disconnect(fe->priv, false);
}

static void changed(struct frontend *fe)
{
    net_xenbus_changed(fe->priv);
}

static const struct frontend_ops ops = {
    .type = "vif",
    .published = XenbusStateConnected,
    .negotiate = negotiate,
    .reads = reads,
    .connected = connected,
    .lost = lost,
    .disconnected = disconnected,
    .restart = restart,
    .away = away,
    .ended = ended,
    .changed = changed,
    .property = "carrier",
};

/* ---- closing ---- */

static void close_entry(struct device_entry *e);
static struct device_class vifs = DEVICE_CLASS_INIT(vifs, close_entry);

/* All but freeing dev itself. Once for each device that was opened. */
static void close_entry(struct device_entry *e)
{
    struct netfront_dev *dev = container_of(e, struct netfront_dev, life.entry);

    frontend_stop(&dev->fe);
    net_stats_stop(dev);
    net_lifecycle_disconnect(dev, false); /* nothing is left to do if the machine came that far */
    net_lifecycle_release(dev);
    device_leave(&vifs, e);
}

static void close_all(void)
{
    device_close_all(&vifs);
}

int shutdown_netfront(struct netfront_dev *dev)
{
    int ret;

    if (!dev)
        return 0;
    if (net_device_must_not_wait(dev))
        return -EDEADLK;
    device_close(&vifs, &dev->life.entry);
    ret = dev->fe.close_error;
    net_lifecycle_destroy(dev);
    return ret;
}

/* ---- opening ---- */

static int first_vif(const char *name, void *arg)
{
    device_number(name, arg);
    return 1;
}

static int connect(struct netfront_dev *dev)
{
    int ret;

    dev->fe.connect_timeout_ns = dev->config.connect_timeout_ns;
    dev->fe.close_timeout_ns = dev->config.close_timeout_ns;
    if (dev->config.reconnect_timeout_ns != NETFRONT_NO_RECONNECT)
        dev->fe.reconnect_timeout_ns = dev->config.reconnect_timeout_ns;
    dev->fe.name = dev->limits.name;
    ret = device_connect(&dev->life.entry, VIF_FOLDER, &ops, dev);
    if (ret)
        net_stats_stop(dev);
    return ret;
}

static int open_number(unsigned number, const struct netfront_config *config,
                       struct netfront_dev **out)
{
    struct netfront_dev *dev = net_lifecycle_create(number, config);
    int ret;

    if (!dev)
        return -ENOMEM;
    /* before the first wait: no second one meanwhile */
    device_enter(&vifs, &dev->life.entry, &dev->fe, number);
    ret = connect(dev);
    if (ret) {
        net_lifecycle_disconnect(dev, false);
        net_lifecycle_release(dev);
        device_leave(&vifs, &dev->life.entry);
        net_lifecycle_destroy(dev);
        return ret;
    }
    dev->life.entry.handle = DEVICE_HANDLE_OPEN;
    *out = dev;
    return 0;
}

static int open_device(const char *name, const struct netfront_config *config,
                       struct netfront_dev **out)
{
    unsigned number;
    int ret;

    if (name) {
        ret = net_names_parse(name, &number);
        if (ret)
            pr_err("netfront: \"%.40s\" is no name of an interface\n", name);
    } else {
        ret = netfront_enumerate(first_vif, &number);
        ret = ret > 0 ? 0 : ret ? ret : -ENOENT;
    }
    if (!ret && device_find(&vifs, number))
        ret = -EBUSY;
    if (!ret)
        ret = shutdown_register(close_all);
    return ret ? ret : open_number(number, config, out);
}

int netfront_open_device(const char *name, const struct netfront_config *config,
                         struct netfront_dev **out)
{
    struct netfront_config complete;
    uint64_t before = thread_deadline();
    int ret = net_negotiate_config(config, &complete);

    *out = NULL;
    if (ret)
        return ret;
    /* for what XenStore is asked about the interface, too */
    thread_set_deadline(thread_current(), MIN(before, clock_deadline(complete.connect_timeout_ns)));
    ret = open_device(name, &complete, out);
    thread_set_deadline(thread_current(), before);
    return ret;
}

/* ---- what is known of it ---- */

void netfront_get_limits(const struct netfront_dev *dev, struct netfront_limits *out)
{
    memset(out, 0, sizeof(*out));
    if (!dev)
        return;
    *out = dev->limits;
    for (unsigned i = 0; i < dev->limits.queues; i++)
        out->rx_pages += dev->queues[i].buffers.count;
}
