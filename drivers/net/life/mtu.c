/* SPDX-License-Identifier: MIT */
#include "mtu.h"
#include "drivers/net/device.h"

#include <kernel/ratelimit.h>
#include <ringlet/errno.h>

static void fired(struct xs_watch *w)
{
    struct netfront_dev *dev = w->arg;

    frontend_look(&dev->fe);
}

void net_mtu_watch(struct netfront_dev *dev)
{
    struct xs_watch *w = &dev->life.mtu;
    int ret;

    if (w->token)
        return;
    w->fn = fired;
    w->arg = dev;
    ret = xs_watch(w, dev->fe.path, "mtu");
    if (ret)
        pr_warn_limited(&dev->fe.messages, "%s: cannot watch %s/mtu: %s\n", dev->limits.name,
                        dev->fe.path, errno_name(ret));
}

void net_mtu_unwatch(struct netfront_dev *dev)
{
    if (dev->life.mtu.token)
        xs_unwatch(&dev->life.mtu);
}
