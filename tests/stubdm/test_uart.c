/* SPDX-License-Identifier: MIT */
/* The serial port: apps/stubdm/devices/uart16550.c. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PORT = 0x3f8, IER, IIR, LCR, MCR, LSR, MSR, SCR };

#define FIFOS 0xc0

static int setup(void **state)
{
    (void)state;
    world_begin();
    return world_start(false);
}

static size_t give(const char *text)
{
    return machine_serial_in(world.m, (const uint8_t *)text, strlen(text));
}

static void assert_sent(const char *text)
{
    assert_int_equal(world.sent_len, strlen(text));
    assert_memory_equal(world.sent, text, strlen(text));
}

static void after_power_on(void **state)
{
    (void)state;
    assert_int_equal(inb(LSR), 0x60);
    assert_int_equal(inb(MSR), 0xb0);
    assert_int_equal(inb(IIR), 1);
    assert_int_equal(inb(IER), 0);
    assert_int_equal(inb(MCR), 0);
    outb(SCR, 0xa5);
    assert_int_equal(inb(SCR), 0xa5);
    outb(IER, 0xff);
    assert_int_equal(inb(IER), 15);
    outb(MCR, 0xff);
    assert_int_equal(inb(MCR), 31);
}

static void divisor(void **state)
{
    (void)state;
    outb(LCR, 0x83);
    outb(PORT, 1);
    outb(IER, 2);
    assert_int_equal(inb(PORT), 1);
    assert_int_equal(inb(IER), 2);
    outb(LCR, 3);
    assert_int_equal(inb(IER), 0);
    assert_int_equal(world.sent_len, 0);
    assert_int_equal(inb(LCR), 3);
}

static void sends(void **state)
{
    (void)state;
    for (const char *c = "hello"; *c; c++) {
        assert_int_equal(inb(LSR), 0x60);
        outb(PORT, (uint8_t)*c);
    }
    assert_sent("hello");
}

static void a_full_line_holds_up(void **state)
{
    (void)state;
    world.serial_room = 1;
    outb(PORT, 'a');
    assert_int_equal(inb(LSR), 0x60);
    outb(PORT, 'b');
    assert_int_equal(inb(LSR), 0);
    outb(PORT, 'x'); /* overrun: lost */
    world.serial_room = 9;
    machine_serial_room(world.m);
    assert_int_equal(inb(LSR), 0x60);
    assert_sent("ab");
    outb(IIR, 1);
    world.serial_room = 0;
    for (unsigned i = 0; i < 20; i++)
        outb(PORT, (uint8_t)('A' + i));
    assert_int_equal(inb(LSR), 0);
    world.serial_room = 10;
    machine_serial_room(world.m);
    assert_int_equal(inb(LSR), 0);
    world.serial_room = 10;
    outb(PORT, 'z'); /* takes its turn */
    assert_int_equal(inb(LSR), 0x60);
    assert_sent("abABCDEFGHIJKLMNOPz");
}

static void transmit_interrupt(void **state)
{
    (void)state;
    outb(MCR, 8);
    outb(IER, 2);
    assert_true(world.irq[4]); /* it is empty */
    assert_int_equal(inb(IIR), 2);
    assert_false(world.irq[4]);
    assert_int_equal(inb(IIR), 1);
    world.serial_room = 0;
    outb(PORT, 'a');
    assert_false(world.irq[4]);
    assert_int_equal(inb(IIR), 1);
    world.serial_room = 5;
    machine_serial_room(world.m);
    assert_true(world.irq[4]);
    assert_int_equal(inb(LSR), 0x60); /* does not acknowledge */
    assert_true(world.irq[4]);
    outb(PORT, 'b');
    assert_true(world.irq[4]); /* sent at once: again */
    outb(MCR, 0);
    assert_false(world.irq[4]); /* OUT2 */
    outb(MCR, 8);
    assert_true(world.irq[4]);
    outb(IER, 0);
    assert_false(world.irq[4]);
    assert_int_equal(inb(IIR), 1);
}

