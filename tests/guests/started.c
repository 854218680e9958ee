/* SPDX-License-Identifier: MIT */
/*
 * The disk's own start makes no XenStore requests between the connection and the first read, but
 * services that begin with the connection do: so XenStore's share is taken when the disk is
 * connected. Time in which the vCPU ran is the guest's and Xen's for it; dom0 may have had the CPU
 * at any other time.
 */
#include "started.h"

#include <ringlet/clock.h>
#include <ringlet/guest.h>
#include <ringlet/json.h>
#include <ringlet/page.h>
#include <ringlet/xen.h>
#include <ringlet/xenstore.h>
#include <xen/vcpu.h>

_Static_assert(sizeof(struct vcpu_runstate_info) == 48, "vcpu_runstate_info ABI");

static struct xs_stats store;
static struct page_stats pages;
static struct vcpu_runstate_info runstate;
static uint64_t ready; /* clock_now() when the first read was complete */
static bool connected, reported;
static bool timed; /* Xen knows runstates */

void started_begin(void)
{
    connected = reported = false;
    ready = 0;
}

void started_connected(void)
{
    if (connected)
        return;
    connected = true;
    xs_get_stats(&store);
}

void started_read(void)
{
    if (ready || !connected)
        return;
    ready = clock_now();
    page_get_stats(&pages);
    timed = !hypercall(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (unsigned long)&runstate,
                       0, 0);
}

void started_report(void)
{
    char line[256];
    struct guest_info guest;
    struct json j;

    if (!ready || reported)
        return;
    reported = true;
    guest_get_info(&guest);
    json_begin(&j, line, sizeof(line));
    json_str(&j, "type", "start");
    json_str(&j, "guest", guest.type == GUEST_PV ? "pv" : "pvh");
    json_u64(&j, "ns", ready - guest.started);
    if (timed) {
        json_u64(&j, "running_ns", runstate.time[RUNSTATE_running]);
        json_u64(&j, "runnable_ns", runstate.time[RUNSTATE_runnable]);
    }
    json_u64(&j, "xenstore_ns", store.wait_ns);
    json_u64(&j, "xenstore_waits", store.waits);
    json_u64(&j, "xenstore_requests", store.requests);
    json_u64(&j, "pages", pages.total - pages.free);
    json_print_result(&j);
}
