/* SPDX-License-Identifier: MIT */
/*
 * The life cycle: what the frontend's machine asks of a block device, opening and closing. All of
 * it is beside the way of requests: it only starts, stops and drains.
 */
#include "device.h"
#include "names.h"
#include "request.h"

#include <ringlet/event_channel.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/suspend.h>

/* The most that the end of the guest waits for a close that another thread is busy with. */
#define LEAVE_TIMEOUT (20 * NSEC_PER_SEC)
/* The most that a suspend waits for backends. */
#define HOLD_TIMEOUT (2 * NSEC_PER_SEC)

/* A device is in it until it may be opened again. */
static struct list devices = LIST_INIT(devices);
static struct wait_queue left = WAIT_QUEUE_INIT(left); /* woken when one leaves the list */

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
    struct queue_keys queues[NEGOTIATE_QUEUES_MAX];
    int ret;

    dev->peer = fe->backend_id;
    dev->limits.backend_domid = fe->backend_id;
    negotiate_backend_type(fe->backend_path, dev->limits.backend, sizeof(dev->limits.backend));

    ret = negotiate_offers(fe->read, &dev->config, &dev->limits, &dev->scheme);
    if (!ret)
        ret = dev_make_rings(dev);
    else
        dev_fit_queues(dev);
    if (ret)
        return ret;
    for (unsigned i = 0; i < dev->limits.queues; i++)
        queues[i] = (struct queue_keys){dev->queues[i].page_ref, dev->queues[i].port};
    *count = negotiate_keys(&dev->limits, dev->scheme, queues, keys);
    return 0;
}

int dev_read_properties(struct blkfront_dev *dev, struct blkfront_limits *limits)
{
    struct xs_batch_item items[PROPERTY_ITEMS];
    int ret;

    negotiate_property_items(items, dev->fe.backend_path);
    /* a key that could not be read for want of memory is not an absent key */
    ret = xs_batch(XS_NO_TRANSACTION, items, PROPERTY_ITEMS);
    for (unsigned i = 0; i < PROPERTY_ITEMS && !ret; i++)
        ret = items[i].ret == -ENOMEM ? -ENOMEM : 0;
    if (!ret)
        ret = negotiate_properties(items, &dev->config, limits);
    xs_batch_free(items, PROPERTY_ITEMS);
    return ret;
}

static int connected(struct frontend *fe)
{
    struct blkfront_dev *dev = fe->priv;
    int ret = negotiate_properties(fe->read, &dev->config, &dev->limits);

    if (ret)
        return ret;
    dev_go(dev);
    stats_store_start(dev);
    dev_back(dev);
    return 0;
}

static void lost(struct frontend *fe, int reason)
{
    struct blkfront_dev *dev = fe->priv;
    bool was_open = dev->state != DEV_STARTING;

    if (requests_in_flight(dev))
        pr_warn("%s: lost (%s) with %u requests in flight\n", dev->limits.name, errno_name(reason),
                requests_in_flight(dev));
    if (dev->away && reason == -ETIMEDOUT)
        dev->abort_result = -ETIMEDOUT;
    dev_lost(dev);
    if (was_open && reason != -ESHUTDOWN)
        dev_event(dev, BLKFRONT_EV_FAILED);
}

static void disconnected(struct frontend *fe)
{
    dev_gone(fe->priv);
}

static void restart(struct frontend *fe)
{
    struct blkfront_dev *dev = fe->priv;

    dev->restarted = dev->state != DEV_STARTING;
    if (dev->away && !fe->orderly)
        dev_at_risk(dev);
    dev_requeue(dev, true);
}

static void away(struct frontend *fe)
{
    dev_away(fe->priv);
}

static void ended(struct frontend *fe, bool orderly)
{
    dev_ended(fe->priv, orderly);
}

