/* SPDX-License-Identifier: MIT */
/* The ISA bridge of the 82371SB (00:01.0): the routes of the PCI interrupt links. */
#ifndef STUBDM_PIIX3_ISA_H
#define STUBDM_PIIX3_ISA_H

#include "pci.h"

void piix3_isa_init(struct pci_function *f, struct pci *pci);

#endif
