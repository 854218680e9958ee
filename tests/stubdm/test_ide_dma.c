/* SPDX-License-Identifier: MIT */
/* Disks by bus-master DMA: descriptor tables, and what is wrong with them. */
#include "ide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SIZE  1000u
#define TABLE 0x1000u
#define BM    0xc000u
#define BDF   9u

#define EOT 0x80000000u

enum { BM_COMMAND = BM, BM_STATUS = BM + 2, BM_TABLE = BM + 4 };

#define START_READ  9 /* from the disk, to memory */
#define START_WRITE 1

static struct world_disk *hda;

static int setup(void **state)
{
    (void)state;
    world_begin();
    hda = world_add_disk(0, SIZE, false);
    world_add_disk(2, 10, false);
    if (world_start(true))
        return -1;
    config_write(BDF, 0x20, 4, BM);
    config_write(BDF, 4, 2, 5);
    return 0;
}

static void prd(unsigned n, uint32_t address, uint32_t count)
{
    const uint32_t entry[2] = {address, count};

    memcpy(world.memory + TABLE + 8 * n, entry, 8);
}

static void start(uint8_t how)
{
    out(BM_TABLE, 4, TABLE);
    outb(BM_STATUS, 6);
    outb(BM_COMMAND, how);
}

static void stop(void)
{
    outb(BM_COMMAND, 0);
}

/* The status of the bus master and of the drive, and the interrupt, which is then acknowledged. */
static void assert_status(uint8_t master, uint8_t drive, bool irq)
{
    assert_int_equal(inb(BM_STATUS), master);
    assert_int_equal(world.irq[14], irq);
    assert_int_equal(inb(STATUS), drive);
    outb(BM_STATUS, 4);
    assert_int_equal(inb(BM_STATUS), master & ~4);
}

static void assert_memory(uint32_t at, uint64_t sector, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        assert_int_equal(world.memory[at + i], world_pattern(0, sector * 512 + i));
}

static uint64_t bad_prds(void)
{
    struct machine_stats stats;

    machine_get_stats(world.m, &stats);
    return stats.bad_prds;
}

/* ---- as it should be ---- */

static void reads(void **state)
{
    (void)state;
    prd(0, 0x8000, 1024);
    prd(1, 0x9002, 512 | EOT); /* an odd address, in units of words */
    command(MASTER, 11, 3, 0xc8);
    assert_int_equal(inb(STATUS), BSY);
    assert_int_equal(world.memory[0x8000], 0);
    start(START_READ);
    assert_status(4, READY, true);
    assert_memory(0x8000, 11, 1024);
    assert_memory(0x9002, 13, 512);
    assert_int_equal(world.memory[0x8400], 0);
    assert_int_equal(world.memory[0x9202], 0);
    stop();
}

static void start_may_come_first(void **state)
{
    (void)state;
    prd(0, 0x8000, 512 | EOT);
    start(START_READ);
    assert_int_equal(inb(BM_STATUS), 1);
    command(MASTER, 5, 1, 0xc8);
    assert_status(4, READY, true);
    assert_memory(0x8000, 5, 512);
}

static void reads_much(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 130; i++)
        prd(i, 0x10000 + i * 0x1000, 0x1000);
    prd(129, 0x10000 + 129 * 0x1000, 0x1000 | EOT);
    command_ext(MASTER, 0, 960, 0x25);
    start(START_READ);
    assert_status(5, READY, true); /* the table is longer than the command: still active */
    assert_memory(0x10000, 0, 960 * 512);
    stop();
    assert_int_equal(inb(BM_STATUS), 0);
    assert_int_equal(hda->reads, 60);
}

static void writes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 0x20000; i++)
        world.memory[0x20000 + i] = (uint8_t)(i * 5 + i / 700);
    prd(0, 0x20000, 0); /* 64 KiB */
    prd(1, 0x30000, 0 | EOT);
    command_ext(MASTER, 3, 256, 0x35);
    assert_int_equal(hda->writes, 0);
    start(START_WRITE);
    assert_status(4, READY, true);
    assert_memory_equal(hda->data + 3 * 512, world.memory + 0x20000, 0x20000);
    assert_int_equal(hda->data[259 * 512], world_pattern(0, 259 * 512));
    assert_int_equal(hda->flushes, 0);
}

