/* SPDX-License-Identifier: MIT */
/* The small devices: configuration space, CMOS, keyboard controller, power, reset, the platform
 * device; and the bus that they are on. */
#include "ide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    (void)state;
    world_begin();
    world_add_disk(0, 100, false);
    world_add_disk(1, 100, false);
    world_add_disk(2, 100, false);
    world_add_disk(3, 100, true);
    return world_start(true);
}

static void get_stats(struct machine_stats *stats)
{
    machine_get_stats(world.m, stats);
}

/* Events that nobody has are none: a status of all ones would keep an operating system busy. */
static void no_general_purpose_event(void **state)
{
    (void)state;
    out(0xafe2, 2, 0xffff);
    assert_int_equal(in(0xafe0, 2), 0);
    assert_int_equal(in(0xafe2, 2), 0xffff);
    out(0xafe0, 2, 0xffff);
    out(0xafe3, 1, 0x12);
    assert_int_equal(in(0xafe0, 4), 0x12ff0000);
}

/* ---- the bus ---- */

static void claims(void **state)
{
    static const uint16_t ports[] = {0x10,  0x13,  0x60,  0x64,   0x70,   0x71,   0x92,  0xb2,
                                     0xb3,  0x1f0, 0x1f7, 0x3f6,  0x170,  0x177,  0x376, 0x3f8,
                                     0x3ff, 0xcf8, 0xcfb, 0xafe0, 0xafe3, 0xb004, 0xb005};
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++)
        assert_true(world_claims(MACHINE_PORTS, ports[i]));
    for (unsigned port = 0; port <= 0xffff; port++)
        count += world_claims(MACHINE_PORTS, port);
    assert_int_equal(count, 4 + 2 + 2 + 1 + 2 + 2 * 9 + 8 + 4 + 4 + 2);
    for (unsigned bdf = 0; bdf <= 0xffff; bdf++) {
        const bool there = bdf == 0 || bdf == 8 || bdf == 9 || bdf == 11 || bdf == 16;

        assert_int_equal(world_claims(MACHINE_PCI, bdf), there);
    }
}

static void nothing_there(void **state)
{
    struct machine_stats stats;
    uint32_t value = 7;

    (void)state;
    assert_int_equal(in(0x80, 1), 0xff);
    assert_int_equal(in(0x80, 2), 0xffff);
    assert_int_equal(in(0xffff, 4), 0xffffffff);
    out(0xfffe, 4, 0);
    machine_pio(world.m, 0x70, 3, false, &value);
    assert_int_equal(value, 0xffffffff);
    machine_pio(world.m, 0x70, 0, true, &value);
    assert_int_equal(machine_pio_rep(world.m, 0x70, 8, true, 0, 5, false), 0);
    get_stats(&stats);
    assert_int_equal(stats.unclaimed, 1 + 2 + 4 + 4 + 1 + 1 + 1);
}

static void wide_accesses_are_cut(void **state)
{
    (void)state;
    out(0x70, 2, 0x5540); /* the index, then the byte */
    assert_int_equal(in(0x70, 2), 0x55ff);
    outb(0x70, 0x41);
    outb(0x71, 0x66);
    out(0x1f2, 4, 0x04030201);
    assert_int_equal(inb(0x1f2), 1);
    assert_int_equal(in(0x1f2, 4), 0x04030201);
    assert_int_equal(in(0x1f4, 2), 0x0403);
}

static void rep_outs_to_bytes(void **state)
{
    static const char text[] = "from memory";

    (void)state;
    memcpy(world.memory + 0x5000, text, sizeof(text));
    assert_int_equal(machine_pio_rep(world.m, 0x3f8, 1, true, 0x5000, 11, false), 0);
    assert_memory_equal(world.sent, text, 11);
    assert_int_equal(machine_pio_rep(world.m, 0x3f8, 1, true, 0x500a, 11, true), 0);
    assert_memory_equal(world.sent + 11, "yromem morf", 11);
    assert_int_equal(machine_pio_rep(world.m, 0x3f8, 1, true, WORLD_HOLE - 1, 2, false), -EFAULT);
    assert_int_equal(world.sent[23], 0xff);
    assert_int_equal(machine_pio_rep(world.m, 0x3ff, 1, false, UINT64_MAX, 3, true), -EFAULT);
    assert_int_equal(machine_pio_rep(world.m, 0x3ff, 1, false, 0, 0, true), 0);
}

/* ---- configuration space ---- */

