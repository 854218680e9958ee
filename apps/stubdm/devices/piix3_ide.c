/* SPDX-License-Identifier: MIT */
/*
 * Intel 82371FB/82371SB (PIIX, PIIX3) data sheet, order number 290550, sections 2.3 and 2.6; SFF-8038i,
 * Programming Interface for Bus Master IDE Controller.
 */
#include "piix3_ide.h"

#include <ringlet/string.h>

enum { IDETIM = 0x40, SIDETIM = 0x44, BMIBA = 4 /* a BAR */ };

/* the registers of a channel */
enum { BMICX = 0, BMISX = 2, BMIDTPX = 4, BM_SIZE = 8 };

#define BM_START 0x01u
#define BM_WRITE 0x08u /* to memory */

#define BM_ACTIVE    0x01u
#define BM_ERROR     0x02u
#define BM_INTERRUPT 0x04u
#define BM_CAPABLE   0x60u /* the drives can do DMA, as the host's software noted */

#define PRD_SIZE 8u
#define PRD_EOT  0x80000000u

/* ---- the table ---- */

static void stop_with_error(struct bus_master *b)
{
    b->status = (uint8_t)((b->status & ~BM_ACTIVE) | BM_ERROR);
    b->bus->stats.bad_prds++;
}

/* Reads descriptors up to the end of their page, as the table may end there. */
static int fetch(struct bus_master *b)
{
    const uint32_t in_page = (uint32_t)(PAGE_SIZE - (b->next & PAGE_MASK)) / PRD_SIZE;
    const unsigned count = MAX(MIN(in_page, BUS_MASTER_FETCH), 1u);

    b->fetched_at = 0;
    b->fetched_count = count;
    return b->bus->ops->guest_read(b->bus->world, b->next, b->fetched, count * PRD_SIZE);
}

static int next_region(struct bus_master *b)
{
    uint32_t word;
    int err;

    if (b->fetched_at == b->fetched_count) {
        err = fetch(b);
        if (err)
            return err;
    }
    b->address = get_le(b->fetched + b->fetched_at * PRD_SIZE, 4) & ~1u;
    word = get_le(b->fetched + b->fetched_at * PRD_SIZE + 4, 4);
    b->fetched_at++;
    b->next += PRD_SIZE; /* wraps at 4 GiB, as the register does */
    b->left = word & 0xfffe;
    if (!b->left)
        b->left = 0x10000;
    b->last = word & PRD_EOT;
    return 0;
}

int bus_master_move(struct bus_master *b, bool to_guest, uint8_t *data, uint32_t len,
                    uint32_t *moved)
{
    const struct machine_ops *ops = b->bus->ops;

    *moved = 0;
    if (!(b->status & BM_ACTIVE) || to_guest != !!(b->command & BM_WRITE))
        return 0;
    while (*moved < len) {
        uint32_t n;
        int err;

        if (!b->left) {
            if (b->last) {
                b->status &= (uint8_t)~BM_ACTIVE;
                return 0;
            }
            if (!b->bus->regions)
                return -EAGAIN;
            b->bus->regions--;
            err = next_region(b);
            if (err) {
                stop_with_error(b);
                return -EFAULT;
            }
        }
        n = MIN(b->left, len - *moved);
        err = to_guest ? ops->guest_write(b->bus->world, b->address, data + *moved, n)
                       : ops->guest_read(b->bus->world, b->address, data + *moved, n);
        if (err) {
            stop_with_error(b);
            return -EFAULT;
        }
        b->address += n;
        b->left -= n;
        *moved += n;
    }
    if (!b->left && b->last)
        b->status &= (uint8_t)~BM_ACTIVE;
    return 0;
}

void bus_master_interrupt(struct bus_master *b)
{
    b->status |= BM_INTERRUPT;
}

/* ---- registers ---- */

