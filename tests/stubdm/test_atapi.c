/* SPDX-License-Identifier: MIT */
/* The cdrom: apps/stubdm/devices/atapi*.c. */
#include "ide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 300u
#define TABLE  0x1000u
#define BM     0xc000u

static struct world_disk *cd;

static int setup(void **state)
{
    (void)state;
    world_begin();
    cd = world_add_disk(0, BLOCKS * 4 + 3, true); /* and a part of a block, which is not there */
    if (world_start(true))
        return -1;
    config_write(9, 0x20, 4, BM);
    config_write(9, 4, 2, 5);
    return 0;
}

static uint16_t limit(void)
{
    return (uint16_t)(inb(MID) | inb(HIGH) << 8);
}

/* Writes PACKET and the packet. */
static void packet(uint8_t feature, uint16_t bytes, const char *cdb)
{
    outb(DEVICE, 0xa0);
    outb(ERROR, feature);
    outb(MID, (uint8_t)bytes);
    outb(HIGH, (uint8_t)(bytes >> 8));
    outb(STATUS, 0xa0);
    assert_int_equal(inb(STATUS), READY | DRQ);
    assert_int_equal(inb(COUNT), 1); /* a command, from the host */
    assert_false(world.irq[14]);
    for (unsigned i = 0; i < 12; i += 2)
        out(DATA, 2, (uint8_t)cdb[i] | (uint32_t)(uint8_t)cdb[i + 1] << 8);
}

/* Reads all that the drive has to send, and returns its length. */
static unsigned receive(uint8_t *data, unsigned size)
{
    unsigned len = 0;

    while (inb(CONTROL) & DRQ) {
        const unsigned block = limit();

        assert_true(world.irq[14]);
        assert_int_equal(inb(STATUS), READY | DRQ);
        assert_int_equal(inb(COUNT), 2); /* data, to the host */
        assert_true(block && len + block + 1 <= size);
        for (unsigned i = 0; i < block; i += 2) {
            const uint32_t w = in(DATA, 2);

            data[len + i] = (uint8_t)w;
            data[len + i + 1] = (uint8_t)(w >> 8);
        }
        len += block;
    }
    return len;
}

static void assert_good(void)
{
    assert_true(world.irq[14]);
    assert_int_equal(inb(COUNT), 3);
    assert_int_equal(inb(STATUS), READY);
    assert_int_equal(inb(ERROR), 0);
    assert_false(world.irq[14]);
}

static void assert_sense(uint8_t key, uint8_t asc, uint8_t ascq)
{
    uint8_t data[20];

    assert_true(world.irq[14]);
    assert_int_equal(inb(COUNT), 3);
    assert_int_equal(inb(STATUS), READY | ERR);
    assert_int_equal(inb(ERROR), key << 4 | 4);
    packet(0, 100, "\x03\0\0\0\x12\0\0\0\0\0\0");
    assert_int_equal(receive(data, sizeof(data)), 18);
    assert_good();
    assert_int_equal(data[0], 0x70);
    assert_int_equal(data[2], key);
    assert_int_equal(data[12], asc);
    assert_int_equal(data[13], ascq);
}

/* Past the unit attention of power-on. */
static void wake(void)
{
    packet(0, 100, "\0\0\0\0\0\0\0\0\0\0\0");
    assert_sense(6, 0x29, 0);
    packet(0, 100, "\0\0\0\0\0\0\0\0\0\0\0");
    assert_good();
}

static void assert_blocks(const uint8_t *data, uint64_t block, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        assert_int_equal(data[i], world_pattern(0, block * 2048 + i));
}

/* ---- what it is ---- */

static void identifies_itself(void **state)
{
    uint8_t id[512];

    (void)state;
    assert_int_equal(inb(MID), 0x14);
    assert_int_equal(inb(HIGH), 0xeb);
    outb(MID, 0);
    command(0xa0, 0, 0, 0xec);
    assert_int_equal(inb(STATUS), READY | ERR);
    assert_int_equal(inb(MID), 0x14);
    assert_int_equal(inb(HIGH), 0xeb);
    command(0xa0, 0, 0, 0xa1);
    assert_true(world.irq[14]);
    for (unsigned i = 0; i < 512; i++)
        id[i] = (uint8_t)in(DATA, 1);
    assert_int_equal(id[0] | id[1] << 8, 0x85c0);
    assert_memory_equal(id + 54, "iRgnel tDCR-MO", 14);
    assert_int_equal(id[98] | id[99] << 8, 0x0f00);
    assert_int_equal(inb(STATUS), READY);
    command(0xa0, 0, 1, 0x25); /* a disk's */
    assert_int_equal(inb(STATUS), READY | ERR);
    command(0xa0, 0, 1, 0xe7);
    assert_int_equal(inb(STATUS), READY | ERR);
}

