/* SPDX-License-Identifier: MIT */
/* Intel 82371FB/82371SB (PIIX, PIIX3) data sheet, order number 290550, section 2.2. */
#include "piix3_isa.h"

enum {
    IORT = 0x4c,
    XBCS = 0x4e,
    PIRQRC = 0x60,
    TOM = 0x69,
    MBIRQ = 0x70,
    DLC = 0x82,
    SMICNTL = 0xa0
};

#define PIRQ_LINKS    4u
#define PIRQ_DISABLED 0x80

/* The data sheet reserves 0, 1, 2, 8 and 13. */
#define PIRQ_ALLOWED 0xdef8u

static void written(struct pci_function *f, unsigned reg, unsigned size)
{
    struct pci *pci = f->device;

    for (unsigned link = 0; link < PIRQ_LINKS; link++) {
        const uint8_t route = f->config[PIRQRC + link];
        unsigned irq = route & 15;

        if (!pci_touches(reg, size, PIRQRC + link, 1))
            continue;
        if (route & PIRQ_DISABLED || !(PIRQ_ALLOWED >> irq & 1))
            irq = 0;
        pci->bus->ops->pci_link_route(pci->bus->world, link, irq);
    }
}

void piix3_isa_init(struct pci_function *f, struct pci *pci)
{
    pci_function_init(f, PCI_BDF(1, 0), 0x70008086, 0x060100, 0x00);
    pci_register(f, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    pci_register(f, PCI_CACHE_LINE, 2, 0, 0);
    pci_register(f, PCI_HEADER, 1, PCI_MULTIFUNCTION, 0);
    pci_register(f, PCI_INTERRUPT_LINE, 1, 0, 0);
    pci_register(f, IORT, 1, 0x4d, 0xff);
    pci_register(f, XBCS, 2, 0x0003, 0x07ff);
    for (unsigned link = 0; link < PIRQ_LINKS; link++)
        pci_register(f, PIRQRC + link, 1, PIRQ_DISABLED, 0x8f);
    pci_register(f, TOM, 1, 0x02, 0xfe);
    for (unsigned i = 0; i < 2; i++)
        pci_register(f, MBIRQ + i, 1, 0x80, 0xef);
    pci_register(f, DLC, 1, 0, 0x0f);
    pci_register(f, SMICNTL, 1, 0x08, 0x1f);
    f->written = written;
    f->device = pci;
    pci_add(pci, f);
}
