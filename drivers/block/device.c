/* SPDX-License-Identifier: MIT */
/* The states of a device, and which may follow which (device.h). */
#include "device.h"

#include <ringlet/printk.h>

#define TO(state) (1u << (state))

static const uint8_t allowed[DEVICE_STATES] = {
    [DEVICE_CONNECTING] = TO(DEVICE_OPEN) | TO(DEVICE_FAILED) | TO(DEVICE_CLOSED),
    [DEVICE_OPEN] = TO(DEVICE_CLOSING) | TO(DEVICE_FAILED) | TO(DEVICE_CLOSED),
    [DEVICE_CLOSING] = TO(DEVICE_FAILED) | TO(DEVICE_CLOSED),
    [DEVICE_FAILED] = TO(DEVICE_CLOSED),
    [DEVICE_CLOSED] = 0,
};

bool device_may_become(enum device_state from, enum device_state to)
{
    return from == to || (allowed[from] & TO(to)) != 0;
}

void device_set_state(struct blkfront_dev *dev, enum device_state to)
{
    if (device_may_become(dev->state, to)) {
        dev->state = to;
        return;
    }
    pr_err("%s: a fault of the driver: state %u cannot follow %u\n", dev->limits.name, to,
           dev->state);
#if __STDC_HOSTED__
    __builtin_trap(); /* tests stop here */
#else
    if (dev->state == DEVICE_CLOSED)
        return;
    dev->state = DEVICE_FAILED;
    frontend_fail(&dev->fe, -EIO);
#endif
}
