/* SPDX-License-Identifier: MIT */
/*
 * A block device: what each room owns of it, and what all of them read. docs/design.md shows the
 * rooms, the states of a device and the way of a request.
 *
 * Whatever the path does runs to its end without waiting, in thread or in handler context; only
 * aio.c waits, for callers that want to.
 */
#ifndef RINGLET_BLOCK_DEVICE_H
#define RINGLET_BLOCK_DEVICE_H

#include "drivers/block/life/life.h"
#include "drivers/block/memory/memory.h"
#include "drivers/block/path/path.h"

#include <kernel/frontend.h>
#include <ringlet/blkfront.h>

/*
 * What a device can do. device.c has the table of what may follow what; docs/design.md draws it.
 * FAILED is for what the backend did or did not do; the frontend's machine then closes the
 * connection, with which the device becomes CLOSED.
 */
enum device_state {
    DEVICE_CONNECTING, /* not connected for the first time yet */
    DEVICE_OPEN,       /* requests are accepted */
    DEVICE_CLOSING,    /* nothing new is accepted, what was accepted goes on */
    DEVICE_FAILED,     /* the backend broke the protocol or did not answer in time: no response is
                    * taken any more, nothing is sent or accepted */
    DEVICE_CLOSED,     /* there will be no backend any more: everything completes with an error */
    DEVICE_STATES
};

/* Why nothing is sent, though requests may be accepted and wait; several can hold at a time. */
enum device_freeze {
    FREEZE_DISCONNECTED = 1, /* there are no rings of a backend that is asked */
    FREEZE_AWAY = 2,         /* the backend went, and another is looked for */
    FREEZE_RESUMED = 4,      /* the domain was resumed, and the device has to connect again */
    FREEZE_SUSPEND = 8       /* the domain is about to be suspended; responses are still taken */
};

struct blkfront_dev {
    struct device_path path;
    struct device_memory memory;
    struct device_life life;

    /* what all of them look at; life changes it */
    enum device_state state; /* (device_set_state) */
    unsigned frozen;         /* FREEZE_..., of which none may hold when something is sent */
    domid_t peer;
    uint16_t handle;
    struct frontend fe;
    struct blkfront_config config;
    struct blkfront_limits limits;
    struct blkfront_stats stats; /* (each room counts) */
};

static inline unsigned device_in_flight(const struct blkfront_dev *dev)
{
    return dev->path.in_epoch[0] + dev->path.in_epoch[1];
}

/* Whether the table allows the change. from == to is allowed, and changes nothing. */
bool device_may_become(enum device_state from, enum device_state to);
/* The only way to change the state. A change that is not allowed is a fault of the driver, which
 * nothing that a peer does can cause: a test stops, in the kernel the device fails. */
void device_set_state(struct blkfront_dev *dev, enum device_state to);

static inline void device_freeze(struct blkfront_dev *dev, unsigned reasons)
{
    dev->frozen |= reasons;
}

static inline void device_thaw(struct blkfront_dev *dev, unsigned reasons)
{
    dev->frozen &= ~reasons;
}

/* What was accepted is sent to a backend, now or after a reconnect. */
static inline bool device_alive(const struct blkfront_dev *dev)
{
    return dev->state == DEVICE_OPEN || dev->state == DEVICE_CLOSING;
}

/* Connected: responses are taken. */
static inline bool device_active(const struct blkfront_dev *dev)
{
    return device_alive(dev) && !(dev->frozen & ~(unsigned)FREEZE_SUSPEND);
}

/* A callback of this device, be it for a request or an event, and any handler would wait for
 * itself. */
static inline bool device_must_not_wait(const struct blkfront_dev *dev)
{
    return in_handler() || dev->path.phase != PATH_IDLE ||
           (dev->fe.thread && thread_current() == dev->fe.thread);
}

/* Is anything on its way that will come back and free a slot, grants and pages? */
static inline bool device_expects_response(const struct blkfront_dev *dev)
{
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        if (ring_in_use(&dev->path.queues[i].ring))
            return true;
    }
    return false;
}

#endif
