/* SPDX-License-Identifier: MIT */
/* Disks by PIO: apps/stubdm/devices/ata_*.c. */
#include "ide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECTORS 2000000u /* told; less is in memory, where no test looks beyond it */
#define SIZE    400u

static struct world_disk *hda;

static int setup(void **state)
{
    (void)state;
    world_begin();
    hda = world_add_disk(0, SIZE, false);
    return world_start(true);
}

static uint16_t word(const uint8_t *p, unsigned n)
{
    return (uint16_t)(p[2 * n] | p[2 * n + 1] << 8);
}

static void read_block(uint8_t *out_bytes, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i += 2) {
        const uint16_t w = (uint16_t)in(DATA, 2);

        memcpy(out_bytes + i, &w, 2);
    }
}

static void write_block(const uint8_t *bytes, unsigned len)
{
    for (unsigned i = 0; i < len; i += 2) {
        uint16_t w;

        memcpy(&w, bytes + i, 2);
        out(DATA, 2, w);
    }
}

static void assert_sectors(const uint8_t *bytes, uint64_t sector, unsigned count)
{
    for (unsigned i = 0; i < count * 512; i++)
        assert_int_equal(bytes[i], world_pattern(0, sector * 512 + i));
}

static void assert_idle(uint8_t status, bool irq)
{
    assert_int_equal(world.irq[14], irq);
    assert_int_equal(inb(CONTROL), status);
    assert_int_equal(world.irq[14], irq); /* the alternate status does not acknowledge */
    assert_int_equal(inb(STATUS), status);
    assert_false(world.irq[14]);
}

static void identify(uint8_t *id)
{
    command(MASTER, 0, 0, 0xec);
    assert_idle(READY | DRQ, true);
    read_block(id, 512);
    assert_idle(READY, false);
}

/* ---- what it is ---- */

static void identifies_itself(void **state)
{
    uint8_t id[512], sum = 0;

    (void)state;
    hda->disk.sectors = SECTORS;
    hda->disk.physical_sector = 4096;
    identify(id);
    assert_int_equal(word(id, 0), 0x40);
    assert_int_equal(word(id, 1), 1984);
    assert_int_equal(word(id, 3), 16);
    assert_int_equal(word(id, 6), 63);
    assert_memory_equal(id + 20, "LR0040 2 ", 8); /* two characters of each word are swapped */
    assert_memory_equal(id + 54, "iRgnel tidks", 12);
    assert_int_equal(word(id, 47), 0x8010);
    assert_int_equal(word(id, 49) & 0x300, 0x300);
    assert_int_equal(word(id, 60) | (uint32_t)word(id, 61) << 16, SECTORS);
    assert_int_equal(word(id, 63), 7);
    assert_int_equal(word(id, 82), 0x28);
    assert_int_equal(word(id, 83), 0x7400);
    assert_int_equal(word(id, 86), 0x3400);
    assert_int_equal(word(id, 100) | (uint32_t)word(id, 101) << 16, SECTORS);
    assert_int_equal(word(id, 106), 0x6003);
    for (unsigned i = 0; i < 512; i++)
        sum = (uint8_t)(sum + id[i]);
    assert_int_equal(sum, 0);
}

static void large_disks_tell_what_fits(void **state)
{
    uint8_t id[512];

    (void)state;
    hda->disk.sectors = 0x123456789aull;
    identify(id);
    assert_int_equal(word(id, 1), 16383);
    assert_int_equal(word(id, 60) | (uint32_t)word(id, 61) << 16, 0x0fffffff);
    assert_int_equal(word(id, 100) | (uint32_t)word(id, 101) << 16, 0x3456789a);
    assert_int_equal(word(id, 102) | (uint32_t)word(id, 103) << 16, 0x12);
    command(MASTER, 0, 0, 0xf8); /* READ NATIVE MAX */
    assert_idle(READY, true);
    assert_int_equal(inb(LOW), 0xfe);
    assert_int_equal(inb(MID), 0xff);
    assert_int_equal(inb(HIGH), 0xff);
    assert_int_equal(inb(DEVICE), MASTER | 15);
    command_ext(MASTER, 0, 0, 0x27);
    assert_idle(READY, true);
    assert_int_equal(inb(LOW), 0x99);
    assert_int_equal(inb(MID), 0x78);
    assert_int_equal(inb(HIGH), 0x56);
    outb(CONTROL, 0x80); /* HOB */
    assert_int_equal(inb(LOW), 0x34);
    assert_int_equal(inb(MID), 0x12);
    assert_int_equal(inb(HIGH), 0);
}