static void writes_through_without_cache(void **state)
{
    (void)state;
    outb(ERROR, 0x82);
    command(MASTER, 0, 0, 0xef);
    inb(STATUS);
    prd(0, 0x20000, 512 | EOT);
    hda->later = true;
    command(MASTER, 3, 1, 0xca);
    start(START_WRITE);
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), BSY);
    assert_int_equal(hda->flushes, 1);
    assert_true(world_complete(hda));
    assert_status(4, READY, true);
}

static void both_halves_of_the_buffer_work(void **state)
{
    (void)state;
    hda->later = true;
    prd(0, 0x20000, 0);
    prd(1, 0x30000, 0 | EOT);
    command(MASTER, 0, 0, 0xc8);
    assert_int_equal(hda->queued, 2);
    assert_true(world_complete(hda)); /* nothing can be moved yet */
    assert_int_equal(hda->queued, 1);
    start(START_READ);
    assert_int_equal(hda->queued, 2);
    for (unsigned i = 1; i < 16; i++) {
        assert_int_equal(inb(STATUS), BSY);
        assert_int_equal(inb(BM_STATUS), 1);
        assert_false(world.irq[14]);
        assert_memory(0x20000 + (i - 1) * 0x2000, (i - 1) * 16, 0x2000);
        assert_true(world_complete(hda));
    }
    assert_status(4, READY, true);
    assert_memory(0x20000, 0, 256 * 512);
    stop();
    command(MASTER, 0, 0, 0xca);
    memset(world.memory + 0x20000, 0x77, 0x20000);
    start(START_WRITE);
    assert_int_equal(hda->queued, 2);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(inb(STATUS), BSY);
        assert_true(world_complete(hda));
    }
    assert_status(4, READY, true);
    for (unsigned i = 0; i < 256 * 512; i++)
        assert_int_equal(hda->data[i], 0x77);
}

static void the_second_half_may_end_first(void **state)
{
    struct machine_disk_io *first;

    (void)state;
    hda->later = true;
    prd(0, 0x20000, 0x4000 | EOT);
    command(MASTER, 0, 32, 0xc8);
    start(START_READ);
    assert_int_equal(hda->queued, 2);
    first = hda->queue[0];
    hda->queue[0] = hda->queue[1];
    hda->queue[1] = first;
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), BSY);
    assert_int_equal(world.memory[0x22000], 0);
    assert_true(world_complete(hda));
    assert_status(4, READY, true);
    assert_memory(0x20000, 0, 0x4000);
}

/* ---- tables ---- */

static void short_tables_wait(void **state)
{
    (void)state;
    prd(0, 0x8000, 512 | EOT);
    command(MASTER, 0, 2, 0xc8);
    start(START_READ);
    /* neither active nor an interrupt: SFF-8038i's sign of a table that is too short */
    assert_status(0, BSY, false);
    assert_memory(0x8000, 0, 512);
    stop();
    prd(0, 0x9000, 512 | EOT);
    start(START_READ);
    assert_status(4, READY, true);
    assert_memory(0x9000, 1, 512);
    assert_int_equal(bad_prds(), 0);
}

static void the_wrong_direction_waits(void **state)
{
    (void)state;
    prd(0, 0x8000, 512 | EOT);
    command(MASTER, 0, 1, 0xc8);
    start(START_WRITE);
    assert_status(1, BSY, false);
    assert_int_equal(world.memory[0x8000], 0);
    stop();
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    assert_int_equal(inb(STATUS), READY);
}

static void odd_descriptors(void **state)
{
    (void)state;
    prd(0, 0x8001, 513); /* bit 0 is ignored in both */
    prd(1, 0x9000, 0x7fff0000u | 512 | EOT);
    command(MASTER, 0, 2, 0xc8);
    start(START_READ);
    assert_status(4, READY, true);
    assert_memory(0x8000, 0, 512);
    assert_memory(0x9000, 1, 512);
}

