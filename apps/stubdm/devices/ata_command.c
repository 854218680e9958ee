/* SPDX-License-Identifier: MIT */
/* The commands of disks. ATA/ATAPI-6, section 8. */
#include "ata.h"

#include <ringlet/string.h>

enum {
    RECALIBRATE = 0x10, /* .. 0x1f */
    READ_SECTORS = 0x20,
    READ_SECTORS_NORETRY = 0x21,
    READ_SECTORS_EXT = 0x24,
    READ_DMA_EXT = 0x25,
    READ_NATIVE_MAX_EXT = 0x27,
    READ_MULTIPLE_EXT = 0x29,
    WRITE_SECTORS = 0x30,
    WRITE_SECTORS_NORETRY = 0x31,
    WRITE_SECTORS_EXT = 0x34,
    WRITE_DMA_EXT = 0x35,
    WRITE_MULTIPLE_EXT = 0x39,
    READ_VERIFY = 0x40,
    READ_VERIFY_NORETRY = 0x41,
    READ_VERIFY_EXT = 0x42,
    SEEK = 0x70, /* .. 0x7f */
    INITIALIZE_DEVICE_PARAMETERS = 0x91,
    PACKET = 0xa0,
    IDENTIFY_PACKET_DEVICE = 0xa1,
    READ_MULTIPLE = 0xc4,
    WRITE_MULTIPLE = 0xc5,
    SET_MULTIPLE_MODE = 0xc6,
    READ_DMA = 0xc8,
    READ_DMA_NORETRY = 0xc9,
    WRITE_DMA = 0xca,
    WRITE_DMA_NORETRY = 0xcb,
    STANDBY_IMMEDIATE = 0xe0,
    IDLE_IMMEDIATE = 0xe1,
    STANDBY = 0xe2,
    IDLE = 0xe3,
    CHECK_POWER_MODE = 0xe5,
    SLEEP = 0xe6,
    FLUSH_CACHE = 0xe7,
    FLUSH_CACHE_EXT = 0xea,
    IDENTIFY_DEVICE = 0xec,
    SET_FEATURES = 0xef,
    READ_NATIVE_MAX = 0xf8,
};

/* What a command moves, and how. */
enum kind { READ, WRITE, VERIFY };
enum way { SECTORS, MULTIPLE, DMA };

struct transfer {
    uint8_t command;
    enum kind kind;
    enum way way;
    bool ext;
};

static const struct transfer transfers[] = {
    {READ_SECTORS, READ, SECTORS, false},        {READ_SECTORS_NORETRY, READ, SECTORS, false},
    {READ_SECTORS_EXT, READ, SECTORS, true},     {READ_MULTIPLE, READ, MULTIPLE, false},
    {READ_MULTIPLE_EXT, READ, MULTIPLE, true},   {READ_DMA, READ, DMA, false},
    {READ_DMA_NORETRY, READ, DMA, false},        {READ_DMA_EXT, READ, DMA, true},
    {WRITE_SECTORS, WRITE, SECTORS, false},      {WRITE_SECTORS_NORETRY, WRITE, SECTORS, false},
    {WRITE_SECTORS_EXT, WRITE, SECTORS, true},   {WRITE_MULTIPLE, WRITE, MULTIPLE, false},
    {WRITE_MULTIPLE_EXT, WRITE, MULTIPLE, true}, {WRITE_DMA, WRITE, DMA, false},
    {WRITE_DMA_NORETRY, WRITE, DMA, false},      {WRITE_DMA_EXT, WRITE, DMA, true},
    {READ_VERIFY, VERIFY, SECTORS, false},       {READ_VERIFY_NORETRY, VERIFY, SECTORS, false},
    {READ_VERIFY_EXT, VERIFY, SECTORS, true},
};

/* ---- addresses ---- */

