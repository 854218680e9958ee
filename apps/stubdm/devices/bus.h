/* SPDX-License-Identifier: MIT */
/*
 * What the devices are connected to: the ports of each, and the world behind the machine. An access
 * is cut to what a device decodes, so that a device sees only its own ports, in accesses of at most
 * its width.
 */
#ifndef STUBDM_BUS_H
#define STUBDM_BUS_H

#include "../machine.h"

#define BUS_PORTS_MAX 20

/* A device's ports. All but `claimed` is the device's, and constant while it is on the bus. */
struct bus_ports {
    uint16_t first, last;
    uint8_t
        width; /* bytes: the widest access that it takes at once; wider ones come byte by byte */
    bool wide; /* an access at `first` may reach beyond `last`: a data register */
    /* offset: of first. A read returns the value in its low `size` bytes. NULL: reads as all ones,
     * or is dropped. */
    uint32_t (*read)(void *device, unsigned offset, unsigned size);
    void (*write)(void *device, unsigned offset, unsigned size, uint32_t value);
    /*
     * For rep ins and outs at `first`: what can be read or written now without an effect other than
     * that of taking the data. Returns its address and *len; NULL: nothing. `taken` says how much
     * was used, and may lead to new data. Both NULL: element by element.
     */
    uint8_t *(*window)(void *device, bool write, uint32_t *len);
    void (*taken)(void *device, bool write, uint32_t len);
    void *device;
};

struct bus {
    const struct machine_ops *ops;
    void *world;
    struct machine_stats stats;
    struct bus_ports *ports[BUS_PORTS_MAX];
    unsigned count;
    unsigned regions; /* of DMA, that may still be begun in this call into the machine */
};

/*
 * What a guest's DMA may cost in one call into the machine. Each region may be in another page, so that
 * all of it may have to be mapped for two bytes. A usual table has a region for each page.
 */
#define BUS_REGIONS 64u

/* Puts ports on the bus, and claims them. -EBUSY: others overlap them; -EINVAL: first is above last;
 * -ENOSPC; or what the world said. It is counted. */
int bus_add(struct bus *bus, struct bus_ports *p);
/* No effect if they are not on the bus. */
void bus_remove(struct bus *bus, struct bus_ports *p);

/* The functions of machine.h of these names. */
void bus_pio(struct bus *bus, uint16_t port, unsigned size, bool write, uint32_t *value);
int bus_pio_rep(struct bus *bus, uint16_t port, unsigned size, bool write, uint64_t gpa,
                uint32_t count, bool down);

/* Little-endian values in guest memory and in configuration space. */
static inline uint32_t get_le(const uint8_t *p, unsigned size)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < size; i++)
        v |= (uint32_t)p[i] << (8 * i);
    return v;
}

static inline void put_le(uint8_t *p, unsigned size, uint32_t v)
{
    for (unsigned i = 0; i < size; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

#endif
