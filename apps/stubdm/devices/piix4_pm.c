/* SPDX-License-Identifier: MIT */
/* Intel 82371AB (PIIX4) data sheet, order number 290562, section 7; ACPI 2.0, section 4.7.3.2. */
#include "piix4_pm.h"

#include <ringlet/string.h>

enum { PMBA = 0x40, PMREGMISC = 0x80, SMBBA = 0x90, SMBHSTCFG = 0xd2 };

/* Xen's tables: xen/arch-x86/hvm/..., ACPI_PM1A_EVT_BLK_ADDRESS_V1 and its neighbours. */
#define PM_BASE  0xb000
#define PMCNTRL  0x04
#define GPE_BASE 0xafe0 /* ACPI_GPE0_BLK_ADDRESS_V1: status, then enable, 16 bits each */
#define APMC     0xb2
#define APMS     0xb3

#define ACPI_ENABLE  0xf1
#define ACPI_DISABLE 0xf0

#define SCI_EN     0x0001u
#define SUS_EN     0x2000u /* writing it enters the state of SUS_TYP; reads as 0 */
#define SUS_TYP(v) ((v) >> 10 & 7)
#define PM1_KEPT   0x1c03u /* SUS_TYP, BRLD_EN_BM, SCI_EN */

#define SUS_SOFT_OFF 0u

static uint32_t read_control(void *device, unsigned offset, unsigned size)
{
    const struct piix4_pm *pm = device;

    (void)size;
    return pm->pmcntrl >> (8 * offset);
}

static void write_control(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct piix4_pm *pm = device;
    uint32_t all = pm->pmcntrl;

    if (size == 2)
        all = value;
    else
        all = offset ? (all & 0x00ff) | value << 8 : (all & 0xff00) | value;
    /* the operating system cannot change SCI_EN: ACPI_ENABLE does */
    pm->pmcntrl = (uint16_t)((all & PM1_KEPT & ~SCI_EN) | (pm->pmcntrl & SCI_EN));
    /* the toolstack does not offer other sleeping states to this guest */
    if (all & SUS_EN && SUS_TYP(all) == SUS_SOFT_OFF)
        pm->bus->ops->power(pm->bus->world, MACHINE_POWER_OFF);
}

static uint32_t read_smi(void *device, unsigned offset, unsigned size)
{
    const struct piix4_pm *pm = device;

    (void)size;
    return offset ? pm->apms : pm->apmc;
}

static void write_smi(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct piix4_pm *pm = device;

    (void)size;
    if (offset) {
        pm->apms = (uint8_t)value;
        return;
    }
    pm->apmc = (uint8_t)value;
    if (value == ACPI_ENABLE)
        pm->pmcntrl |= SCI_EN;
    else if (value == ACPI_DISABLE)
        pm->pmcntrl &= (uint16_t)~SCI_EN;
}

/* No event ever happens: the status is 0, and what is enabled is only kept. */
static uint32_t read_events(void *device, unsigned offset, unsigned size)
{
    const struct piix4_pm *pm = device;

    (void)size;
    return offset < 2 ? 0 : pm->gpe_enable[offset - 2];
}

static void write_events(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct piix4_pm *pm = device;

    (void)size;
    if (offset >= 2)
        pm->gpe_enable[offset - 2] = (uint8_t)value;
}

void piix4_pm_init(struct piix4_pm *pm, struct pci *pci)
{
    struct pci_function *f = &pm->function;

    memset(pm, 0, sizeof(*pm));
    pm->bus = pci->bus;
    pci_function_init(f, PCI_BDF(1, 3), 0x71138086, 0x068000, 0x03);
    pci_register(f, PCI_COMMAND, 2, 0, PCI_COMMAND_IO);
    pci_register(f, PCI_CACHE_LINE, 2, 0, 0);
    pci_register(f, PCI_INTERRUPT_PIN, 1, 1, 0);
    pci_register(f, PMBA, 4, 1, 0xffc0);
    pci_register(f, PMREGMISC, 1, 0, 0x01);
    pci_register(f, SMBBA, 4, 1, 0xfff0);
    pci_register(f, SMBHSTCFG, 1, 0, 0x0f);
    pci_add(pci, f);
    pm->control = (struct bus_ports){.first = PM_BASE + PMCNTRL,
                                     .last = PM_BASE + PMCNTRL + 1,
                                     .width = 2,
                                     .read = read_control,
                                     .write = write_control,
                                     .device = pm};
    pm->smi = (struct bus_ports){.first = APMC,
                                 .last = APMS,
                                 .width = 1,
                                 .read = read_smi,
                                 .write = write_smi,
                                 .device = pm};
    pm->events = (struct bus_ports){.first = GPE_BASE,
                                    .last = GPE_BASE + 3,
                                    .width = 1,
                                    .read = read_events,
                                    .write = write_events,
                                    .device = pm};
    bus_add(pm->bus, &pm->control);
    bus_add(pm->bus, &pm->events);
    bus_add(pm->bus, &pm->smi);
}