static void functions(void **state)
{
    static const uint32_t ids[][3] = {{0, 0x12378086, 0x06000002},
                                      {8, 0x70008086, 0x06010000},
                                      {9, 0x70108086, 0x01018000},
                                      {11, 0x71138086, 0x06800003},
                                      {16, 0x00015853, 0xff800001}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
        config_write(ids[i][0], 0, 4, 0);
        config_write(ids[i][0], 8, 4, 0);
        assert_int_equal(config_read(ids[i][0], 0, 4), ids[i][1]);
        assert_int_equal(config_read(ids[i][0], 8, 4), ids[i][2]);
        assert_int_equal(config_read(ids[i][0], 2, 2), ids[i][1] >> 16);
        assert_int_equal(config_read(ids[i][0], 0x0e, 1), ids[i][0] == 8 ? 0x80 : 0);
        config_write(ids[i][0], 4, 2, 0);
        config_write(ids[i][0], 6, 2, 0xffff);
        assert_int_equal(config_read(ids[i][0], 6, 2), 0);
    }
    assert_int_equal(config_read(16, 0x2c, 4), 0x00015853);
    assert_int_equal(config_read(16, 0x3d, 1), 1);
    config_write(16, 0x3c, 2, 0x0205);
    assert_int_equal(config_read(16, 0x3c, 2), 0x0105);
    assert_int_equal(config_read(24, 0, 4), 0xffffffff);
    assert_int_equal(config_read(0x100, 0, 2), 0xffff);
    assert_int_equal(config_read(0, 0xfe, 4), 0xffffffff);
    assert_int_equal(config_read(0, 0xffffffff, 1), 0xff);
    assert_int_equal(config_read(0, 0, 3), 0xffffffff);
    assert_int_equal(config_read(0, 0xff, 1), 0);
}

static void base_addresses(void **state)
{
    (void)state;
    for (uint32_t bar = 0x10; bar < 0x28; bar += 4) {
        config_write(16, bar, 4, 0xffffffff);
        assert_int_equal(config_read(16, bar, 4), bar == 0x10   ? 0xffffff01
                                                  : bar == 0x14 ? 0xff000008
                                                                : 0);
        config_write(9, bar, 4, 0xffffffff);
        assert_int_equal(config_read(9, bar, 4), bar == 0x20 ? 0xfff1 : 0);
        config_write(0, bar, 4, 0xffffffff);
        assert_int_equal(config_read(0, bar, 4), 0);
    }
    config_write(16, 0x30, 4, 0xffffffff);
    assert_int_equal(config_read(16, 0x30, 4), 0);
    config_write(16, 0x14, 4, 0xf2000000);
    assert_int_equal(config_read(16, 0x14, 4), 0xf2000008);
    config_write(16, 0x16, 2, 0xf3ff);
    assert_int_equal(config_read(16, 0x14, 4), 0xf3000008);
}

static void registers_of_firmware(void **state)
{
    (void)state;
    config_write(0, 0x59, 1, 0xff);
    assert_int_equal(config_read(0, 0x59, 1), 0x77);
    config_write(0, 0x72, 1, 0x1a);
    assert_int_equal(config_read(0, 0x72, 1), 0x1a);
    config_write(9, 0x40, 2, 0x8000);
    config_write(9, 0x42, 2, 0x8000);
    assert_int_equal(config_read(9, 0x40, 4), 0x80008000);
    config_write(11, 0x40, 4, 0xb001);
    config_write(11, 0x80, 1, 1);
    assert_int_equal(config_read(11, 0x40, 4), 0xb001);
    assert_int_equal(config_read(11, 0x80, 1), 1);
    config_write(11, 0x3d, 1, 0);
    assert_int_equal(config_read(11, 0x3d, 1), 1);
    config_write(9, 4, 2, 0xffff);
    assert_int_equal(config_read(9, 4, 2), 5);
    config_write(11, 4, 2, 0xffff);
    assert_int_equal(config_read(11, 4, 2), 1);
    config_write(0, 4, 2, 0);
    assert_int_equal(config_read(0, 4, 2), 6);
    config_write(8, 4, 2, 0);
    assert_int_equal(config_read(8, 4, 2), 7);
}