static void signature_after_reset(void **state)
{
    (void)state;
    outb(DEVICE, SLAVE);
    outb(CONTROL, 0x0e);              /* SRST, nIEN */
    assert_int_equal(inb(STATUS), 0); /* of the slave, which is not there */
    outb(CONTROL, 0x0a);
    assert_int_equal(inb(STATUS), READY);
    assert_int_equal(inb(ERROR), 1);
    assert_int_equal(inb(COUNT), 1);
    assert_int_equal(inb(LOW), 1);
    assert_int_equal(inb(MID), 0);
    assert_int_equal(inb(HIGH), 0);
    assert_int_equal(inb(DEVICE), 0);
    outb(COUNT, 7);
    command(MASTER, 9, 7, 0x90); /* EXECUTE DEVICE DIAGNOSTIC */
    assert_int_equal(inb(STATUS), READY);
    assert_int_equal(inb(ERROR), 1);
    assert_int_equal(inb(COUNT), 1);
}

static void absent_slave_is_silent(void **state)
{
    (void)state;
    outb(DEVICE, SLAVE);
    outb(COUNT, 0x55);
    outb(LOW, 0xaa);
    assert_int_equal(inb(COUNT), 0);
    assert_int_equal(inb(LOW), 0);
    assert_int_equal(inb(STATUS), 0);
    outb(STATUS, 0xec);
    assert_int_equal(inb(STATUS), 0);
    assert_int_equal(inb(CONTROL), 0);
    assert_false(world.irq[14]);
    outb(DEVICE, MASTER);
    assert_int_equal(inb(COUNT), 0x55);
}

static void empty_channel_is_not_claimed(void **state)
{
    (void)state;
    assert_true(world_claims(MACHINE_PORTS, 0x1f0));
    assert_true(world_claims(MACHINE_PORTS, 0x1f7));
    assert_true(world_claims(MACHINE_PORTS, 0x3f6));
    assert_false(world_claims(MACHINE_PORTS, 0x1ef));
    assert_false(world_claims(MACHINE_PORTS, 0x1f8));
    assert_false(world_claims(MACHINE_PORTS, 0x170));
    assert_false(world_claims(MACHINE_PORTS, 0x376));
    assert_int_equal(inb(0x177), 0xff);
}

/* ---- reads ---- */

static void reads_sectors(void **state)
{
    uint8_t data[3 * 512];

    (void)state;
    command(MASTER, 5, 3, 0x20);
    for (unsigned i = 0; i < 3; i++) {
        assert_idle(READY | DRQ, true);
        read_block(data + i * 512, 512);
    }
    assert_idle(READY, false); /* no interrupt behind the last block */
    assert_sectors(data, 5, 3);
    assert_int_equal(in(DATA, 2), 0xffff);
    assert_int_equal(world.edges[14], 3);
    assert_int_equal(hda->reads, 1);
}

static void reads_more_than_its_buffer(void **state)
{
    uint8_t *data = malloc(256 * 512);

    (void)state;
    command(MASTER, 1, 0, 0x20); /* 256 */
    for (unsigned i = 0; i < 256; i++) {
        assert_idle(READY | DRQ, true);
        read_block(data + i * 512, 512);
    }
    assert_idle(READY, false);
    assert_sectors(data, 1, 256);
    assert_int_equal(hda->reads, 256 * 512 / WORLD_BUFFER);
    free(data);
}