static void tables_without_an_end(void **state)
{
    (void)state;
    /* 2 bytes each, and then descriptors of zeroes: 64 KiB at address 0 */
    for (unsigned i = 0; i < 500; i++)
        prd(i, 0x80000 + 2 * i, 2);
    command(MASTER, 0, 2, 0xc8);
    start(START_READ);
    assert_status(5, READY, true);
    assert_memory(0x80000, 0, 1000);
    for (unsigned i = 0; i < 24; i++) /* the other bytes are behind it */
        assert_int_equal(world.memory[i], world_pattern(0, 1000 + i));
    assert_int_equal(world.memory[24], 0);
    stop();
}

static void tables_that_are_not_in_memory(void **state)
{
    (void)state;
    prd(0, 0x8000, 512);
    for (unsigned i = 0; i < 3; i++) {
        static const uint32_t where[] = {WORLD_HOLE, WORLD_MEMORY, 0xfffffff8};

        command(MASTER, 0, 2, i & 1 ? 0xca : 0xc8);
        out(BM_TABLE, 4, where[i]);
        outb(BM_STATUS, 6);
        outb(BM_COMMAND, i & 1 ? START_WRITE : START_READ);
        assert_status(6, READY | ERR, true);
        assert_int_equal(inb(ERROR), 4);
        stop();
        assert_int_equal(bad_prds(), i + 1);
    }
    assert_int_equal(hda->writes, 0);
    /* the table ends with memory */
    prd(0, 0, 0);
    memcpy(world.memory + WORLD_HOLE - 8, "\x00\x80\x00\x00\x00\x02\x00\x00", 8);
    command(MASTER, 9, 2, 0xc8);
    out(BM_TABLE, 4, WORLD_HOLE - 8);
    outb(BM_STATUS, 6);
    outb(BM_COMMAND, START_READ);
    assert_status(6, READY | ERR, true);
    assert_memory(0x8000, 9, 512);
}

static void regions_that_are_not_in_memory(void **state)
{
    (void)state;
    prd(0, WORLD_HOLE - 512, 1024 | EOT);
    command(MASTER, 40, 2, 0xc8);
    start(START_READ);
    assert_status(6, READY | ERR, true);
    assert_memory(WORLD_HOLE - 512, 40, 512);
    stop();
    hda->later = true;
    prd(0, 0x8000, 0x2000);
    prd(1, 0xfffffffe, 512 | EOT);
    command(MASTER, 40, 32, 0xca);
    start(START_WRITE);
    /* the first half is being written: the error comes behind it */
    assert_int_equal(hda->queued, 1);
    assert_int_equal(inb(BM_STATUS), 2);
    assert_int_equal(inb(STATUS), BSY);
    assert_true(world_complete(hda));
    assert_int_equal(inb(BM_STATUS), 6);
    assert_int_equal(inb(STATUS), READY | ERR);
    hda->later = false;
    prd(0, 0x8000, 512 | EOT);
    command(MASTER, 1, 1, 0xc8);
    stop();
    start(START_READ);
    assert_status(4, READY, true);
}

/* ---- tables that take long ---- */

#define REGIONS 4096u /* of two bytes: as many as there are for half of the buffer */
#define TURN    64u   /* regions in one call into the machine */

static void many_small_regions(void)
{
    out(BM_TABLE, 4, 0x10000);
    for (unsigned i = 0; i < REGIONS; i++) {
        /* one after the other in memory, far from each other in the table's order */
        const uint32_t entry[2] = {0x20000 + 2 * i, 2 | (i == REGIONS - 1 ? EOT : 0)};

        memcpy(world.memory + 0x10000 + 8 * i, entry, 8);
    }
    outb(BM_STATUS, 6);
    world.turns = true;
    world.accesses = 0;
}

/* A turn has a region's data and, now and then, descriptors. */
static void assert_turn(void)
{
    assert_true(world.accesses && world.accesses <= TURN + 2);
    world.accesses = 0;
}