static void inquiry(void **state)
{
    uint8_t data[40];

    (void)state;
    packet(0, 4096, "\x12\0\0\0\x24\0\0\0\0\0\0");
    assert_int_equal(receive(data, sizeof(data)), 36);
    assert_good();
    assert_memory_equal(data, "\x05\x80\0\x21\x1f\0\0\0Ringlet CD-ROM          1   ", 36);
    packet(0, 10, "\x12\0\0\0\x0f\0\0\0\0\0\0"); /* 15 of them, in blocks of 10 */
    assert_int_equal(limit(), 10);
    assert_int_equal(receive(data, sizeof(data)), 15);
    assert_good();
    packet(0, 5, "\x12\0\0\0\x0a\0\0\0\0\0\0");
    assert_int_equal(limit(), 4); /* only the last may be odd */
    assert_int_equal(receive(data, sizeof(data)), 10);
    assert_good();
    packet(0, 4096, "\x12\0\0\0\0\0\0\0\0\0\0");
    assert_good();
    packet(0, 4096, "\x12\1\0\0\x24\0\0\0\0\0\0");
    assert_sense(5, 0x24, 0);
    packet(0, 1, "\x12\0\0\0\x24\0\0\0\0\0\0");
    assert_sense(5, 0x24, 0);
}

static void unit_attention(void **state)
{
    uint8_t data[40];

    (void)state;
    packet(0, 100, "\x12\0\0\0\x24\0\0\0\0\0\0"); /* not for INQUIRY */
    receive(data, sizeof(data));
    assert_good();
    wake();
    machine_disk_changed(world.m, &cd->disk);
    packet(0, 100, "\x25\0\0\0\0\0\0\0\0\0\0");
    assert_sense(6, 0x28, 0);
    packet(0, 100, "\x25\0\0\0\0\0\0\0\0\0\0");
    assert_int_equal(receive(data, sizeof(data)), 8);
    assert_good();
    assert_memory_equal(data, "\0\0\x01\x2b\0\0\x08\0", 8);
    machine_disk_changed(world.m, &cd->disk);
    packet(0, 100, "\x03\0\0\0\x12\0\0\0\0\0\0"); /* REQUEST SENSE has it, too */
    assert_int_equal(receive(data, sizeof(data)), 18);
    assert_int_equal(data[2], 6);
    assert_int_equal(data[12], 0x28);
    assert_good();
    packet(0, 100, "\0\0\0\0\0\0\0\0\0\0\0");
    assert_good();
}

/* ---- reading ---- */

static void reads(void **state)
{
    uint8_t *data = malloc(20 * 2048 + 2);

    (void)state;
    wake();
    packet(0, 2048, "\x28\0\0\0\0\x07\0\0\x02\0\0");
    assert_int_equal(limit(), 2048);
    assert_int_equal(receive(data, 2 * 2048 + 2), 2 * 2048);
    assert_good();
    assert_blocks(data, 7, 2 * 2048);
    packet(0, 0xfffe, "\xa8\0\0\0\0\x02\0\0\0\x14\0"); /* more than the buffer */
    assert_int_equal(receive(data, 20 * 2048 + 2), 20 * 2048);
    assert_good();
    assert_blocks(data, 2, 20 * 2048);
    packet(0, 2048, "\x28\0\0\0\x01\x2b\0\0\x01\0\0");
    assert_int_equal(receive(data, 2050), 2048);
    assert_blocks(data, BLOCKS - 1, 2048);
    packet(0, 2048, "\x28\0\0\0\x01\x2b\0\0\x02\0\0");
    assert_sense(5, 0x21, 0);
    packet(0, 2048, "\x28\0\xff\xff\xff\xff\0\0\x01\0\0");
    assert_sense(5, 0x21, 0);
    packet(0, 2048, "\xa8\0\0\0\0\0\xff\xff\xff\xff\0");
    assert_sense(5, 0x21, 0);
    packet(0, 2048, "\x28\0\0\0\0\0\0\0\0\0\0");
    assert_good();
    packet(0, 2048, "\x2b\0\0\0\x01\x2b\0\0\0\0\0");
    assert_good();
    packet(0, 2048, "\x2b\0\0\0\x01\x2c\0\0\0\0\0");
    assert_sense(5, 0x21, 0);
    cd->disk.sectors = 1ull << 35; /* and as many bytes as a count does not hold */
    packet(0, 2048, "\xa8\0\0\0\0\0\x40\0\0\x01\0");
    assert_sense(5, 0x24, 0);
    free(data);
}