static void reads_multiple(void **state)
{
    uint8_t data[6 * 512], id[512];

    (void)state;
    identify(id);
    assert_int_equal(word(id, 59), 0x110);
    command(MASTER, 0, 0, 0xc6); /* SET MULTIPLE MODE: none */
    assert_idle(READY, true);
    identify(id);
    assert_int_equal(word(id, 59), 0);
    command(MASTER, 0, 2, 0xc4);
    assert_idle(READY | ERR, true);
    command(MASTER, 0, 3, 0xc6);
    assert_idle(READY | ERR, true);
    command(MASTER, 0, 32, 0xc6);
    assert_idle(READY | ERR, true);
    command(MASTER, 0, 4, 0xc6);
    assert_idle(READY, true);
    identify(id);
    assert_int_equal(word(id, 59), 0x104);
    command_ext(MASTER, 9, 6, 0x29);
    assert_idle(READY | DRQ, true);
    read_block(data, 4 * 512);
    assert_idle(READY | DRQ, true);
    read_block(data + 4 * 512, 2 * 512);
    assert_idle(READY, false);
    assert_sectors(data, 9, 6);
}

static void blocks_do_not_end_with_the_buffer(void **state)
{
    uint8_t data[40 * 512];

    (void)state;
    hda->disk.buffer_size = 12288; /* a block and a half */
    command(MASTER, 0, 16, 0xc6);
    assert_idle(READY, true);
    command(MASTER, 2, 40, 0xc4);
    for (unsigned i = 0; i < 3; i++) {
        assert_idle(READY | DRQ, true);
        read_block(data + i * 16 * 512, i < 2 ? 16 * 512 : 8 * 512);
    }
    assert_idle(READY, false);
    assert_sectors(data, 2, 40);
}

static void reads_by_rep_insw(void **state)
{
    (void)state;
    command(MASTER, 7, 2, 0x20);
    assert_int_equal(machine_pio_rep(world.m, DATA, 2, false, 0x1001, 256, false), 0);
    assert_int_equal(inb(STATUS), READY | DRQ);
    assert_int_equal(machine_pio_rep(world.m, DATA, 4, false, 0x1201, 100, false), 0);
    assert_int_equal(inb(STATUS), READY | DRQ);
    /* 28 are left; the others are as on a bus where nobody is */
    assert_int_equal(machine_pio_rep(world.m, DATA, 4, false, 0x1391, 30, false), 0);
    assert_int_equal(inb(STATUS), READY);
    assert_sectors(world.memory + 0x1001, 7, 2);
    assert_memory_equal(world.memory + 0x1401, "\xff\xff\xff\xff\xff\xff\xff\xff\0", 9);
    assert_int_equal(world.memory[0x1000], 0);
}

static void rep_insw_downwards(void **state)
{
    (void)state;
    command(MASTER, 7, 1, 0x20);
    assert_int_equal(machine_pio_rep(world.m, DATA, 2, false, 0x2000, 256, true), 0);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(world.memory[0x2000 - 2 * i], world_pattern(0, 7 * 512 + 2 * i));
        assert_int_equal(world.memory[0x2001 - 2 * i], world_pattern(0, 7 * 512 + 2 * i + 1));
    }
}

static void rep_insw_to_no_memory(void **state)
{
    struct machine_stats stats;

    (void)state;
    command(MASTER, 7, 1, 0x20);
    assert_int_equal(machine_pio_rep(world.m, DATA, 2, false, WORLD_HOLE - 256, 256, false),
                     -EFAULT);
    assert_int_equal(inb(STATUS), READY); /* the data are lost */
    assert_int_equal(world.memory[WORLD_HOLE - 1], world_pattern(0, 7 * 512 + 255));
    machine_get_stats(world.m, &stats);
    assert_int_equal(stats.faults, 1);
}

