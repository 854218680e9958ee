/* SPDX-License-Identifier: MIT */
/*
 * Configuration space of the functions of bus 0: which bits a guest may write, and base address
 * registers. Names and offsets of the PCI Local Bus Specification 2.1, section 6.
 */
#ifndef STUBDM_PCI_H
#define STUBDM_PCI_H

#include "bus.h"

enum {
    PCI_VENDOR = 0x00,
    PCI_DEVICE = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08,
    PCI_CLASS = 0x09, /* 3 bytes: interface, subclass, class */
    PCI_CACHE_LINE = 0x0c,
    PCI_LATENCY = 0x0d,
    PCI_HEADER = 0x0e,
    PCI_BAR = 0x10,
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM = 0x2e,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
};

#define PCI_COMMAND_IO     1u
#define PCI_COMMAND_MEMORY 2u
#define PCI_COMMAND_MASTER 4u
#define PCI_MULTIFUNCTION  0x80u /* in the header's type */

#define PCI_BAR_IO       1u
#define PCI_BAR_PREFETCH 8u

#define PCI_FUNCTIONS_MAX         6
#define PCI_BDF(device, function) ((uint32_t)(device) << 3 | (function))

struct pci_function {
    uint32_t bdf;
    uint8_t config[256];
    uint8_t writable[256]; /* bits that a guest may change */
    /* After a write of [reg, reg + size), if it is not NULL. */
    void (*written)(struct pci_function *f, unsigned reg, unsigned size);
    void *device;
};

struct pci {
    struct bus *bus;
    struct pci_function *functions[PCI_FUNCTIONS_MAX];
    unsigned count;
};

/* Makes a function without registers of its own. `id`: device << 16 | vendor; class_code: 24 bits. */
void pci_function_init(struct pci_function *f, uint32_t bdf, uint32_t id, uint32_t class_code,
                       unsigned revision);
/* A register of `size` bytes with a first value and the bits that may be written. */
void pci_register(struct pci_function *f, unsigned reg, unsigned size, uint32_t value,
                  uint32_t writable);
/* Base address register n of a power of two of bytes; flags: PCI_BAR_*. */
void pci_bar(struct pci_function *f, unsigned n, uint32_t size, unsigned flags);
/* The base of an I/O BAR of `size` bytes; 0: it decodes nothing now. */
uint32_t pci_bar_ports(const struct pci_function *f, unsigned n, uint32_t size);
static inline bool pci_touches(unsigned reg, unsigned size, unsigned first, unsigned bytes)
{
    return reg < first + bytes && first < reg + size;
}

/* Adds it to the bus, and claims it. */
void pci_add(struct pci *pci, struct pci_function *f);
/* machine_pci_config() */
void pci_config(struct pci *pci, uint32_t bdf, uint32_t reg, unsigned size, bool write,
                uint32_t *value);

#endif
