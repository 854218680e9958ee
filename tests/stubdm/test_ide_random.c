/* SPDX-License-Identifier: MIT */
/*
 * Two channels with three disks and drivers of their own, which do random commands by PIO and DMA, with
 * descriptors of random lengths, while disks end requests at random times, in random order, and with
 * errors. What is read, and what the disks hold at the end, is what a model says.
 */
#include "ide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unit/random.h>

#define SIZE   700u
#define MOST   128u /* sectors of a command */
#define BM     0xc000u
#define ROUNDS 20000u

enum state { FREE, PIO, DMA };

struct driver {
    uint16_t base, master;
    unsigned irq, disk;
    enum state state;
    bool write;
    uint32_t sector, count, block; /* sectors */
    uint32_t gpa, table, done;     /* bytes that passed by PIO */
    unsigned commands, errors;
};

static struct driver drivers[2];
static const struct driver fresh[] = {
    {.base = 0x1f0, .master = BM, .irq = 14, .gpa = 0x20000, .table = 0x1000},
    {.base = 0x170, .master = BM + 8, .irq = 15, .gpa = 0x40000, .table = 0x2000},
};

static uint8_t *model[4];

static struct random *seed;

static uint32_t below(uint32_t n)
{
    return random_below(seed, n);
}

static void prepare(void)
{
    memcpy(drivers, fresh, sizeof(drivers));
    world_begin();
    for (unsigned i = 0; i < 3; i++) {
        struct world_disk *d = world_add_disk(i, SIZE, false);

        d->later = true;
        model[i] = malloc(SIZE * 512);
        memcpy(model[i], d->data, SIZE * 512);
    }
    assert_int_equal(world_start(false), 0);
    config_write(9, 0x20, 4, BM);
    config_write(9, 4, 2, 5);
}

static void clean_up(void)
{
    for (unsigned i = 0; i < 3; i++)
        free(model[i]);
}

/* The whole range, in pieces of an even number of bytes. */
static void make_table(const struct driver *v)
{
    const uint32_t bytes = v->count * 512;
    uint32_t at = 0;
    unsigned n = 0;

    while (at < bytes) {
        const uint32_t left = bytes - at;
        const uint32_t wanted = n < 400 ? 2 * (1 + below(below(2) ? 2048 : 40)) : left;
        const uint32_t len = MIN(left, wanted);
        uint32_t entry[2] = {v->gpa + at, len & 0xffff};

        at += len;
        if (at == bytes)
            entry[1] |= 0x80000000;
        memcpy(world.memory + v->table + 8 * n++, entry, 8);
    }
}

static void begin(struct driver *v)
{
    static const uint8_t codes[2][2][2] = {{{0x24, 0x29}, {0x25, 0x25}},
                                           {{0x34, 0x39}, {0x35, 0x35}}};
    const bool dma = below(2), multiple = below(2);

    if (v->irq == 14) {
        v->disk = below(2);
        outb(v->base + 6, (uint8_t)(0xe0 | v->disk << 4));
    } else {
        v->disk = 2;
    }
    v->write = below(2);
    v->count = 1 + below(below(3) ? 10 : MOST);
    v->sector = below(SIZE - v->count + 1);
    v->done = 0;
    v->block = 1;
    if (multiple) {
        v->block = 1u << below(5);
        outb(v->base + 2, (uint8_t)v->block);
        outb(v->base + 7, 0xc6);
        assert_int_equal(inb(v->base + 7), READY);
    }
    if (v->write) {
        for (uint32_t i = 0; i < v->count * 512; i += 64)
            world.memory[v->gpa + i] = (uint8_t)below(256);
    } else {
        memset(world.memory + v->gpa, 0xcc, v->count * 512);
    }
    if (dma) {
        make_table(v);
        outb(v->master, 0);
        out(v->master + 4, 4, v->table);
        outb(v->master + 2, 6);
        if (below(2))
            outb(v->master, v->write ? 1 : 9);
    }
    outb(v->base + 2, 0);
    outb(v->base + 2, (uint8_t)v->count);
    outb(v->base + 3, 0);
    outb(v->base + 3, (uint8_t)v->sector);
    outb(v->base + 4, 0);
    outb(v->base + 4, (uint8_t)(v->sector >> 8));
    outb(v->base + 5, 0);
    outb(v->base + 5, 0);
    outb(v->base + 7, codes[v->write][dma][multiple]);
    v->state = dma ? DMA : PIO;
    v->commands++;
}

