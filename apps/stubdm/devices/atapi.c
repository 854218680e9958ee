/* SPDX-License-Identifier: MIT */
/* The PACKET command of a cdrom. ATA/ATAPI-6, section 8.23 and 9.8; SFF-8020i; MMC-3. */
#include "ata.h"

#include <ringlet/string.h>

enum {
    TEST_UNIT_READY = 0x00,
    REQUEST_SENSE = 0x03,
    INQUIRY = 0x12,
    MODE_SENSE_6 = 0x1a,
    START_STOP_UNIT = 0x1b,
    PREVENT_ALLOW = 0x1e,
    READ_CAPACITY = 0x25,
    READ_10 = 0x28,
    SEEK_10 = 0x2b,
    READ_TOC = 0x43,
    GET_CONFIGURATION = 0x46,
    GET_EVENT_STATUS = 0x4a,
    MODE_SENSE_10 = 0x5a,
    READ_12 = 0xa8,
    SET_CD_SPEED = 0xbb,
};

enum {
    NO_SENSE = 0,
    NOT_READY = 2,
    ILLEGAL_REQUEST = 5,
    UNIT_ATTENTION = 6,
};

/* additional sense codes */
enum {
    INVALID_OPCODE = 0x20,
    LBA_OUT_OF_RANGE = 0x21,
    INVALID_FIELD = 0x24,
    NO_MEDIUM = 0x3a,
    REMOVAL_PREVENTED = 0x53,
};

#define FEATURE_DMA 1u

/* ---- the protocol ---- */

void atapi_reason(struct ata_channel *c, uint32_t block, bool in)
{
    struct ata_registers *r = &c->active->r;

    r->count[0] = in ? ATAPI_IO : 0;
    r->lba_mid[0] = (uint8_t)block;
    r->lba_high[0] = (uint8_t)(block >> 8);
}

uint32_t atapi_block(const struct ata_channel *c, uint32_t rest)
{
    /* only the last block may have an odd length */
    return rest <= c->block ? rest : c->block & ~1u;
}

static void end(struct ata_channel *c, uint8_t error)
{
    struct ata_drive *d = c->active;

    d->r.count[0] = ATAPI_IO | ATAPI_CD;
    if (error)
        ata_abort(c, error);
    else
        ata_finish(c, true);
}

void atapi_finish(struct ata_channel *c)
{
    c->active->sense = (struct ata_sense){0};
    end(c, 0);
}

void atapi_error(struct ata_channel *c, uint8_t key, uint8_t asc, uint8_t ascq)
{
    c->active->sense = (struct ata_sense){key, asc, ascq};
    end(c, (uint8_t)(key << 4 | ATA_ABRT));
}

void atapi_begin(struct ata_channel *c)
{
    struct ata_drive *d = c->active;

    c->is_packet = true;
    c->by_dma = d->r.feature[0] & FEATURE_DMA;
    c->block = d->r.lba_mid[0] | (uint32_t)d->r.lba_high[0] << 8;
    c->bytes = c->packet;
    c->pos = 0;
    c->block_end = c->data_end = ATAPI_PACKET;
    c->phase = ATA_PACKET_OUT;
    d->r.count[0] = ATAPI_CD;
    d->r.status = ATA_DRDY | ATA_DSC | ATA_DRQ;
}

/* PIO needs a limit for its blocks. */
static bool has_limit(struct ata_channel *c)
{
    if (c->by_dma || c->block > 1)
        return true;
    atapi_error(c, ILLEGAL_REQUEST, INVALID_FIELD, 0);
    return false;
}

/* Sends what is in the buffer, as far as the packet allows. */
static void send(struct ata_channel *c, uint32_t len, uint32_t allocated)
{
    len = MIN(len, allocated);
    if (!len) {
        atapi_finish(c);
        return;
    }
    if (!has_limit(c))
        return;
    if (c->by_dma) {
        c->bus->stats.dma_commands++;
        ata_send_dma(c, len);
    } else {
        ata_send_pio(c, len);
    }
}

/* ---- commands ---- */

static bool is_ready(struct ata_channel *c, struct ata_drive *d)
{
    if (atapi_blocks(d))
        return true;
    atapi_error(c, NOT_READY, NO_MEDIUM, d->open ? 2 : 1);
    return false;
}

static void request_sense(struct ata_channel *c, struct ata_drive *d)
{
    uint8_t *out = d->disk->buffer;
    struct ata_sense sense = d->sense;

    if (sense.key == NO_SENSE && d->attention) {
        sense = (struct ata_sense){UNIT_ATTENTION, d->attention, 0};
        d->attention = 0;
    }
    memset(out, 0, 18);
    out[0] = 0x70;
    out[2] = sense.key;
    out[7] = 10;
    out[12] = sense.asc;
    out[13] = sense.ascq;
    send(c, 18, c->packet[4]);
}

