/* SPDX-License-Identifier: MIT */
/*
 * What a request does. A request has `count` elements of `size` bytes. Its data are in it, or, for string
 * instructions, in guest memory, up or down from an address (df). The guest chooses all of this but the
 * type: sizes other than 1, 2, 4 and 8 and counts beyond a page are refused.
 */
#include "ioreq.h"

#include <ringlet/printk.h>

#define COUNT_MAX 4096u /* of a request: Xen ends each at a page */

static uint64_t ones(unsigned size)
{
    return size < 8 ? (1ull << (8 * size)) - 1 : ~0ull;
}

static bool is_size(uint32_t size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

/* One element, with its data here. Memory and ports that nobody has claimed read as all ones. */
static void element(struct ioreq_server *s, const struct ioreq *r, uint64_t *data)
{
    const bool write = r->dir == IOREQ_WRITE;
    uint32_t value = write ? (uint32_t)*data : UINT32_MAX;

    if (r->type == IOREQ_TYPE_PIO && r->size <= 4 && r->addr <= 0xffff)
        machine_pio(s->machine, (uint16_t)r->addr, r->size, write, &value);
    else if (r->type == IOREQ_TYPE_PCI_CONFIG && r->size <= 4 && r->addr >> 32 <= 0xffff)
        machine_pci_config(s->machine, (uint32_t)(r->addr >> 32), (uint32_t)r->addr, r->size, write,
                           &value);
    if (!write)
        *data = r->size == 8 ? UINT64_MAX : value & ones(r->size);
}

/* Elements whose data are in memory, but not those of ports. */
static void elements(struct ioreq_server *s, const struct ioreq *r)
{
    const uint64_t step = r->df ? -(uint64_t)r->size : r->size;

    for (uint32_t i = 0; i < r->count; i++) {
        const uint64_t at = r->data + i * step;
        uint64_t data = 0;
        int ret = 0;

        if (r->dir == IOREQ_WRITE)
            ret = foreign_read(s->memory, at, &data, r->size);
        element(s, r, &data);
        if (r->dir == IOREQ_READ)
            ret = foreign_write(s->memory, at, &data, r->size);
        s->stats.faults += ret != 0;
    }
}

static void transfer(struct ioreq_server *s, struct ioreq *r)
{
    const bool invalid = !is_size(r->size) || r->count > COUNT_MAX;

    if (invalid) {
        if (!s->stats.invalid++)
            pr_warn("stubdm: a request of type %u with %u elements of %u bytes\n", r->type,
                    r->count, r->size);
        if (!r->data_is_ptr)
            r->data = ~0ull;
    } else if (!r->data_is_ptr) {
        element(s, r, &r->data);
    } else if (r->type == IOREQ_TYPE_PIO && r->size <= 4 && r->addr <= 0xffff) {
        if (machine_pio_rep(s->machine, (uint16_t)r->addr, r->size, r->dir == IOREQ_WRITE, r->data,
                            r->count, r->df))
            s->stats.faults++;
    } else {
        elements(s, r);
    }
}

void ioreq_handle(struct ioreq_server *s, struct ioreq *r)
{
    switch (r->type) {
    case IOREQ_TYPE_PIO:
        s->stats.pio++;
        transfer(s, r);
        break;
    case IOREQ_TYPE_COPY:
        s->stats.copy++;
        transfer(s, r);
        break;
    case IOREQ_TYPE_PCI_CONFIG:
        s->stats.pci++;
        transfer(s, r);
        break;
    case IOREQ_TYPE_INVALIDATE:
        s->stats.invalidate++;
        foreign_cache_invalidate(s->memory);
        break;
    case IOREQ_TYPE_TIMEOFFSET:
        s->stats.time_offset++; /* of the guest's clock, which Xen keeps */
        break;
    default:
        if (!s->stats.unknown++)
            pr_warn("stubdm: a request of type %u, which is not known\n", r->type);
        if (!r->data_is_ptr)
            r->data = ~0ull;
    }
}
