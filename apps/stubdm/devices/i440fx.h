/* SPDX-License-Identifier: MIT */
/* The host bridge 82441FX (00:00.0): firmware sees what it is, and keeps its registers there. Xen
 * decides where memory is, so these have no effect. */
#ifndef STUBDM_I440FX_H
#define STUBDM_I440FX_H

#include "pci.h"

void i440fx_init(struct pci_function *f, struct pci *pci);

#endif