static void reads_by_dma(void **state)
{
    static const uint32_t table[] = {0x8000, 20 * 2048, 0x20000, 0x80000000};

    (void)state;
    wake();
    memcpy(world.memory + TABLE, table, sizeof(table));
    out(BM + 4, 4, TABLE);
    packet(1, 0, "\x28\0\0\0\0\x09\0\0\x14\0\0");
    assert_int_equal(inb(STATUS), BSY);
    outb(BM, 9);
    assert_int_equal(inb(BM + 2), 5);
    assert_good();
    assert_blocks(world.memory + 0x8000, 9, 20 * 2048);
    outb(BM, 0);
    outb(BM + 2, 4);
    packet(1, 0, "\x12\0\0\0\x24\0\0\0\0\0\0"); /* and data that are no blocks */
    outb(BM, 9);
    assert_good();
    assert_memory_equal(world.memory + 0x8008, "Ringlet", 7);
    outb(BM, 0);
    cd->bad_sector = 44;
    packet(1, 0, "\x28\0\0\0\0\x09\0\0\x14\0\0");
    outb(BM, 9);
    assert_sense(3, 0x11, 0);
    outb(BM, 0);
    cd->bad_sector = UINT64_MAX;
    memcpy(world.memory + TABLE, "\0\0\x0f\0\0\0\0\0", 8);
    memcpy(world.memory + TABLE + 8, "\0\0\x1f\0\0\0\0\0", 8);
    packet(1, 0, "\xa8\0\0\0\0\0\0\0\0\x64\0");
    outb(BM, 9);
    assert_int_equal(inb(BM + 2) & 3, 2);
    assert_sense(0x0b, 0, 0);
}

static void read_errors(void **state)
{
    uint8_t data[2050];

    (void)state;
    wake();
    cd->bad_sector = 4 * 9 + 2;
    packet(0, 2048, "\x28\0\0\0\0\x09\0\0\x01\0\0");
    assert_sense(3, 0x11, 0);
    cd->bad_ret = -ENODEV;
    packet(0, 2048, "\x28\0\0\0\0\x09\0\0\x01\0\0");
    assert_sense(2, 0x3a, 0);
    packet(0, 2048, "\0\0\0\0\0\0\0\0\0\0\0");
    assert_true(world.irq[14]);
    outb(STATUS, 0x08);
    assert_false(world.irq[14]);
    cd->later = true;
    cd->bad_sector = UINT64_MAX;
    packet(0, 2048, "\x28\0\0\0\0\x09\0\0\x01\0\0");
    assert_int_equal(inb(STATUS), BSY);
    outb(STATUS, 0x08); /* DEVICE RESET, while it is busy */
    assert_int_equal(inb(STATUS), BSY);
    assert_true(world_complete(cd));
    assert_int_equal(inb(STATUS), 0);
    assert_int_equal(inb(ERROR), 1);
    assert_int_equal(inb(MID), 0x14);
    assert_false(world.irq[14]);
    packet(0, 2048, "\x28\0\0\0\0\x09\0\0\x01\0\0");
    assert_true(world_complete(cd));
    assert_int_equal(receive(data, sizeof(data)), 2048);
    assert_good();
    assert_blocks(data, 9, 2048);
}

