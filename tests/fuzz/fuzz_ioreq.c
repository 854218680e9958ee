/* SPDX-License-Identifier: MIT */
/*
 * A guest of the stubdomain's device model (apps/stubdm/devices). The input decides its port and
 * configuration accesses, raw or as a driver would make them, its memory, descriptor tables and packets;
 * when disks end requests, in which order, and with errors; and when disks change. The world (tests/stubdm/
 * world.c) checks what reaches it: requests lie within the disk and its buffer, read-only disks are not
 * written, interrupt lines change when they are said to. Afterwards a reset makes each drive work.
 */
#include "fuzz.h"

#include <stubdm/world.h>

#define BM    0xc000u
#define TABLE 0x1000u

static const uint16_t bases[] = {0x1f0, 0x170}, controls[] = {0x3f6, 0x376};

/* ---- accesses ---- */

static uint16_t some_port(struct input *input)
{
    static const uint16_t ports[] = {0x10,  0x12,  0x60,   0x64,   0x70,   0x71,    0x92,   0xb2,
                                     0xb3,  0xcf9, 0x3f6,  0x376,  0x3f8,  0xb004,  0xb005, 0x1f0,
                                     0x170, BM,    BM + 2, BM + 4, BM + 8, BM + 10, BM + 12};
    const uint8_t what = input_u8(input);

    if (what < 0x80)
        return ports[what % ARRAY_SIZE(ports)];
    if (what < 0xf0) /* the registers of drives and of the serial port */
        return (uint16_t)((what & 0x20 ? 0x3f8 : bases[what >> 4 & 1]) + (what & 7));
    return input_u16(input);
}

static unsigned some_size(struct input *input)
{
    static const unsigned sizes[] = {1, 2, 4, 1, 2, 4, 1, 3};

    return sizes[input_u8(input) % ARRAY_SIZE(sizes)];
}

static void some_access(struct input *input)
{
    const uint16_t port = some_port(input);
    const unsigned size = some_size(input);

    if (input_u8(input) & 1)
        out(port, size, input_u32(input));
    else if (size != 3)
        in(port, size);
}

static uint64_t some_address(struct input *input)
{
    const uint8_t what = input_u8(input);

    if (what < 0xc0)
        return (uint64_t)input_u16(input) * 16;
    return what < 0xe0 ? WORLD_HOLE - (what & 15u) : input_u64(input);
}

static void some_rep(struct input *input)
{
    const uint16_t port = some_port(input);
    const unsigned size = some_size(input), how = input_u8(input);
    const uint64_t gpa = some_address(input);
    /* many elements take long, and seldom show more than a few */
    const uint32_t count = input_u16(input) % (how & 8 ? 600 : 20);

    machine_pio_rep(world.m, port, size, how & 1, gpa, count, how & 6);
}

static void some_config(struct input *input)
{
    static const uint32_t bdfs[] = {0, 8, 9, 11, 16, 24, 9, 9};
    const uint32_t bdf = bdfs[input_u8(input) % ARRAY_SIZE(bdfs)], reg = input_u8(input);
    const unsigned size = some_size(input);

    if (input_u8(input) & 1)
        config_write(bdf, reg, size, input_u32(input));
    else
        config_read(bdf, reg, size);
}

/* ---- what a driver does ---- */

static void some_command(struct input *input)
{
    static const uint8_t codes[] = {0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39,
                                    0x40, 0x42, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xe7,
                                    0xea, 0xec, 0xef, 0xa0, 0xa1, 0x90, 0x91, 0xf8,
                                    0x27, 0x08, 0xe5, 0xe0, 0xe3, 0x10, 0x70, 0xff};
    static const uint8_t features[] = {0, 1, 2, 0x82, 3, 0x66, 0x80, 0xff};
    const uint16_t base = bases[input_u8(input) & 1];
    const uint8_t code = codes[input_u8(input) % ARRAY_SIZE(codes)], device = input_u8(input);

    outb(base + 6, (uint8_t)(0xa0 | (device & 0x50)));
    for (unsigned i = 0; i < 2; i++) {
        outb(base + 1, features[input_u8(input) % ARRAY_SIZE(features)]);
        outb(base + 2, i ? input_u8(input) : 0);
        outb(base + 3, i ? input_u8(input) & 63 : device & 1);
        outb(base + 4, i ? device & 0xa : 0);
        outb(base + 5, i ? 0 : device & 4);
    }
    outb(base + 7, code);
}

