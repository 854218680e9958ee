/* SPDX-License-Identifier: MIT */
/*
 * The Xen platform device (00:02.0), whose memory BAR is where a guest's PV drivers map their grant
 * table, and the ports by which they have emulated devices unplugged (Xen: docs/misc/
 * hvm-emulated-unplug.pandoc). Nothing is behind its I/O BAR.
 */
#ifndef STUBDM_XEN_PLATFORM_H
#define STUBDM_XEN_PLATFORM_H

#include "pci.h"

#define XEN_PLATFORM_LINE 120u

struct xen_platform {
    struct bus *bus;
    struct pci_function function;
    struct bus_ports ports;
    /* MACHINE_UNPLUG_* that a guest asked for; the machine does what is to be done */
    void (*unplug)(void *machine, unsigned what);
    void *machine;
    char line[XEN_PLATFORM_LINE + 1];
    unsigned len;
};

void xen_platform_init(struct xen_platform *x, struct pci *pci,
                       void (*unplug)(void *machine, unsigned what), void *machine);

#endif
