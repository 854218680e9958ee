/* SPDX-License-Identifier: MIT */
/*
 * Takes the place of an HVM guest's device model, and tries on three domains what only a device model
 * may do: on its guest, where it must succeed, on dom0 and on a third one (third=DOMID), where it must
 * not. Then it says `running`, as xl expects, and stays.
 */
#include "../verdict.h"

#include <ringlet/cmdline.h>
#include <ringlet/dm_op.h>
#include <ringlet/errno.h>
#include <ringlet/foreign.h>
#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/thread.h>
#include <ringlet/xenstore.h>

#include <xen/sched.h>

static unsigned wrong;

static void tried(domid_t domid, bool ours, const char *what, int ret)
{
    /* Xen looks first whether it is an HVM guest, which dom0 is not, and then who asks */
    const bool refused = ret == -EPERM || ret == -EACCES || (ret == -EINVAL && domid == 0);
    const bool good = ours ? ret == 0 : refused;

    print_raw("NEIGHBOUR domain %u: %s: %s%s\n", domid, what, ret ? errno_name(ret) : "done",
              good ? "" : " WRONG");
    wrong += !good;
}

static void try_all(domid_t domid, bool ours)
{
    unsigned vcpus;
    uint16_t id = 0;
    void *va;
    int ret;

    tried(domid, ours, "count its vCPUs", dm_op_vcpus(domid, &vcpus));
    ret = dm_op_create_ioreq_server(domid, false, &id);
    tried(domid, ours, "create an ioreq server", ret);
    tried(domid, ours, "claim its ports", dm_op_map_range(domid, id, DM_RANGE_PORT, 0x3f8, 0x3ff));
    if (!ret)
        dm_op_destroy_ioreq_server(domid, id);
    tried(domid, ours, "raise an interrupt", dm_op_set_isa_irq_level(domid, 4, false));
    ret = foreign_map(domid, 1, 1, &va);
    tried(domid, ours, "map its memory", ret);
    if (!ret)
        foreign_unmap(va, 1);
    if (!ours)
        tried(domid, ours, "shut it down", dm_op_remote_shutdown(domid, SHUTDOWN_poweroff));
}

/* The number in the node `target`; 0: there is none. */
static domid_t target(void)
{
    uint64_t n;

    return xs_read_u64(XS_NO_TRANSACTION, "target", NULL, 1, 0x7fef, 0, &n) ? 0 : (domid_t)n;
}

int main(int argc, char *argv[])
{
    struct option options[] = {
        {.name = "third", .type = OPT_UINT, .min = 1, .max = 0x7fef},
    };
    struct wait_queue never = WAIT_QUEUE_INIT(never);
    const domid_t guest = target();
    uint64_t third = 0;
    char err[160], state[64];

    options[0].out = &third;
    if (!guest || cmdline_parse(argc, argv, options, ARRAY_SIZE(options), err, sizeof(err)) ||
        !third) {
        print_raw("NEIGHBOUR has no target or no third=\n");
        return 1;
    }
    try_all(guest, true);
    try_all(0, false);
    try_all((domid_t)third, false);
    print_raw("NEIGHBOUR %s\n", wrong ? "WRONG" : "all as it should be");
    format(state, sizeof(state), "device-model/%u/state", guest);
    if (xs_write(XS_NO_TRANSACTION, state, NULL, "running", 7))
        return 1;
    wait_event(&never, false, DEADLINE_NEVER);
    return 0;
}