static void regions_without_number_take_turns(void **state)
{
    unsigned turns = 1;

    (void)state;
    many_small_regions();
    command(MASTER, 7, 16, 0xc8);
    outb(BM_COMMAND, START_READ);
    assert_turn();
    for (; world_continue(); turns++) {
        assert_turn();
        if (turns == 10) { /* others work meanwhile */
            assert_int_equal(inb(STATUS), BSY);
            outb(0x3f8, 'x');
            assert_int_equal(world.sent_len, 1);
            outb(0x176, 0xa0);
            outb(0x177, 0xec);
            assert_int_equal(inb(0x177), READY | DRQ);
        }
    }
    assert_int_equal(turns, REGIONS / TURN);
    assert_status(4, READY, true);
    assert_memory(0x20000, 7, REGIONS * 2);
    /* the other way */
    stop();
    many_small_regions();
    command(MASTER, 100, 16, 0xca);
    outb(BM_COMMAND, START_WRITE);
    assert_turn();
    for (turns = 1; world_continue(); turns++)
        assert_turn();
    assert_int_equal(turns, REGIONS / TURN);
    assert_status(4, READY, true);
    assert_memory_equal(hda->data + 100 * 512, world.memory + 0x20000, REGIONS * 2);
}

/* However often the guest starts it in one access. */
static void starting_again_and_again_is_one_turn(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 512; i++)
        world.memory[0x8000 + i] = i & 1 ? 0 : START_READ;
    many_small_regions();
    command(MASTER, 7, 16, 0xc8);
    world.accesses = 0;
    assert_int_equal(machine_pio_rep(world.m, BM_COMMAND, 1, true, 0x8000, 512, false), 0);
    assert_true(world.accesses <= 512 + 2 * TURN);
}

static void a_stop_or_a_reset_between_two_turns(void **state)
{
    (void)state;
    many_small_regions();
    command(MASTER, 7, 16, 0xc8);
    outb(BM_COMMAND, START_READ);
    assert_turn();
    stop();
    assert_true(world_continue());
    assert_false(world_continue()); /* it waits for the next start */
    assert_int_equal(world.accesses, 0);
    assert_int_equal(inb(STATUS), BSY);
    outb(BM_COMMAND, START_READ);
    assert_turn();
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    assert_int_equal(inb(STATUS), READY);
    assert_true(world_continue());
    assert_false(world_continue());
    assert_int_equal(world.accesses, 0);
    assert_int_equal(world.memory[0x20000 + 2 * TURN], 0);
    assert_int_equal(inb(STATUS), READY);
}

/* ---- errors and ends ---- */

static void disk_errors(void **state)
{
    (void)state;
    prd(0, 0x20000, 0);
    hda->bad_sector = 50;
    command(MASTER, 0, 100, 0xc8);
    start(START_READ);
    assert_int_equal(inb(ERROR), 0x40);
    assert_int_equal(inb(LOW), 48);
    assert_status(5, READY | ERR, true);
    assert_memory(0x20000, 0, 48 * 512);
    assert_int_equal(world.memory[0x20000 + 48 * 512], 0);
    stop();
    command(MASTER, 0, 100, 0xca);
    start(START_WRITE);
    assert_int_equal(inb(ERROR), 0x04);
    assert_int_equal(inb(LOW), 48);
    assert_status(5, READY | ERR, true);
    assert_int_equal(hda->writes, 4);
}

static void the_first_error_counts(void **state)
{
    struct machine_disk_io *first;

    (void)state;
    hda->later = true;
    prd(0, 0x20000, 0);
    command(MASTER, 100, 64, 0xc8);
    start(START_READ);
    first = hda->queue[0];
    hda->queue[0] = hda->queue[1];
    hda->queue[1] = first;
    hda->bad_sector = 116; /* of the second */
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), BSY); /* the other one is in flight */
    hda->bad_sector = 100;
    assert_true(world_complete(hda));
    assert_int_equal(hda->queued, 0);
    assert_int_equal(inb(LOW), 100);
    assert_status(5, READY | ERR, true);
}

