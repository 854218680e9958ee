/* SPDX-License-Identifier: MIT */
/* The reset control register (0xcf9) and system control port A (0x92). */
#ifndef STUBDM_RESET_H
#define STUBDM_RESET_H

#include "bus.h"

struct reset {
    struct bus *bus;
    struct bus_ports rcr, port_a;
    uint8_t rcr_value, port_a_value;
};

void reset_init(struct reset *r, struct bus *bus);

#endif
