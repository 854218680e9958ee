/* SPDX-License-Identifier: MIT */
/* What the guest's UART sends goes into the console's ring; what does not fit is offered again when there
 * is room. Input that the UART does not take stays in the ring. */
#include "serial.h"

#include <ringlet/console_port.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

static struct console_port *console;
static struct machine *machine;
static bool nowhere;
/* input that was taken from the ring, and not yet by the UART */
static uint8_t pending[64];
static size_t pending_len;
static bool in_input; /* the UART may say that it has room while it is given bytes */

size_t serial_out(void *world, const uint8_t *data, size_t len)
{
    (void)world;
    return nowhere ? len : console ? console_port_write(console, data, len) : 0;
}

static void input(void)
{
    size_t taken;

    if (!machine || !console || in_input)
        return;
    in_input = true;
    do {
        if (!pending_len)
            pending_len = console_port_read(console, pending, sizeof(pending));
        taken = pending_len ? machine_serial_in(machine, pending, pending_len) : 0;
        taken = MIN(taken, pending_len);
        memmove(pending, pending + taken, pending_len - taken);
        pending_len -= taken;
    } while (taken && !pending_len);
    in_input = false;
}

void serial_in_room(void *world)
{
    (void)world;
    input();
}

static void event(void *arg)
{
    (void)arg;
    if (!machine)
        return;
    machine_serial_room(machine);
    input();
}

int serial_open(unsigned number)
{
    int ret;

    nowhere = !number;
    if (nowhere)
        return 0;
    ret = console_port_open(number, 0, event, NULL, &console);
    if (ret)
        pr_err("stubdm: cannot connect to console %u, which is the guest's serial port: %s\n",
               number, errno_name(ret));
    return ret;
}

void serial_start(struct machine *m)
{
    machine = m;
    event(NULL);
}