static void reads_by_chs(void **state)
{
    uint8_t data[512];

    (void)state;
    outb(DEVICE, 0xa0 | 3); /* head 3, sector 5 of cylinder 0 */
    outb(COUNT, 1);
    outb(LOW, 5);
    outb(MID, 0);
    outb(HIGH, 0);
    outb(STATUS, 0x20);
    read_block(data, 512);
    assert_sectors(data, 3 * 63 + 4, 1);
    outb(LOW, 0); /* there is no sector 0 */
    outb(STATUS, 0x20);
    assert_int_equal(inb(STATUS), READY | ERR);
    assert_int_equal(inb(ERROR), 0x10);
    outb(LOW, 64);
    outb(STATUS, 0x20);
    assert_int_equal(inb(ERROR), 0x10);
    outb(DEVICE, 0xa0 | 3); /* INITIALIZE DEVICE PARAMETERS: 4 heads, 10 sectors */
    outb(COUNT, 10);
    outb(STATUS, 0x91);
    assert_idle(READY, true);
    outb(DEVICE, 0xa0 | 2);
    outb(COUNT, 1);
    outb(MID, 1);
    outb(LOW, 5);
    outb(STATUS, 0x20);
    read_block(data, 512);
    assert_sectors(data, (1 * 4 + 2) * 10 + 4, 1);
    outb(DEVICE, 0xa0 | 4);
    outb(STATUS, 0x20);
    assert_int_equal(inb(ERROR), 0x10);
    outb(COUNT, 0);
    outb(STATUS, 0x91);
    assert_idle(READY | ERR, true);
}

static void ranges_end_with_the_disk(void **state)
{
    uint8_t data[512];

    (void)state;
    command(MASTER, SIZE - 1, 1, 0x20);
    read_block(data, 512);
    assert_sectors(data, SIZE - 1, 1);
    command(MASTER, SIZE - 1, 2, 0x20);
    assert_idle(READY | ERR, true);
    assert_int_equal(inb(ERROR), 0x10);
    assert_int_equal(inb(LOW), (SIZE - 1) & 255);
    assert_int_equal(inb(MID), (SIZE - 1) >> 8);
    command_ext(MASTER, 0xffffffffffffull, 1, 0x24);
    assert_idle(READY | ERR, true);
    assert_int_equal(inb(ERROR), 0x10);
    command_ext(MASTER, 0x100000005ull, 1, 0x34);
    assert_idle(READY | ERR, true);
    command_ext(MASTER, 0, 0, 0x24); /* 65536 */
    assert_idle(READY | ERR, true);
    assert_int_equal(hda->reads, 1);
    hda->disk.sectors = 0;
    command(MASTER, 0, 1, 0x20);
    assert_idle(READY | ERR, true);
}

static void read_errors_have_their_sector(void **state)
{
    uint8_t data[512];

    (void)state;
    hda->bad_sector = 70; /* in the third piece of 32 */
    command(MASTER, 0, 100, 0x20);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(inb(STATUS), READY | DRQ);
        read_block(data, 512);
    }
    assert_idle(READY | ERR, true);
    assert_int_equal(inb(ERROR), 0x40);
    assert_int_equal(inb(LOW), 64);
    hda->bad_ret = -ENODEV;
    command_ext(MASTER, 70, 1, 0x24);
    assert_idle(READY | ERR, true);
    assert_int_equal(inb(ERROR), 0x04);
    assert_int_equal(inb(LOW), 70);
    hda->bad_sector = UINT64_MAX;
    command(MASTER, 0, 1, 0x20);
    assert_idle(READY | DRQ, true);
}

static void verifies(void **state)
{
    (void)state;
    command(MASTER, 0, 200, 0x40);
    assert_idle(READY, true);
    assert_int_equal(hda->reads, 7);
    hda->bad_sector = 199;
    command_ext(MASTER, 0, 200, 0x42);
    assert_idle(READY | ERR, true);
    assert_int_equal(inb(ERROR), 0x40);
    assert_int_equal(inb(LOW), 192);
}

