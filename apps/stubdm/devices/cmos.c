/* SPDX-License-Identifier: MIT */
/* CMOS: an array of bytes, some of which firmware knows. */
#include "cmos.h"

#include <ringlet/string.h>

/* Where a PC's firmware looks (SeaBIOS' names for them: rtc.h). */
enum {
    EQUIPMENT = 0x14,
    BASE_LOW = 0x15,     /* KiB below 640 KiB */
    EXTENDED_LOW = 0x17, /* KiB above 1 MiB, at most 63 MiB */
    EXTENDED2_LOW = 0x30,
    ABOVE_16M_LOW = 0x34, /* 64 KiB above 16 MiB, below 4 GiB */
    BOOT_FLAG1 = 0x38,    /* bits 4-7: the third device */
    BOOT_FLAG2 = 0x3d,    /* bits 0-3: the first one, 4-7: the second one */
    ABOVE_4G_LOW = 0x5b,  /* 64 KiB, 3 bytes */
    CPUS = 0x5f,          /* but one */
};

#define EQUIPMENT_COPROCESSOR 0x02
#define NO_FLOPPY_SIGNATURE   0x01 /* in BOOT_FLAG1: do not look for one on a floppy disk */

/* Xen's lowest hole for PCI; hvmloader corrects the bytes when it moves memory. */
#define LOW_MEMORY_MAX 0xf0000000ull

#define MIB (1ull << 20)

static uint8_t boot_device(char c)
{
    switch (c) {
    case 'a':
        return 1;
    case 'c':
        return 2;
    case 'd':
        return 3;
    case 'n':
        return 4;
    default:
        return 0;
    }
}

static void set16(struct cmos *c, unsigned at, uint64_t value)
{
    put_le(c->data + at, 2, (uint32_t)MIN(value, 0xffffu));
}

static void set_memory(struct cmos *c, uint64_t memory)
{
    const uint64_t low = MIN(memory, LOW_MEMORY_MAX);

    set16(c, BASE_LOW, MIN(low >> 10, 640u));
    set16(c, EXTENDED_LOW, low > MIB ? (low - MIB) >> 10 : 0);
    memcpy(c->data + EXTENDED2_LOW, c->data + EXTENDED_LOW, 2);
    set16(c, ABOVE_16M_LOW, low > 16 * MIB ? (low - 16 * MIB) >> 16 : 0);
    put_le(c->data + ABOVE_4G_LOW, 3, (uint32_t)MIN((memory - low) >> 16, 0xffffffu));
}

static uint32_t read(void *device, unsigned offset, unsigned size)
{
    const struct cmos *c = device;

    (void)size;
    return offset ? c->data[c->index] : 0xff; /* the index cannot be read */
}

static void write(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct cmos *c = device;

    (void)size;
    if (offset)
        c->data[c->index] = (uint8_t)value;
    else
        c->index = value & 127; /* bit 7: NMI */
}

void cmos_init(struct cmos *c, struct bus *bus, uint64_t memory, unsigned vcpus,
               const char *boot_order)
{
    uint8_t boot[3] = {0};

    memset(c, 0, sizeof(*c));
    for (unsigned i = 0; i < 3 && boot_order[i]; i++)
        boot[i] = boot_device(boot_order[i]);
    c->data[EQUIPMENT] = EQUIPMENT_COPROCESSOR;
    c->data[BOOT_FLAG1] = (uint8_t)(boot[2] << 4 | NO_FLOPPY_SIGNATURE);
    c->data[BOOT_FLAG2] = (uint8_t)(boot[1] << 4 | boot[0]);
    c->data[CPUS] = (uint8_t)(MIN(MAX(vcpus, 1u), 256u) - 1);
    set_memory(c, memory);
    c->ports = (struct bus_ports){
        .first = 0x70, .last = 0x71, .width = 1, .read = read, .write = write, .device = c};
    bus_add(bus, &c->ports);
}
