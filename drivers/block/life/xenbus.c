/* SPDX-License-Identifier: MIT */
/*
 * What happens to a device while it is open: its backend goes and comes back, its disk becomes
 * another. The caller hears of it (blkfront_event); requests wait, or do not fit any more.
 */
#include "xenbus.h"
#include "drivers/block/device.h"
#include "expire.h"
#include "fit.h"
#include "lifecycle.h"
#include "requeue.h"

#include <kernel/ratelimit.h>

void xenbus_event(struct blkfront_dev *dev, enum blkfront_event what)
{
    const enum device_handle handle = dev->life.entry.handle;

    if (dev->config.event && handle != DEVICE_HANDLE_OPENING && handle != DEVICE_HANDLE_CANCELLED)
        dev->config.event(dev, what, dev->config.event_arg);
}

void xenbus_away(struct blkfront_dev *dev)
{
    device_freeze(dev, FREEZE_AWAY);
    lifecycle_stop(dev);
    expire_requests(dev);
    pr_warn_limited(&dev->fe.messages,
                    "%s: backend %u is away: %u requests wait for it to come back\n",
                    dev->limits.name, dev->peer, device_in_flight(dev));
    xenbus_event(dev, BLKFRONT_EV_AWAY);
}

/* (It may have been a machine that lost its power.) */
void xenbus_at_risk(struct blkfront_dev *dev)
{
    const bool cache = dev->limits.flush || dev->limits.barrier;

    if (cache && dev->path.writes.done != dev->path.writes.flushed) {
        pr_err_limited(
            &dev->fe.messages,
            "%s: backend %u went without closing: %llu completed writes were not flushed and "
            "may be lost; the next flush fails\n",
            dev->limits.name, dev->peer,
            (unsigned long long)(dev->path.writes.done - dev->path.writes.flushed));
        dev->path.writes.lost = true;
    }
    dev->path.writes.flushed = dev->path.writes.done;
}

void xenbus_closed(struct blkfront_dev *dev, bool orderly)
{
    if (!orderly)
        xenbus_at_risk(dev);
    requeue_all(dev, false);
}

void xenbus_reconnected(struct blkfront_dev *dev)
{
    if (!(dev->frozen & (FREEZE_AWAY | FREEZE_RESUMED)))
        return;
    device_thaw(dev, FREEZE_AWAY | FREEZE_RESUMED);
    pr_info_limited(&dev->fe.messages, "%s: backend %u is there: %u requests go on\n",
                    dev->limits.name, dev->peer, device_in_flight(dev));
    xenbus_event(dev, BLKFRONT_EV_BACK);
}

static void resized(struct blkfront_dev *dev, uint64_t sectors)
{
    pr_info_limited(&dev->fe.messages, "%s: resized from %llu to %llu sectors\n", dev->limits.name,
                    (unsigned long long)dev->limits.sectors, (unsigned long long)sectors);
    dev->limits.sectors = sectors;
    fit_requests(dev);
    xenbus_event(dev, BLKFRONT_EV_RESIZED);
}

static void mode_changed(struct blkfront_dev *dev, const struct blkfront_limits *now)
{
    dev->limits.readonly = now->readonly;
    dev->limits.removable = now->removable;
    dev->limits.cdrom = now->cdrom;
    pr_info_limited(&dev->fe.messages, "%s: now %s%s%s\n", dev->limits.name,
                    now->readonly ? "read-only" : "writable", now->removable ? ", removable" : "",
                    now->cdrom ? ", a cdrom" : "");
    fit_requests(dev);
    xenbus_event(dev, BLKFRONT_EV_MODE);
}

/* What the disk is, now that the backend is connected: checked, in *limits. 0 or -errno. */
static int read_properties(struct blkfront_dev *dev, struct blkfront_limits *limits)
{
    struct xs_batch_item items[PROPERTY_ITEMS];
    int ret;

    negotiate_property_items(items, dev->fe.backend_path);
    for (unsigned i = 0; i < PROPERTY_ITEMS; i++)
        items[i].limit = &dev->fe.messages;
    /* a key that could not be read for want of memory is not an absent key */
    ret = xs_batch(XS_NO_TRANSACTION, items, PROPERTY_ITEMS);
    for (unsigned i = 0; i < PROPERTY_ITEMS && !ret; i++)
        ret = items[i].ret == -ENOMEM ? -ENOMEM : 0;
    if (!ret)
        ret = negotiate_properties(items, &dev->config, limits);
    xs_batch_free(items, PROPERTY_ITEMS);
    return ret;
}

/* What was negotiated stays: rings, segments, features. */
void xenbus_changed(struct blkfront_dev *dev)
{
    const struct blkfront_limits *old = &dev->limits;
    struct blkfront_limits now = *old;
    int ret;

    if (!device_active(dev))
        return;
    ret = read_properties(dev, &now);
    if (!device_active(dev)) /* not any more */
        return;
    if (!ret && now.sector_size != old->sector_size) {
        pr_err_limited(&dev->fe.messages,
                       "%s: sector-size=%u: it was %u, and cannot change while connected\n",
                       old->name, now.sector_size, old->sector_size);
        ret = -EINVAL;
    }
    if (ret) /* what is wrong was reported; the disk is taken to be as it was */
        return;
    if (now.sectors != old->sectors)
        resized(dev, now.sectors);
    if (now.readonly != old->readonly || now.removable != old->removable || now.cdrom != old->cdrom)
        mode_changed(dev, &now);
}