static void interrupt_links(void **state)
{
    (void)state;
    assert_int_equal(config_read(8, 0x60, 4), 0x80808080);
    config_write(8, 0x60, 1, 5);
    config_write(8, 0x61, 1, 10);
    assert_int_equal(world.route[0], 5);
    assert_int_equal(world.route[1], 10);
    assert_int_equal(world.route[2], 0);
    config_write(8, 0x60, 4, 0x0b0a8305);
    assert_int_equal(world.route[0], 5);
    assert_int_equal(world.route[1], 0);
    assert_int_equal(world.route[2], 10);
    assert_int_equal(world.route[3], 11);
    assert_int_equal(config_read(8, 0x60, 4), 0x0b0a8305);
    config_write(8, 0x5e, 4, 0x0d020000); /* 0x60: timer's 2, 0x61: coprocessor's 13 */
    assert_int_equal(world.route[0], 0);
    assert_int_equal(world.route[1], 0);
    config_write(8, 0x63, 1, 0x7f);
    assert_int_equal(config_read(8, 0x63, 1), 0x0f);
    assert_int_equal(world.route[3], 15);
}

/* ---- CMOS ---- */

static uint8_t cmos(uint8_t at)
{
    outb(0x70, at);
    return inb(0x71);
}

static void cmos_bytes(void **state)
{
    (void)state;
    assert_int_equal(cmos(0x15) | cmos(0x16) << 8, 640);
    assert_int_equal(cmos(0x17) | cmos(0x18) << 8, 63 * 1024);
    assert_int_equal(cmos(0x30) | cmos(0x31) << 8, 63 * 1024);
    assert_int_equal(cmos(0x34) | cmos(0x35) << 8, 48 * 16);
    assert_int_equal(cmos(0x5b) | cmos(0x5c) | cmos(0x5d), 0);
    assert_int_equal(cmos(0x5f), 1);
    assert_int_equal(cmos(0x3d), 0x32); /* "cda" */
    assert_int_equal(cmos(0x38), 0x11);
    outb(0x70, 0x8f); /* with the NMI's bit */
    outb(0x71, 0x0a);
    assert_int_equal(cmos(0x0f), 0x0a);
    assert_int_equal(inb(0x70), 0xff);
    outb(0x70, 0xff);
    outb(0x71, 0x77);
    assert_int_equal(cmos(0x7f), 0x77);
}

/* ---- the keyboard controller ---- */

static void keyboard_controller(void **state)
{
    static const uint8_t resets[] = {0xfe, 0xf0};

    (void)state;
    assert_int_equal(inb(0x64) & 1, 0);
    outb(0x64, 0xaa);
    assert_int_equal(inb(0x64), 0x1d);
    assert_int_equal(inb(0x60), 0x55);
    assert_int_equal(inb(0x64), 0x1c);
    outb(0x64, 0xab);
    assert_int_equal(inb(0x60), 0);
    outb(0x64, 0xa9);
    assert_int_equal(inb(0x60), 2);
    outb(0x64, 0x60);
    outb(0x60, 0x65);
    outb(0x64, 0x20);
    assert_int_equal(world.edges[1], 1);
    assert_int_equal(inb(0x60), 0x65);
    assert_false(world.irq[1]);
    outb(0x64, 0xd0);
    assert_int_equal(inb(0x60), 3);
    outb(0x64, 0xd1);
    outb(0x60, 0xdf);
    outb(0x64, 0xd0);
    assert_int_equal(inb(0x60), 0xdf);
    outb(0x64, 0xff); /* no line is pulsed */
    assert_int_equal(world.resets, 0);
    for (unsigned i = 0; i < 2; i++) {
        outb(0x64, resets[i]);
        assert_int_equal(world.resets, i + 1);
    }
    outb(0x64, 0xd1);
    outb(0x60, 0xde);
    assert_int_equal(world.resets, 3);
    outb(0x64, 0xa8);
    outb(0x64, 0xd4);
    outb(0x60, 0xff); /* there is no mouse */
    assert_int_equal(inb(0x64) & 1, 0);
}

static void assert_keys(const char *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(inb(0x64) & 1, 1);
        assert_int_equal(inb(0x60), (uint8_t)bytes[i]);
    }
    assert_int_equal(inb(0x64) & 1, 0);
}