/* ---- writes ---- */

static void writes_sectors(void **state)
{
    uint8_t data[2 * 512];

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 11);
    command(MASTER, 20, 2, 0x30);
    assert_idle(READY | DRQ, false); /* the first block without an interrupt */
    write_block(data, 512);
    assert_idle(READY | DRQ, true);
    write_block(data + 512, 512);
    assert_idle(READY, true);
    assert_memory_equal(hda->data + 20 * 512, data, sizeof(data));
    assert_int_equal(hda->data[20 * 512 - 1], world_pattern(0, 20 * 512 - 1));
    assert_int_equal(hda->data[22 * 512], world_pattern(0, 22 * 512));
    assert_int_equal(hda->writes, 1);
    assert_int_equal(hda->flushes, 0);
}

static void writes_by_rep_outsw(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100 * 512; i++)
        world.memory[0x3000 + i] = (uint8_t)(i * 13 + i / 512);
    command_ext(MASTER, 4, 100, 0x34);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(inb(STATUS), READY | DRQ);
        assert_int_equal(machine_pio_rep(world.m, DATA, 2, true, 0x3000 + i * 512, 256, false), 0);
    }
    assert_idle(READY, true);
    assert_memory_equal(hda->data + 4 * 512, world.memory + 0x3000, 100 * 512);
    assert_int_equal(hda->writes, 4);
    /* 99 blocks but the first, and the end */
    assert_int_equal(world.edges[14], 100);
}

static void writes_multiple(void **state)
{
    uint8_t data[3 * 512];

    (void)state;
    memset(data, 0x3c, sizeof(data));
    command(MASTER, 0, 2, 0xc6);
    command(MASTER, 30, 3, 0xc5);
    assert_idle(READY | DRQ, false);
    write_block(data, 2 * 512);
    assert_idle(READY | DRQ, true);
    write_block(data, 512);
    assert_idle(READY, true);
    assert_memory_equal(hda->data + 30 * 512, data, sizeof(data));
    assert_int_equal(hda->data[33 * 512], world_pattern(0, 33 * 512));
}

static void readonly_disks_refuse_writes(void **state)
{
    (void)state;
    hda->disk.readonly = true;
    command(MASTER, 0, 1, 0x30);
    assert_idle(READY | ERR, true);
    assert_int_equal(inb(ERROR), 0x04);
    command(MASTER, 0, 1, 0xca);
    assert_idle(READY | ERR, true);
    command(MASTER, 0, 1, 0xe7);
    assert_idle(READY, true);
    assert_int_equal(hda->writes, 0);
    assert_int_equal(hda->flushes, 1);
}

static void write_errors(void **state)
{
    uint8_t data[512] = {0};

    (void)state;
    hda->bad_sector = 33;
    command(MASTER, 33, 1, 0x30);
    write_block(data, 512);
    assert_idle(READY | ERR, true);
    assert_int_equal(inb(ERROR), 0x04);
    assert_int_equal(inb(LOW), 33);
    hda->bad_sector = UINT64_MAX - 1; /* flushes */
    command(MASTER, 0, 0, 0xe7);
    assert_idle(READY | ERR, true);
    assert_int_equal(inb(ERROR), 0x04);
}

static void flush_waits_for_the_disk(void **state)
{
    (void)state;
    hda->later = true;
    command_ext(MASTER, 0, 0, 0xea);
    assert_int_equal(inb(STATUS), BSY);
    assert_false(world.irq[14]);
    assert_true(world_complete(hda));
    assert_idle(READY, true);
    assert_int_equal(hda->flushes, 1);
}

