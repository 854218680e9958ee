/* SPDX-License-Identifier: MIT */
/* A channel: its interrupt line, how commands go on and end, and resets. */
#include "ata.h"

#include <ringlet/string.h>

/* ---- interrupts ---- */

void ata_update_irq(struct ata_channel *c)
{
    /* only the selected drive drives the line */
    const bool level =
        c->intrq && !(c->device_control & ATA_CONTROL_NIEN) && c->selected == c->intrq_drive;

    if (level == c->irq_level)
        return;
    c->irq_level = level;
    if (level)
        bus_master_interrupt(c->master);
    c->bus->ops->isa_irq(c->bus->world, c->irq, level);
}

void ata_interrupt(struct ata_channel *c)
{
    c->intrq = true;
    c->intrq_drive = c->active ? c->active : c->selected;
    ata_update_irq(c);
}

void ata_clear_interrupt(struct ata_channel *c)
{
    c->intrq = false;
    ata_update_irq(c);
}

/* ---- the end of a command ---- */

static void forget(struct ata_channel *c)
{
    c->active = NULL;
    c->step = NULL;
    c->phase = ATA_IDLE;
    c->again = c->paused = false;
}

void ata_finish(struct ata_channel *c, bool interrupt)
{
    struct ata_drive *d = c->active;

    d->r.status = ATA_DRDY | ATA_DSC;
    if (interrupt)
        ata_interrupt(c);
    forget(c);
}

void ata_abort(struct ata_channel *c, uint8_t error)
{
    struct ata_drive *d = c->active;

    c->bus->stats.ata_aborted++;
    d->r.error = error;
    d->r.status = ATA_DRDY | ATA_DSC | ATA_ERR;
    ata_interrupt(c);
    forget(c);
}

void ata_set_lba(struct ata_drive *d, uint64_t sector, bool ext)
{
    d->r.lba_low[0] = (uint8_t)sector;
    d->r.lba_mid[0] = (uint8_t)(sector >> 8);
    d->r.lba_high[0] = (uint8_t)(sector >> 16);
    if (ext) {
        d->r.lba_low[1] = (uint8_t)(sector >> 24);
        d->r.lba_mid[1] = (uint8_t)(sector >> 32);
        d->r.lba_high[1] = (uint8_t)(sector >> 40);
    } else {
        d->r.device = (uint8_t)((d->r.device & 0xf0) | (sector >> 24 & 15));
    }
}

void ata_abort_at(struct ata_channel *c, uint8_t error, uint64_t sector)
{
    struct ata_drive *d = c->active;

    if (c->is_ext || d->r.device & ATA_DEVICE_LBA) {
        ata_set_lba(d, sector, c->is_ext);
    } else {
        const uint64_t cylinder = sector / d->track / d->heads;

        d->r.lba_low[0] = (uint8_t)(sector % d->track + 1);
        d->r.lba_mid[0] = (uint8_t)cylinder;
        d->r.lba_high[0] = (uint8_t)(cylinder >> 8);
        d->r.device = (uint8_t)((d->r.device & 0xf0) | sector / d->track % d->heads);
    }
    ata_abort(c, error);
}

/* ---- resets ---- */

void ata_signature(struct ata_drive *d)
{
    d->r = (struct ata_registers){.count = {1, 0}, .lba_low = {1, 0}, .error = 1};
    if (d->disk && d->disk->cdrom) {
        d->r.lba_mid[0] = 0x14;
        d->r.lba_high[0] = 0xeb;
    } else {
        d->r.status = ATA_DRDY | ATA_DSC;
    }
}

static void reset_drives(struct ata_channel *c)
{
    for (unsigned i = 0; i < 2; i++) {
        struct ata_drive *d = &c->drives[i];

        ata_signature(d);
        d->prevented = false;
    }
    c->selected = &c->drives[0];
}

void ata_diagnose(struct ata_channel *c)
{
    forget(c);
    reset_drives(c);
    ata_interrupt(c);
}

void ata_cancel(struct ata_channel *c)
{
    forget(c);
    c->cancelled = c->in_flight > 0;
}

void ata_settle(struct ata_channel *c)
{
    if (c->in_flight)
        return;
    c->cancelled = false;
    if (c->reset && !(c->device_control & ATA_CONTROL_SRST)) {
        c->reset = false;
        reset_drives(c);
    }
}

void ata_unplug(struct ata_channel *c, unsigned n)
{
    struct ata_drive *d = &c->drives[n];

    if (c->active == d)
        ata_cancel(c);
    if (c->intrq_drive == d)
        ata_clear_interrupt(c);
    d->disk = NULL;
    if (!c->drives[0].disk && !c->drives[1].disk) {
        bus_remove(c->bus, &c->data);
        bus_remove(c->bus, &c->command);
        bus_remove(c->bus, &c->control);
    }
}

/* ---- running a command ---- */

void ata_run(struct ata_channel *c)
{
    if (c->stepping || !c->step || c->phase != ATA_BUSY)
        return;
    c->stepping = true;
    do {
        c->again = false;
        c->step(c);
    } while (c->again && c->step);
    c->stepping = false;
}

void ata_continue(struct ata_channel *c)
{
    if (!c->paused)
        return;
    c->paused = false;
    ata_run(c);
}

void ata_disk_done(struct ata_channel *c, struct machine_disk_io *io, int ret)
{
    struct ata_slot *s = &c->slots[io->slot];

    c->in_flight--;
    s->state = ATA_SLOT_DONE;
    s->ret = ret;
    if (ret)
        c->bus->stats.disk_errors++;
    if (c->cancelled || c->reset) {
        s->state = ATA_SLOT_FREE;
        ata_settle(c);
        return;
    }
    c->again = true;
    ata_run(c);
}

void ata_disk_changed(struct ata_drive *d)
{
    if (d->disk->cdrom) {
        d->attention = 0x28; /* not ready to ready, the medium may have changed */
        d->new_medium = true;
    }
}

void ata_channel_init(struct ata_channel *c, struct bus *bus, struct bus_master *master,
                      uint16_t base, uint16_t control, unsigned irq, struct machine_disk *disks[2])
{
    memset(c, 0, sizeof(*c));
    c->bus = bus;
    c->master = master;
    c->irq = irq;
    for (unsigned i = 0; i < MACHINE_DISK_IOS; i++)
        c->slots[i].io.slot = i;
    for (unsigned i = 0; i < 2; i++) {
        struct ata_drive *d = &c->drives[i];

        d->disk = disks[i];
        if (d->disk && !d->disk->cdrom)
            ata_power_on(d);
        if (d->disk && d->disk->cdrom)
            d->attention = 0x29; /* power on */
    }
    reset_drives(c);
    if (!disks[0] && !disks[1])
        return; /* nobody is there: all ones, without being asked */
    ata_data_init(c, base);
    ata_registers_init(c, base, control);
    bus_add(bus, &c->data);
    bus_add(bus, &c->command);
    bus_add(bus, &c->control);
}
