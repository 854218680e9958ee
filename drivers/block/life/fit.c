/* SPDX-License-Identifier: MIT */
/* What becomes of requests when the device has other limits than when they were accepted. */
#include "fit.h"
#include "drivers/block/path/complete.h"
#include "drivers/block/path/request.h"

void fit_queues(struct blkfront_dev *dev)
{
    struct queue *first = &dev->path.queues[0];

    list_for_each (l, &dev->path.prepared) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);

        if (r->queue >= first + dev->limits.queues)
            r->queue = first;
    }
    for (unsigned i = dev->limits.queues; i < QUEUES_MAX; i++) {
        struct list *waiting = &dev->path.queues[i].waiting;

        while (!list_empty(waiting)) {
            struct blkfront_request *r = list_entry(waiting->next, struct blkfront_request, link);

            list_del(&r->link);
            r->queue = first;
            request_insert(r);
        }
    }
    if (dev->path.pump_first >= dev->limits.queues)
        dev->path.pump_first = 0;
}

static void fit_list(struct blkfront_dev *dev, struct list *requests)
{
    for (struct list *l = requests->next, *next; l != requests; l = next) {
        struct blkfront_request *r = list_entry(l, struct blkfront_request, link);
        int ret = request_misfit(&dev->limits, r);

        next = l->next;
        if (ret)
            complete_fail(dev, r, ret);
    }
}

void fit_requests(struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++)
        fit_list(dev, &dev->path.queues[i].waiting);
    fit_list(dev, &dev->path.prepared);
}
