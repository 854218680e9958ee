/* SPDX-License-Identifier: MIT */
/* Configuration space. */
#include "pci.h"

#include <ringlet/string.h>

void pci_function_init(struct pci_function *f, uint32_t bdf, uint32_t id, uint32_t class_code,
                       unsigned revision)
{
    memset(f, 0, sizeof(*f));
    f->bdf = bdf;
    pci_register(f, PCI_VENDOR, 4, id, 0);
    pci_register(f, PCI_REVISION, 4, class_code << 8 | revision, 0);
    pci_register(f, PCI_COMMAND, 2, 0, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pci_register(f, PCI_CACHE_LINE, 2, 0, 0xffff);
    pci_register(f, PCI_INTERRUPT_LINE, 1, 0, 0xff);
}

void pci_register(struct pci_function *f, unsigned reg, unsigned size, uint32_t value,
                  uint32_t writable)
{
    put_le(f->config + reg, size, value);
    put_le(f->writable + reg, size, writable);
}

void pci_bar(struct pci_function *f, unsigned n, uint32_t size, unsigned flags)
{
    pci_register(f, PCI_BAR + 4 * n, 4, flags, ~(size - 1));
}

uint32_t pci_bar_ports(const struct pci_function *f, unsigned n, uint32_t size)
{
    const uint32_t base = get_le(f->config + PCI_BAR + 4 * n, 4) & ~3u;

    if (!(f->config[PCI_COMMAND] & PCI_COMMAND_IO) || base > 0x10000u - size)
        return 0;
    return base;
}

void pci_add(struct pci *pci, struct pci_function *f)
{
    pci->functions[pci->count++] = f;
    if (pci->bus->ops->range_add(pci->bus->world, MACHINE_PCI, f->bdf, f->bdf))
        pci->bus->stats.range_errors++;
}

static struct pci_function *find(struct pci *pci, uint32_t bdf)
{
    for (unsigned i = 0; i < pci->count; i++) {
        if (pci->functions[i]->bdf == bdf)
            return pci->functions[i];
    }
    return NULL;
}

void pci_config(struct pci *pci, uint32_t bdf, uint32_t reg, unsigned size, bool write,
                uint32_t *value)
{
    struct pci_function *f = find(pci, bdf);

    pci->bus->stats.pci_config++;
    if (!f || (size != 1 && size != 2 && size != 4) || reg > sizeof(f->config) - size) {
        pci->bus->stats.unclaimed++;
        if (!write)
            *value = size == 1 ? 0xff : size == 2 ? 0xffff : UINT32_MAX;
        return;
    }
    if (!write) {
        *value = get_le(f->config + reg, size);
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        const uint8_t mask = f->writable[reg + i];

        f->config[reg + i] = (uint8_t)((f->config[reg + i] & ~mask) | (*value >> (8 * i) & mask));
    }
    if (f->written)
        f->written(f, reg, size);
}