static void some_packet(struct input *input)
{
    static const uint8_t codes[] = {0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28,
                                    0x2b, 0x43, 0x46, 0x4a, 0x5a, 0xa8, 0xbb, 0xff};
    const uint8_t code = codes[input_u8(input) % ARRAY_SIZE(codes)], how = input_u8(input);

    outb(0x176, 0xa0);
    outb(0x171, how & 1);
    outb(0x174, how & 2 ? 0 : input_u8(input));
    outb(0x175, how & 4 ? 8 : input_u8(input));
    outb(0x177, 0xa0);
    for (unsigned i = 0; i < 12; i += 2) {
        const uint8_t low = i ? input_u8(input) : code;

        out(0x170, 2, low | (uint32_t)(i == 2 ? 0 : input_u8(input)) << 8);
    }
}

static void some_dma(struct input *input)
{
    const uint8_t how = input_u8(input);
    const uint16_t bm = how & 1 ? BM + 8 : BM;

    for (unsigned i = 0; i < (how >> 1 & 3) + 1u; i++) {
        const uint32_t entry[2] = {(uint32_t)some_address(input),
                                   input_u16(input) | (uint32_t)input_u8(input) << 24};

        memcpy(world.memory + TABLE + 8 * i, entry, 8);
    }
    if (how & 8) {
        config_write(9, 0x20, 4, BM);
        config_write(9, 4, 2, 5);
    }
    out(bm + 4, 4, how & 16 ? input_u32(input) : TABLE);
    outb(bm, how & 32 ? 0 : how & 64 ? 9 : 1);
    outb(bm, how & 64 ? 9 : 1);
}

/* The block that a drive offers is taken, or given; or a few words where none is. */
static void some_block(struct input *input)
{
    const uint8_t how = input_u8(input);
    const unsigned channel = how & 1;

    machine_pio_rep(world.m, bases[channel], how & 2 ? 4 : 2, how & 4, 0x4000,
                    inb(controls[channel]) & 8 ? 256 : 3, false);
}

/* ---- what a driver does from the beginning to the end ---- */

/* Selects a drive; its channel is then idle, unless a disk is late. Returns the channel's base. */
static uint16_t select_drive(unsigned n)
{
    const uint16_t base = bases[n / 2];

    outb(base + 6, (uint8_t)(0xe0 | (n & 1) << 4));
    return base;
}

static void put_address(uint16_t base, unsigned lba, unsigned count)
{
    for (unsigned i = 0; i < 2; i++) {
        outb(base + 2, i ? (uint8_t)count : 0);
        outb(base + 3, i ? (uint8_t)lba : 0);
        outb(base + 4, 0);
        outb(base + 5, 0);
    }
}

/* A table of `regions` equal regions for len bytes at 0x4000, its last one perhaps without its mark. */
static void put_table(uint32_t len, unsigned regions, bool marked)
{
    const uint32_t each = MAX(len / regions & ~1u, 2u);

    for (unsigned i = 0; i < regions; i++) {
        const uint32_t last = i == regions - 1;
        const uint32_t entry[2] = {0x4000 + i * each, (last ? len - i * each : each) |
                                                          (last && marked ? 1u << 31 : 0)};

        memcpy(world.memory + TABLE + 8 * i, entry, 8);
    }
}

static void start_master(unsigned channel, bool to_memory)
{
    const uint16_t bm = (uint16_t)(BM + 8 * channel);

    config_write(9, 0x20, 4, BM);
    config_write(9, 4, 2, 5);
    out(bm + 4, 4, TABLE);
    outb(bm + 2, 6);
    outb(bm, 0);
    outb(bm, to_memory ? 9 : 1);
}

