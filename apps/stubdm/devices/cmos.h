/* SPDX-License-Identifier: MIT */
/* The CMOS memory behind ports 0x70 and 0x71, but for the clock's registers below 0x0e: those are
 * Xen's, and do not come here. hvmloader writes the memory's sizes as well, with the same meanings. */
#ifndef STUBDM_CMOS_H
#define STUBDM_CMOS_H

#include "bus.h"

struct cmos {
    struct bus_ports ports;
    uint8_t index;
    uint8_t data[128];
};

void cmos_init(struct cmos *c, struct bus *bus, uint64_t memory, unsigned vcpus,
               const char *boot_order);

#endif
