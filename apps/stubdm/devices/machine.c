/* SPDX-License-Identifier: MIT */
/* The machine: its devices, on a bus. */
#include "cmos.h"
#include "i440fx.h"
#include "i8042.h"
#include "piix3_ide.h"
#include "piix3_isa.h"
#include "piix4_pm.h"
#include "reset.h"
#include "uart16550.h"
#include "xen_platform.h"

#include <ringlet/string.h>

#define DISKS 4u

struct machine {
    struct bus bus;
    struct pci pci;
    struct machine_disk *disks[DISKS];
    bool serial;
    struct pci_function host_bridge, isa_bridge;
    struct piix3_ide ide;
    struct piix4_pm pm;
    struct cmos cmos;
    struct i8042 keyboard;
    struct reset reset;
    struct uart16550 uart;
    struct xen_platform platform;
};

/* one guest, one machine */
static struct machine the_machine;

static bool is_disk(const struct machine_disk *d)
{
    return d->start && d->buffer && d->buffer_size >= MACHINE_DISK_BUFFER_MIN &&
           !(d->buffer_size % PAGE_SIZE) && !((uintptr_t)d->buffer % PAGE_SIZE) &&
           d->physical_sector >= ATA_SECTOR && d->physical_sector <= 65536 &&
           !(d->physical_sector & (d->physical_sector - 1));
}

/* A call from the world begins. */
static void begin(struct machine *m)
{
    m->bus.regions = BUS_REGIONS;
}

static void unplug(void *machine, unsigned what)
{
    struct machine *m = machine;

    for (unsigned i = 0; i < DISKS; i++) {
        struct ata_channel *c = &m->ide.channels[i / 2];
        const struct machine_disk *d = c->drives[i % 2].disk;
        const bool wanted = what & MACHINE_UNPLUG_DISKS || (what & MACHINE_UNPLUG_AUX_DISKS && i);

        if (d && !d->cdrom && wanted)
            ata_unplug(c, i % 2);
    }
    m->bus.ops->unplugged(m->bus.world, what);
}

int machine_init(const struct machine_config *config, struct machine **out)
{
    struct machine *m = &the_machine;

    for (unsigned i = 0; i < DISKS; i++) {
        if (config->disks[i] && !is_disk(config->disks[i]))
            return -EINVAL;
    }
    memset(m, 0, sizeof(*m));
    m->bus.ops = config->ops;
    m->bus.world = config->world;
    m->pci.bus = &m->bus;
    memcpy(m->disks, config->disks, sizeof(m->disks));
    i440fx_init(&m->host_bridge, &m->pci);
    piix3_isa_init(&m->isa_bridge, &m->pci);
    piix3_ide_init(&m->ide, &m->pci, config->disks);
    piix4_pm_init(&m->pm, &m->pci);
    cmos_init(&m->cmos, &m->bus, config->memory, config->vcpus,
              config->boot_order ? config->boot_order : "cd");
    i8042_init(&m->keyboard, &m->bus);
    reset_init(&m->reset, &m->bus);
    m->serial = config->serial;
    if (m->serial)
        uart16550_init(&m->uart, &m->bus, 0x3f8, 4);
    if (config->xen_platform)
        xen_platform_init(&m->platform, &m->pci, unplug, m);
    *out = m;
    return 0;
}

void machine_disk_done(struct machine *m, struct machine_disk *disk, struct machine_disk_io *io,
                       int ret)
{
    for (unsigned i = 0; i < DISKS; i++) {
        struct ata_channel *c = &m->ide.channels[i / 2];

        if (m->disks[i] != disk)
            continue;
        if (!c->stepping) /* else this is within start() */
            begin(m);
        ata_disk_done(c, io, ret);
    }
}

void machine_disk_changed(struct machine *m, struct machine_disk *disk)
{
    for (unsigned i = 0; i < DISKS; i++) {
        struct ata_drive *d = &m->ide.channels[i / 2].drives[i % 2];

        if (d->disk == disk)
            ata_disk_changed(d);
    }
}

void machine_pio(struct machine *m, uint16_t port, unsigned size, bool write, uint32_t *value)
{
    begin(m);
    bus_pio(&m->bus, port, size, write, value);
}

int machine_pio_rep(struct machine *m, uint16_t port, unsigned size, bool write, uint64_t gpa,
                    uint32_t count, bool down)
{
    begin(m);
    return bus_pio_rep(&m->bus, port, size, write, gpa, count, down);
}

void machine_pci_config(struct machine *m, uint32_t bdf, uint32_t reg, unsigned size, bool write,
                        uint32_t *value)
{
    pci_config(&m->pci, bdf, reg, size, write, value);
}

void machine_continue(struct machine *m)
{
    begin(m);
    for (unsigned i = 0; i < DISKS / 2; i++)
        ata_continue(&m->ide.channels[i]);
}

size_t machine_serial_in(struct machine *m, const uint8_t *data, size_t len)
{
    return m->serial ? uart16550_in(&m->uart, data, len) : len;
}

void machine_serial_room(struct machine *m)
{
    if (m->serial)
        uart16550_room(&m->uart);
}

void machine_get_stats(const struct machine *m, struct machine_stats *out)
{
    *out = m->bus.stats;
}
