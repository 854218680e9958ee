/* SPDX-License-Identifier: MIT */
/* The PCI address register (0xcf8), the reset control register (0xcf9) within it, and system control
 * port A (0x92). */
#ifndef STUBDM_RESET_H
#define STUBDM_RESET_H

#include "bus.h"

struct reset {
    struct bus *bus;
    struct bus_ports confadd, port_a;
    uint32_t confadd_value;
    uint8_t rcr_value, port_a_value;
};

void reset_init(struct reset *r, struct bus *bus);

#endif
