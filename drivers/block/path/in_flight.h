/* SPDX-License-Identifier: MIT */
/* Who uses a registered buffer. */
#ifndef RINGLET_BLOCK_IN_FLIGHT_H
#define RINGLET_BLOCK_IN_FLIGHT_H

#include "drivers/block/device.h"

/* Registered buffers that were freed, and that no request uses any more, go. */
void in_flight_reap_buffers(struct blkfront_dev *dev);

#endif
