/* SPDX-License-Identifier: MIT */
/* A channel's registers, interrupt line and resets, and the data register. */
#include "ata.h"

#include <ringlet/string.h>

/* ---- interrupts ---- */

static void update_irq(struct ata_channel *c)
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
    update_irq(c);
}

static void clear_interrupt(struct ata_channel *c)
{
    c->intrq = false;
    update_irq(c);
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

/* What was in progress ends without a result; requests to the disk that are in flight must end
 * first, as they use the buffer. */
static void cancel(struct ata_channel *c)
{
    forget(c);
    c->cancelled = c->in_flight > 0;
}

/* The end of a reset, when nothing holds it up. */
static void settle(struct ata_channel *c)
{
    if (c->in_flight)
        return;
    c->cancelled = false;
    if (c->reset && !(c->device_control & ATA_CONTROL_SRST)) {
        c->reset = false;
        reset_drives(c);
    }
}

static void write_control(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct ata_channel *c = device;
    const bool srst = value & ATA_CONTROL_SRST;

    (void)offset;
    (void)size;
    c->device_control = (uint8_t)value;
    if (srst) {
        cancel(c);
        c->reset = true;
        clear_interrupt(c);
    }
    settle(c);
    update_irq(c);
}

void ata_unplug(struct ata_channel *c, unsigned n)
{
    struct ata_drive *d = &c->drives[n];

    if (c->active == d)
        cancel(c);
    if (c->intrq_drive == d)
        clear_interrupt(c);
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
        settle(c);
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

/* ---- the data register ---- */

void ata_offer(struct ata_channel *c, enum ata_phase phase, bool interrupt)
{
    struct ata_drive *d = c->active;
    const uint32_t rest = c->data_end - c->pos;
    const uint32_t block = c->is_packet ? atapi_block(c, rest) : MIN(rest, c->block);

    c->block_end = c->pos + block;
    c->phase = phase;
    d->r.status = ATA_DRDY | ATA_DSC | ATA_DRQ;
    if (c->is_packet)
        atapi_reason(c, block, phase == ATA_DATA_IN);
    if (interrupt)
        ata_interrupt(c);
}

/* Data that the host can read or write now. */
static uint32_t ready(const struct ata_channel *c, bool write)
{
    if (!c->active || c->active != c->selected)
        return 0;
    if (write ? c->phase != ATA_DATA_OUT && c->phase != ATA_PACKET_OUT : c->phase != ATA_DATA_IN)
        return 0;
    return c->block_end - c->pos;
}

static uint8_t *window(void *device, bool write, uint32_t *len)
{
    struct ata_channel *c = device;

    *len = ready(c, write);
    return *len ? c->bytes + c->pos : NULL;
}

static void taken(void *device, bool write, uint32_t len)
{
    struct ata_channel *c = device;

    c->pos += len;
    if (c->pos < c->block_end)
        return;
    if (c->phase == ATA_PACKET_OUT) {
        c->phase = ATA_BUSY;
        atapi_packet(c);
    } else if (c->pos < c->data_end) {
        ata_offer(c, c->phase, true);
    } else {
        c->phase = ATA_BUSY;
        c->filled = write;
        ata_run(c);
    }
}

static uint32_t read_data(void *device, unsigned offset, unsigned size)
{
    struct ata_channel *c = device;
    const uint32_t len = MIN(ready(c, false), size);
    uint32_t value = UINT32_MAX;

    (void)offset;
    if (len) {
        uint8_t bytes[4] = {0xff, 0xff, 0xff, 0xff};

        memcpy(bytes, c->bytes + c->pos, len);
        value = get_le(bytes, 4);
        taken(c, false, len);
    }
    return value;
}

static void write_data(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct ata_channel *c = device;
    const uint32_t len = MIN(ready(c, true), size);

    (void)offset;
    if (len) {
        put_le(c->bytes + c->pos, len, value);
        taken(c, true, len);
    }
}

/* ---- the other registers ---- */

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
            clear_interrupt(c);
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
    cancel(c); /* a command that waited for the host; nothing is in flight then */
    clear_interrupt(c);
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
            cancel(c);
            clear_interrupt(c);
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
        update_irq(c);
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
    c->data = (struct bus_ports){.first = base,
                                 .last = base,
                                 .width = 4,
                                 .wide = true,
                                 .read = read_data,
                                 .write = write_data,
                                 .window = window,
                                 .taken = taken,
                                 .device = c};
    c->command = (struct bus_ports){
        .first = base + 1, .last = base + 7, .width = 1, .read = read, .write = write, .device = c};
    c->control = (struct bus_ports){.first = control,
                                    .last = control,
                                    .width = 1,
                                    .read = read_alternate,
                                    .write = write_control,
                                    .device = c};
    bus_add(bus, &c->data);
    bus_add(bus, &c->command);
    bus_add(bus, &c->control);
}