static void without_cache_each_write_is_flushed(void **state)
{
    uint8_t data[512] = {7}, id[512];

    (void)state;
    outb(ERROR, 0x82);
    command(MASTER, 0, 0, 0xef);
    assert_idle(READY, true);
    identify(id);
    assert_int_equal(word(id, 82), 0x28);
    assert_int_equal(word(id, 85), 0x08);
    hda->later = true;
    command(MASTER, 1, 1, 0x30);
    write_block(data, 512);
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), BSY);
    assert_int_equal(hda->flushes, 1);
    assert_true(world_complete(hda));
    assert_idle(READY, true);
    outb(ERROR, 0x02);
    command(MASTER, 0, 0, 0xef);
    command(MASTER, 1, 1, 0x30);
    write_block(data, 512);
    world_settle();
    assert_int_equal(hda->flushes, 1);
    hda->disk.write_cache = false;
    outb(ERROR, 0x02);
    command(MASTER, 0, 0, 0xef);
    assert_idle(READY | ERR, true);
}

/* ---- disks that take their time ---- */

static void late_reads(void **state)
{
    uint8_t data[512];

    (void)state;
    hda->later = true;
    command(MASTER, 3, 40, 0x20);
    assert_int_equal(inb(STATUS), BSY);
    assert_false(world.irq[14]);
    outb(LOW, 99); /* a drive that is busy does not listen */
    outb(STATUS, 0xec);
    assert_int_equal(in(DATA, 2), 0xffff);
    assert_true(world_complete(hda));
    for (unsigned i = 0; i < 32; i++) {
        assert_idle(READY | DRQ, true);
        read_block(data, 512);
        assert_sectors(data, 3 + i, 1);
    }
    assert_int_equal(inb(STATUS), BSY);
    assert_true(world_complete(hda));
    for (unsigned i = 32; i < 40; i++) {
        assert_idle(READY | DRQ, true);
        read_block(data, 512);
        assert_sectors(data, 3 + i, 1);
    }
    assert_idle(READY, false);
}

static void reset_while_the_disk_works(void **state)
{
    uint8_t data[512];

    (void)state;
    hda->later = true;
    command(MASTER, 3, 1, 0x20);
    outb(CONTROL, 4);
    assert_int_equal(inb(STATUS), BSY);
    outb(CONTROL, 0);
    assert_int_equal(inb(STATUS), BSY); /* the request still uses the buffer */
    outb(STATUS, 0xec);
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), READY);
    assert_int_equal(inb(ERROR), 1);
    assert_false(world.irq[14]);
    command(MASTER, 4, 1, 0x20);
    assert_true(world_complete(hda));
    read_block(data, 512);
    assert_sectors(data, 4, 1);
    /* and a reset that lasts longer than the request */
    command(MASTER, 3, 1, 0x20);
    outb(CONTROL, 4);
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), BSY);
    outb(CONTROL, 0);
    assert_int_equal(inb(STATUS), READY);
}

static void a_command_ends_one_that_waits_for_the_host(void **state)
{
    uint8_t data[512];

    (void)state;
    command(MASTER, 3, 2, 0x20);
    read_block(data, 100);
    command(MASTER, 8, 1, 0x20);
    read_block(data, 512);
    assert_sectors(data, 8, 1);
    assert_idle(READY, true);
}

/* ---- the rest ---- */

static void nien_masks_the_interrupt(void **state)
{
    (void)state;
    outb(CONTROL, 2);
    command(MASTER, 0, 0, 0xe1);
    assert_false(world.irq[14]);
    outb(CONTROL, 0);
    assert_true(world.irq[14]);
    outb(DEVICE, SLAVE); /* the other drive's line */
    assert_false(world.irq[14]);
    outb(DEVICE, MASTER);
    assert_true(world.irq[14]);
    assert_int_equal(inb(STATUS), READY);
    assert_false(world.irq[14]);
}