static void keyboard(void **state)
{
    (void)state;
    outb(0x64, 0x60);
    outb(0x60, 1);
    outb(0x60, 0xff);
    assert_int_equal(world.edges[1], 1);
    assert_keys("\xfa\xaa", 2);
    assert_int_equal(world.edges[1], 2); /* one for each byte */
    outb(0x60, 0xf2);
    assert_keys("\xfa\xab\x83", 3);
    outb(0x60, 0xed);
    assert_keys("\xfa", 1);
    outb(0x60, 0xff); /* its argument */
    assert_keys("\xfa", 1);
    outb(0x60, 0xee);
    assert_keys("\xee", 1);
    outb(0x60, 0xf5);
    assert_keys("\xfa", 1);
    outb(0x60, 0x12);
    assert_keys("\xfe", 1);
    outb(0x64, 0xd2);
    outb(0x60, 0x1e);
    assert_keys("\x1e", 1);
    for (unsigned i = 0; i < 20; i++)
        outb(0x60, 0xee);
    assert_keys("\xee\xee\xee\xee\xee\xee\xee\xee", 8); /* its queue is bounded */
    outb(0x60, 0xee);
    outb(0x64, 0xaa); /* empties it */
    assert_keys("\x55", 1);
}

/* ---- power ---- */

static void acpi(void **state)
{
    (void)state;
    assert_int_equal(in(0xb004, 2), 0);
    out(0xb004, 2, 1); /* not by itself */
    assert_int_equal(in(0xb004, 2), 0);
    outb(0xb2, 0xf1);
    assert_int_equal(in(0xb004, 1), 1);
    assert_int_equal(inb(0xb2), 0xf1);
    outb(0xb3, 0x22);
    assert_int_equal(inb(0xb3), 0x22);
    out(0xb004, 2, 0x1c00);
    assert_int_equal(in(0xb004, 2), 0x1c01);
    outb(0xb2, 0xf0);
    assert_int_equal(in(0xb004, 2), 0x1c00);
    outb(0xb005, 0);
    outb(0xb004, 2);
    assert_int_equal(in(0xb004, 2), 2);
    out(0xb004, 2, 0x2401); /* S3, which there is not */
    assert_int_equal(world.offs, 0);
    assert_int_equal(in(0xb004, 2), 0x0400);
    out(0xb004, 2, 0x2001);
    assert_int_equal(world.offs, 1);
    outb(0xb005, 0x20);
    assert_int_equal(world.offs, 2);
    assert_int_equal(world.resets, 0);
}

static void reset_ports(void **state)
{
    (void)state;
    outb(0xcf9, 0x02);
    assert_int_equal(world.resets, 0);
    outb(0xcf9, 0x06);
    assert_int_equal(world.resets, 1);
    outb(0xcf9, 0x06); /* an edge */
    assert_int_equal(world.resets, 1);
    assert_int_equal(inb(0xcf9), 0x06);
    outb(0xcf9, 0);
    outb(0xcf9, 0x04);
    assert_int_equal(world.resets, 2);
    assert_int_equal(inb(0x92), 2);
    outb(0x92, 0);
    assert_int_equal(inb(0x92), 0);
    outb(0x92, 1);
    assert_int_equal(world.resets, 3);
    outb(0x92, 3);
    assert_int_equal(world.resets, 3);
}

/* As Linux looks for PCI: the address register is there if it can be read back. */
static void pci_address(void **state)
{
    (void)state;
    outb(0xcfb, 1);
    out(0xcf8, 4, 0x80000000);
    assert_int_equal(in(0xcf8, 4), 0x80000000);
    out(0xcf8, 4, 0xffffffff);
    assert_int_equal(in(0xcf8, 4), 0x80fffffc);
    assert_int_equal(world.resets, 0); /* a dword is no access of the reset register */
    assert_int_equal(inb(0xcf8), 0xff);
    assert_int_equal(in(0xcf8, 2), 0xffff);
    outb(0xcf9, 0x02);
    assert_int_equal(inb(0xcf9), 0x02);
    assert_int_equal(in(0xcf8, 4), 0x80fffffc);
}

/* ---- the platform device ---- */

static void log_text(const char *text)
{
    while (*text)
        outb(0x12, (uint8_t)*text++);
}

static void logs(void **state)
{
    char line[122];

    (void)state;
    log_text("\nhello\r\n");
    assert_int_equal(world.logs, 1);
    assert_string_equal(world.log, "hello");
    log_text("a\x1b\x80z");
    assert_int_equal(world.logs, 1);
    log_text("\n");
    assert_string_equal(world.log, "a??z");
    memset(line, 'x', 121);
    line[121] = 0;
    log_text(line);
    assert_int_equal(world.logs, 3);
    assert_int_equal(strlen(world.log), 120);
    log_text("\n");
    assert_string_equal(world.log, "x");
}

