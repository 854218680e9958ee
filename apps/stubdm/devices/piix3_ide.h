/* SPDX-License-Identifier: MIT */
/* The IDE function of the 82371SB (00:01.1): two channels, and their bus masters. */
#ifndef STUBDM_PIIX3_IDE_H
#define STUBDM_PIIX3_IDE_H

#include "ata.h"
#include "pci.h"

#define BUS_MASTER_FETCH 64u /* descriptors that are read at once */

struct bus_master {
    struct bus *bus;
    struct ata_channel *channel;
    uint8_t command, status;
    uint32_t table; /* BMIDTP */
    /* the region that is moved now, and where the next descriptor is */
    uint32_t address, left, next;
    bool last; /* it is the table's end */
    /* descriptors that were read and not yet used */
    uint8_t fetched[BUS_MASTER_FETCH * 8];
    unsigned fetched_at, fetched_count;
};

struct piix3_ide {
    struct bus *bus;
    struct pci_function function;
    struct bus_ports ports; /* of the bus masters, where the BAR says */
    uint32_t base;          /* 0: nowhere */
    struct bus_master masters[2];
    struct ata_channel channels[2];
};

/* disks: as in machine_config. */
void piix3_ide_init(struct piix3_ide *ide, struct pci *pci, struct machine_disk *const disks[4]);

#endif
