/* SPDX-License-Identifier: MIT */
/*
 * XenStore is asked nothing between the connected disk and its first read, but services that begin
 * with the connection ask it at that time: so its part is taken when the disk is connected. Time in
 * which the vCPU ran is the guest's and Xen's for it; dom0 may have had the CPU at any other.
 */
#include "started.h"

#include <ringlet/arch.h>
#include <ringlet/clock.h>
#include <ringlet/json.h>
#include <ringlet/page.h>
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
    struct json j;

    if (!ready || reported)
        return;
    reported = true;
    json_begin(&j, line, sizeof(line));
    json_str(&j, "type", "start");
    json_str(&j, "guest", boot_info.type == GUEST_PV ? "pv" : "pvh");
    json_u64(&j, "ns", ready - boot_info.started);
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
