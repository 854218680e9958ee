/* SPDX-License-Identifier: MIT */
/* The states of a device, and its failure. */
#include "device.h"

#include <kernel/ratelimit.h>
#include <ringlet/errno.h>

#define TO(state) (1u << (state))

static const uint8_t allowed[NET_STATES] = {
    [NET_CONNECTING] = TO(NET_UP) | TO(NET_LOST),
    [NET_UP] = TO(NET_AWAY) | TO(NET_FAILED) | TO(NET_LOST),
    [NET_AWAY] = TO(NET_UP) | TO(NET_LOST),
    [NET_FAILED] = TO(NET_AWAY) | TO(NET_LOST),
    [NET_LOST] = 0,
};

bool net_device_may_become(enum net_state from, enum net_state to)
{
    return from == to || (allowed[from] & TO(to)) != 0;
}

void net_device_set_state(struct netfront_dev *dev, enum net_state to)
{
    if (net_device_may_become(dev->state, to)) {
        dev->state = to;
        return;
    }
    pr_err("%s: a fault of the driver: state %u cannot follow %u\n", dev->limits.name, to,
           dev->state);
#if __STDC_HOSTED__
    __builtin_trap(); /* tests stop here */
#else
    if (dev->state == NET_LOST)
        return;
    dev->state = NET_FAILED;
    frontend_fail(&dev->fe, -EIO);
#endif
}

void net_device_violation(struct netfront_dev *dev, const char *what)
{
    if (!net_device_up(dev))
        return;
    dev->stats.violations++;
    pr_err_limited(&dev->fe.messages, "%s: backend %u broke the protocol: %s\n", dev->limits.name,
                   dev->peer, what);
    net_device_set_state(dev, NET_FAILED);
    frontend_fail(&dev->fe, -EIO);
}

void net_device_ready(struct netfront_dev *dev)
{
    if (dev->scheduled)
        return;
    dev->scheduled = true;
    /* whoever found a ring full is told to try again */
    for (unsigned i = 0; i < dev->config.queues; i++)
        dev->queues[i].tx.full = false;
    if (!dev->config.ready)
        return;
    dev->callbacks++;
    dev->config.ready(dev, dev->config.arg);
    dev->callbacks--;
}

void net_device_kick_at(struct netfront_dev *dev, uint64_t deadline)
{
    if (!dev->kick.armed || dev->kick.deadline > deadline)
        timer_start(&dev->kick, deadline);
}

void net_device_kick(struct netfront_dev *dev)
{
    net_device_kick_at(dev, 0);
}

bool net_device_must_not_wait(const struct netfront_dev *dev)
{
    return in_handler() || dev->callbacks || (dev->fe.thread && thread_current() == dev->fe.thread);
}
