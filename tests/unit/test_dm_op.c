/* SPDX-License-Identifier: MIT */
/* What dm_op tells Xen, byte by byte as Xen reads it, and what it takes from there. */
#include "host/seam.h"

#include <ringlet/dm_op.h>
#include <ringlet/string.h>
#include <xen/hvm/dm_op.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define GUEST 7

static struct {
    unsigned calls, bufs;
    domid_t domid;
    struct xen_dm_op op; /* as it was given */
    struct xen_dm_op_modified_memory_extent extent;
    struct xen_dm_op answer; /* put there; .op 0: none */
    long ret;
} xen;

static long dm_op(unsigned nr, const unsigned long *arg)
{
    const struct xen_dm_op_buf *bufs = (void *)arg[2];
    struct xen_dm_op *op;

    if (nr != __HYPERVISOR_dm_op)
        return SEAM_DEFAULT;
    memcpy(&op, &bufs[0].h, sizeof(op));
    assert_int_equal(bufs[0].size, sizeof(*op));
    xen.calls++;
    xen.domid = (domid_t)arg[0];
    xen.bufs = (unsigned)arg[1];
    xen.op = *op;
    if (xen.bufs == 2) {
        const void *more;

        memcpy(&more, &bufs[1].h, sizeof(more));
        assert_int_equal(bufs[1].size, sizeof(xen.extent));
        memcpy(&xen.extent, more, sizeof(xen.extent));
    }
    if (xen.answer.op)
        memcpy(&op->u, &xen.answer.u, sizeof(op->u));
    return xen.ret;
}

static int setup(void **state)
{
    (void)state;
    seam_init(1 << 20);
    memset(&xen, 0, sizeof(xen));
    seam_hypercall = dm_op;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_hypercall = NULL;
    seam_exit();
    return 0;
}

/* The operation was made once, for the guest, with one buffer. */
static void made(unsigned op)
{
    assert_int_equal(xen.calls, 1);
    assert_int_equal(xen.domid, GUEST);
    assert_int_equal(xen.bufs, 1);
    assert_int_equal(xen.op.op, op);
    assert_int_equal(xen.op.pad, 0);
    xen.calls = 0;
}

static void servers(void **state)
{
    uint16_t id = 99;

    (void)state;
    xen.answer = (struct xen_dm_op){.op = 1, .u.create_ioreq_server = {.id = 3}};
    assert_int_equal(dm_op_create_ioreq_server(GUEST, false, &id), 0);
    made(1);
    assert_int_equal(xen.op.u.create_ioreq_server.handle_bufioreq, 0);
    assert_int_equal(id, 3);
    assert_int_equal(dm_op_create_ioreq_server(GUEST, true, &id), 0);
    assert_int_equal(xen.op.u.create_ioreq_server.handle_bufioreq, 2);
    xen.calls = 0;
    xen.answer.op = 0;
    assert_int_equal(dm_op_set_ioreq_server_state(GUEST, 3, true), 0);
    made(5);
    assert_int_equal(xen.op.u.set_ioreq_server_state.id, 3);
    assert_int_equal(xen.op.u.set_ioreq_server_state.enabled, 1);
    assert_int_equal(dm_op_destroy_ioreq_server(GUEST, 3), 0);
    made(6);
    assert_int_equal(xen.op.u.destroy_ioreq_server.id, 3);
    xen.ret = -EPERM;
    id = 99;
    assert_int_equal(dm_op_create_ioreq_server(GUEST, false, &id), -EPERM);
    assert_int_equal(id, 99);
}

static void pages_of_a_server_without_a_buffer(void **state)
{
    struct dm_ioreq_pages pages;

    (void)state;
    xen.answer = (struct xen_dm_op){
        .op = 1,
        .u.get_ioreq_server_info = {
            .id = 3, .bufioreq_port = 4, .ioreq_gfn = 0xfeff0, .bufioreq_gfn = 0xfeff1}};
    assert_int_equal(dm_op_get_ioreq_server_info(GUEST, 3, false, &pages), 0);
    made(2);
    assert_int_equal(xen.op.u.get_ioreq_server_info.flags, 0);
    assert_int_equal(pages.ioreq_gfn, 0xfeff0);
    assert_int_equal(pages.buffered_gfn, 0);
    assert_int_equal(pages.buffered_port, 0);
    assert_int_equal(dm_op_get_ioreq_server_info(GUEST, 3, true, &pages), 0);
    assert_int_equal(pages.buffered_gfn, 0xfeff1);
    assert_int_equal(pages.buffered_port, 4);
}

