/* SPDX-License-Identifier: MIT */
/* Ports: who decodes an access, and in which parts. */
#include "bus.h"

#include <ringlet/string.h>

#define ONES(size) ((size) == 4 ? 0xffffffffu : (1u << (8 * (size))) - 1)

int bus_add(struct bus *bus, struct bus_ports *p)
{
    int err = p->first > p->last ? -EINVAL : bus->count == BUS_PORTS_MAX ? -ENOSPC : 0;

    for (unsigned i = 0; !err && i < bus->count; i++) {
        if (p->first <= bus->ports[i]->last && bus->ports[i]->first <= p->last)
            err = -EBUSY;
    }
    if (!err)
        err = bus->ops->range_add(bus->world, MACHINE_PORTS, p->first, p->last);
    if (err) {
        bus->stats.range_errors++;
        return err;
    }
    bus->ports[bus->count++] = p;
    return 0;
}

void bus_remove(struct bus *bus, struct bus_ports *p)
{
    for (unsigned i = 0; i < bus->count; i++) {
        if (bus->ports[i] == p) {
            bus->ports[i] = bus->ports[--bus->count];
            bus->ops->range_remove(bus->world, MACHINE_PORTS, p->first, p->last);
            return;
        }
    }
}

static struct bus_ports *find(struct bus *bus, uint32_t port)
{
    for (unsigned i = 0; i < bus->count; i++) {
        if (port >= bus->ports[i]->first && port <= bus->ports[i]->last)
            return bus->ports[i];
    }
    return NULL;
}

static bool decodes(const struct bus_ports *p, uint32_t port, unsigned size)
{
    return size <= p->width && (port + size - 1 <= p->last || (p->wide && port == p->first));
}

static void access(struct bus_ports *p, uint32_t port, unsigned size, bool write, uint32_t *value)
{
    const unsigned offset = port - p->first;

    if (write && p->write)
        p->write(p->device, offset, size, *value & ONES(size));
    else if (!write)
        *value = p->read ? p->read(p->device, offset, size) & ONES(size) : ONES(size);
}

static bool is_access(unsigned size)
{
    return size == 1 || size == 2 || size == 4;
}

static void pio(struct bus *bus, uint32_t port, unsigned size, bool write, uint32_t *value)
{
    struct bus_ports *p = find(bus, port);
    uint32_t whole = 0;

    if (p && decodes(p, port, size)) {
        access(p, port, size, write, value);
        return;
    }
    if (size == 1) {
        bus->stats.unclaimed++;
        if (!write)
            *value = 0xff;
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        uint32_t byte = *value >> (8 * i) & 0xff;

        pio(bus, port + i, 1, write, &byte);
        whole |= byte << (8 * i);
    }
    if (!write)
        *value = whole;
}

void bus_pio(struct bus *bus, uint16_t port, unsigned size, bool write, uint32_t *value)
{
    bus->stats.pio++;
    if (is_access(size)) {
        pio(bus, port, size, write, value);
        return;
    }
    bus->stats.unclaimed++;
    if (!write)
        *value = UINT32_MAX;
}

/* One element. Memory that is not there does not take back the access. */
static int element(struct bus *bus, uint16_t port, unsigned size, bool write, uint64_t gpa)
{
    uint8_t bytes[4];
    uint32_t value = ONES(size);
    int err = 0;

    if (write) {
        err = bus->ops->guest_read(bus->world, gpa, bytes, size);
        if (!err)
            value = get_le(bytes, size);
    }
    pio(bus, port, size, write, &value);
    if (!write) {
        put_le(bytes, size, value);
        err = bus->ops->guest_write(bus->world, gpa, bytes, size);
    }
    return err;
}

/* As many elements as the device has data, or room, for: *n. 0 elements: it has none. */
static int block(struct bus *bus, struct bus_ports *p, unsigned size, bool write, uint64_t gpa,
                 uint32_t count, uint32_t *n)
{
    uint32_t len = 0;
    uint8_t *data = p->window(p->device, write, &len);
    int err;

    *n = data ? MIN(len / size, count) : 0;
    if (!*n)
        return 0;
    len = *n * size;
    if (write) {
        err = bus->ops->guest_read(bus->world, gpa, data, len);
        if (err)
            memset(data, 0xff, len);
    } else {
        err = bus->ops->guest_write(bus->world, gpa, data, len);
    }
    p->taken(p->device, write, len);
    return err;
}

int bus_pio_rep(struct bus *bus, uint16_t port, unsigned size, bool write, uint64_t gpa,
                uint32_t count, bool down)
{
    struct bus_ports *p = find(bus, port);
    int result = 0;

    bus->stats.pio_rep++;
    if (!is_access(size)) {
        bus->stats.unclaimed++;
        return 0;
    }
    if (p && (!p->window || down || port != p->first || !decodes(p, port, size)))
        p = NULL;
    while (count) {
        uint32_t n = 0;
        int err = p ? block(bus, p, size, write, gpa, count, &n) : 0;

        if (!n) {
            err = element(bus, port, size, write, gpa);
            n = 1;
        }
        if (err && !result) {
            bus->stats.faults++;
            result = -EFAULT;
        }
        gpa += down ? -(uint64_t)size : (uint64_t)n * size;
        count -= n;
    }
    return result;
}
