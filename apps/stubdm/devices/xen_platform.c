/* SPDX-License-Identifier: MIT */
/* Xen platform device. */
#include "xen_platform.h"

#include <ringlet/string.h>

#define MAGIC    0x49d2
#define PROTOCOL 1

#define UNPLUG_ALL (MACHINE_UNPLUG_DISKS | MACHINE_UNPLUG_NICS | MACHINE_UNPLUG_AUX_DISKS)

#define IO_SIZE     0x100u
#define MEMORY_SIZE 0x1000000u

static uint32_t read(void *device, unsigned offset, unsigned size)
{
    (void)device;
    if (offset == 0 && size == 2)
        return MAGIC;
    if (offset == 2 && size == 1)
        return PROTOCOL;
    return UINT32_MAX;
}

static void log_byte(struct xen_platform *x, uint8_t byte)
{
    if (byte == '\r')
        return;
    if (byte != '\n')
        x->line[x->len++] = (char)(byte >= 0x20 && byte < 0x7f ? byte : '?');
    if (x->len == XEN_PLATFORM_LINE || (byte == '\n' && x->len)) {
        x->line[x->len] = 0;
        x->len = 0;
        x->bus->ops->log(x->bus->world, x->line);
    }
}

static void write(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct xen_platform *x = device;

    if (offset == 0 && size == 2 && value & UNPLUG_ALL)
        x->unplug(x->machine, value & UNPLUG_ALL);
    else if (offset == 2 && size == 1)
        log_byte(x, (uint8_t)value);
    /* else the driver's product (2, 2) and build (0, 4): none is refused */
}

void xen_platform_init(struct xen_platform *x, struct pci *pci,
                       void (*unplug)(void *machine, unsigned what), void *machine)
{
    struct pci_function *f = &x->function;

    memset(x, 0, sizeof(*x));
    x->bus = pci->bus;
    x->unplug = unplug;
    x->machine = machine;
    pci_function_init(f, PCI_BDF(2, 0), 0x00015853, 0xff8000, 0x01);
    pci_register(f, PCI_SUBSYSTEM_VENDOR, 4, 0x00015853, 0);
    pci_register(f, PCI_INTERRUPT_PIN, 1, 1, 0);
    pci_bar(f, 0, IO_SIZE, PCI_BAR_IO);
    pci_bar(f, 1, MEMORY_SIZE, PCI_BAR_PREFETCH);
    pci_add(pci, f);
    x->ports = (struct bus_ports){
        .first = 0x10, .last = 0x13, .width = 4, .read = read, .write = write, .device = x};
    bus_add(x->bus, &x->ports);
}
