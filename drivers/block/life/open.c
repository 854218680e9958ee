/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing, and what the frontend's state machine asks of a block device. It only
 * starts, stops, drains and rebuilds the path.
 */
#include "drivers/block/path/aio.h"
#include "drivers/block/path/submit.h"
#include "fit.h"
#include "lifecycle.h"
#include "names.h"
#include "requeue.h"
#include "xenbus.h"

#include <ringlet/event_channel.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/suspend.h>

/* The most that a suspend waits for backends. */
#define HOLD_TIMEOUT (2 * NSEC_PER_SEC)

/* ---- what the machine asks ---- */

_Static_assert(OFFER_ITEMS <= FRONTEND_READS_MAX && PROPERTY_ITEMS <= FRONTEND_READS_MAX,
               "the machine reads them");

static unsigned reads(struct frontend *fe, struct xs_batch_item items[FRONTEND_READS_MAX])
{
    if (fe->state == FE_WAIT_INIT) {
        negotiate_offer_items(items, fe->path, fe->backend_path);
        return OFFER_ITEMS;
    }
    negotiate_property_items(items, fe->backend_path);
    return PROPERTY_ITEMS;
}

static int negotiate(struct frontend *fe, struct frontend_key *keys, unsigned *count)
{
    struct blkfront_dev *dev = fe->priv;
    struct queue_keys queues[QUEUES_MAX];
    int ret;

    dev->peer = fe->backend_id;
    dev->limits.backend_domid = fe->backend_id;
    negotiate_backend_type(fe->backend_path, dev->limits.backend, sizeof(dev->limits.backend));

    lifecycle_free_rings(dev); /* of an attempt that wanted too much */
    ret = negotiate_offers(fe->read, &dev->config, &dev->limits, &dev->life.scheme);
    if (fe->fewer_keys)
        dev->limits.queues = 1;
    if (fe->fewer_keys == FRONTEND_FEWEST_KEYS)
        dev->limits.ring_pages = 1;
    if (!ret)
        ret = lifecycle_make_rings(dev);
    else
        fit_queues(dev);
    if (ret)
        return ret;
    for (unsigned i = 0; i < dev->limits.queues; i++)
        queues[i] = (struct queue_keys){dev->path.queues[i].page_ref, dev->path.queues[i].port};
    *count = negotiate_keys(&dev->limits, dev->life.scheme, queues, keys);
    return 0;
}

static int connected(struct frontend *fe)
{
    struct blkfront_dev *dev = fe->priv;
    int ret = negotiate_properties(fe->read, &dev->config, &dev->limits);

    if (ret)
        return ret;
    lifecycle_start(dev);
    xenstore_stats_start(dev);
    xenbus_reconnected(dev);
    return 0;
}

static void lost(struct frontend *fe, int reason)
{
    struct blkfront_dev *dev = fe->priv;
    bool was_open = dev->state != DEVICE_CONNECTING;

    if (device_in_flight(dev))
        pr_warn("%s: lost (%s) with %u requests in flight\n", dev->limits.name, errno_name(reason),
                device_in_flight(dev));
    if (dev->frozen & FREEZE_AWAY && reason == -ETIMEDOUT)
        dev->life.abort_result = -ETIMEDOUT;
    lifecycle_close(dev);
    if (was_open && reason != -ESHUTDOWN)
        xenbus_event(dev, BLKFRONT_EV_FAILED);
}

static void disconnected(struct frontend *fe)
{
    lifecycle_release(fe->priv);
}

static void restart(struct frontend *fe)
{
    struct blkfront_dev *dev = fe->priv;

    if (dev->state != DEVICE_CONNECTING)
        device_freeze(dev, FREEZE_RESUMED);
    if (dev->frozen & FREEZE_AWAY && !fe->orderly)
        xenbus_at_risk(dev);
    requeue_all(dev, true);
}

static void away(struct frontend *fe)
{
    xenbus_away(fe->priv);
}

static void ended(struct frontend *fe, bool orderly)
{
    xenbus_closed(fe->priv, orderly);
}

static void changed(struct frontend *fe)
{
    xenbus_changed(fe->priv);
}

static const struct frontend_ops ops = {
    .type = "vbd",
    .negotiate = negotiate,
    .reads = reads,
    .connected = connected,
    .lost = lost,
    .disconnected = disconnected,
    .restart = restart,
    .away = away,
    .ended = ended,
    .changed = changed,
};

/* ---- closing ---- */

static void close_entry(struct device_entry *e);
static struct device_class vbds = DEVICE_CLASS_INIT(vbds, close_entry);

/* All but freeing dev itself. Once for each device that was opened. */
static void close_entry(struct device_entry *e)
{
    struct blkfront_dev *dev = container_of(e, struct blkfront_dev, life.entry);
    bool drained;

    if (dev->state == DEVICE_OPEN)
        device_set_state(dev, DEVICE_CLOSING);
    submit_prepared(dev, 0);
    drained = aio_wait_event(dev, &dev->path.completion,
                             !device_in_flight(dev) || dev->state == DEVICE_CLOSED,
                             clock_deadline(dev->config.close_timeout_ns));
    if (!drained) {
        pr_err("%s: %u requests without an answer, closing without them\n", dev->limits.name,
               device_in_flight(dev));
        dev->life.abort_result = -ETIMEDOUT;
    }
    frontend_stop(&dev->fe);
    xenstore_stats_stop(dev);
    lifecycle_release(dev); /* nothing is left to do if the machine came that far */
    device_leave(&vbds, e);
}

