/* SPDX-License-Identifier: MIT */
/* A channel's data register: blocks that the host reads or writes, one after the other. */
#include "ata.h"

#include <ringlet/string.h>

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

void ata_data_init(struct ata_channel *c, uint16_t base)
{
    c->data = (struct bus_ports){.first = base,
                                 .last = base,
                                 .width = 4,
                                 .wide = true,
                                 .read = read_data,
                                 .write = write_data,
                                 .window = window,
                                 .taken = taken,
                                 .device = c};
}
