/* SPDX-License-Identifier: MIT */
/*
 * The device model of an HVM guest, in a domain of its own. It has no privilege over any other domain.
 * What it cannot do is said in one line, and the domain ends as crashed; the toolstack, which waits for
 * `running`, then gives up. After that it runs until the toolstack ends it.
 */
#include "disks.h"
#include "ioreq.h"
#include "power.h"
#include "serial.h"
#include "toolstack.h"

#include <ringlet/errno.h>
#include <ringlet/json.h>
#include <ringlet/printk.h>
#include <ringlet/thread.h>

#define CACHE_PAGES 4096u /* of the guest's memory that may be mapped: 16 MiB */

static struct wait_queue wake = WAIT_QUEUE_INIT(wake);
static struct ioreq_server server = {.wake = &wake};
static struct machine *machine;
static bool stopped; /* by QMP */
static bool more;    /* the machine has something left to do */
static struct arguments arguments;

/* ---- what the machine asks of the world ---- */

static int guest_read(void *world, uint64_t gpa, void *buf, size_t len)
{
    (void)world;
    return foreign_read(server.memory, gpa, buf, len) ? -EFAULT : 0;
}

static int guest_write(void *world, uint64_t gpa, const void *buf, size_t len)
{
    (void)world;
    return foreign_write(server.memory, gpa, buf, len) ? -EFAULT : 0;
}

/* An error that the guest can do nothing about is reported once. */
static void once(const char *what, int ret)
{
    static bool told;

    if (ret && !told)
        pr_err("stubdm: %s: %s\n", what, errno_name(ret));
    told |= ret != 0;
}

static void isa_irq(void *world, unsigned irq, bool level)
{
    (void)world;
    once("an interrupt", dm_op_set_isa_irq_level(server.domid, irq, level));
}

static void pci_link_route(void *world, unsigned link, unsigned irq)
{
    (void)world;
    once("an interrupt's route", dm_op_set_pci_link_route(server.domid, link, irq));
}

static int range_add(void *world, enum machine_range kind, uint64_t first, uint64_t last)
{
    (void)world;
    return dm_op_map_range(server.domid, server.id,
                           kind == MACHINE_PORTS ? DM_RANGE_PORT : DM_RANGE_PCI, first, last);
}

static void range_remove(void *world, enum machine_range kind, uint64_t first, uint64_t last)
{
    (void)world;
    dm_op_unmap_range(server.domid, server.id, kind == MACHINE_PORTS ? DM_RANGE_PORT : DM_RANGE_PCI,
                      first, last);
}

static void unplugged(void *world, unsigned what)
{
    unsigned positions = 0;

    (void)world;
    for (unsigned i = 0; i < DRIVES_MAX; i++)
        if (arguments.drive[i].present && !arguments.drive[i].cdrom &&
            (what & MACHINE_UNPLUG_DISKS || (what & MACHINE_UNPLUG_AUX_DISKS && i > 0)))
            positions |= 1u << i;
    once("unplugged disks stay open", disks_unplug(positions));
}

static void more_to_do(void *world)
{
    (void)world;
    more = true;
    wake_all(&wake);
}

/* The guest's own drivers write these: no more than so many. */
static void log_line(void *world, const char *line)
{
    static unsigned lines;

    (void)world;
    if (lines++ < 64)
        pr_info("guest: %s\n", line);
}

static void report(void)
{
    struct machine_stats m;
    struct foreign_cache_stats c;
    char text[768];
    struct json j;

    machine_get_stats(machine, &m);
    foreign_cache_get_stats(server.memory, &c);
    json_begin(&j, text, sizeof(text));
    json_u64(&j, "ioreqs", server.stats.requests);
    json_u64(&j, "pio", server.stats.pio);
    json_u64(&j, "pci", server.stats.pci);
    json_u64(&j, "invalidate", server.stats.invalidate);
    json_u64(&j, "unknown", server.stats.unknown + server.stats.invalid);
    json_u64(&j, "unclaimed", m.unclaimed);
    json_u64(&j, "disk_reads", m.disk_reads);
    json_u64(&j, "disk_writes", m.disk_writes);
    json_u64(&j, "disk_flushes", m.disk_flushes);
    json_u64(&j, "disk_errors", m.disk_errors);
    json_u64(&j, "dma_commands", m.dma_commands);
    json_u64(&j, "faults", m.faults + m.bad_prds + server.stats.faults);
    json_u64(&j, "serial_out", m.serial_out);
    json_u64(&j, "pages_mapped", c.misses);
    json_print_result(&j);
    printk_drain();
}