static void without_medium(void **state)
{
    uint8_t data[40];

    (void)state;
    wake();
    cd->disk.sectors = 0;
    machine_disk_changed(world.m, &cd->disk);
    packet(0, 2048, "\0\0\0\0\0\0\0\0\0\0\0");
    assert_sense(6, 0x28, 0);
    for (unsigned i = 0; i < 5; i++) {
        static const char *const cdbs[] = {
            "\0\0\0\0\0\0\0\0\0\0\0",     "\x25\0\0\0\0\0\0\0\0\0\0", "\x28\0\0\0\0\0\0\0\x01\0\0",
            "\x43\0\0\0\0\0\0\0\x20\0\0", "\x2b\0\0\0\0\0\0\0\0\0\0",
        };

        packet(0, 2048, cdbs[i]);
        assert_sense(2, 0x3a, 1);
    }
    packet(0, 2048, "\x4a\x01\0\0\x10\0\0\0\x08\0\0"); /* GET EVENT STATUS NOTIFICATION */
    assert_int_equal(receive(data, sizeof(data)), 8);
    assert_memory_equal(data, "\0\x06\x04\x10\x03\0\0\0", 8);
    assert_good();
}

static void tray(void **state)
{
    uint8_t data[40];

    (void)state;
    wake();
    packet(0, 2048, "\x1e\0\0\0\x01\0\0\0\0\0\0");
    assert_good();
    packet(0, 2048, "\x1b\0\0\0\x02\0\0\0\0\0\0");
    assert_sense(5, 0x53, 2);
    packet(0, 2048, "\x1e\0\0\0\0\0\0\0\0\0\0");
    assert_good();
    packet(0, 2048, "\x1b\0\0\0\x02\0\0\0\0\0\0");
    assert_good();
    packet(0, 2048, "\0\0\0\0\0\0\0\0\0\0\0");
    assert_sense(2, 0x3a, 2);
    packet(0, 2048, "\x4a\x01\0\0\x10\0\0\0\x08\0\0");
    receive(data, sizeof(data));
    assert_good();
    assert_int_equal(data[5], 1);
    packet(0, 2048, "\x1b\0\0\0\x03\0\0\0\0\0\0");
    assert_good();
    packet(0, 2048, "\x4a\x01\0\0\x10\0\0\0\x08\0\0");
    receive(data, sizeof(data));
    assert_good();
    assert_memory_equal(data, "\0\x06\x04\x10\x02\x02\0\0", 8);
    packet(0, 2048, "\0\0\0\0\0\0\0\0\0\0\0");
    assert_sense(6, 0x28, 0);
    packet(0, 2048, "\0\0\0\0\0\0\0\0\0\0\0");
    assert_good();
}

/* ---- what it says of itself ---- */

static void table_of_contents(void **state)
{
    uint8_t data[40];

    (void)state;
    wake();
    packet(0, 2048, "\x43\0\0\0\0\0\0\0\x20\0\0");
    assert_int_equal(receive(data, sizeof(data)), 20);
    assert_good();
    assert_memory_equal(data, "\0\x12\1\1\0\x14\1\0\0\0\0\0\0\x14\xaa\0\0\0\x01\x2c", 20);
    packet(0, 2048, "\x43\2\0\0\0\0\xaa\0\x20\0\0"); /* the lead-out: 450 frames */
    assert_int_equal(receive(data, sizeof(data)), 12);
    assert_memory_equal(data, "\0\x0a\1\1\0\x14\xaa\0\0\0\x06\0", 12);
    assert_good();
    packet(0, 2048, "\x43\0\1\0\0\0\0\0\x0c\0\0"); /* sessions */
    assert_int_equal(receive(data, sizeof(data)), 12);
    assert_memory_equal(data, "\0\x0a\1\1\0\x14\1\0\0\0\0\0", 12);
    assert_good();
    packet(0, 2048, "\x43\0\0\0\0\0\0\0\x0c\x40\0"); /* where it was earlier */
    assert_int_equal(receive(data, sizeof(data)), 12);
    assert_good();
    packet(0, 2048, "\x43\0\2\0\0\0\0\0\x0c\0\0");
    assert_sense(5, 0x24, 0);
    packet(0, 2048, "\x43\0\0\0\0\0\2\0\x0c\0\0");
    assert_sense(5, 0x24, 0);
}