/* False: not an address of the present geometry. */
static bool address(const struct ata_channel *c, const struct ata_drive *d, uint64_t *sector)
{
    const struct ata_registers *r = &d->r;
    const uint64_t low =
        r->lba_low[0] | (uint64_t)r->lba_mid[0] << 8 | (uint64_t)r->lba_high[0] << 16;

    if (c->is_ext) {
        *sector = low | (uint64_t)r->lba_low[1] << 24 | (uint64_t)r->lba_mid[1] << 32 |
                  (uint64_t)r->lba_high[1] << 40;
        return true;
    }
    if (r->device & ATA_DEVICE_LBA) {
        *sector = low | (uint64_t)(r->device & 15) << 24;
        return true;
    }
    const unsigned head = r->device & 15, cylinder = r->lba_mid[0] | r->lba_high[0] << 8;
    if (head >= d->heads || !r->lba_low[0] || r->lba_low[0] > d->track)
        return false;
    *sector = ((uint64_t)cylinder * d->heads + head) * d->track + r->lba_low[0] - 1;
    return true;
}

static uint32_t count(const struct ata_channel *c, const struct ata_drive *d)
{
    uint32_t n = d->r.count[0];

    if (!c->is_ext)
        return n ? n : 256;
    n |= (uint32_t)d->r.count[1] << 8;
    return n ? n : 65536;
}

/* The range lies on the disk: c->sector, c->left. Otherwise the command has ended. */
static bool set_range(struct ata_channel *c, struct ata_drive *d, uint32_t sectors)
{
    if (!address(c, d, &c->sector)) {
        ata_abort(c, ATA_IDNF);
        return false;
    }
    if (c->sector >= d->disk->sectors || sectors > d->disk->sectors - c->sector) {
        ata_abort_at(c, ATA_IDNF, c->sector);
        return false;
    }
    c->left = sectors;
    return true;
}

static void transfer(struct ata_channel *c, struct ata_drive *d, const struct transfer *t)
{
    c->is_ext = t->ext;
    if (t->kind == WRITE && d->disk->readonly) {
        ata_abort(c, ATA_ABRT);
        return;
    }
    if (t->way == MULTIPLE) {
        if (!d->multiple) {
            ata_abort(c, ATA_ABRT);
            return;
        }
        c->unit = d->multiple;
        c->block = d->multiple * ATA_SECTOR;
    }
    if (!set_range(c, d, count(c, d)))
        return;
    if (t->way == DMA)
        c->bus->stats.dma_commands++;
    if (t->kind == VERIFY)
        ata_verify(c);
    else if (t->kind == READ)
        (t->way == DMA ? ata_read_dma : ata_read_pio)(c);
    else
        (t->way == DMA ? ata_write_dma : ata_write_pio)(c);
}

/* ---- settings ---- */

static bool set_mode(struct ata_drive *d, uint8_t mode)
{
    const unsigned kind = mode >> 3, n = mode & 7;

    if (kind == 0)
        return n <= 1; /* PIO's default, with or without IORDY */
    if (kind == 1)
        return n <= ATA_PIO_MAX;
    if ((kind == 4 && n <= ATA_MWDMA_MAX) || (kind == 8 && n <= ATA_UDMA_MAX)) {
        d->mode = mode;
        return true;
    }
    return false;
}

static bool set_features(struct ata_drive *d)
{
    switch (d->r.feature[0]) {
    case 0x02: /* enable the write cache */
    case 0x82: /* disable it */
        if (d->disk->cdrom || !d->disk->write_cache)
            return false;
        d->no_cache = d->r.feature[0] == 0x82;
        return true;
    case 0x03:
        return set_mode(d, d->r.count[0]);
    case 0x66: /* a reset does not change settings: always so */
        return true;
    default:
        return false;
    }
}

static void initialize_parameters(struct ata_channel *c, struct ata_drive *d)
{
    const unsigned heads = (d->r.device & 15) + 1u, track = d->r.count[0];

    if (!track) {
        ata_abort(c, ATA_ABRT);
        return;
    }
    d->heads = heads;
    d->track = track;
    ata_finish(c, true);
}