/* It has ended. With an error, a write may have been done in parts. */
static void end(struct driver *v, bool error)
{
    uint8_t *memory = world.memory + v->gpa, *sectors = model[v->disk] + v->sector * 512;
    const uint8_t *data = world.disks[v->disk].data + v->sector * 512;

    v->state = FREE;
    if (error) {
        assert_true(world.disks[v->disk].bad_sector != UINT64_MAX);
        v->errors++;
        if (v->write)
            memcpy(sectors, data, v->count * 512);
    } else if (v->write) {
        memcpy(sectors, memory, v->count * 512);
        assert_memory_equal(data, memory, v->count * 512);
    } else {
        assert_memory_equal(memory, sectors, v->count * 512);
    }
}

static void go_on(struct driver *v)
{
    uint8_t status, master;

    if (v->state == DMA && !(inb(v->master) & 1)) {
        outb(v->master, v->write ? 1 : 9);
        return;
    }
    if (v->state == PIO && !below(16)) /* which is no concern of the bus master's */
        outb(v->master, below(2) ? 0 : v->write ? 1 : 9);
    status = inb(v->base + 7);
    if (status == BSY)
        return;
    if (status == (READY | DRQ)) {
        const uint32_t len = MIN(v->block * 512, v->count * 512 - v->done);

        assert_int_equal(v->state, PIO);
        assert_true(len);
        machine_pio_rep(world.m, v->base, 4, v->write, v->gpa + v->done, len / 4, false);
        v->done += len;
        return;
    }
    assert_int_equal(status & ~ERR, READY);
    if (v->state == DMA) {
        master = inb(v->master + 2);
        assert_int_equal(master & 6, 4);
        assert_true(!(master & 1) || status & ERR);
    } else if (!(status & ERR)) {
        assert_int_equal(v->done, v->count * 512);
    }
    end(v, status & ERR);
}

static void some_end(void)
{
    struct world_disk *d = &world.disks[below(3)];

    if (d->queued == 2 && below(2)) {
        struct machine_disk_io *first = d->queue[0];

        d->queue[0] = d->queue[1];
        d->queue[1] = first;
    }
    world_complete(d);
}

static void run(struct random *r)
{
    seed = r;
    prepare();
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct driver *v = &drivers[below(2)];

        some_end();
        if (!below(300)) {
            for (unsigned n = 0; n < 3; n++)
                world.disks[n].later = below(4);
        }
        if (v->state != FREE)
            go_on(v);
        else
            begin(v);
        /* errors come and go between a driver's commands, so that each has a cause */
        for (unsigned n = 0; n < 3; n++) {
            if (drivers[n / 2].state == FREE)
                world.disks[n].bad_sector = below(2) ? UINT64_MAX : below(SIZE);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned n = 0; drivers[i].state != FREE; n++) {
            assert_true(n < 10000);
            world_settle();
            go_on(&drivers[i]);
        }
        assert_true(drivers[i].commands > ROUNDS / 60);
        assert_true(drivers[i].errors > 3);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_memory_equal(world.disks[i].data, model[i], SIZE * 512);
    clean_up();
}

static void random_commands(void **state)
{
    (void)state;
    random_runs("ide-random", 10, run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_commands),
    };

    return cmocka_run_group_tests_name("ide-random", tests, NULL, NULL);
}