static void unplug_protocol(void **state)
{
    (void)state;
    assert_int_equal(in(0x10, 2), 0x49d2);
    assert_int_equal(in(0x12, 1), 1);
    out(0x12, 2, 3);
    out(0x10, 4, 0x60100);
    assert_int_equal(in(0x10, 2), 0x49d2);
    assert_int_equal(world.unplugs, 0);
    out(0x10, 2, 0x10);
    assert_int_equal(world.unplugs, 0);
    assert_int_equal(inb(STATUS), READY);
    out(0x10, 2, 0xff00 | MACHINE_UNPLUG_NICS);
    assert_int_equal(world.unplugged, MACHINE_UNPLUG_NICS);
    assert_int_equal(inb(STATUS), READY);
    out(0x10, 2, MACHINE_UNPLUG_AUX_DISKS);
    assert_int_equal(inb(STATUS), READY);
    outb(DEVICE, SLAVE);
    assert_int_equal(inb(STATUS), 0);
    assert_int_equal(inb(0x177), 0);
    outb(0x176, SLAVE);
    outb(0x177, 0xa1); /* the cdrom stays */
    assert_int_equal(inb(0x177), READY | DRQ);
    out(0x10, 2, MACHINE_UNPLUG_DISKS);
    assert_int_equal(world.unplugged, 7);
    assert_int_equal(inb(STATUS), 0xff);
    assert_false(world_claims(MACHINE_PORTS, 0x1f0));
    assert_false(world_claims(MACHINE_PORTS, 0x1f7));
    assert_false(world_claims(MACHINE_PORTS, 0x3f6));
    assert_true(world_claims(MACHINE_PORTS, 0x170));
    out(0x10, 2, MACHINE_UNPLUG_DISKS);
    assert_int_equal(inb(0x177), READY | DRQ);
}

static void unplug_while_a_disk_works(void **state)
{
    (void)state;
    world.disks[0].later = world.disks[2].later = true;
    command(MASTER, 0, 1, 0x20);
    outb(0x176, MASTER);
    outb(0x172, 1);
    outb(0x177, 0x20);
    out(0x10, 2, MACHINE_UNPLUG_DISKS);
    outb(0x176, SLAVE); /* the channel waits for its disk */
    assert_int_equal(inb(0x177), BSY);
    assert_true(world_complete(&world.disks[0]));
    assert_true(world_complete(&world.disks[2]));
    assert_false(world.irq[14]);
    assert_false(world.irq[15]);
    outb(0x176, SLAVE);
    outb(0x177, 0xa1);
    assert_int_equal(inb(0x177), READY | DRQ);
}

static void without_platform_device(void **state)
{
    (void)state;
    world.range_count = 0;
    assert_int_equal(world_start(false), 0);
    assert_int_equal(in(0x10, 2), 0xffff);
    assert_int_equal(config_read(16, 0, 4), 0xffffffff);
}

static void bad_disks(void **state)
{
    struct machine_disk *d = &world.disks[0].disk;

    (void)state;
    d->buffer_size = 4096;
    assert_int_equal(world_start(true), -EINVAL);
    d->buffer_size = 8192 + 512;
    assert_int_equal(world_start(true), -EINVAL);
    d->buffer_size = WORLD_BUFFER;
    d->physical_sector = 768;
    assert_int_equal(world_start(true), -EINVAL);
    d->physical_sector = 0;
    assert_int_equal(world_start(true), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(claims, setup),
        cmocka_unit_test_setup(no_general_purpose_event, setup),
        cmocka_unit_test_setup(nothing_there, setup),
        cmocka_unit_test_setup(wide_accesses_are_cut, setup),
        cmocka_unit_test_setup(rep_outs_to_bytes, setup),
        cmocka_unit_test_setup(functions, setup),
        cmocka_unit_test_setup(base_addresses, setup),
        cmocka_unit_test_setup(registers_of_firmware, setup),
        cmocka_unit_test_setup(interrupt_links, setup),
        cmocka_unit_test_setup(cmos_bytes, setup),
        cmocka_unit_test_setup(keyboard_controller, setup),
        cmocka_unit_test_setup(keyboard, setup),
        cmocka_unit_test_setup(acpi, setup),
        cmocka_unit_test_setup(reset_ports, setup),
        cmocka_unit_test_setup(pci_address, setup),
        cmocka_unit_test_setup(logs, setup),
        cmocka_unit_test_setup(unplug_protocol, setup),
        cmocka_unit_test_setup(unplug_while_a_disk_works, setup),
        cmocka_unit_test_setup(without_platform_device, setup),
        cmocka_unit_test_setup(bad_disks, setup),
    };

    return cmocka_run_group_tests_name("pc", tests, NULL, NULL);
}