static void read_blocks(struct ata_channel *c, struct ata_drive *d, uint32_t blocks)
{
    const uint32_t lba = get_be(c->packet + 2, 4), all = atapi_blocks(d);

    if (!is_ready(c, d))
        return;
    if (lba >= all || blocks > all - lba) {
        atapi_error(c, ILLEGAL_REQUEST, LBA_OUT_OF_RANGE, 0);
        return;
    }
    if (!blocks) {
        atapi_finish(c);
        return;
    }
    if (blocks > UINT32_MAX / ATAPI_BLOCK_SECTORS) {
        atapi_error(c, ILLEGAL_REQUEST, INVALID_FIELD, 0);
        return;
    }
    if (!has_limit(c))
        return;
    c->sector = (uint64_t)lba * ATAPI_BLOCK_SECTORS;
    c->left = blocks * ATAPI_BLOCK_SECTORS;
    c->unit = ATAPI_BLOCK_SECTORS;
    if (c->by_dma) {
        c->bus->stats.dma_commands++;
        ata_read_dma(c);
    } else {
        ata_read_pio(c);
    }
}

static void start_stop(struct ata_channel *c, struct ata_drive *d)
{
    const bool load_eject = c->packet[4] & 2, start = c->packet[4] & 1;

    if (load_eject && !start && d->prevented) {
        atapi_error(c, ILLEGAL_REQUEST, REMOVAL_PREVENTED, 2);
        return;
    }
    if (load_eject && d->open == start) {
        d->open = !start;
        if (start)
            ata_disk_changed(d);
    }
    atapi_finish(c);
}

static void read_capacity(struct ata_channel *c, struct ata_drive *d)
{
    if (!is_ready(c, d))
        return;
    put_be(d->disk->buffer, 4, atapi_blocks(d) - 1);
    put_be(d->disk->buffer + 4, 4, ATAPI_BLOCK);
    send(c, 8, 8);
}

/* Sends the answer of one of the functions of atapi_data.c. */
static void answer(struct ata_channel *c, uint32_t len, uint32_t allocated)
{
    if (!len)
        atapi_error(c, ILLEGAL_REQUEST, INVALID_FIELD, 0);
    else
        send(c, len, allocated);
}

/* Those that are for the drive, with or without a medium. */
static bool drive_command(struct ata_channel *c, struct ata_drive *d)
{
    const uint8_t *p = c->packet;
    uint8_t *out = d->disk->buffer;

    switch (p[0]) {
    case REQUEST_SENSE:
        request_sense(c, d);
        return true;
    case INQUIRY:
        answer(c, atapi_inquiry(d, p, out), p[4]);
        return true;
    case GET_CONFIGURATION:
        answer(c, atapi_get_configuration(d, p, out), get_be(p + 7, 2));
        return true;
    case GET_EVENT_STATUS:
        answer(c, atapi_event_status(d, p, out), get_be(p + 7, 2));
        return true;
    default:
        return false;
    }
}

static void medium_command(struct ata_channel *c, struct ata_drive *d)
{
    const uint8_t *p = c->packet;
    uint8_t *out = d->disk->buffer;

    switch (p[0]) {
    case TEST_UNIT_READY:
        if (is_ready(c, d))
            atapi_finish(c);
        break;
    case MODE_SENSE_6:
        answer(c, atapi_mode_sense(d, p, out), p[4]);
        break;
    case MODE_SENSE_10:
        answer(c, atapi_mode_sense(d, p, out), get_be(p + 7, 2));
        break;
    case START_STOP_UNIT:
        start_stop(c, d);
        break;
    case PREVENT_ALLOW:
        d->prevented = p[4] & 1;
        atapi_finish(c);
        break;
    case READ_CAPACITY:
        read_capacity(c, d);
        break;
    case READ_10:
        read_blocks(c, d, get_be(p + 7, 2));
        break;
    case READ_12:
        read_blocks(c, d, get_be(p + 6, 4));
        break;
    case SEEK_10:
        if (!is_ready(c, d))
            break;
        if (get_be(p + 2, 4) < atapi_blocks(d))
            atapi_finish(c);
        else
            atapi_error(c, ILLEGAL_REQUEST, LBA_OUT_OF_RANGE, 0);
        break;
    case READ_TOC:
        if (is_ready(c, d))
            answer(c, atapi_read_toc(d, p, out), get_be(p + 7, 2));
        break;
    case SET_CD_SPEED:
        atapi_finish(c);
        break;
    default:
        atapi_error(c, ILLEGAL_REQUEST, INVALID_OPCODE, 0);
    }
}

void atapi_packet(struct ata_channel *c)
{
    struct ata_drive *d = c->active;
    const uint8_t attention = d->attention;

    c->bus->stats.atapi_commands++;
    if (drive_command(c, d))
        return;
    if (attention) {
        d->attention = 0;
        atapi_error(c, UNIT_ATTENTION, attention, 0);
        return;
    }
    medium_command(c, d);
}