static void settings(void **state)
{
    uint8_t id[512];
    static const uint8_t good[] = {0x00, 0x01, 0x08, 0x0c, 0x20, 0x22, 0x45};
    static const uint8_t bad[] = {0x02, 0x0d, 0x10, 0x23, 0x46, 0x80, 0xff};

    (void)state;
    for (unsigned i = 0; i < sizeof(good); i++) {
        outb(ERROR, 3);
        command(MASTER, 0, good[i], 0xef);
        assert_idle(READY, true);
    }
    identify(id);
    assert_int_equal(word(id, 88), 0x203f);
    assert_int_equal(word(id, 63), 0x0007);
    for (unsigned i = 0; i < sizeof(bad); i++) {
        outb(ERROR, 3);
        command(MASTER, 0, bad[i], 0xef);
        assert_idle(READY | ERR, true);
        assert_int_equal(inb(ERROR), 4);
    }
    outb(ERROR, 0x99);
    command(MASTER, 0, 0, 0xef);
    assert_idle(READY | ERR, true);
    command(MASTER, 0, 0, 0xe5);
    assert_idle(READY, true);
    assert_int_equal(inb(COUNT), 0xff);
}

static void other_commands(void **state)
{
    static const uint8_t good[] = {0x10, 0x70, 0xe0, 0xe1, 0xe2, 0xe3, 0xe6, 0xe7};
    static const uint8_t bad[] = {0x00, 0x08, 0xa0, 0xa1, 0xb0, 0x03, 0xf1, 0xf9, 0x3d, 0x92, 0xff};

    (void)state;
    for (unsigned i = 0; i < sizeof(good); i++) {
        command(MASTER, 1, 1, good[i]);
        assert_idle(READY, true);
    }
    for (unsigned i = 0; i < sizeof(bad); i++) {
        command(MASTER, 1, 1, bad[i]);
        assert_idle(READY | ERR, true);
        assert_int_equal(inb(ERROR), 4);
    }
    command(MASTER, SIZE, 1, 0x70);
    assert_idle(READY | ERR, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(identifies_itself, setup),
        cmocka_unit_test_setup(large_disks_tell_what_fits, setup),
        cmocka_unit_test_setup(signature_after_reset, setup),
        cmocka_unit_test_setup(absent_slave_is_silent, setup),
        cmocka_unit_test_setup(empty_channel_is_not_claimed, setup),
        cmocka_unit_test_setup(reads_sectors, setup),
        cmocka_unit_test_setup(reads_more_than_its_buffer, setup),
        cmocka_unit_test_setup(reads_multiple, setup),
        cmocka_unit_test_setup(blocks_do_not_end_with_the_buffer, setup),
        cmocka_unit_test_setup(reads_by_rep_insw, setup),
        cmocka_unit_test_setup(rep_insw_downwards, setup),
        cmocka_unit_test_setup(rep_insw_to_no_memory, setup),
        cmocka_unit_test_setup(reads_by_chs, setup),
        cmocka_unit_test_setup(ranges_end_with_the_disk, setup),
        cmocka_unit_test_setup(read_errors_have_their_sector, setup),
        cmocka_unit_test_setup(verifies, setup),
        cmocka_unit_test_setup(writes_sectors, setup),
        cmocka_unit_test_setup(writes_by_rep_outsw, setup),
        cmocka_unit_test_setup(writes_multiple, setup),
        cmocka_unit_test_setup(readonly_disks_refuse_writes, setup),
        cmocka_unit_test_setup(write_errors, setup),
        cmocka_unit_test_setup(flush_waits_for_the_disk, setup),
        cmocka_unit_test_setup(without_cache_each_write_is_flushed, setup),
        cmocka_unit_test_setup(late_reads, setup),
        cmocka_unit_test_setup(reset_while_the_disk_works, setup),
        cmocka_unit_test_setup(a_command_ends_one_that_waits_for_the_host, setup),
        cmocka_unit_test_setup(nien_masks_the_interrupt, setup),
        cmocka_unit_test_setup(settings, setup),
        cmocka_unit_test_setup(other_commands, setup),
    };

    return cmocka_run_group_tests_name("ide-pio", tests, NULL, NULL);
}
