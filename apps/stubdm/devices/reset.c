/* SPDX-License-Identifier: MIT */
/*
 * RC, the reset control register: 82371SB data sheet, section 2.5.10.1. CONFADD, the host bridge's
 * address register, of which RC is the second byte: 82441FX data sheet, section 3.1.1. Port A: IBM PS/2.
 */
#include "reset.h"

#include <ringlet/string.h>

#define CONFADD_BITS 0x80fffffcu
#define RC_OFFSET    1u

#define RC_SYSTEM 0x02u /* a hard reset, instead of the CPU's alone */
#define RC_CPU    0x04u /* a reset when this becomes 1 */

#define PORT_A_RESET 0x01u /* the CPU's reset, when this becomes 1 */
#define PORT_A_A20   0x02u /* Xen's guests always have it on */

static void reset_machine(struct reset *r)
{
    r->bus->ops->power(r->bus->world, MACHINE_RESET);
}

/* Xen keeps CONFADD's value for itself, too, and sends accesses at 0xcfc to the function that it names;
 * but a kernel reads it back, to find out whether it is there. It is only a dword. */
static uint32_t read_confadd(void *device, unsigned offset, unsigned size)
{
    const struct reset *r = device;

    if (offset == 0 && size == 4)
        return r->confadd_value;
    return offset == RC_OFFSET && size == 1 ? r->rcr_value : UINT32_MAX;
}

static void write_confadd(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct reset *r = device;
    const bool rising = value & ~(uint32_t)r->rcr_value & RC_CPU;

    if (offset == 0 && size == 4)
        r->confadd_value = value & CONFADD_BITS;
    if (offset != RC_OFFSET || size != 1)
        return;
    r->rcr_value = value & (RC_SYSTEM | RC_CPU);
    if (rising)
        reset_machine(r);
}

static uint32_t read_port_a(void *device, unsigned offset, unsigned size)
{
    const struct reset *r = device;

    (void)offset;
    (void)size;
    return r->port_a_value;
}

static void write_port_a(void *device, unsigned offset, unsigned size, uint32_t value)
{
    struct reset *r = device;
    const bool rising = value & ~(uint32_t)r->port_a_value & PORT_A_RESET;

    (void)offset;
    (void)size;
    r->port_a_value = value & (PORT_A_RESET | PORT_A_A20);
    if (rising)
        reset_machine(r);
}

void reset_init(struct reset *r, struct bus *bus)
{
    memset(r, 0, sizeof(*r));
    r->bus = bus;
    r->port_a_value = PORT_A_A20;
    r->confadd = (struct bus_ports){.first = 0xcf8,
                                    .last = 0xcfb,
                                    .width = 4,
                                    .read = read_confadd,
                                    .write = write_confadd,
                                    .device = r};
    r->port_a = (struct bus_ports){.first = 0x92,
                                   .last = 0x92,
                                   .width = 1,
                                   .read = read_port_a,
                                   .write = write_port_a,
                                   .device = r};
    bus_add(bus, &r->confadd);
    bus_add(bus, &r->port_a);
}