/* READ or WRITE DMA (EXT) of up to 64 sectors. */
static void whole_dma(struct input *input)
{
    const uint8_t how = input_u8(input), lba = input_u8(input);
    const unsigned n = how & 3, count = (input_u8(input) & 63) + 1u;
    const uint16_t base = select_drive(n);
    const bool write = how & 4;

    put_table(count * 512, input_u8(input) % 200 + 1u, !(how & 8));
    if (how & 16)
        start_master(n / 2, !write);
    put_address(base, lba, count);
    outb(base + 7, how & 32 ? (write ? 0x35 : 0x25) : (write ? 0xca : 0xc8));
    if (!(how & 16))
        start_master(n / 2, !write);
    if (how & 64)
        world_complete(&world.disks[n]);
    inb(base + 7);
}

/* Takes or gives each block that there is, up to 40. */
static void all_blocks(unsigned n, bool write, unsigned size)
{
    const uint16_t base = bases[n / 2];

    for (unsigned i = 0; i < 40; i++) {
        world_complete(&world.disks[n]);
        if ((inb(base + 7) & 0x88) != 8)
            return;
        machine_pio_rep(world.m, base, size, write, 0x4000, 512 / size, false);
    }
}

/* READ or WRITE SECTORS or MULTIPLE, of up to 16 sectors, or of more than the buffer has. */
static void whole_pio(struct input *input)
{
    static const uint8_t codes[2][4] = {{0x20, 0x24, 0xc4, 0x29}, {0x30, 0x34, 0xc5, 0x39}};
    const uint8_t how = input_u8(input), lba = input_u8(input);
    const unsigned n = how & 3, write = how >> 2 & 1;
    const unsigned count = how & 0x80 ? 36 : (input_u8(input) & 15) + 1u;
    const uint16_t base = select_drive(n);

    if (how & 0x20) { /* SET MULTIPLE MODE */
        outb(base + 2, 4);
        outb(base + 7, 0xc6);
    }
    put_address(base, lba, count);
    outb(base + 7, codes[write][how >> 3 & 3]);
    all_blocks(n, write, how & 0x40 ? 4 : 2);
}

/* A packet of the cdrom, after what it had to report, with its data. */
static void whole_packet(struct input *input)
{
    static const uint8_t codes[] = {0x28, 0xa8, 0x12, 0x43, 0x25, 0x46, 0x5a, 0x1b};
    const uint8_t how = input_u8(input), lba = input_u8(input), len = input_u8(input);
    const uint8_t code = codes[how & 7];
    uint8_t packet[12] = {code, 0, 0, 0, 0, lba & 15, 0, 0, len & 7};

    if (code == 0xa8) /* its length is elsewhere */
        memcpy(packet + 6, (uint8_t[]){0, 0, 0, len & 7}, 4);
    else if (code != 0x28)
        input_bytes(input, packet + 1, 9);
    for (unsigned turn = 0; turn < 2; turn++) {
        const uint16_t base = select_drive(2);

        outb(base + 1, turn && how & 8);
        outb(base + 4, how & 16 ? 0xfe : 0);
        outb(base + 5, how & 32 ? 8 : 1);
        if (turn && how & 8) {
            put_table((len & 7) * 2048 + 2048, 3, !(how & 64));
            start_master(1, true);
        }
        outb(base + 7, 0xa0);
        for (unsigned i = 0; i < 12; i += 2)
            out(base, 2, turn ? packet[i] | (uint32_t)packet[i + 1] << 8 : 0);
        if (turn)
            all_blocks(2, false, how & 128 ? 4 : 2);
    }
}

/* ---- the world ---- */

static void some_completion(struct input *input)
{
    const uint8_t how = input_u8(input);
    struct world_disk *d = &world.disks[how & 3];

    if (how & 4 && d->queued == 2) {
        struct machine_disk_io *first = d->queue[0];

        d->queue[0] = d->queue[1];
        d->queue[1] = first;
    }
    world_complete(d);
    if (how & 8)
        world_continue();
}

static void some_change(struct input *input)
{
    static const int errors[] = {-EIO, -ENODEV, -EROFS, -ETIMEDOUT};
    const uint8_t how = input_u8(input), value = input_u8(input);
    struct world_disk *d = &world.disks[how & 3];

    switch (how >> 2 & 7) {
    case 0:
        d->later = !d->later;
        break;
    case 1:
        d->bad_sector = value;
        d->bad_ret = errors[how >> 5 & 3];
        break;
    case 2:
        d->bad_sector = value & 1 ? UINT64_MAX : UINT64_MAX - 1;
        break;
    case 3:
        d->disk.sectors = value & 0x80 ? (uint64_t)value << 40 : value;
        machine_disk_changed(world.m, &d->disk);
        break;
    case 4:
        d->disk.readonly = d->disk.cdrom || value & 1;
        break;
    case 5:
        d->disk.write_cache = value & 1;
        break;
    case 6:
        world.turns = value & 1;
        break;
    default:
        world.range_err = value & 1 ? -EEXIST : 0;
    }
}

