/* SPDX-License-Identifier: MIT */
#include "power.h"

#include <ringlet/clock.h>
#include <ringlet/dm_op.h>
#include <ringlet/errno.h>
#include <ringlet/printk.h>

#define AGAIN 1000000000ull /* ns */

static struct timer again;
static domid_t guest;
static unsigned reason;
static bool ended, reported;

static void tell(struct timer *t)
{
    int ret = dm_op_remote_shutdown(guest, reason);

    if (!ret || ret == -ESRCH) /* it is gone already */
        return;
    if (!reported)
        pr_err("stubdm: Xen does not end the guest: %s; asking again each second\n",
               errno_name(ret));
    reported = true;
    timer_start(t, clock_deadline(AGAIN));
}

void power_end(domid_t domid, enum machine_power what, void (*before)(void))
{
    if (ended)
        return;
    ended = true;
    guest = domid;
    reason = what == MACHINE_RESET ? SHUTDOWN_reboot : SHUTDOWN_poweroff;
    pr_info("stubdm: the guest %s\n", what == MACHINE_RESET ? "resets" : "powers off");
    before();
    timer_init(&again, tell);
    tell(&again);
}