static void power(void *world, enum machine_power what)
{
    (void)world;
    power_end(server.domid, what, report);
}

static const struct machine_ops ops = {
    .guest_read = guest_read,
    .guest_write = guest_write,
    .isa_irq = isa_irq,
    .pci_link_route = pci_link_route,
    .serial_out = serial_out,
    .serial_in_room = serial_in_room,
    .power = power,
    .unplugged = unplugged,
    .range_add = range_add,
    .range_remove = range_remove,
    .more = more_to_do,
    .log = log_line,
};

/* ---- start ---- */

/* QMP's stop and cont. */
static void run(void *arg, bool on)
{
    (void)arg;
    stopped = !on;
    server.found = true;
    wake_all(&wake);
}

static int make_machine(struct machine_disk *disks[DRIVES_MAX])
{
    struct machine_config config = {
        .ops = &ops,
        .memory = arguments.memory,
        .vcpus = server.vcpus,
        .boot_order = arguments.boot_order[0] ? arguments.boot_order : NULL,
        .serial = arguments.serial,
        .xen_platform = arguments.xen_platform,
    };
    int ret;

    for (unsigned i = 0; i < DRIVES_MAX; i++)
        config.disks[i] = disks[i];
    ret = machine_init(&config, &machine);
    if (ret)
        pr_err("stubdm: cannot make the machine: %s\n", errno_name(ret));
    else
        disks_set_machine(machine);
    return ret;
}

static int count_vcpus(void)
{
    unsigned vcpus = arguments.vcpus;
    int ret = dm_op_vcpus(server.domid, &vcpus);

    if (ret && ret != -EOPNOTSUPP && ret != -ENOSYS) {
        pr_err("stubdm: domain %u is no guest of this domain's: %s\n", server.domid,
               errno_name(ret));
        return ret;
    }
    if (!vcpus || vcpus > IOREQ_VCPUS_MAX) {
        pr_err("stubdm: a guest with %u vCPUs\n", vcpus);
        return -EINVAL;
    }
    server.vcpus = vcpus;
    return 0;
}

static int start(void)
{
    struct machine_disk *disks[DRIVES_MAX];
    int ret = toolstack_target(&server.domid);

    if (!ret)
        ret = toolstack_arguments(server.domid, &arguments);
    toolstack_refuse_suspend();
    if (!ret)
        ret = count_vcpus();
    if (!ret)
        ret = foreign_cache_create(server.domid, CACHE_PAGES, &server.memory);
    if (!ret)
        ret = disks_open(&arguments, disks);
    if (!ret && arguments.serial)
        ret = serial_open(arguments.console);
    if (!ret)
        ret = ioreq_create(&server);
    if (!ret)
        ret = make_machine(disks);
    if (ret)
        return ret;
    server.machine = machine;
    ret = ioreq_enable(&server);
    if (!ret)
        ret = toolstack_serve_qmp(server.domid, run, NULL);
    if (!ret)
        ret = toolstack_ready(server.domid);
    if (!ret && arguments.serial)
        serial_start(machine);
    return ret;
}

int main(int argc, char *argv[])
{
    (void)argc;
    (void)argv;
    if (start())
        return 1;
    pr_info("stubdm: serving domain %u: %u vCPUs, %u MiB\n", server.domid, server.vcpus,
            (unsigned)(arguments.memory >> 20));
    for (;;) {
        wait_event(&wake, (server.found && !stopped) || more, DEADLINE_NEVER);
        if (!stopped)
            ioreq_serve(&server);
        if (more) {
            more = false;
            machine_continue(machine);
        }
        thread_yield(); /* a guest that asks without a pause keeps nobody else waiting */
    }
}
