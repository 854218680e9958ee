/* SPDX-License-Identifier: MIT */
/*
 * Text goes to the domain's console page when that is known, and to Xen's own console, which takes
 * it from every guest only in a debug build of Xen.
 */
#include "early_console.h"

#include <kernel/arch.h>
#include <ringlet/format.h>
#include <ringlet/string.h>

#include <xen/io/console.h>

/* Hypercalls that let others run, until we give up: some seconds. */
#define PATIENCE 200000

_Static_assert(offsetof(struct xencons_interface, out) == 1024, "xencons: out");
_Static_assert(offsetof(struct xencons_interface, out_cons) == 3080, "xencons: out_cons");
_Static_assert(offsetof(struct xencons_interface, out_prod) == 3084, "xencons: out_prod");

static unsigned patience = PATIENCE;

static void kick_and_wait(void)
{
    struct evtchn_send send = {.port = boot_info.console_port};

    hypercall_event_channel_op(EVTCHNOP_send, &send);
    hypercall_sched_op(SCHEDOP_yield, NULL);
    patience--;
}

void early_console_write(const char *text, size_t len)
{
    struct xencons_interface *ring = boot_info.console;

    hypercall_console_io(CONSOLEIO_write, (int)len, text);
    if (!ring)
        return;
    for (size_t i = 0; i < len; i++) {
        XENCONS_RING_IDX prod = READ_ONCE(ring->out_prod);

        while (prod - READ_ONCE(ring->out_cons) >= sizeof(ring->out)) {
            if (!patience)
                return;
            kick_and_wait();
        }
        ring->out[MASK_XENCONS_IDX(prod, ring->out)] = text[i];
        wmb();
        WRITE_ONCE(ring->out_prod, prod + 1);
    }
}

void early_console_drain(void)
{
    struct xencons_interface *ring = boot_info.console;

    while (ring && patience && READ_ONCE(ring->out_cons) != READ_ONCE(ring->out_prod))
        kick_and_wait();
}

void early_fail(const char *fmt, ...)
{
    struct sched_shutdown arg = {.reason = SHUTDOWN_crash};
    char line[256];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vformat(line, sizeof(line) - 1, fmt, ap);
    va_end(ap);
    len = MIN(len, (int)sizeof(line) - 2);
    line[len++] = '\n';
    early_console_write(line, (size_t)len);
    early_console_drain();
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &arg);
}