static void set_multiple(struct ata_channel *c, struct ata_drive *d)
{
    const uint8_t n = d->r.count[0];

    if (n > ATA_MULTIPLE_MAX || n & (n - 1)) {
        ata_abort(c, ATA_ABRT);
        return;
    }
    d->multiple = n;
    ata_finish(c, true);
}

static void native_max(struct ata_channel *c, struct ata_drive *d, bool ext)
{
    const uint64_t last = d->disk->sectors ? d->disk->sectors - 1 : 0;

    ata_set_lba(d, ext ? last : MIN(last, ATA_LBA28_MAX - 1), ext);
    ata_finish(c, true);
}

static void identify(struct ata_channel *c, struct ata_drive *d)
{
    if (d->disk->cdrom)
        ata_identify_packet(d, d->disk->buffer);
    else
        ata_identify(d, d->disk->buffer);
    ata_send_pio(c, ATA_SECTOR);
}

/* ---- which ---- */

/* What both kinds of drives understand. */
static bool common_command(struct ata_channel *c, struct ata_drive *d, uint8_t command)
{
    switch (command) {
    case ATA_EXECUTE_DIAGNOSTIC:
        ata_diagnose(c);
        return true;
    case CHECK_POWER_MODE:
        d->r.count[0] = 0xff; /* active */
        ata_finish(c, true);
        return true;
    case STANDBY_IMMEDIATE:
    case IDLE_IMMEDIATE:
    case SLEEP:
        ata_finish(c, true);
        return true;
    case SET_FEATURES:
        if (!set_features(d))
            return false;
        ata_finish(c, true);
        return true;
    default:
        return false;
    }
}

static bool disk_command(struct ata_channel *c, struct ata_drive *d, uint8_t command)
{
    switch (command) {
    case IDENTIFY_DEVICE:
        identify(c, d);
        return true;
    case FLUSH_CACHE:
    case FLUSH_CACHE_EXT:
        c->is_ext = command == FLUSH_CACHE_EXT;
        ata_flush(c);
        return true;
    case INITIALIZE_DEVICE_PARAMETERS:
        initialize_parameters(c, d);
        return true;
    case SET_MULTIPLE_MODE:
        set_multiple(c, d);
        return true;
    case READ_NATIVE_MAX:
    case READ_NATIVE_MAX_EXT:
        native_max(c, d, command == READ_NATIVE_MAX_EXT);
        return true;
    case STANDBY:
    case IDLE:
        ata_finish(c, true);
        return true;
    default:
        break;
    }
    if ((command & 0xf0) == RECALIBRATE) {
        ata_finish(c, true);
        return true;
    }
    if ((command & 0xf0) == SEEK) {
        if (set_range(c, d, 1))
            ata_finish(c, true);
        return true;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(transfers); i++) {
        if (transfers[i].command == command) {
            transfer(c, d, &transfers[i]);
            return true;
        }
    }
    return false; /* NOP, SMART, SET MAX, security, ... */
}

static bool cdrom_command(struct ata_channel *c, struct ata_drive *d, uint8_t command)
{
    switch (command) {
    case PACKET:
        atapi_begin(c);
        return true;
    case IDENTIFY_PACKET_DEVICE:
        identify(c, d);
        return true;
    case IDENTIFY_DEVICE:
    case READ_SECTORS:
        /* the signature tells what it is: section 9.12 */
        ata_signature(d);
        return false;
    default:
        return false; /* ATA_DEVICE_RESET does not come here */
    }
}

void ata_command(struct ata_channel *c, uint8_t command)
{
    struct ata_drive *d = c->active;

    if (common_command(c, d, command))
        return;
    if (!(d->disk->cdrom ? cdrom_command : disk_command)(c, d, command))
        ata_abort(c, ATA_ABRT);
}
