/* SPDX-License-Identifier: MIT */
/*
 * Power management as in the 82371AB (00:01.3), of which Xen has the timer and the events. Here are
 * PM1a_CNT, which enters sleeping states, the SMI command port, by which the operating system
 * enables ACPI, and the general-purpose events, of which none happens. They are where Xen's ACPI tables say, whatever the base address register holds.
 */
#ifndef STUBDM_PIIX4_PM_H
#define STUBDM_PIIX4_PM_H

#include "pci.h"

struct piix4_pm {
    struct bus *bus;
    struct pci_function function;
    struct bus_ports control, smi, events;
    uint16_t pmcntrl; /* PM1a_CNT */
    uint8_t apmc, apms;
    uint8_t gpe_enable[2];
};

void piix4_pm_init(struct piix4_pm *pm, struct pci *pci);

#endif