/* The bus master is no part of a command by PIO: starting it does not go on with one. */
static void a_start_has_no_effect_while_the_host_has_the_turn(void **state)
{
    const unsigned piece = WORLD_BUFFER / 512;

    (void)state;
    hda->later = true;
    prd(0, 0x8000, 512 | EOT);
    command_ext(MASTER, 0, (uint16_t)(3 * piece), 0x24);
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), READY | DRQ);
    start(START_READ);
    assert_int_equal(inb(STATUS), READY | DRQ);
    assert_int_equal(hda->queued, 0); /* else a new command would find its slot in use */
    command_ext(MASTER, 0, (uint16_t)(3 * piece), 0x24);
    assert_int_equal(hda->queued, 1);
    world_settle();
    stop();
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(in(DATA, 2),
                         world_pattern(0, 2 * i) | (uint32_t)world_pattern(0, 2 * i + 1) << 8);
    /* what was given of a block stays */
    command(MASTER, 7, 2, 0x30);
    out(DATA, 4, 0x44434241);
    start(START_WRITE);
    for (unsigned i = 1; i < 256; i++)
        out(DATA, 4, 0);
    world_settle();
    assert_int_equal(inb(STATUS), READY);
    assert_memory_equal(hda->data + 7 * 512, "ABCD\0", 5);
}

static void disks_that_change_in_the_middle(void **state)
{
    (void)state;
    hda->later = true;
    prd(0, 0x20000, 0);
    prd(1, 0x30000, 0);
    command(MASTER, 0, 128, 0xca);
    start(START_WRITE);
    hda->disk.readonly = true;
    machine_disk_changed(world.m, &hda->disk);
    world_settle();
    assert_int_equal(hda->writes, 2);
    assert_int_equal(inb(ERROR), 0x04);
    assert_int_equal(inb(LOW), 32);
    assert_int_equal(inb(STATUS), READY | ERR);
    stop();
    command(MASTER, 0, 128, 0xc8);
    start(START_READ);
    hda->disk.sectors = 40;
    machine_disk_changed(world.m, &hda->disk);
    world_settle();
    assert_int_equal(hda->reads, 2);
    assert_int_equal(inb(ERROR), 0x40);
    assert_int_equal(inb(LOW), 32);
    assert_int_equal(inb(STATUS), READY | ERR);
}

static void stop_in_the_middle(void **state)
{
    (void)state;
    hda->later = true;
    prd(0, 0x20000, 0 | EOT);
    command(MASTER, 0, 64, 0xc8);
    start(START_READ);
    assert_true(world_complete(hda));
    stop();
    assert_int_equal(inb(BM_STATUS), 0);
    world_settle();
    assert_int_equal(inb(STATUS), BSY);
    assert_int_equal(world.memory[0x22000], 0);
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    assert_int_equal(inb(STATUS), READY);
    assert_false(world.irq[14]);
}

static void reset_in_the_middle(void **state)
{
    (void)state;
    hda->later = true;
    prd(0, 0x20000, 0 | EOT);
    command(MASTER, 0, 64, 0xca);
    start(START_WRITE);
    assert_int_equal(hda->queued, 2);
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), BSY);
    assert_true(world_complete(hda));
    assert_int_equal(inb(STATUS), READY);
    assert_int_equal(hda->writes, 2);
    stop();
    command(MASTER, 100, 1, 0xc8);
    prd(0, 0x8000, 512 | EOT);
    start(START_READ);
    world_settle();
    assert_status(4, READY, true);
    assert_memory(0x8000, 100, 512);
}

/* ---- registers ---- */

static void registers(void **state)
{
    (void)state;
    out(BM_TABLE, 4, 0x12345677);
    assert_int_equal(in(BM_TABLE, 4), 0x12345674);
    out(BM_TABLE + 2, 2, 0xabcd);
    assert_int_equal(in(BM_TABLE, 4), 0xabcd5674);
    out(BM_TABLE + 8, 4, 0x100);
    assert_int_equal(in(BM_TABLE, 4), 0xabcd5674);
    assert_int_equal(in(BM_TABLE + 8, 4), 0x100);
    outb(BM_STATUS, 0x67);
    assert_int_equal(inb(BM_STATUS), 0x60);
    outb(BM_STATUS, 0x20);
    assert_int_equal(inb(BM_STATUS), 0x20);
    outb(BM_COMMAND, 0xff);
    assert_int_equal(inb(BM_COMMAND), 9);
    assert_int_equal(inb(BM_STATUS), 0x21);
    assert_int_equal(inb(BM_COMMAND + 1), 0);
    outb(BM_COMMAND + 1, 0xff);
    outb(BM_COMMAND, 0);
    assert_int_equal(inb(BM_STATUS), 0x20);
    assert_int_equal(inb(BM_STATUS + 8), 0);
}

