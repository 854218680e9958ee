/* SPDX-License-Identifier: MIT */
/*
 * Data between the disk and the host, by way of the disk's buffer: by PIO the whole buffer is one
 * piece, which the host takes or gives block by block; by DMA it is halves, so that the disk works on
 * one while the other is copied. A step function goes on as far as it can, and is called again when
 * something has happened; see ata_channel.step.
 */
#include "ata.h"

#define BOTH MACHINE_DISK_IOS

/* The disk may have changed since the command began. */
static int refusal(const struct machine_disk *disk, const struct machine_disk_io *io)
{
    if (io->op == MACHINE_DISK_FLUSH)
        return 0;
    if (io->op == MACHINE_DISK_WRITE && disk->readonly)
        return -EROFS;
    return io->sector < disk->sectors && io->count <= disk->sectors - io->sector ? 0 : -EIO;
}

static void start(struct ata_channel *c, struct ata_slot *s, enum machine_disk_op op,
                  uint64_t sector, uint32_t count)
{
    struct machine_disk *disk = c->active->disk;

    s->io.op = op;
    s->io.sector = sector;
    s->io.count = count;
    s->io.data = count ? s->data : NULL;
    s->state = ATA_SLOT_IN_FLIGHT;
    s->len = count * ATA_SECTOR;
    s->moved = 0;
    s->ret = refusal(disk, &s->io);
    if (s->ret) {
        s->state = ATA_SLOT_DONE;
        c->again = true;
        return;
    }
    c->in_flight++;
    if (op == MACHINE_DISK_READ)
        c->bus->stats.disk_reads++;
    else if (op == MACHINE_DISK_WRITE)
        c->bus->stats.disk_writes++;
    else
        c->bus->stats.disk_flushes++;
    disk->start(disk, &s->io);
}

static void begin(struct ata_channel *c, void (*step)(struct ata_channel *c), unsigned pieces)
{
    const uint32_t size = c->active->disk->buffer_size / pieces;

    for (unsigned i = 0; i < pieces; i++) {
        c->slots[i].data = c->active->disk->buffer + i * size;
        c->slots[i].moved = c->slots[i].len = 0;
    }
    c->piece = size / ATA_SECTOR / c->unit * c->unit;
    c->step = step;
    c->phase = ATA_BUSY;
    ata_run(c);
}

/* The next piece, whose sectors are then asked for. */
static uint32_t next_piece(struct ata_channel *c, uint64_t *sector)
{
    const uint32_t n = MIN(c->left, c->piece);

    *sector = c->sector;
    c->sector += n;
    c->left -= n;
    return n;
}

static void read_next(struct ata_channel *c, struct ata_slot *s)
{
    uint64_t sector;
    const uint32_t n = next_piece(c, &sector);

    start(c, s, MACHINE_DISK_READ, sector, n);
}

/* ---- errors of the disk ---- */

static void fail(struct ata_channel *c)
{
    if (c->is_packet) {
        if (c->ret == -ENODEV)
            atapi_error(c, 2, 0x3a, 0); /* there is no medium */
        else
            atapi_error(c, 3, 0x11, 0); /* unrecovered read error */
    } else if (c->reading && c->ret != -ENODEV) {
        ata_abort_at(c, ATA_UNC, c->error_sector);
    } else {
        ata_abort_at(c, ATA_ABRT, c->error_sector);
    }
}

/* Notes the failed slot with the lowest sector. True: the command has failed, and ends when nothing
 * is in flight. */
static bool has_failed(struct ata_channel *c)
{
    for (unsigned i = 0; i < BOTH; i++) {
        struct ata_slot *s = &c->slots[i];

        if (s->state != ATA_SLOT_DONE || !s->ret)
            continue;
        if (!c->failed || s->io.sector < c->error_sector) {
            c->error_sector = s->io.sector;
            c->ret = s->ret;
        }
        c->failed = true;
        s->state = ATA_SLOT_FREE;
    }
    if (c->failed && !c->in_flight)
        fail(c);
    return c->failed;
}

/* ---- flush, and the end of a write ---- */

static void flush_step(struct ata_channel *c)
{
    struct ata_slot *s = &c->slots[0];

    if (has_failed(c) || s->state == ATA_SLOT_IN_FLIGHT)
        return;
    if (s->state == ATA_SLOT_DONE) {
        ata_finish(c, true);
        return;
    }
    start(c, s, MACHINE_DISK_FLUSH, 0, 0);
}

void ata_flush(struct ata_channel *c)
{
    c->reading = false;
    begin(c, flush_step, 1);
}

static void end_write(struct ata_channel *c)
{
    if (!c->active->no_cache) {
        ata_finish(c, true);
        return;
    }
    c->step = flush_step;
    c->again = true;
}

/* ---- PIO ---- */

static void offer_piece(struct ata_channel *c, enum ata_phase phase, uint32_t len, bool interrupt)
{
    c->bytes = c->slots[0].data;
    c->pos = 0;
    c->data_end = len;
    ata_offer(c, phase, interrupt);
}

static void read_pio_step(struct ata_channel *c)
{
    struct ata_slot *s = &c->slots[0];

    if (has_failed(c) || s->state == ATA_SLOT_IN_FLIGHT)
        return;
    if (s->state == ATA_SLOT_DONE) {
        s->state = ATA_SLOT_FREE;
        offer_piece(c, ATA_DATA_IN, s->len, true);
    } else if (c->left) {
        read_next(c, s);
    } else if (c->is_packet) {
        atapi_finish(c);
    } else {
        ata_finish(c, false);
    }
}