static void write_command(struct bus_master *b, uint8_t value)
{
    const bool starts = value & ~b->command & BM_START;

    if (!(value & BM_START))
        b->status &= (uint8_t)~BM_ACTIVE; /* what was left of the table is forgotten */
    b->command = value & (BM_START | BM_WRITE);
    if (!starts)
        return;
    b->status |= BM_ACTIVE;
    b->next = b->table;
    b->left = 0;
    b->last = false;
    b->fetched_at = b->fetched_count = 0;
    ata_run(b->channel);
}

static void write_status(struct bus_master *b, uint8_t value)
{
    b->status &= (uint8_t) ~(value & (BM_ERROR | BM_INTERRUPT));
    b->status = (uint8_t)((b->status & ~BM_CAPABLE) | (value & BM_CAPABLE));
}

static uint32_t read(void *device, unsigned offset, unsigned size)
{
    const struct piix3_ide *ide = device;
    const struct bus_master *b = &ide->masters[offset / BM_SIZE];

    (void)size;
    switch (offset % BM_SIZE) {
    case BMICX:
        return b->command;
    case BMISX:
        return b->status;
    case BMICX + 1:
    case BMISX + 1:
        return 0;
    default:
        return b->table >> (8 * (offset % BM_SIZE - BMIDTPX));
    }
}

static void write(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct piix3_ide *ide = device;
    struct bus_master *b = &ide->masters[offset / BM_SIZE];
    const unsigned reg = offset % BM_SIZE;

    (void)size;
    if (reg == BMICX) {
        write_command(b, (uint8_t)value);
    } else if (reg == BMISX) {
        write_status(b, (uint8_t)value);
    } else if (reg >= BMIDTPX) {
        const unsigned shift = 8 * (reg - BMIDTPX);

        b->table = (b->table & ~(0xffu << shift)) | value << shift;
        b->table &= ~3u;
    }
}

/* ---- configuration ---- */

static void written(struct pci_function *f, unsigned reg, unsigned size)
{
    struct piix3_ide *ide = f->device;
    const uint32_t base = pci_bar_ports(f, BMIBA, 2 * BM_SIZE);

    (void)reg;
    (void)size;
    if (base == ide->base)
        return;
    bus_remove(ide->bus, &ide->ports);
    ide->base = base;
    if (!base)
        return;
    ide->ports.first = (uint16_t)base;
    ide->ports.last = (uint16_t)(base + 2 * BM_SIZE - 1);
    bus_add(ide->bus, &ide->ports); /* an error is counted: the guest then finds nothing there */
}

void piix3_ide_init(struct piix3_ide *ide, struct pci *pci, struct machine_disk *const disks[4])
{
    static const uint16_t bases[] = {0x1f0, 0x170}, controls[] = {0x3f6, 0x376};
    struct pci_function *f = &ide->function;

    memset(ide, 0, sizeof(*ide));
    ide->bus = pci->bus;
    pci_function_init(f, PCI_BDF(1, 1), 0x70108086, 0x010180, 0x00);
    pci_register(f, PCI_COMMAND, 2, 0, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
    pci_register(f, PCI_CACHE_LINE, 2, 0, 0xf000); /* the latency timer */
    pci_register(f, PCI_BAR + 4 * BMIBA, 4, PCI_BAR_IO, 0xfff0);
    pci_register(f, PCI_INTERRUPT_LINE, 1, 0, 0); /* interrupts 14 and 15 */
    /* the timings; the drives answer whatever the decode bits say */
    pci_register(f, IDETIM, 4, 0, 0xf3fff3ff);
    pci_register(f, SIDETIM, 1, 0, 0xff);
    f->written = written;
    f->device = ide;
    ide->ports = (struct bus_ports){.width = 1, .read = read, .write = write, .device = ide};
    pci_add(pci, f);
    for (unsigned i = 0; i < 2; i++) {
        struct machine_disk *pair[] = {disks[2 * i], disks[2 * i + 1]};

        ide->masters[i].bus = pci->bus;
        ide->masters[i].channel = &ide->channels[i];
        ata_channel_init(&ide->channels[i], pci->bus, &ide->masters[i], bases[i], controls[i],
                         14 + i, pair);
    }
}
