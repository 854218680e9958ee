/* SPDX-License-Identifier: MIT */
/* Intel 82441FX (PMC) data sheet, order number 290549, section 3.2. */
#include "i440fx.h"

enum {
    PMCCFG = 0x50,
    DRAMC = 0x57,
    DRAMT = 0x58,
    PAM = 0x59,
    DRB = 0x60,
    FDHC = 0x68,
    SMRAM = 0x72
};

void i440fx_init(struct pci_function *f, struct pci *pci)
{
    pci_function_init(f, PCI_BDF(0, 0), 0x12378086, 0x060000, 0x02);
    /* memory and bus master are always on, ports never: the bridge has none */
    pci_register(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
    pci_register(f, PCI_CACHE_LINE, 2, 0, 0xf800); /* the latency timer */
    pci_register(f, PCI_INTERRUPT_LINE, 1, 0, 0);
    pci_register(f, PMCCFG, 2, 0, 0xffff);
    pci_register(f, DRAMC, 1, 0x01, 0xff);
    pci_register(f, DRAMT, 1, 0x10, 0xff);
    for (unsigned i = 0; i < 7; i++)
        pci_register(f, PAM + i, 1, 0, 0x77);
    for (unsigned i = 0; i < 8; i++)
        pci_register(f, DRB + i, 1, 0x01, 0xff);
    pci_register(f, FDHC, 1, 0, 0xc0);
    pci_register(f, SMRAM, 1, 0x02, 0x78);
    pci_add(pci, f);
}