int shutdown_blkfront(struct blkfront_dev *dev)
{
    int ret;

    if (!dev)
        return 0;
    if (device_must_not_wait(dev))
        return -EDEADLK;
    device_close(&vbds, &dev->life.entry);
    ret = dev->life.abort_result ? dev->life.abort_result : dev->fe.close_error;
    mutex_lock(&dev->path.sync); /* last in the queue: other threads' blkfront_sync is through */
    lifecycle_destroy(dev);
    return ret;
}

static void close_all(void)
{
    device_close_all(&vbds);
}

/* ---- the domain is suspended ---- */

/*
 * What is in flight then is sent again afterwards. But where the domain goes on before the old
 * backend has come to its end, as in a migration, a write of before could still be done after newer
 * ones to the same sectors. So what is in flight is waited for, within bounds: a backend that hangs
 * does not keep the domain from moving away from it.
 */
static void freeze_all(void)
{
    const uint64_t deadline = clock_deadline(HOLD_TIMEOUT);

    list_for_each (l, &vbds.devices)
        device_freeze(list_entry(l, struct blkfront_dev, life.entry.link), FREEZE_SUSPEND);
    for (struct list *l = vbds.devices.next; l != &vbds.devices;) {
        struct blkfront_dev *dev = list_entry(l, struct blkfront_dev, life.entry.link);

        l = l->next;
        if (!device_active(dev) || !device_expects_response(dev) || clock_now() >= deadline)
            continue;
        wait_event(&dev->path.completion, !device_active(dev) || !device_expects_response(dev),
                   deadline);
        l = vbds.devices.next; /* the list may be another one now */
    }
}

static void thaw_all(bool cancelled)
{
    (void)cancelled;
    list_for_each (l, &vbds.devices) {
        struct blkfront_dev *dev = list_entry(l, struct blkfront_dev, life.entry.link);

        device_thaw(dev, FREEZE_SUSPEND);
        if (device_active(dev)) /* it was cancelled */
            watchdog_begin(dev);
        timer_start(&dev->path.kick, 0);
    }
}

static struct suspend_hook suspend_hook = {.suspend = freeze_all, .resume = thaw_all};

/* ---- opening ---- */

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
    int ret;

    dev->fe.connect_timeout_ns = dev->config.connect_timeout_ns;
    dev->fe.close_timeout_ns = dev->config.close_timeout_ns;
    if (dev->config.reconnect_timeout_ns != BLKFRONT_NO_RECONNECT)
        dev->fe.reconnect_timeout_ns = dev->config.reconnect_timeout_ns;
    dev->fe.name = dev->limits.name;
    ret = device_connect(&dev->life.entry, VBD_FOLDER, &ops, dev);
    if (ret)
        xenstore_stats_stop(dev);
    return ret;
}

static int open_device(const char *nodename, const struct blkfront_config *config,
                       struct blkfront_info *info, struct blkfront_dev **out)
{
    struct blkfront_dev *dev;
    unsigned devid;
    int ret;

    if (nodename) {
        ret = names_parse(nodename, &devid);
        if (ret)
            pr_err("blkfront: \"%.40s\" is no name of a disk\n", nodename);
    } else {
        ret = blkfront_enumerate(first_disk, &devid);
        ret = ret > 0 ? 0 : ret ? ret : -ENOENT;
    }
    if (!ret && device_find(&vbds, devid))
        ret = -EBUSY;
    if (ret)
        return ret;
    ret = shutdown_register(close_all);
    if (ret)
        return ret;
    suspend_register(&suspend_hook);

    dev = lifecycle_create(devid, config);
    if (!dev)
        return -ENOMEM;
    /* before the first wait: no second one meanwhile */
    device_enter(&vbds, &dev->life.entry, &dev->fe, devid);
    ret = connect(dev);
    if (ret) {
        lifecycle_release(dev);
        device_leave(&vbds, &dev->life.entry);
        lifecycle_destroy(dev);
        return ret;
    }
    dev->life.entry.handle = DEVICE_HANDLE_OPEN;
    if (info)
        fill_info(&dev->limits, info);
    *out = dev;
    return 0;
}

int blkfront_open_device(const char *nodename, const struct blkfront_config *config,
                         struct blkfront_info *info, struct blkfront_dev **out)
{
    struct blkfront_config complete;
    uint64_t before = thread_deadline();
    int ret = negotiate_config(config, &complete);

    *out = NULL;
    if (ret)
        return ret;
    /* for what XenStore is asked about the disk, too */
    thread_set_deadline(thread_current(), MIN(before, clock_deadline(complete.connect_timeout_ns)));
    ret = open_device(nodename, &complete, info, out);
    thread_set_deadline(thread_current(), before);
    return ret;
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
