/* SPDX-License-Identifier: MIT */
/* What of a device belongs to its life: only files of this room touch it. */
#ifndef RINGLET_NET_LIFE_H
#define RINGLET_NET_LIFE_H

#include <kernel/device.h>
#include <ringlet/xenstore.h>

struct net_life {
    struct device_entry entry;
    struct device_stats stats;
    struct xs_watch mtu; /* of the frontend's own */
};

#endif
