/* SPDX-License-Identifier: MIT */
/*
 * What a device model asks of Xen for its guest (xen/hvm/dm_op.h): an ioreq server, which gets the
 * guest's accesses to the ports, memory and PCI functions that it claims, and the guest's interrupts.
 * Xen allows this only to a domain to which the toolstack has given the guest as its target, and to
 * dom0. Nothing here waits; any context, but no NMI.
 *
 * Errors of all calls: -ENOSYS: this Xen has no dm_op at all; -EOPNOTSUPP: it does not know this
 * operation; -EPERM: this domain is not allowed to; -ESRCH: no such domain; -EINVAL: an argument, or the domain
 * is no HVM guest; -ENOENT: no such server; or another error of Xen's. A number that has another
 * meaning in another release is not passed on as it is: those that this interface defines are checked
 * here, and others are -EINVAL.
 */
#ifndef RINGLET_DM_OP_H
#define RINGLET_DM_OP_H

#include <ringlet/xen.h>

/* ---- the ioreq server ---- */

/* buffered: also gets buffered requests, which Xen does not wait for. */
int dm_op_create_ioreq_server(domid_t domid, bool buffered, uint16_t *id);
/* Its ranges are nobody's any more. */
int dm_op_destroy_ioreq_server(domid_t domid, uint16_t id);

struct dm_ioreq_pages {
    uint64_t ioreq_gfn, buffered_gfn;
    evtchn_port_t buffered_port;
};

/*
 * Where the pages of requests are in the guest's physical address space, from then on. A server's pages
 * are mapped by these, or by foreign_map_resource (XENMEM_resource_ioreq_server, the server's id, frame
 * XENMEM_resource_ioreq_server_frame_ioreq(0)), not by both. buffered: the server has that page; otherwise
 * its values are 0.
 */
int dm_op_get_ioreq_server_info(domid_t domid, uint16_t id, bool buffered,
                                struct dm_ioreq_pages *out);

enum dm_range {
    DM_RANGE_PORT,   /* I/O ports */
    DM_RANGE_MEMORY, /* guest physical addresses */
    DM_RANGE_PCI     /* start and end: one function, DM_PCI(bus, device, function) of segment 0 */
};

#define DM_PCI(bus, device, function) \
    ((uint64_t)((bus)&0xff) << 8 | ((device)&0x1f) << 3 | ((function)&7))

/* Claims start..end, both included. -EEXIST: it overlaps a claimed range; -ENOSPC: 256 ranges of this
 * kind are claimed. */
int dm_op_map_range(domid_t domid, uint16_t id, enum dm_range kind, uint64_t start, uint64_t end);
/* -ENOENT: exactly this range is not claimed. */
int dm_op_unmap_range(domid_t domid, uint16_t id, enum dm_range kind, uint64_t start, uint64_t end);
/* A server that is not enabled gets no requests. The event channel's number in each vCPU's request is
 * valid once it is enabled. */
int dm_op_set_ioreq_server_state(domid_t domid, uint16_t id, bool enabled);

/* ---- interrupts ---- */

int dm_op_set_isa_irq_level(domid_t domid, unsigned irq, bool level);
/* pin: 0 INTA# .. 3 INTD#, of the device on bus 0. */
int dm_op_set_pci_intx_level(domid_t domid, unsigned device, unsigned pin, bool level);
/* link 0..3 is PIRQA#..PIRQD#; irq 0: routed nowhere. */
int dm_op_set_pci_link_route(domid_t domid, unsigned link, unsigned irq);
/* addr: 0xfeexxxxx. */
int dm_op_inject_msi(domid_t domid, uint64_t addr, uint32_t data);

/* ---- the guest ---- */

/* The number of its vCPUs. Xen 4.15 and later know this. */
int dm_op_vcpus(domid_t domid, unsigned *vcpus);
/* Pages were written for the guest, which a migration must copy again. */
int dm_op_modified_memory(domid_t domid, uint64_t gfn, uint32_t pages);
/* Ends the guest, as its own SCHEDOP_shutdown with that reason (SHUTDOWN_poweroff, _reboot, _suspend or
 * _crash) does. */
int dm_op_remote_shutdown(domid_t domid, unsigned reason);

#endif
