/* SPDX-License-Identifier: MIT */
/*
 * The life cycle: what the frontend's machine asks of a block device, opening and closing. All of
 * it is beside the way of requests: it only starts, stops and drains.
 */
#include "device.h"

#include <ringlet/event_channel.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>

static struct list open_devices = LIST_INIT(open_devices);

/* ---- what the machine asks ---- */

/* A key that could not be read for want of memory is not an absent key. */
static int read_items(struct xs_batch_item *items, unsigned count)
{
    int ret = xs_batch(XS_NO_TRANSACTION, items, count);

    for (unsigned i = 0; i < count && !ret; i++) {
        if (items[i].ret == -ENOMEM)
            ret = -ENOMEM;
    }
    return ret;
}

static int negotiate(struct frontend *fe, struct frontend_key *keys, unsigned *count)
{
    struct blkfront_dev *dev = fe->priv;
    struct xs_batch_item items[OFFER_ITEMS];
    int ret;

    dev->peer = fe->backend_id;
    dev->limits.backend_domid = fe->backend_id;
    negotiate_backend_type(fe->backend_path, dev->limits.backend, sizeof(dev->limits.backend));

    negotiate_offer_items(items, fe->path, fe->backend_path);
    ret = read_items(items, OFFER_ITEMS);
    if (!ret)
        negotiate_offers(items, &dev->config, &dev->limits, &dev->scheme);
    xs_batch_free(items, OFFER_ITEMS);
    if (!ret)
        ret = dev_make_ring(dev);
    if (!ret)
        *count = negotiate_keys(&dev->limits, dev->scheme, dev->ring_ref, dev->port, keys);
    return ret;
}

static int connected(struct frontend *fe)
{
    struct blkfront_dev *dev = fe->priv;
    struct xs_batch_item items[PROPERTY_ITEMS];
    int ret;

    negotiate_property_items(items, fe->backend_path);
    ret = read_items(items, PROPERTY_ITEMS);
    if (!ret)
        ret = negotiate_properties(items, &dev->config, &dev->limits);
    xs_batch_free(items, PROPERTY_ITEMS);
    if (!ret)
        dev_go(dev);
    return ret;
}

static void lost(struct frontend *fe, int reason)
{
    struct blkfront_dev *dev = fe->priv;

    if (requests_in_flight(dev))
        pr_warn("%s: lost (%s) with %u requests in flight\n", dev->limits.name, errno_name(reason),
                requests_in_flight(dev));
    dev_lost(dev);
}

static void disconnected(struct frontend *fe)
{
    dev_gone(fe->priv);
}

static const struct frontend_ops ops = {
    .type = "vbd",
    .negotiate = negotiate,
    .connected = connected,
    .lost = lost,
    .disconnected = disconnected,
};

/* ---- closing ---- */

/* All but freeing dev itself. */
static int close_device(struct blkfront_dev *dev)
{
    bool drained;
    int ret;

    list_del(&dev->link);
    if (dev->state == DEV_READY)
        dev->state = DEV_DRAINING;
    request_submit(dev);
    drained = wait_event(&dev->completion, !requests_in_flight(dev) || dev->state == DEV_LOST,
                         clock_deadline(dev->config.close_timeout_ns));
    if (!drained) {
        pr_err("%s: %u requests without an answer, closing without them\n", dev->limits.name,
               requests_in_flight(dev));
        dev->abort_result = -ETIMEDOUT;
    }
    ret = frontend_stop(&dev->fe);
    dev_gone(dev); /* nothing is left to do if the machine came that far */
    return drained ? ret : -ETIMEDOUT;
}

int shutdown_blkfront(struct blkfront_dev *dev)
{
    int ret;

    if (!dev)
        return 0;
    ret = close_device(dev);
    dev_destroy(dev);
    return ret;
}

/* The guest goes. Other threads may still use their devices, which answer -ENODEV from now on, so
 * the structures stay. */
static void close_all(void)
{
    while (!list_empty(&open_devices))
        close_device(list_entry(open_devices.next, struct blkfront_dev, link));
}

/* ---- opening ---- */

static bool is_open(unsigned devid)
{
    list_for_each (l, &open_devices) {
        if (list_entry(l, struct blkfront_dev, link)->limits.devid == devid)
            return true;
    }
    return false;
}

static void fill_info(const struct blkfront_limits *l, struct blkfront_info *info)
{
    info->sectors = l->sectors;
    info->sector_size = l->sector_size;
    info->mode = !l->readonly;
    info->info = (l->cdrom ? VDISK_CDROM : 0) | (l->removable ? VDISK_REMOVABLE : 0) |
                 (l->readonly ? VDISK_READONLY : 0);
    info->barrier = l->barrier;
    info->flush = l->flush;
}

static int first_disk(const char *name, void *arg)
{
    blkfront_vdev_number(name, arg);
    return 1;
}

static int connect(struct blkfront_dev *dev)
{
    char path[32];
    int ret;

    dev->fe.connect_timeout_ns = dev->config.connect_timeout_ns;
    dev->fe.close_timeout_ns = dev->config.close_timeout_ns;
    dev->fe.name = dev->limits.name;
    format(path, sizeof(path), "device/vbd/%u", dev->limits.devid);
    ret = frontend_start(&dev->fe, path, &ops, dev);
    if (ret)
        return ret;
    ret = frontend_wait_connected(&dev->fe);
    if (ret)
        frontend_stop(&dev->fe);
    return ret;
}

int blkfront_open_device(const char *nodename, const struct blkfront_config *config,
                         struct blkfront_info *info, struct blkfront_dev **out)
{
    static bool registered;
    struct blkfront_config complete;
    struct blkfront_dev *dev;
    unsigned devid;
    int ret;

    *out = NULL;
    if (nodename) {
        ret = parse_nodename(nodename, &devid);
        if (ret)
            pr_err("blkfront: \"%.40s\" is no name of a disk\n", nodename);
    } else {
        ret = blkfront_enumerate(first_disk, &devid);
        ret = ret > 0 ? 0 : ret ? ret : -ENOENT;
    }
    if (!ret)
        ret = negotiate_config(config, &complete);
    if (!ret && is_open(devid))
        ret = -EBUSY;
    if (ret)
        return ret;
    if (!registered) {
        ret = shutdown_register(close_all);
        if (ret)
            return ret;
        registered = true;
    }

    dev = dev_create(devid, &complete);
    if (!dev)
        return -ENOMEM;
    list_add_tail(&open_devices, &dev->link); /* before the first wait: no second one meanwhile */
    ret = connect(dev);
    if (ret) {
        list_del(&dev->link);
        dev_gone(dev);
        dev_destroy(dev);
        return ret;
    }
    if (info)
        fill_info(&dev->limits, info);
    *out = dev;
    return 0;
}

struct blkfront_dev *init_blkfront(const char *nodename, struct blkfront_info *info)
{
    struct blkfront_dev *dev;
    int ret = blkfront_open_device(nodename, NULL, info, &dev);

    if (ret)
        pr_err("blkfront: cannot open %s: %s\n", nodename ? nodename : "the first disk",
               errno_name(ret));
    return dev;
}