static void receives(void **state)
{
    (void)state;
    outb(MCR, 8);
    outb(IER, 1);
    assert_int_equal(give("xy"), 1); /* there is no FIFO yet */
    assert_true(world.irq[4]);
    assert_int_equal(inb(IIR), 4);
    assert_int_equal(inb(LSR), 0x61);
    assert_int_equal(world.rooms, 0);
    assert_int_equal(inb(PORT), 'x');
    assert_int_equal(world.rooms, 1);
    assert_false(world.irq[4]);
    assert_int_equal(inb(LSR), 0x60);
    assert_int_equal(give("y"), 1);
    assert_int_equal(inb(PORT), 'y');
    assert_int_equal(world.rooms, 1);
    assert_int_equal(inb(PORT), 0);
}

static void fifo_and_its_levels(void **state)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    (void)state;
    outb(IER, 1);
    outb(MCR, 8);
    for (unsigned i = 0; i < 4; i++) {
        outb(IIR, (uint8_t)(i << 6 | 7));
        for (unsigned n = 1; n <= 16; n++) {
            assert_int_equal(give("q"), 1);
            assert_int_equal(inb(IIR), n < levels[i] ? FIFOS | 12 : FIFOS | 4);
            assert_true(world.irq[4]);
        }
        assert_int_equal(give("q"), 0);
        assert_int_equal(world.rooms, i);
        outb(IIR, 1 | 2); /* receiver reset */
        assert_int_equal(world.rooms, i + 1);
        assert_false(world.irq[4]);
        assert_int_equal(inb(LSR), 0x60);
    }
    assert_int_equal(give("0123456789abcdefg"), 16);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(inb(PORT), "0123456789abcdef"[i]);
    outb(IIR, 0); /* off */
    assert_int_equal(inb(IIR), 1);
}

static void loopback(void **state)
{
    (void)state;
    outb(IER, 9);
    outb(MCR, 8);
    outb(MCR, 0x10 | 8); /* nothing comes in from outside, and no interrupt goes out */
    assert_int_equal(give("a"), 0);
    outb(PORT, 'l');
    assert_int_equal(world.sent_len, 0);
    assert_false(world.irq[4]);
    assert_int_equal(inb(IIR), 4);
    assert_int_equal(inb(LSR), 0x61);
    outb(PORT, 'm');
    assert_int_equal(inb(LSR), 0x63); /* overrun */
    assert_int_equal(inb(LSR), 0x61);
    assert_int_equal(inb(PORT), 'l');
    assert_int_equal(inb(MSR) & 0xf0, 0x80);
    outb(MCR, 0x1f);
    assert_int_equal(inb(IIR), 0);
    assert_int_equal(inb(MSR),
                     0xf0 | 3); /* CTS and DSR changed; the ring began, which is not told */
    assert_int_equal(inb(MSR), 0xf0);
    outb(MCR, 0x1b);
    assert_int_equal(inb(MSR), 0xb4); /* the ring ended */
    outb(MCR, 0x10);
    assert_int_equal(inb(MSR), 0x0b);
    assert_int_equal(world.rooms, 0);
    outb(MCR, 0);
    assert_int_equal(world.rooms, 1);
    assert_int_equal(inb(MSR), 0xb0 | 11);
}

static void line_status_interrupt(void **state)
{
    (void)state;
    outb(MCR, 0x10);
    outb(PORT, 1);
    outb(PORT, 2);
    outb(IER, 5);
    assert_int_equal(inb(IIR), 6); /* before the data */
    assert_int_equal(inb(LSR), 0x63);
    assert_int_equal(inb(IIR), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(after_power_on, setup),
        cmocka_unit_test_setup(divisor, setup),
        cmocka_unit_test_setup(sends, setup),
        cmocka_unit_test_setup(a_full_line_holds_up, setup),
        cmocka_unit_test_setup(transmit_interrupt, setup),
        cmocka_unit_test_setup(receives, setup),
        cmocka_unit_test_setup(fifo_and_its_levels, setup),
        cmocka_unit_test_setup(loopback, setup),
        cmocka_unit_test_setup(line_status_interrupt, setup),
    };

    return cmocka_run_group_tests_name("uart", tests, NULL, NULL);
}