static void ports_follow_the_bar(void **state)
{
    struct machine_stats stats;

    (void)state;
    assert_int_equal(config_read(BDF, 0x20, 4), BM | 1);
    assert_true(world_claims(MACHINE_PORTS, BM + 15));
    config_write(BDF, 0x20, 4, 0xffffffff);
    assert_int_equal(config_read(BDF, 0x20, 4), 0xfff1);
    config_write(BDF, 0x20, 4, 0xc100);
    assert_false(world_claims(MACHINE_PORTS, BM));
    assert_true(world_claims(MACHINE_PORTS, 0xc100));
    outb(0xc102, 0x60);
    assert_int_equal(inb(0xc102), 0x60);
    assert_int_equal(inb(BM_STATUS), 0xff);
    config_write(BDF, 4, 2, 4); /* no I/O */
    assert_false(world_claims(MACHINE_PORTS, 0xc100));
    assert_int_equal(inb(0xc102), 0xff);
    config_write(BDF, 4, 2, 5);
    config_write(BDF, 0x20, 4, 0x1f0); /* where the channel is */
    assert_int_equal(inb(STATUS), READY);
    machine_get_stats(world.m, &stats);
    assert_int_equal(stats.range_errors, 1);
    config_write(BDF, 0x20, 4, 0xc200);
    assert_true(world_claims(MACHINE_PORTS, 0xc200));
    assert_int_equal(inb(0xc202), 0x60);
    world.range_err = -EEXIST; /* the world may refuse */
    config_write(BDF, 0x20, 4, 0xc300);
    assert_int_equal(inb(0xc302), 0xff);
    world.range_err = 0;
    config_write(BDF, 0x20, 4, 0);
    assert_false(world_claims(MACHINE_PORTS, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads, setup),
        cmocka_unit_test_setup(start_may_come_first, setup),
        cmocka_unit_test_setup(reads_much, setup),
        cmocka_unit_test_setup(writes, setup),
        cmocka_unit_test_setup(writes_through_without_cache, setup),
        cmocka_unit_test_setup(both_halves_of_the_buffer_work, setup),
        cmocka_unit_test_setup(the_second_half_may_end_first, setup),
        cmocka_unit_test_setup(short_tables_wait, setup),
        cmocka_unit_test_setup(the_wrong_direction_waits, setup),
        cmocka_unit_test_setup(odd_descriptors, setup),
        cmocka_unit_test_setup(tables_without_an_end, setup),
        cmocka_unit_test_setup(tables_that_are_not_in_memory, setup),
        cmocka_unit_test_setup(regions_that_are_not_in_memory, setup),
        cmocka_unit_test_setup(regions_without_number_take_turns, setup),
        cmocka_unit_test_setup(starting_again_and_again_is_one_turn, setup),
        cmocka_unit_test_setup(a_stop_or_a_reset_between_two_turns, setup),
        cmocka_unit_test_setup(disk_errors, setup),
        cmocka_unit_test_setup(the_first_error_counts, setup),
        cmocka_unit_test_setup(a_start_has_no_effect_while_the_host_has_the_turn, setup),
        cmocka_unit_test_setup(disks_that_change_in_the_middle, setup),
        cmocka_unit_test_setup(stop_in_the_middle, setup),
        cmocka_unit_test_setup(reset_in_the_middle, setup),
        cmocka_unit_test_setup(registers, setup),
        cmocka_unit_test_setup(ports_follow_the_bar, setup),
    };

    return cmocka_run_group_tests_name("ide-dma", tests, NULL, NULL);
}