void ata_read_pio(struct ata_channel *c)
{
    c->reading = true;
    begin(c, read_pio_step, 1);
}

void ata_send_pio(struct ata_channel *c, uint32_t len)
{
    c->left = 0;
    c->slots[0].state = ATA_SLOT_FREE;
    c->slots[0].data = c->active->disk->buffer;
    c->reading = true;
    c->step = read_pio_step;
    offer_piece(c, ATA_DATA_IN, len, true);
}

static void write_pio_step(struct ata_channel *c)
{
    struct ata_slot *s = &c->slots[0];
    uint64_t sector;
    uint32_t n;

    if (has_failed(c) || s->state == ATA_SLOT_IN_FLIGHT)
        return;
    if (c->filled) {
        c->filled = false;
        n = next_piece(c, &sector);
        start(c, s, MACHINE_DISK_WRITE, sector, n);
        return;
    }
    if (c->left) {
        /* the host gives the first block without being interrupted for it */
        const bool first = s->state == ATA_SLOT_FREE;

        s->state = ATA_SLOT_FREE;
        offer_piece(c, ATA_DATA_OUT, MIN(c->left, c->piece) * ATA_SECTOR, !first);
        return;
    }
    s->state = ATA_SLOT_FREE;
    end_write(c);
}

void ata_write_pio(struct ata_channel *c)
{
    c->reading = false;
    begin(c, write_pio_step, 1);
}

/* ---- only the disk ---- */

static void verify_step(struct ata_channel *c)
{
    struct ata_slot *s = &c->slots[0];

    if (has_failed(c) || s->state == ATA_SLOT_IN_FLIGHT)
        return;
    s->state = ATA_SLOT_FREE;
    if (c->left)
        read_next(c, s);
    else
        ata_finish(c, true);
}

void ata_verify(struct ata_channel *c)
{
    c->reading = true;
    begin(c, verify_step, 1);
}

/* ---- DMA ---- */

/* The bus master met what is not memory, so that the drive gives up. */
static bool end_fault(struct ata_channel *c)
{
    if (!c->faulted || c->in_flight)
        return c->faulted;
    if (c->is_packet)
        atapi_error(c, 0x0b, 0, 0); /* aborted command */
    else
        ata_abort(c, ATA_ABRT);
    return true;
}

/* The slot's next bytes pass between it and the guest. True: all have. */
static bool move(struct ata_channel *c, struct ata_slot *s, bool to_guest)
{
    uint32_t moved = 0;
    int err = bus_master_move(c->master, to_guest, s->data + s->moved, s->len - s->moved, &moved);

    s->moved += moved;
    if (err == -EAGAIN) {
        c->paused = true;
        c->bus->ops->more(c->bus->world);
    } else if (err) {
        c->faulted = true;
        c->left = 0;
    }
    return !err && s->moved == s->len;
}

static void read_dma_step(struct ata_channel *c)
{
    if (has_failed(c) || end_fault(c))
        return;
    for (;;) {
        struct ata_slot *s = &c->slots[c->head];

        while (c->left && c->slots[c->tail].state == ATA_SLOT_FREE) {
            struct ata_slot *next = &c->slots[c->tail];

            c->tail = (c->tail + 1) % BOTH;
            read_next(c, next);
        }
        if (s->state != ATA_SLOT_DONE || s->ret)
            break;
        if (!move(c, s, true))
            break;
        s->state = ATA_SLOT_FREE;
        c->head = (c->head + 1) % BOTH;
    }
    if (has_failed(c) || end_fault(c))
        return;
    if (c->left || c->slots[c->head].state != ATA_SLOT_FREE)
        return;
    if (c->is_packet)
        atapi_finish(c);
    else
        ata_finish(c, true);
}

void ata_read_dma(struct ata_channel *c)
{
    c->reading = true;
    begin(c, read_dma_step, BOTH);
}

void ata_send_dma(struct ata_channel *c, uint32_t len)
{
    struct ata_slot *s = &c->slots[0];

    c->left = 0;
    s->state = ATA_SLOT_DONE;
    s->ret = 0;
    s->data = c->active->disk->buffer;
    s->len = len;
    s->moved = 0;
    c->tail = 1;
    c->reading = true;
    c->step = read_dma_step;
    c->phase = ATA_BUSY;
    ata_run(c);
}

static void write_dma_step(struct ata_channel *c)
{
    if (has_failed(c) || end_fault(c))
        return;
    for (unsigned i = 0; i < BOTH; i++) {
        if (c->slots[i].state == ATA_SLOT_DONE)
            c->slots[i].state = ATA_SLOT_FREE;
    }
    while (c->left) {
        struct ata_slot *s = &c->slots[c->tail];
        uint64_t sector;
        uint32_t n;

        if (s->state != ATA_SLOT_FREE)
            break;
        s->len = MIN(c->left, c->piece) * ATA_SECTOR;
        if (!move(c, s, false))
            break;
        n = next_piece(c, &sector);
        c->tail = (c->tail + 1) % BOTH;
        start(c, s, MACHINE_DISK_WRITE, sector, n);
    }
    if (end_fault(c) || c->left || c->in_flight || c->again)
        return;
    end_write(c);
}

void ata_write_dma(struct ata_channel *c)
{
    c->reading = false;
    begin(c, write_dma_step, BOTH);
}