static void mode_pages(void **state)
{
    uint8_t data[64];

    (void)state;
    wake();
    packet(0, 2048, "\x5a\0\x3f\0\0\0\0\0\x80\0\0");
    assert_int_equal(receive(data, sizeof(data)), 8 + 8 + 20);
    assert_good();
    assert_int_equal(data[1], 34);
    assert_memory_equal(data + 8, "\x01\x06\0\x05", 4);
    assert_memory_equal(data + 16, "\x2a\x12\x03\0\0\0\x29\0\x02\xc2", 10);
    packet(0, 2048, "\x1a\0\x2a\0\x80\0\0\0\0\0\0");
    assert_int_equal(receive(data, sizeof(data)), 4 + 20);
    assert_int_equal(data[0], 23);
    assert_good();
    packet(0, 2048, "\x5a\0\x7f\0\0\0\0\0\x80\0\0"); /* what can be changed */
    assert_int_equal(receive(data, sizeof(data)), 36);
    assert_memory_equal(data + 8, "\x01\x06\0\0\0\0\0\0\x2a\x12\0\0\0\0\0\0\0\0", 18);
    assert_good();
    packet(0, 2048, "\x5a\0\xff\0\0\0\0\0\x80\0\0");
    assert_sense(5, 0x24, 0);
    packet(0, 2048, "\x5a\0\x0e\0\0\0\0\0\x80\0\0");
    assert_sense(5, 0x24, 0);
}

static void configuration(void **state)
{
    uint8_t data[80];

    (void)state;
    wake();
    packet(0, 2048, "\x46\0\0\0\0\0\0\0\x80\0\0");
    assert_int_equal(receive(data, sizeof(data)), 8 + 12 + 8 + 8 + 12);
    assert_good();
    assert_memory_equal(data, "\0\0\0\x2c\0\0\0\x08\0\0\3\x08\0\x10\0\0\0\x08\1\0\0\1\3\4", 24);
    packet(0, 2048, "\x46\2\0\x10\0\0\0\0\x80\0\0");
    assert_int_equal(receive(data, sizeof(data)), 8 + 12);
    assert_memory_equal(data + 8, "\0\x10\1\x08\0\0\x08\0\0\1\0\0", 12);
    assert_good();
    packet(0, 2048, "\x46\1\0\2\0\0\0\0\x80\0\0");
    assert_int_equal(receive(data, sizeof(data)), 8 + 8 + 12);
    assert_good();
    packet(0, 2048, "\x46\3\0\2\0\0\0\0\x80\0\0");
    assert_sense(5, 0x24, 0);
    cd->disk.sectors = 0;
    packet(0, 2048, "\x46\1\0\2\0\0\0\0\x80\0\0");
    assert_int_equal(receive(data, sizeof(data)), 8 + 8);
    assert_int_equal(data[7], 0);
    assert_good();
}

static void events(void **state)
{
    uint8_t data[16];

    (void)state;
    packet(0, 2048, "\x4a\x01\0\0\x10\0\0\0\x08\0\0");
    assert_int_equal(receive(data, sizeof(data)), 8);
    assert_memory_equal(data, "\0\x06\x04\x10\0\2\0\0", 8);
    assert_good();
    packet(0, 2048, "\x4a\x01\0\0\x40\0\0\0\x08\0\0");
    assert_int_equal(receive(data, sizeof(data)), 4);
    assert_memory_equal(data, "\0\x02\x80\x10", 4);
    assert_good();
    packet(0, 2048, "\x4a\0\0\0\x10\0\0\0\x08\0\0");
    assert_sense(5, 0x24, 0);
    wake();
    packet(0, 2048, "\xbb\0\0\0\x10\0\0\0\x08\0\0");
    assert_good();
    packet(0, 2048, "\x2a\0\0\0\0\0\0\0\x01\0\0"); /* WRITE */
    assert_sense(5, 0x20, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(identifies_itself, setup),
        cmocka_unit_test_setup(inquiry, setup),
        cmocka_unit_test_setup(unit_attention, setup),
        cmocka_unit_test_setup(reads, setup),
        cmocka_unit_test_setup(reads_by_dma, setup),
        cmocka_unit_test_setup(read_errors, setup),
        cmocka_unit_test_setup(without_medium, setup),
        cmocka_unit_test_setup(tray, setup),
        cmocka_unit_test_setup(table_of_contents, setup),
        cmocka_unit_test_setup(mode_pages, setup),
        cmocka_unit_test_setup(configuration, setup),
        cmocka_unit_test_setup(events, setup),
    };

    return cmocka_run_group_tests_name("atapi", tests, NULL, NULL);
}