static void changed(struct frontend *fe)
{
    dev_changed(fe->priv);
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

static void leave(struct blkfront_dev *dev)
{
    list_del(&dev->link);
    wake_all(&left);
}

/* All but freeing dev itself. Once for each device that was opened. */
static void close_device(struct blkfront_dev *dev)
{
    bool drained;

    dev->leaving = true;
    if (dev->state == DEV_READY)
        dev->state = DEV_DRAINING;
    request_submit(dev, 0);
    drained =
        dev_wait_event(dev, &dev->completion, !requests_in_flight(dev) || dev->state == DEV_LOST,
                       clock_deadline(dev->config.close_timeout_ns));
    if (!drained) {
        pr_err("%s: %u requests without an answer, closing without them\n", dev->limits.name,
               requests_in_flight(dev));
        dev->abort_result = -ETIMEDOUT;
    }
    frontend_stop(&dev->fe);
    stats_store_stop(dev);
    dev_gone(dev); /* nothing is left to do if the machine came that far */
    leave(dev);
}

int shutdown_blkfront(struct blkfront_dev *dev)
{
    int ret;

    if (!dev)
        return 0;
    if (must_not_wait(dev))
        return -EDEADLK;
    if (dev->leaving) /* the guest goes: close_all was first */
        wait_event(&left, list_empty(&dev->link), DEADLINE_NEVER);
    else
        close_device(dev);
    ret = dev->abort_result ? dev->abort_result : dev->fe.close_error;
    mutex_lock(&dev->sync); /* last in the queue: other threads' blkfront_sync is through */
    dev_destroy(dev);
    return ret;
}

/*
 * The guest goes. Other threads may still use their devices, which answer -ENODEV from now on, so
 * the structures stay. A thread that is just opening or closing one is not interfered with: it is
 * told to give up, and waited for.
 */
static void close_all(void)
{
    bool found;

    do {
        found = false;
        list_for_each (l, &devices) {
            struct blkfront_dev *dev = list_entry(l, struct blkfront_dev, link);

            if (dev->leaving)
                continue;
            found = true;
            if (!dev->opening) {
                close_device(dev); /* waits: the list is another one now */
                break;
            }
            dev->leaving = true;
            if (dev->fe.thread)
                frontend_fail(&dev->fe, -ESHUTDOWN);
        }
    } while (found);
    wait_event(&left, list_empty(&devices), clock_deadline(LEAVE_TIMEOUT));
}

/* ---- the domain is suspended ---- */

/*
 * What is in flight then is asked again afterwards. But where the domain goes on before the old
 * backend has come to its end, as in a migration, a write of before could still be done after newer
 * ones to the same sectors. So what is in flight is waited for, within bounds: a backend that hangs
 * does not keep the domain from moving away from it.
 */
static void hold_all(void)
{
    const uint64_t deadline = clock_deadline(HOLD_TIMEOUT);

    list_for_each (l, &devices)
        list_entry(l, struct blkfront_dev, link)->held = true;
    for (struct list *l = devices.next; l != &devices;) {
        struct blkfront_dev *dev = list_entry(l, struct blkfront_dev, link);

        l = l->next;
        if (!dev_active(dev) || !dev_expects_response(dev) || clock_now() >= deadline)
            continue;
        wait_event(&dev->completion, !dev_active(dev) || !dev_expects_response(dev), deadline);
        l = devices.next; /* the list may be another one now */
    }
}

static void let_all_go(bool cancelled)
{
    (void)cancelled;
    list_for_each (l, &devices) {
        struct blkfront_dev *dev = list_entry(l, struct blkfront_dev, link);

        dev->held = false;
        timer_start(&dev->kick, 0);
    }
}

static struct suspend_hook suspend_hook = {.suspend = hold_all, .resume = let_all_go};

/* ---- opening ---- */

static bool is_open(unsigned devid)
{
    list_for_each (l, &devices) {
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
    if (dev->config.reconnect_timeout_ns != BLKFRONT_NO_RECONNECT)
        dev->fe.reconnect_timeout_ns = dev->config.reconnect_timeout_ns;
    dev->fe.name = dev->limits.name;
    format(path, sizeof(path), "device/vbd/%u", dev->limits.devid);
    ret = frontend_start(&dev->fe, path, &ops, dev);
    if (ret)
        return ret;
    if (!dev->leaving)
        ret = frontend_wait_connected(&dev->fe);
    if (dev->leaving)
        ret = -ESHUTDOWN;
    if (ret) {
        frontend_stop(&dev->fe);
        stats_store_stop(dev);
    }
    return ret;
}

int blkfront_open_device(const char *nodename, const struct blkfront_config *config,
                         struct blkfront_info *info, struct blkfront_dev **out)
{
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
    ret = shutdown_register(close_all);
    if (ret)
        return ret;
    suspend_register(&suspend_hook);

    dev = dev_create(devid, &complete);
    if (!dev)
        return -ENOMEM;
    dev->opening = true;
    list_add_tail(&devices, &dev->link); /* before the first wait: no second one meanwhile */
    ret = connect(dev);
    dev->opening = false;
    if (ret) {
        dev_gone(dev);
        leave(dev);
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
