/* SPDX-License-Identifier: MIT */
/* A channel's command block but for the data register, and the control block. */
#include "ata.h"

static bool is_busy(const struct ata_channel *c)
{
    return c->cancelled || c->reset || c->phase == ATA_BUSY;
}

static uint8_t status(const struct ata_channel *c)
{
    if (!c->selected->disk)
        return c->cancelled ? ATA_BSY : 0;
    if (c->cancelled || c->reset || (c->phase == ATA_BUSY && c->active == c->selected))
        return ATA_BSY;
    return c->selected->r.status;
}

static uint32_t read(void *device, unsigned offset, unsigned size)
{
    struct ata_channel *c = device;
    const struct ata_registers *r = &c->selected->r;
    const unsigned old = c->device_control & ATA_CONTROL_HOB ? 1 : 0;

    (void)size;
    if (!c->selected->disk && offset + 1 != ATA_STATUS)
        return 0; /* the other drive answers, so that nobody waits for this one */
    switch (offset + 1) {
    case ATA_ERROR:
        return r->error;
    case ATA_COUNT:
        return r->count[old];
    case ATA_LBA_LOW:
        return r->lba_low[old];
    case ATA_LBA_MID:
        return r->lba_mid[old];
    case ATA_LBA_HIGH:
        return r->lba_high[old];
    case ATA_DEVICE:
        return r->device;
    default:
        if (c->intrq_drive == c->selected)
            ata_clear_interrupt(c);
        return status(c);
    }
}

static uint32_t read_alternate(void *device, unsigned offset, unsigned size)
{
    const struct ata_channel *c = device;

    (void)offset;
    (void)size;
    return status(c);
}

static void write_control(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct ata_channel *c = device;
    const bool srst = value & ATA_CONTROL_SRST;

    (void)offset;
    (void)size;
    c->device_control = (uint8_t)value;
    if (srst) {
        ata_cancel(c);
        c->reset = true;
        ata_clear_interrupt(c);
    }
    ata_settle(c);
    ata_update_irq(c);
}

static void put_register(uint8_t pair[2], uint8_t value)
{
    pair[1] = pair[0];
    pair[0] = value;
}

/* Both drives see a write of a parameter. */
static void write_parameter(struct ata_registers *r, unsigned reg, uint8_t value)
{
    switch (reg) {
    case ATA_ERROR:
        put_register(r->feature, value);
        break;
    case ATA_COUNT:
        put_register(r->count, value);
        break;
    case ATA_LBA_LOW:
        put_register(r->lba_low, value);
        break;
    case ATA_LBA_MID:
        put_register(r->lba_mid, value);
        break;
    case ATA_LBA_HIGH:
        put_register(r->lba_high, value);
        break;
    default:
        r->device = value;
    }
}

static void begin(struct ata_channel *c, uint8_t command)
{
    struct ata_drive *d = c->selected;

    if (!d->disk && command != ATA_EXECUTE_DIAGNOSTIC)
        return;
    c->bus->stats.ata_commands++;
    ata_cancel(c); /* a command that waited for the host; nothing is in flight then */
    ata_clear_interrupt(c);
    c->active = d;
    c->phase = ATA_BUSY;
    d->r.error = 0;
    c->is_packet = c->is_ext = c->filled = c->faulted = c->failed = false;
    c->head = c->tail = 0;
    c->left = 0;
    c->unit = 1;
    c->block = ATA_SECTOR;
    for (unsigned i = 0; i < MACHINE_DISK_IOS; i++)
        c->slots[i].state = ATA_SLOT_FREE;
    ata_command(c, command);
}

static void write(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct ata_channel *c = device;
    const unsigned reg = offset + 1;

    (void)size;
    c->device_control &= (uint8_t)~ATA_CONTROL_HOB;
    if (reg == ATA_STATUS && value == ATA_DEVICE_RESET && c->selected->disk &&
        c->selected->disk->cdrom && !c->reset) {
        /* the one command that a drive takes while it is busy */
        if (!c->active || c->active == c->selected) {
            ata_cancel(c);
            ata_clear_interrupt(c);
            ata_signature(c->selected);
        }
        return;
    }
    if (is_busy(c))
        return;
    if (reg == ATA_STATUS) {
        begin(c, (uint8_t)value);
        return;
    }
    for (unsigned i = 0; i < 2; i++)
        write_parameter(&c->drives[i].r, reg, (uint8_t)value);
    if (reg == ATA_DEVICE) {
        c->selected = &c->drives[value & ATA_DEVICE_DEV ? 1 : 0];
        ata_update_irq(c);
    }
}

void ata_registers_init(struct ata_channel *c, uint16_t base, uint16_t control)
{
    c->command = (struct bus_ports){
        .first = base + 1, .last = base + 7, .width = 1, .read = read, .write = write, .device = c};
    c->control = (struct bus_ports){.first = control,
                                    .last = control,
                                    .width = 1,
                                    .read = read_alternate,
                                    .write = write_control,
                                    .device = c};
}
