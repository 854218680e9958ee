/* SPDX-License-Identifier: MIT */
/* The hypercall dm_op: an operation and its arguments in one structure, whose size Xen is told. */
#include <ringlet/dm_op.h>
#include <ringlet/string.h>

#include <xen/hvm/dm_op.h>

/* HVM_IOREQSRV_BUFIOREQ_OFF and _ATOMIC, which xen/hvm/hvm_op.h shows to tools only */
#define BUFFERED_OFF    0
#define BUFFERED_ATOMIC 2

_Static_assert(sizeof(struct xen_dm_op) == 32, "xen_dm_op");
_Static_assert(offsetof(struct xen_dm_op, u) == 8, "xen_dm_op");
_Static_assert(sizeof(struct xen_dm_op_buf) == 16, "xen_dm_op_buf");
_Static_assert(sizeof(struct xen_dm_op_create_ioreq_server) == 6, "create_ioreq_server");
_Static_assert(sizeof(struct xen_dm_op_get_ioreq_server_info) == 24, "get_ioreq_server_info");
_Static_assert(sizeof(struct xen_dm_op_ioreq_server_range) == 24, "ioreq_server_range");
_Static_assert(sizeof(struct xen_dm_op_set_ioreq_server_state) == 4, "set_ioreq_server_state");
_Static_assert(sizeof(struct xen_dm_op_set_pci_intx_level) == 6, "set_pci_intx_level");
_Static_assert(sizeof(struct xen_dm_op_inject_msi) == 16, "inject_msi");

static int call_with(domid_t domid, struct xen_dm_op *op, void *more, size_t more_bytes)
{
    struct xen_dm_op_buf bufs[2];

    memset(bufs, 0, sizeof(bufs));
    set_xen_guest_handle(bufs[0].h, op);
    bufs[0].size = sizeof(*op);
    set_xen_guest_handle(bufs[1].h, more);
    bufs[1].size = more_bytes;
    return (int)hypercall(__HYPERVISOR_dm_op, domid, more ? 2 : 1, (unsigned long)bufs, 0, 0);
}

static int call(domid_t domid, struct xen_dm_op *op)
{
    return call_with(domid, op, NULL, 0);
}

int dm_op_create_ioreq_server(domid_t domid, bool buffered, uint16_t *id)
{
    struct xen_dm_op op = {.op = XEN_DMOP_create_ioreq_server};
    int ret;

    op.u.create_ioreq_server.handle_bufioreq = buffered ? BUFFERED_ATOMIC : BUFFERED_OFF;
    ret = call(domid, &op);
    if (!ret)
        *id = op.u.create_ioreq_server.id;
    return ret;
}

int dm_op_destroy_ioreq_server(domid_t domid, uint16_t id)
{
    struct xen_dm_op op = {.op = XEN_DMOP_destroy_ioreq_server};

    op.u.destroy_ioreq_server.id = id;
    return call(domid, &op);
}

int dm_op_get_ioreq_server_info(domid_t domid, uint16_t id, bool buffered,
                                struct dm_ioreq_pages *out)
{
    struct xen_dm_op op = {.op = XEN_DMOP_get_ioreq_server_info};
    const struct xen_dm_op_get_ioreq_server_info *info = &op.u.get_ioreq_server_info;
    int ret;

    op.u.get_ioreq_server_info.id = id;
    ret = call(domid, &op);
    if (ret)
        return ret;
    *out = (struct dm_ioreq_pages){.ioreq_gfn = info->ioreq_gfn};
    if (buffered) {
        out->buffered_gfn = info->bufioreq_gfn;
        out->buffered_port = info->bufioreq_port;
    }
    return 0;
}

