/* SPDX-License-Identifier: MIT */
/* The commands of the IBM PC/AT's keyboard controller and of a PS/2 keyboard. */
#include "i8042.h"

#include <ringlet/string.h>

#define STATUS_OUTPUT  0x01 /* a byte can be read */
#define STATUS_SYSTEM  0x04
#define STATUS_COMMAND 0x08 /* the last write was to port 0x64 */
#define STATUS_UNLOCK  0x10

#define MODE_IRQ      0x01
#define MODE_SYSTEM   0x04
#define MODE_DISABLED 0x10 /* the keyboard's clock is off */

#define OUTPUT_NO_RESET 0x01
#define OUTPUT_A20      0x02

/* commands of the controller, at 0x64 */
enum {
    READ_MODE = 0x20,
    WRITE_MODE = 0x60,

    TEST_MOUSE = 0xa9,
    SELF_TEST = 0xaa,
    TEST_KEYBOARD = 0xab,
    DISABLE_KEYBOARD = 0xad,
    ENABLE_KEYBOARD = 0xae,
    READ_OUTPUT = 0xd0,
    WRITE_OUTPUT = 0xd1,
    ECHO_KEYBOARD = 0xd2,
    WRITE_MOUSE = 0xd4,
    PULSE = 0xf0, /* and up: bits 0-3 that are 0 are pulsed */
};

/* and of the keyboard, at 0x60 */
enum {
    KB_LEDS = 0xed,
    KB_ECHO = 0xee,
    KB_SCANCODES = 0xf0,
    KB_IDENTIFY = 0xf2,
    KB_RATE = 0xf3,
    KB_ENABLE = 0xf4,
    KB_DISABLE = 0xf5,
    KB_DEFAULTS = 0xf6,
    KB_RESET = 0xff,
    KB_ACK = 0xfa,
    KB_RESEND = 0xfe,
    KB_PASSED = 0xaa,
};

static void put(struct i8042 *k, uint8_t byte)
{
    if (k->queue.count < I8042_QUEUE)
        k->queue.data[(k->queue.head + k->queue.count++) % I8042_QUEUE] = byte;
}

static void update(struct i8042 *k)
{
    const bool level = k->queue.count && k->mode & MODE_IRQ;

    if (level != k->irq_level) {
        k->irq_level = level;
        k->bus->ops->isa_irq(k->bus->world, 1, level);
    }
}

static void reset_machine(struct i8042 *k)
{
    k->bus->ops->power(k->bus->world, MACHINE_RESET);
}

static void keyboard(struct i8042 *k, uint8_t byte)
{
    k->mode &= (uint8_t)~MODE_DISABLED; /* a byte for the keyboard switches it on */
    if (k->keyboard_argument) {
        k->keyboard_argument = false;
        put(k, KB_ACK);
        return;
    }
    switch (byte) {
    case KB_LEDS:
    case KB_SCANCODES:
    case KB_RATE:
        k->keyboard_argument = true;
        put(k, KB_ACK);
        break;
    case KB_ECHO:
        put(k, KB_ECHO);
        break;
    case KB_IDENTIFY:
        put(k, KB_ACK);
        put(k, 0xab);
        put(k, 0x83);
        break;
    case KB_ENABLE:
    case KB_DISABLE:
    case KB_DEFAULTS:
        put(k, KB_ACK);
        break;
    case KB_RESET:
        put(k, KB_ACK);
        put(k, KB_PASSED);
        break;
    default:
        put(k, KB_RESEND);
    }
}

static void write_data(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct i8042 *k = device;
    const uint8_t byte = (uint8_t)value, command = k->pending;

    (void)offset;
    (void)size;
    k->pending = 0;
    k->wrote_command = false;
    switch (command) {
    case WRITE_MODE:
        k->mode = byte & 0x7f;
        break;
    case WRITE_OUTPUT:
        k->outputs = byte;
        if (!(byte & OUTPUT_NO_RESET))
            reset_machine(k);
        break;
    case ECHO_KEYBOARD:
        put(k, byte);
        break;
    case WRITE_MOUSE:
        break; /* nobody is there to answer */
    default:
        keyboard(k, byte);
    }
    update(k);
}

static void write_command(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct i8042 *k = device;

    (void)offset;
    (void)size;
    k->pending = 0;
    k->wrote_command = true;
    switch (value) {
    case READ_MODE:
        put(k, k->mode);
        break;
    case WRITE_MODE:
    case WRITE_OUTPUT:
    case ECHO_KEYBOARD:
    case WRITE_MOUSE:
        k->pending = (uint8_t)value;
        break;
    case SELF_TEST:
        k->queue.count = 0;
        k->mode |= MODE_SYSTEM;
        put(k, 0x55);
        break;
    case TEST_KEYBOARD:
        put(k, 0x00);
        break;
    case TEST_MOUSE:
        put(k, 0x02); /* its clock line does not move: there is no such port */
        break;
    case DISABLE_KEYBOARD:
        k->mode |= MODE_DISABLED;
        break;
    case ENABLE_KEYBOARD:
        k->mode &= (uint8_t)~MODE_DISABLED;
        break;
    case READ_OUTPUT:
        put(k, k->outputs);
        break;
    default: /* those of the mouse's port and others: no effect */
        if (value >= PULSE && !(value & 1))
            reset_machine(k);
    }
    update(k);
}

static uint32_t read_data(void *device, unsigned offset, unsigned size)
{
    struct i8042 *k = device;
    uint8_t byte = k->queue.data[k->queue.head]; /* the last one, if there is no other */

    (void)offset;
    (void)size;
    if (k->queue.count) {
        k->queue.count--;
        if (k->queue.count)
            k->queue.head = (k->queue.head + 1) % I8042_QUEUE;
        /* each byte has its edge */
        if (k->irq_level) {
            k->irq_level = false;
            k->bus->ops->isa_irq(k->bus->world, 1, false);
        }
        update(k);
    }
    return byte;
}

static uint32_t read_status(void *device, unsigned offset, unsigned size)
{
    const struct i8042 *k = device;

    (void)offset;
    (void)size;
    return STATUS_UNLOCK | (k->queue.count ? STATUS_OUTPUT : 0u) |
           (k->mode & MODE_SYSTEM ? STATUS_SYSTEM : 0u) | (k->wrote_command ? STATUS_COMMAND : 0u);
}

void i8042_init(struct i8042 *k, struct bus *bus)
{
    memset(k, 0, sizeof(*k));
    k->bus = bus;
    k->mode = MODE_DISABLED;
    k->outputs = OUTPUT_NO_RESET | OUTPUT_A20;
    k->data = (struct bus_ports){.first = 0x60,
                                 .last = 0x60,
                                 .width = 1,
                                 .read = read_data,
                                 .write = write_data,
                                 .device = k};
    k->command = (struct bus_ports){.first = 0x64,
                                    .last = 0x64,
                                    .width = 1,
                                    .read = read_status,
                                    .write = write_command,
                                    .device = k};
    bus_add(bus, &k->data);
    bus_add(bus, &k->command);
}
