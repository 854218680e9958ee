/* SPDX-License-Identifier: MIT */
/*
 * What happens to a device while it is open: its backend goes and comes back, its disk becomes
 * another. The caller hears of it (blkfront_event); requests wait, or do not fit any more.
 */
#include "device.h"
#include "request.h"

#include <ringlet/printk.h>

/* A backend that tells more nonsense about its disk is not listened to any more. */
#define BAD_CHANGES_MAX 8

void dev_event(struct blkfront_dev *dev, enum blkfront_event what)
{
    if (dev->config.event && !dev->opening)
        dev->config.event(dev, what, dev->config.event_arg);
}

void dev_away(struct blkfront_dev *dev)
{
    dev->away = true;
    dev_pause(dev);
    pr_warn("%s: backend %u is away: %u requests wait for it to come back\n", dev->limits.name,
            dev->peer, requests_in_flight(dev));
    dev_event(dev, BLKFRONT_EV_AWAY);
}

/* (It may have been a machine that lost its power.) */
void dev_at_risk(struct blkfront_dev *dev)
{
    const bool cache = dev->limits.flush || dev->limits.barrier;

    if (cache && dev->writes_done != dev->writes_flushed) {
        pr_err("%s: backend %u went without closing: %llu completed writes were not flushed and "
               "may be lost; the next flush fails\n",
               dev->limits.name, dev->peer,
               (unsigned long long)(dev->writes_done - dev->writes_flushed));
        dev->writes_lost = true;
    }
    dev->writes_flushed = dev->writes_done;
}

void dev_ended(struct blkfront_dev *dev, bool orderly)
{
    if (!orderly)
        dev_at_risk(dev);
    dev_requeue(dev, false);
}

void dev_back(struct blkfront_dev *dev)
{
    if (!dev->away && !dev->restarted)
        return;
    dev->away = dev->restarted = false;
    pr_info("%s: backend %u is there: %u requests go on\n", dev->limits.name, dev->peer,
            requests_in_flight(dev));
    dev_event(dev, BLKFRONT_EV_BACK);
}

static void resized(struct blkfront_dev *dev, uint64_t sectors)
{
    pr_info("%s: resized from %llu to %llu sectors\n", dev->limits.name,
            (unsigned long long)dev->limits.sectors, (unsigned long long)sectors);
    dev->limits.sectors = sectors;
    dev_fit_requests(dev);
    dev_event(dev, BLKFRONT_EV_RESIZED);
}

static void mode_changed(struct blkfront_dev *dev, const struct blkfront_limits *now)
{
    dev->limits.readonly = now->readonly;
    dev->limits.removable = now->removable;
    dev->limits.cdrom = now->cdrom;
    pr_info("%s: now %s%s%s\n", dev->limits.name, now->readonly ? "read-only" : "writable",
            now->removable ? ", removable" : "", now->cdrom ? ", a cdrom" : "");
    dev_fit_requests(dev);
    dev_event(dev, BLKFRONT_EV_MODE);
}

/* What was negotiated stays: rings, segments, features. */
void dev_changed(struct blkfront_dev *dev)
{
    const struct blkfront_limits *old = &dev->limits;
    struct blkfront_limits now = *old;
    int ret;

    if (!dev_active(dev) || dev->bad_changes >= BAD_CHANGES_MAX)
        return;
    ret = dev_read_properties(dev, &now);
    if (!dev_active(dev)) /* not any more */
        return;
    if (!ret && now.sector_size != old->sector_size) {
        pr_err("%s: sector-size=%u: it was %u, and cannot change while connected\n", old->name,
               now.sector_size, old->sector_size);
        ret = -EINVAL;
    }
    if (ret) { /* what is wrong was reported; the disk is taken to be as it was */
        dev->bad_changes += ret == -EINVAL;
        return;
    }
    if (now.sectors != old->sectors)
        resized(dev, now.sectors);
    if (now.readonly != old->readonly || now.removable != old->removable || now.cdrom != old->cdrom)
        mode_changed(dev, &now);
}