static void some_serial(struct input *input)
{
    uint8_t bytes[40];
    const uint8_t how = input_u8(input);
    const size_t len = how % sizeof(bytes);

    if (how & 0x80) {
        world.serial_room = how & 0x40 ? SIZE_MAX : how & 0x3f;
        machine_serial_room(world.m);
        return;
    }
    input_bytes(input, bytes, len);
    must(machine_serial_in(world.m, bytes, len) <= 16);
}

static void some_memory(struct input *input)
{
    const uint32_t at = input_u16(input) * 16u % (WORLD_HOLE - 64);

    input_bytes(input, world.memory + at, input_u8(input) % 64);
}

/* ---- afterwards ---- */

static bool is_unplugged(unsigned n)
{
    return world.unplugged & MACHINE_UNPLUG_DISKS ||
           (world.unplugged & MACHINE_UNPLUG_AUX_DISKS && n);
}

static void check_drive(unsigned n)
{
    const uint16_t base = bases[n / 2];
    const bool cdrom = world.disks[n].disk.cdrom;

    outb(base + 6, (uint8_t)(0xa0 | (n & 1) << 4));
    if (!cdrom && is_unplugged(n)) {
        must(inb(base + 7) == (n < 2 && world.unplugged & MACHINE_UNPLUG_DISKS ? 0xff : 0));
        return;
    }
    must(inb(base + 7) == (cdrom ? 0 : 0x50));
    must(inb(base + 4) == (cdrom ? 0x14 : 0));
    outb(base + 7, cdrom ? 0xa1 : 0xec);
    must(world.irq[14 + n / 2]);
    must(inb(base + 7) == 0x58);
    must(!world.irq[14 + n / 2]);
    must(!machine_pio_rep(world.m, base, 4, false, 0x4000, 128, false));
    must(inb(base + 7) == 0x50);
    must(!memcmp(world.memory + 0x4000 + 54, "iRgnel t", 8));
}

/* claimed when the machine has been started */
static unsigned ranges;

static void check_machine(void)
{
    struct machine_stats stats;

    world.turns = false;
    world_settle();
    for (unsigned i = 0; i < 4; i++) {
        must(!world.disks[i].queued);
        world.disks[i].later = false;
    }
    config_write(9, 4, 2, 0); /* the bus masters may be anywhere */
    for (unsigned i = 0; i < 2; i++) {
        outb(controls[i], 4);
        outb(controls[i], 0);
        must(!world.irq[14 + i]);
    }
    for (unsigned i = 0; i < 4; i++)
        check_drive(i);
    machine_get_stats(world.m, &stats);
    must(stats.disk_errors <= stats.disk_reads + stats.disk_writes + stats.disk_flushes);
    /* what was claimed at the start, and the ports of the bus masters */
    must(world.range_count <= ranges + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const actions[])(struct input *) = {
        some_access, some_rep,   some_config,     some_command, some_packet,
        some_dma,    some_block, some_completion, some_change,  some_serial,
        some_memory, whole_dma,  whole_pio,       whole_packet,
    };
    struct input input = {data, data + size};
    const uint8_t how = input_u8(&input);

    world_begin();
    world_add_disk(0, 80, false);
    world_add_disk(1, 40, false)->disk.readonly = true;
    world_add_disk(2, 64, true);
    world_add_disk(3, 16, false)->disk.sectors = 1ull << 36;
    for (unsigned i = 0; i < 4; i++)
        world.disks[i].later = how >> i & 1;
    must(world_start(true) == 0);
    ranges = world.range_count;
    for (unsigned steps = 0; input_left(&input) && steps < 300; steps++) {
        /* what was sent is enough to look at */
        world.sent_len = 0;
        actions[input_u8(&input) % ARRAY_SIZE(actions)](&input);
    }
    check_machine();
    return 0;
}