static void ranges(void **state)
{
    const struct xen_dm_op_ioreq_server_range *r = &xen.op.u.map_io_range_to_ioreq_server;

    (void)state;
    assert_int_equal(dm_op_map_range(GUEST, 3, DM_RANGE_PORT, 0x1f0, 0x1f7), 0);
    made(3);
    assert_int_equal(r->id, 3);
    assert_int_equal(r->type, 0);
    assert_int_equal(r->start, 0x1f0);
    assert_int_equal(r->end, 0x1f7);
    assert_int_equal(dm_op_unmap_range(GUEST, 3, DM_RANGE_MEMORY, 1ull << 40, 1ull << 40), 0);
    made(4);
    assert_int_equal(r->type, 1);
    assert_int_equal(r->start, 1ull << 40);
    assert_int_equal(dm_op_map_range(GUEST, 3, DM_RANGE_PCI, DM_PCI(0, 1, 3), DM_PCI(0, 1, 3)), 0);
    made(3);
    assert_int_equal(r->type, 2);
    assert_int_equal(r->start, 0xb);
    assert_int_equal(dm_op_map_range(GUEST, 3, (enum dm_range)3, 0, 1), -EINVAL);
    assert_int_equal(dm_op_map_range(GUEST, 3, DM_RANGE_PORT, 2, 1), -EINVAL);
    assert_int_equal(xen.calls, 0);
}

static void interrupts(void **state)
{
    (void)state;
    assert_int_equal(dm_op_set_isa_irq_level(GUEST, 14, true), 0);
    made(9);
    assert_int_equal(xen.op.u.set_isa_irq_level.isa_irq, 14);
    assert_int_equal(xen.op.u.set_isa_irq_level.level, 1);
    assert_int_equal(dm_op_set_pci_intx_level(GUEST, 31, 3, true), 0);
    made(8);
    assert_int_equal(xen.op.u.set_pci_intx_level.device, 31);
    assert_int_equal(xen.op.u.set_pci_intx_level.intx, 3);
    assert_int_equal(xen.op.u.set_pci_intx_level.level, 1);
    assert_int_equal(dm_op_set_pci_link_route(GUEST, 2, 11), 0);
    made(10);
    assert_int_equal(xen.op.u.set_pci_link_route.link, 2);
    assert_int_equal(xen.op.u.set_pci_link_route.isa_irq, 11);
    assert_int_equal(dm_op_inject_msi(GUEST, 0xfee00000, 0x4321), 0);
    made(14);
    assert_int_equal(xen.op.u.inject_msi.addr, 0xfee00000);
    assert_int_equal(xen.op.u.inject_msi.data, 0x4321);
}

/* A guest's values reach some of these: they are not cut to the size of a field. */
static void numbers_out_of_range_do_not_reach_xen(void **state)
{
    (void)state;
    assert_int_equal(dm_op_set_isa_irq_level(GUEST, 16, true), -EINVAL);
    assert_int_equal(dm_op_set_isa_irq_level(GUEST, 256, true), -EINVAL);
    assert_int_equal(dm_op_set_pci_intx_level(GUEST, 32, 0, true), -EINVAL);
    assert_int_equal(dm_op_set_pci_intx_level(GUEST, 0, 4, true), -EINVAL);
    assert_int_equal(dm_op_set_pci_link_route(GUEST, 4, 0), -EINVAL);
    assert_int_equal(dm_op_set_pci_link_route(GUEST, 0, 16), -EINVAL);
    assert_int_equal(dm_op_inject_msi(GUEST, 0xfef00000, 0), -EINVAL);
    assert_int_equal(dm_op_inject_msi(GUEST, 0x1fee00000ull, 0), -EINVAL);
    assert_int_equal(dm_op_remote_shutdown(GUEST, 4), -EINVAL);
    assert_int_equal(xen.calls, 0);
}

static void the_guest(void **state)
{
    unsigned vcpus = 99;

    (void)state;
    xen.answer = (struct xen_dm_op){.op = 1, .u.nr_vcpus = {.vcpus = 4}};
    assert_int_equal(dm_op_vcpus(GUEST, &vcpus), 0);
    made(20);
    assert_int_equal(vcpus, 4);
    xen.answer.op = 0;
    assert_int_equal(dm_op_remote_shutdown(GUEST, SHUTDOWN_reboot), 0);
    made(16);
    assert_int_equal(xen.op.u.remote_shutdown.reason, 1);
    assert_int_equal(dm_op_modified_memory(GUEST, 0x1234, 5), 0);
    assert_int_equal(xen.bufs, 2);
    assert_int_equal(xen.op.op, 11);
    assert_int_equal(xen.op.u.modified_memory.nr_extents, 1);
    assert_int_equal(xen.extent.first_pfn, 0x1234);
    assert_int_equal(xen.extent.nr, 5);
    xen.ret = -EOPNOTSUPP;
    vcpus = 99;
    assert_int_equal(dm_op_vcpus(GUEST, &vcpus), -EOPNOTSUPP);
    assert_int_equal(vcpus, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        T(servers),    T(pages_of_a_server_without_a_buffer),    T(ranges),
        T(interrupts), T(numbers_out_of_range_do_not_reach_xen), T(the_guest),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
