/* SPDX-License-Identifier: MIT */
/* When the watchdog has to look at requests: it is armed on their way, and looks in its own. */
#include "deadline.h"

uint64_t deadline_later(uint64_t time, uint64_t ns)
{
    uint64_t sum;

    return __builtin_add_overflow(time, ns, &sum) ? UINT64_MAX : sum;
}

/* Half of the timeout at the latest: the backend is to have some time to answer after it. */
uint64_t deadline_first_look(const struct blkfront_dev *dev, uint64_t timeout)
{
    return MIN(dev->config.watchdog_ns, timeout / 2);
}

void deadline_arm(struct blkfront_dev *dev)
{
    const uint64_t timeout =
        dev->config.request_timeout_ns ? dev->config.request_timeout_ns : UINT64_MAX;

    timer_start(&dev->path.watchdog, clock_deadline(deadline_first_look(dev, timeout)));
}

void deadline_mind(struct blkfront_dev *dev, const struct blkfront_request *r)
{
    const uint64_t due =
        deadline_later(r->submitted, deadline_first_look(dev, r->aiocb->aio_timeout_ns));

    if (!dev->path.watchdog.armed || dev->path.watchdog.deadline > due)
        timer_start(&dev->path.watchdog, due);
}