static int range(domid_t domid, unsigned nr, uint16_t id, enum dm_range kind, uint64_t start,
                 uint64_t end)
{
    static const uint32_t xens[] = {
        [DM_RANGE_PORT] = XEN_DMOP_IO_RANGE_PORT,
        [DM_RANGE_MEMORY] = XEN_DMOP_IO_RANGE_MEMORY,
        [DM_RANGE_PCI] = XEN_DMOP_IO_RANGE_PCI,
    };
    struct xen_dm_op op = {.op = nr};
    /* the structure of both operations */
    struct xen_dm_op_ioreq_server_range *r = &op.u.map_io_range_to_ioreq_server;

    if ((unsigned)kind >= ARRAY_SIZE(xens) || end < start)
        return -EINVAL;
    r->id = id;
    r->type = xens[kind];
    r->start = start;
    r->end = end;
    return call(domid, &op);
}

int dm_op_map_range(domid_t domid, uint16_t id, enum dm_range kind, uint64_t start, uint64_t end)
{
    return range(domid, XEN_DMOP_map_io_range_to_ioreq_server, id, kind, start, end);
}

int dm_op_unmap_range(domid_t domid, uint16_t id, enum dm_range kind, uint64_t start, uint64_t end)
{
    return range(domid, XEN_DMOP_unmap_io_range_from_ioreq_server, id, kind, start, end);
}

int dm_op_set_ioreq_server_state(domid_t domid, uint16_t id, bool enabled)
{
    struct xen_dm_op op = {.op = XEN_DMOP_set_ioreq_server_state};

    op.u.set_ioreq_server_state.id = id;
    op.u.set_ioreq_server_state.enabled = enabled;
    return call(domid, &op);
}

int dm_op_set_isa_irq_level(domid_t domid, unsigned irq, bool level)
{
    struct xen_dm_op op = {.op = XEN_DMOP_set_isa_irq_level};

    if (irq > 15)
        return -EINVAL;
    op.u.set_isa_irq_level.isa_irq = (uint8_t)irq;
    op.u.set_isa_irq_level.level = level;
    return call(domid, &op);
}

int dm_op_set_pci_intx_level(domid_t domid, unsigned device, unsigned pin, bool level)
{
    struct xen_dm_op op = {.op = XEN_DMOP_set_pci_intx_level};

    if (device > 31 || pin > 3)
        return -EINVAL;
    op.u.set_pci_intx_level.device = (uint8_t)device;
    op.u.set_pci_intx_level.intx = (uint8_t)pin;
    op.u.set_pci_intx_level.level = level;
    return call(domid, &op);
}

int dm_op_set_pci_link_route(domid_t domid, unsigned link, unsigned irq)
{
    struct xen_dm_op op = {.op = XEN_DMOP_set_pci_link_route};

    if (link > 3 || irq > 15)
        return -EINVAL;
    op.u.set_pci_link_route.link = (uint8_t)link;
    op.u.set_pci_link_route.isa_irq = (uint8_t)irq;
    return call(domid, &op);
}

int dm_op_inject_msi(domid_t domid, uint64_t addr, uint32_t data)
{
    struct xen_dm_op op = {.op = XEN_DMOP_inject_msi};

    if (addr >> 20 != 0xfee)
        return -EINVAL;
    op.u.inject_msi.addr = addr;
    op.u.inject_msi.data = data;
    return call(domid, &op);
}

int dm_op_vcpus(domid_t domid, unsigned *vcpus)
{
    struct xen_dm_op op = {.op = XEN_DMOP_nr_vcpus};
    int ret = call(domid, &op);

    if (!ret)
        *vcpus = op.u.nr_vcpus.vcpus;
    return ret;
}

int dm_op_modified_memory(domid_t domid, uint64_t gfn, uint32_t pages)
{
    struct xen_dm_op op = {.op = XEN_DMOP_modified_memory};
    struct xen_dm_op_modified_memory_extent extent = {.nr = pages, .first_pfn = gfn};

    op.u.modified_memory.nr_extents = 1;
    return call_with(domid, &op, &extent, sizeof(extent));
}

int dm_op_remote_shutdown(domid_t domid, unsigned reason)
{
    struct xen_dm_op op = {.op = XEN_DMOP_remote_shutdown};

    if (reason > SHUTDOWN_crash)
        return -EINVAL;
    op.u.remote_shutdown.reason = reason;
    return call(domid, &op);
}
